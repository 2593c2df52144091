/** Counting: arange. */
import { isIntegral } from "../ir/dtype.ts";
import { ArgumentError } from "../ir/errors.ts";
import { enterScope } from "../ir/interning.ts";
import type { Node } from "../ir/graph.ts";
import { isPlainObject } from "./bind.ts";
import { withSite } from "./call.ts";
import { dtypeOption, finishCounted, refuseUncountable, type FactoryOptions } from "./creation.ts";
import { currentDevice } from "./devices.ts";
import { refuseUnknown } from "./known-options.ts";
import { numberOf, type NumberLike } from "./number-like.ts";
import { graph, settings } from "./state.ts";
import { Tensor } from "./tensor.ts";

interface Step {
  readonly step?: NumberLike | undefined;
}
interface End extends Step {
  readonly end: NumberLike;
}
interface Start {
  readonly start?: NumberLike | undefined;
}

/**
 * start to end (exclusive) by step: `[ceil((end - start) / step)]`. Whole numbers and integer tensors of no dimensions give
 * int64, fractions and float tensors the default float type: `arange(torch.tensor(2.0))` is Python's `arange(2.0)`.
 *
 * Shape: `-> [ceil((end - start) / step)]`
 *
 * @throws ArgumentError where step is zero or leads away from end
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.arange.html
 */
export function arange(end: NumberLike, options?: FactoryOptions & Step): Tensor;
export function arange(start: NumberLike, end: NumberLike, options?: FactoryOptions & Step): Tensor;
export function arange(start: NumberLike, end: NumberLike, step: NumberLike, options?: FactoryOptions): Tensor;
export function arange(start: NumberLike, options: FactoryOptions & End): Tensor;
export function arange(options: FactoryOptions & Start & End): Tensor;
export function arange(...args: unknown[]): Tensor {
  return withSite(() => {
    const options: FactoryOptions & Start & Partial<End> = isPlainObject(args.at(-1)) ? args.at(-1)! : {};
    refuseUnknown("arange", options, ["start", "end", "step"]);
    const given = bounds(args.filter((arg) => !isPlainObject(arg)) as NumberLike[], options);
    const whole = given.every(isWhole);
    const dtype = dtypeOption(options, whole ? "int64" : settings.defaultDType, "arange");
    refuseUncountable("arange", dtype);
    // int64 counts in integers: fractions are cut off first.
    const [a, b, s] = given.map((bound) => {
      const value = numberOf("arange", bound);
      return dtype === "int64" ? Math.trunc(value) : value;
    }) as [number, number, number];
    const count = countOf(a, b, s);
    const device = currentDevice(options.device ?? options.out?.device);
    enterScope(device.name);
    // Counted in float64, as PyTorch does, then rounded once to the type.
    const exact = isIntegral(dtype) ? "int64" : device.name === "webgpu" ? "float32" : "float64";
    const line = graph.iota(count, exact);
    const at = (value: number): Node => graph.constant(exact === "int64" ? BigInt(Math.trunc(value)) : value, exact);
    const scaled = s === 1 ? line : graph.mul(line, at(s));
    const shifted = a === 0 ? scaled : graph.add(scaled, at(a));
    return finishCounted(Tensor.ofNode(graph.cast(shifted, dtype), device), options);
  });
}

/** Start, end and step: one number alone is the end. */
function bounds(numbers: readonly NumberLike[], named: Start & Partial<End>): NumberLike[] {
  const [first, second, third] = numbers;
  const step = third ?? named.step ?? 1;
  if (first === undefined) return [named.start ?? 0, named.end ?? 0, step];
  if (second !== undefined) return [first, second, step];
  return named.end === undefined ? [named.start ?? 0, first, step] : [first, named.end, step];
}

const isWhole = (bound: NumberLike): boolean =>
  bound instanceof Tensor ? isIntegral(bound.dtype.name) : typeof bound !== "number" || Number.isInteger(bound);

function countOf(start: number, end: number, step: number): number {
  if (step === 0) throw new ArgumentError("arange/step", "arange: step must be nonzero.");
  if (!Number.isFinite(start) || !Number.isFinite(end))
    throw new ArgumentError(
      "arange/range",
      `arange: unsupported range: ${start} -> ${end}.`.replaceAll("Infinity", "inf").replaceAll("NaN", "nan"),
    );
  if ((end - start) / step < 0)
    throw new ArgumentError(
      "arange/bounds",
      `arange: upper bound and lower bound inconsistent with step sign: start ${start}, end ${end}, step ${step}.`,
    );
  return Math.ceil((end - start) / step);
}
