/** Values at equal steps: linspace, logspace, range. Few and known: computed on the host, in float64. */
import { complexOf, isComplex, isFloat, isIntegral, realOf, type DType } from "../ir/dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../ir/errors.ts";
import { roundToDType } from "../ir/rounding.ts";
import { fusedMultiplyAdd } from "../runtime/random/index.ts";
import { signature, type CallOf } from "./arguments.ts";
import { withSite } from "./call.ts";
import { Complex } from "./complex-number.ts";
import { dtypeOption, finishCounted, fromHost, refuseUncountable, type FactoryOptions } from "./creation.ts";
import { currentDevice } from "./devices.ts";
import type { HostNumber } from "./elements.ts";
import { numberOf, type NumberLike } from "./number-like.ts";
import { settings } from "./state.ts";
import { pythonType } from "./python-type.ts";
import { Tensor } from "./tensor.ts";

type Factory = [
  dtype: FactoryOptions["dtype"],
  device: FactoryOptions["device"],
  requires_grad: boolean,
  out: Tensor | null,
  layout: FactoryOptions["layout"],
  pin_memory: boolean,
];
const factoryNames = "*, dtype?, device?, requires_grad?, out?, layout?, pin_memory?";
const linspaceSignature = signature<
  [start: NumberLike | Complex, end: NumberLike | Complex, steps: number, ...Factory]
>()(`start, end, steps?, ${factoryNames}`);
const logspaceSignature = signature<
  [start: NumberLike, end: NumberLike, steps: number, base: NumberLike, ...Factory]
>()(`start, end, steps?, base?, ${factoryNames}`);
const rangeSignature = signature<[start: NumberLike, end: NumberLike, step: NumberLike, ...Factory]>()(
  `start?, end?, step?, ${factoryNames}`,
);

interface Given {
  readonly dtype?: FactoryOptions["dtype"];
  readonly device?: FactoryOptions["device"];
  readonly requires_grad?: boolean | undefined;
  readonly out?: Tensor | null | undefined;
}

function made(name: string, given: Given, valuesOf: (dtype: DType) => Float64Array): Tensor {
  const options: FactoryOptions = {
    dtype: given.dtype,
    device: given.device,
    requires_grad: given.requires_grad,
    out: given.out ?? undefined,
  };
  const dtype = dtypeOption(options, settings.defaultDType, name);
  refuseUncountable(name, dtype);
  const device = currentDevice(options.device ?? options.out?.device);
  const values = valuesOf(dtype);
  return finishCounted(
    fromHost(isIntegral(dtype) ? values.map(Math.trunc) : values, [values.length], dtype, device),
    options,
  );
}

const itself = (value: number): number => value;

/** Integers stay as they are until they are stored. */
function roundingTo(dtype: DType): (value: number) => number {
  if (dtype === "float32") return Math.fround;
  if (dtype === "float64" || !isFloat(dtype)) return itself;
  return (value) => Number(roundToDType(value, dtype));
}

/** Counted from whichever end is nearer, in the arithmetic of the type, as PyTorch does; ends of integers are whole. */
function evenly(
  name: string,
  from: number,
  to: number,
  steps: number,
  dtype: DType,
  fused: boolean,
): Float64Array<ArrayBuffer> {
  if (steps < 0)
    throw new ArgumentError(`${name}/steps`, `${name}: number of steps must be non-negative, got ${steps}.`);
  const rounded = roundingTo(dtype);
  const [start, end] = isIntegral(dtype) ? [Math.trunc(from), Math.trunc(to)] : [rounded(from), rounded(to)];
  const step = steps > 1 ? rounded(rounded(end - start) / (steps - 1)) : 0;
  const values = new Float64Array(steps);
  // Of float32, float64 holds the product whole.
  const advance =
    fused && dtype === "float64"
      ? (at: number, by: number, i: number): number => fusedMultiplyAdd(by, i, at)
      : fused && dtype === "float32"
        ? (at: number, by: number, i: number): number => at + by * i
        : (at: number, by: number, i: number): number => at + rounded(by * i);
  // A single value is the start.
  const middle = steps === 1 ? 1 : Math.floor(steps / 2);
  for (let i = 0; i < middle; i++) values[i] = rounded(advance(start, step, i));
  for (let i = middle; i < steps; i++) values[i] = rounded(advance(end, -step, steps - i - 1));
  return values;
}

/** @throws ShapeError for ends of several numbers, ArgumentError for a count that is none */
function checkEnds(name: string, start: unknown, end: unknown, steps: unknown): void {
  const several = Object.entries({ start, end }).filter(([, given]) => given instanceof Tensor && given.ndim > 0);
  if (several.length > 0)
    throw new ShapeError(
      `${name}/ends`,
      `${name} only supports 0-dimensional start and end tensors, but got ${several.map(([which, given]) => `${which} with ${(given as Tensor).ndim} dimension(s)`).join(" and ")}.`,
      "Pass numbers, or tensors of no dimensions.",
    );
  if (!Number.isInteger(steps))
    throw new ArgumentError(
      `${name}/steps`,
      `${name}() received an invalid combination of arguments - argument 'steps' (position 3) must be int, not ${pythonType(steps)} ${String(steps)}.`,
    );
}

const valueOf = (end: NumberLike | Complex): HostNumber =>
  end instanceof Tensor && end.ndim === 0 ? end.item() : (end as HostNumber);

/** The parts' steps are those of real numbers. */
function complexSteps([start, end]: readonly [HostNumber, HostNumber], steps: number, given: Given): Tensor {
  const inferred = complexOf(settings.defaultDType);
  const dtype = dtypeOption({ dtype: given.dtype, out: given.out ?? undefined }, inferred, "linspace");
  if (!isComplex(dtype))
    throw new DTypeError(
      "linspace/complex",
      `torch.linspace(): inferred dtype ${inferred} can't be safely cast to passed dtype ${dtype}.`,
      "Leave dtype out, or pass real ends.",
    );
  const part = (of: "re" | "im", value: HostNumber): number =>
    value instanceof Complex ? value[of] : of === "re" ? Number(value) : 0;
  const line = (of: "re" | "im"): Float64Array =>
    evenly("linspace", part(of, start), part(of, end), steps, realOf(dtype), true);
  const [re, im] = [line("re"), line("im")];
  const values = Array.from(re, (value, i) => new Complex(value, im[i]));
  const options: FactoryOptions = { ...given, dtype, out: given.out ?? undefined };
  const device = currentDevice(given.device ?? given.out?.device);
  return finishCounted(fromHost(values, [values.length], dtype, device), options);
}

/**
 * `steps` values from start to end, both included; ends may be complex.
 *
 * Shape: `-> [steps]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.linspace.html
 */
export function linspace(...args: CallOf<typeof linspaceSignature>): Tensor {
  return withSite(() => {
    const { start, end, steps = 100, ...given } = linspaceSignature.bind("linspace", args);
    checkEnds("linspace", start, end, steps);
    const ends = [valueOf(start), valueOf(end)];
    if (ends.some((value) => value instanceof Complex))
      return complexSteps(ends as [HostNumber, HostNumber], steps, given);
    const [from, to] = [numberOf("linspace", start as NumberLike), numberOf("linspace", end as NumberLike)];
    return made("linspace", given, (dtype) => evenly("linspace", from, to, steps, dtype, true));
  });
}

/**
 * Powers of `base`, with exponents from start to end.
 *
 * Shape: `-> [steps]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.logspace.html
 */
export function logspace(...args: CallOf<typeof logspaceSignature>): Tensor {
  return withSite(() => {
    const { start, end, steps = 100, base = 10, ...given } = logspaceSignature.bind("logspace", args);
    checkEnds("logspace", start, end, steps);
    const [from, to, radix] = [start, end, base].map((given) => numberOf("logspace", given)) as [
      number,
      number,
      number,
    ];
    return made("logspace", given, (dtype) => {
      // Of the type are the ends of floats only, and all steps of integers.
      const end = (value: number): number => (isFloat(dtype) ? Number(roundToDType(value, dtype)) : value);
      const exponents = evenly("logspace", end(from), end(to), steps, isFloat(dtype) ? "float64" : dtype, false);
      return exponents.map((exponent) => radix ** exponent);
    });
  });
}

/**
 * start to end, the end included: arange is its successor.
 *
 * Shape: `-> [floor((end - start) / step) + 1]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.range.html
 */
export function range(...args: CallOf<typeof rangeSignature>): Tensor {
  return withSite(() => {
    const bound = rangeSignature.bind("range", args);
    // One number is the end.
    const ends = bound.end === undefined ? [0, bound.start ?? 0] : [bound.start ?? 0, bound.end];
    const [start, end, step] = [...ends, bound.step ?? 1].map((given) => numberOf("range", given)) as [
      number,
      number,
      number,
    ];
    if (step === 0) throw new ArgumentError("range/step", "range: step must be nonzero.");
    if ((end - start) / step < 0)
      throw new ArgumentError(
        "range/bounds",
        `range: upper bound and larger bound inconsistent with step sign: start ${start}, end ${end}, step ${step}.`,
      );
    const count = Math.floor((end - start) / step) + 1;
    return made("range", bound, () => new Float64Array(count).map((_, i) => start + i * step));
  });
}
