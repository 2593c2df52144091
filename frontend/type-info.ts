/** Questions about types, and the defaults of new tensors. */
import {
  canCast,
  dtypeBytes,
  integerRange,
  isFloat,
  isIntegral,
  promoteTypes,
  realOf,
  type DType,
} from "../ir/dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../ir/errors.ts";
import { resultType, type TensorOrScalar } from "../ir/ops/support.ts";
import { broadcastShapes, formatShape, type Shape } from "../ir/shape.ts";
import { signature, type CallOf } from "./arguments.ts";
import { scalarArgument } from "./bind.ts";
import { withSite } from "./call.ts";
import { asMethods } from "./comparison.ts";
import { device as DeviceObject, deviceName, type DeviceLike } from "./devices.ts";
import { legacyType } from "./conversion.ts";
import { dtypeName, dtypeObject, type dtype, type DTypeLike } from "./dtype.ts";
import { graph, settings } from "./state.ts";
import { Tensor } from "./tensor.ts";

/** Whether `obj` is a Tensor; `obj instanceof Tensor` narrows its type too. */
export const is_tensor = (obj: unknown): obj is Tensor => obj instanceof Tensor;
/** Whether the elements are floats. https://docs.pytorch.org/docs/stable/generated/torch.is_floating_point.html */
export const is_floating_point = (input: Tensor): boolean => input.is_floating_point();
/** Whether the elements are complex numbers. https://docs.pytorch.org/docs/stable/generated/torch.is_complex.html */
export const is_complex = (input: Tensor): boolean => input.is_complex();
/** Whether `input` was made in inference_mode. https://docs.pytorch.org/docs/stable/generated/torch.is_inference.html */
export const is_inference = (input: Tensor): boolean => input.is_inference();
/** Whether both have the same shape. https://docs.pytorch.org/docs/stable/torch.html */
export const is_same_size = (input: Tensor, other: Tensor): boolean => input.is_same_size(other);
/** How many elements there are. https://docs.pytorch.org/docs/stable/generated/torch.numel.html */
export const numel = (input: Tensor): number => input.numel();

/** The element type of new float tensors. https://docs.pytorch.org/docs/stable/generated/torch.set_default_dtype.html */
export function set_default_dtype(d: DTypeLike): void {
  const name = dtypeName(d, "set_default_dtype");
  if (!isFloat(name))
    throw new DTypeError(
      "set-default-dtype/not-float",
      `set_default_dtype: only floating-point types are supported as the default type, got ${name}.`,
    );
  settings.defaultDType = name;
}
/**
 * The element type of new float tensors.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.get_default_dtype.html
 */
export const get_default_dtype = (): dtype => dtypeObject(settings.defaultDType);
/** Older spelling of `set_default_dtype`, by the name of a tensor type. */
export function set_default_tensor_type(t: string | DTypeLike): void {
  set_default_dtype((typeof t === "string" ? legacyType(t) : null) ?? (t as DTypeLike));
}

/** Where new tensors are made. https://docs.pytorch.org/docs/stable/generated/torch.set_default_device.html */
export function set_default_device(device: DeviceLike | null): void {
  settings.defaultDevice = deviceName(device ?? "cpu");
}
/** Where new tensors are made. https://docs.pytorch.org/docs/stable/generated/torch.get_default_device.html */
export const get_default_device = (): DeviceObject => new DeviceObject(settings.defaultDevice);

const promoteSignature = signature<[type1: DTypeLike, type2: DTypeLike]>()("type1, type2");
/** The smallest type that both can be converted to. https://docs.pytorch.org/docs/stable/generated/torch.promote_types.html */
export function promote_types(...args: CallOf<typeof promoteSignature>): dtype {
  const { type1, type2 } = promoteSignature.bind("promote_types", args);
  return dtypeObject(promoteTypes(dtypeName(type1, "promote_types"), dtypeName(type2, "promote_types")));
}

/** The type of an operation on both. https://docs.pytorch.org/docs/stable/generated/torch.result_type.html */
export function result_type(
  tensor1: Tensor | number | bigint | boolean,
  tensor2: Tensor | number | bigint | boolean,
): dtype {
  return withSite(() => {
    graph.defaultFloat = settings.defaultDType;
    const operands = [tensor1, tensor2].map((value): TensorOrScalar =>
      value instanceof Tensor ? value.node_() : scalarArgument(value),
    );
    return dtypeObject(resultType(graph, operands));
  });
}

const castSignature = signature<[from_: DTypeLike, to: DTypeLike]>()("from_, to");
/** Whether values of one type may become another's in place. https://docs.pytorch.org/docs/stable/generated/torch.can_cast.html */
export function can_cast(...args: CallOf<typeof castSignature>): boolean {
  const { from_, to } = castSignature.bind("can_cast", args);
  return canCast(dtypeName(from_, "can_cast"), dtypeName(to, "can_cast"));
}

/** The common shape of several. https://docs.pytorch.org/docs/stable/generated/torch.broadcast_shapes.html */
export function broadcast_shapes(...shapes: readonly (Shape | number)[]): Shape {
  return withSite(() => {
    let common: Shape = [];
    for (const [i, given] of shapes.entries()) {
      const shape = typeof given === "number" ? [given] : given;
      const next = broadcastShapes(common, shape);
      if (next === null) {
        const differing = (k: number): boolean =>
          common.at(-k) !== undefined && shape.at(-k) !== common.at(-k) && shape.at(-k) !== 1 && common.at(-k) !== 1;
        const at = shape.findIndex((_, k) => differing(k + 1)) + 1;
        throw new ShapeError(
          "broadcast_shapes/mismatch",
          `broadcast_shapes: Attempting to broadcast a dimension of length ${shape.at(-at)} at ${-at}! Mismatching argument at index ${i} had ${formatShape(shape)}; but expected shape should be broadcastable to ${formatShape(common)}.`,
          "Sizes must be equal, or one of them 1, counted from the last dimension.",
        );
      }
      common = next;
    }
    return common;
  });
}

/** A number in six digits, as C's %g writes it. */
function sixDigits(value: number | bigint): string {
  // What lies between two such numbers goes to the even one in C, here the lower one: eps of float16.
  const number = Number(value) * (1 - Number.EPSILON);
  const [mantissa, exponent] = number.toExponential(5).split("e") as [string, string];
  const power = Number(exponent);
  const short = (digits: string): string => (digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits);
  if (power >= -4 && power < 6) return short(number.toPrecision(6));
  return `${short(mantissa)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** Prints limits as PyTorch does: `finfo(resolution=1e-06, ..., dtype=float32)`. */
function printing<T extends object>(name: string, limits: T, shown: readonly (keyof T & string)[], dtype: DType): T {
  const text = shown.map((key) => `${key}=${sixDigits(limits[key] as number | bigint)}`);
  const value = (): string => `${name}(${text.join(", ")}, dtype=${dtype})`;
  return Object.defineProperty(limits, "toString", { value });
}

/** Numeric limits of a float type. */
export interface FloatInfo {
  readonly dtype: string;
  readonly bits: number;
  /** The difference between 1 and the next larger number. */
  readonly eps: number;
  readonly max: number;
  readonly min: number;
  readonly tiny: number;
  readonly smallest_normal: number;
  /** Decimal resolution: 10 ** -digits. */
  readonly resolution: number;
  /** As PyTorch prints it. */
  toString(): string;
}

/** Fraction bits and largest exponent. */
const floatFormats: Readonly<Partial<Record<DType, readonly [fraction: number, exponent: number, digits: number]>>> = {
  float16: [10, 15, 3],
  bfloat16: [7, 127, 2],
  float32: [23, 127, 6],
  float64: [52, 1023, 15],
};

/** https://docs.pytorch.org/docs/stable/type_info.html#torch.finfo */
export function finfo(type?: DTypeLike): FloatInfo {
  const name = realOf(type === undefined ? settings.defaultDType : dtypeName(type, "finfo"));
  const format = floatFormats[name];
  if (format === undefined)
    throw new DTypeError(
      "finfo/not-float",
      `finfo: torch.finfo() requires a floating point input type, got ${name}.`,
      "Use torch.iinfo to handle integers.",
    );
  const [fraction, exponent, digits] = format;
  const max = (2 - 2 ** -fraction) * 2 ** exponent;
  const tiny = 2 ** (1 - exponent);
  const limits = {
    dtype: name,
    bits: dtypeBytes(name) * 8,
    eps: 2 ** -fraction,
    max,
    min: -max,
    tiny,
    smallest_normal: tiny,
    resolution: Number(`1e-${digits}`),
  };
  return printing("finfo", limits, ["resolution", "min", "max", "eps", "smallest_normal", "tiny"], name);
}

/** Numeric limits of an integer type; bigints where a number cannot say them. */
export interface IntegerInfo {
  readonly dtype: string;
  readonly bits: number;
  readonly max: number | bigint;
  readonly min: number | bigint;
  /** As PyTorch prints it. */
  toString(): string;
}

/** https://docs.pytorch.org/docs/stable/type_info.html#torch.iinfo */
export function iinfo(type: DTypeLike): IntegerInfo {
  const name = dtypeName(type, "iinfo");
  if (!isIntegral(name) || name === "bool")
    throw new DTypeError(
      "iinfo/not-integer",
      name === "bool"
        ? "iinfo: torch.bool is not supported by torch.iinfo."
        : `iinfo: torch.iinfo() requires an integer input type, got ${name}.`,
      "Use torch.finfo to handle floats.",
    );
  const [min, max] = integerRange(name);
  const plain = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);
  const limits = { dtype: name, bits: dtypeBytes(name) * 8, max: plain(max), min: plain(min) };
  return printing("iinfo", limits, ["min", "max"], name);
}

/** Whether the one value is not zero. https://docs.pytorch.org/docs/stable/generated/torch.is_nonzero.html */
export function is_nonzero(input: Tensor): boolean {
  return withSite(() => {
    checkOneElement(input);
    return Number(input.item()) !== 0;
  });
}
/** The same on every device, as a promise. https://docs.pytorch.org/docs/stable/generated/torch.is_nonzero.html */
export async function is_nonzeroAsync(input: Tensor): Promise<boolean> {
  checkOneElement(input);
  return Number(await input.itemAsync()) !== 0;
}
asMethods({ is_nonzero, is_nonzeroAsync });

function checkOneElement(input: Tensor): void {
  const count = input.numel();
  if (count !== 1)
    throw new ArgumentError(
      "is_nonzero/size",
      `is_nonzero: Boolean value of Tensor with ${count === 0 ? "no values" : "more than one value"} is ambiguous, got ${String(input)}.`,
    );
}
