/** Making tensors: from data, filled, counted. */
import { complexOf, isInteger, isComplex, isFloat, scalarName, type DType } from "../ir/dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../ir/errors.ts";
import { enterScope } from "../ir/interning.ts";
import { type Node } from "../ir/graph.ts";
import { filler, requireFit } from "../ir/ops/fitting.ts";
import { noKernel } from "../ir/unsupported.ts";
import { elementCount, formatShape, type Shape } from "../ir/shape.ts";
import type { Device } from "../runtime/device.ts";
import { typedArray, type TypedArray } from "../runtime/typed-array.ts";
import { signature, type CallOf } from "./arguments.ts";
import { isPlainObject, scalarArgument } from "./bind.ts";
import { withSite } from "./call.ts";
import { Complex } from "./complex-number.ts";
import { currentDevice, type DeviceLike } from "./devices.ts";
import { dtypeName, type DTypeLike } from "./dtype.ts";
import { fillTyped, type HostNumber } from "./elements.ts";
import { contiguous_format, type layout, type memory_format } from "./formats.ts";
import { refuseUnknown } from "./known-options.ts";
import { laidOut, orderLike } from "./laid-out.ts";
import { formatOf, orderOf } from "./memory-layout.ts";
import { writeInto } from "./out-arguments.ts";
import { pythonType } from "./python-type.ts";
import { graph, settings } from "./state.ts";
import type { Nested } from "./element-values.ts";
import { Tensor } from "./tensor.ts";

export interface TensorOptions {
  readonly dtype?: DTypeLike | null | undefined;
  readonly device?: DeviceLike | null | undefined;
  readonly requires_grad?: boolean | undefined;
  readonly pin_memory?: boolean | undefined;
  readonly layout?: layout | null | undefined;
  readonly memory_format?: memory_format | null | undefined;
}
export interface FactoryOptions extends TensorOptions {
  readonly out?: Tensor | undefined;
}
export type TensorData = Nested<HostNumber> | TypedArray | Tensor;
export type Size = readonly [readonly number[]] | readonly number[];

interface Flattened {
  readonly shape: number[];
  readonly flat: HostNumber[];
  readonly kinds: ReadonlySet<ValueKind>;
}

type ValueKind = "number" | "bigint" | "boolean" | "complex";
const kindOf = (value: HostNumber): ValueKind =>
  value instanceof Complex ? "complex" : (typeof value as "number" | "bigint" | "boolean");

function flattenData(data: unknown): Flattened {
  const shape: number[] = [];
  for (let level = data; Array.isArray(level); level = level[0]) shape.push(level.length);
  const flat: HostNumber[] = [];
  const kinds = new Set<ValueKind>();
  const add = (value: HostNumber): void => {
    kinds.add(kindOf(value));
    flat.push(value);
  };
  const single = (item: unknown, depth: number): void => {
    if (typeof item === "number" || typeof item === "bigint" || typeof item === "boolean" || item instanceof Complex) {
      if (depth !== shape.length) throw new ShapeError("tensor/ragged", "tensor: rows of different depth.");
      add(item);
    } else if (item instanceof Tensor && item.numel() === 1) add(item.item());
    else throw notData(item);
  };
  const stack: { item: unknown; depth: number }[] = [{ item: data, depth: 0 }];
  while (stack.length > 0) {
    const { item, depth } = stack.pop()!;
    if (!Array.isArray(item)) {
      single(item, depth);
      continue;
    }
    if (depth >= shape.length || item.length !== shape[depth])
      throw new ShapeError(
        "tensor/ragged",
        `tensor: expected sequence of length ${shape[depth] ?? 0} at dim ${depth} (got ${item.length}).`,
        "All rows must have one length.",
      );
    const items: readonly unknown[] = item;
    if (depth === shape.length - 1 && isNumbers(items)) {
      if (items.length > 0) kinds.add("number");
      for (let i = 0; i < items.length; i++) flat.push(items[i]!);
    } else for (let i = items.length - 1; i >= 0; i--) stack.push({ item: items[i], depth: depth + 1 });
  }
  return { shape, flat, kinds };
}

function isNumbers(items: readonly unknown[]): items is readonly number[] {
  for (let i = 0; i < items.length; i++) if (typeof items[i] !== "number") return false;
  return true;
}

function notData(item: unknown): ArgumentError {
  const kind = pythonType(item);
  const words =
    kind === "NoneType" || kind === "dict" ? `Could not infer dtype of ${kind}` : `invalid data type '${kind}'`;
  return new ArgumentError("tensor/data", `tensor: new(): ${words}: cannot make a tensor of ${String(item)}.`);
}

function inferDType(kinds: ReadonlySet<ValueKind>): DType {
  if (kinds.has("complex")) return complexOf(settings.defaultDType);
  if (kinds.has("number") || kinds.size === 0) return settings.defaultDType;
  return kinds.size === 1 && kinds.has("boolean") ? "bool" : "int64";
}

const arrayTypes = new Map<unknown, DType>([
  [Float32Array, "float32"],
  [Float64Array, "float64"],
  [Int8Array, "int8"],
  [Int16Array, "int16"],
  [Int32Array, "int32"],
  [BigInt64Array, "int64"],
  [Uint8Array, "uint8"],
  [Uint8ClampedArray, "uint8"],
]);
/** The element type that an array holds. @throws ArgumentError when there is none */
export function arrayDType(array: ArrayBufferView): DType {
  const dtype =
    arrayTypes.get(array.constructor) ?? (Buffer_ !== null && array instanceof Buffer_ ? "uint8" : undefined);
  if (dtype === undefined)
    throw new ArgumentError(
      "tensor/array",
      `tensor: ${array.constructor.name} has no corresponding dtype.`,
      "Use a Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, BigInt64Array or Uint8Array.",
    );
  return dtype;
}
const Buffer_ = typeof globalThis.Buffer === "function" ? globalThis.Buffer : null;

export function fromHost(values: ArrayLike<HostNumber>, shape: Shape, dtype: DType, device: Device): Tensor {
  const array = typedArray(dtype, elementCount(shape));
  fillTyped(array, dtype, values);
  return Tensor.ofArray(array, shape, dtype, device);
}

/**
 * A new tensor of the given data: copies nested lists, numbers, typed arrays.
 * Numbers become the default float type, bigints int64, booleans bool.
 *
 * Shape: `nested list -> [length of each level], typed array of n -> [n]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.tensor.html
 */
export function tensor(data: TensorData, given: TensorOptions = {}, ...rest: never[]): Tensor {
  return withSite(() => {
    if (rest.length > 0 || !isPlainObject(given))
      throw new ArgumentError(
        "tensor/arguments",
        "tensor: takes one positional argument, the data.",
        "Write nested lists: tensor([[1, 2], [3, 4]]).",
      );
    const options: TensorOptions = given;
    refuseUnknown("tensor", options);
    const device = currentDevice(options.device ?? (data instanceof Tensor ? data.device : null));
    const wanted = options.dtype === undefined || options.dtype === null ? null : dtypeName(options.dtype, "tensor");
    let result: Tensor;
    if (data instanceof Tensor) {
      const there = data.detach().to(device.name);
      enterScope(device.name);
      result = Tensor.ofNode(graph.cast(graph.detach(there.node_()), wanted ?? data.dtype.name), device);
    } else if (ArrayBuffer.isView(data)) {
      const own = arrayDType(data);
      const dtype = wanted ?? own;
      result =
        dtype === own
          ? Tensor.ofArray((data as Float32Array).slice(), [(data as Float32Array).length], dtype, device)
          : fromHost(data, [(data as Float32Array).length], dtype, device);
    } else {
      const { shape, flat, kinds } = flattenData(data);
      const dtype = wanted ?? inferDType(kinds);
      if (isInteger(dtype) || kinds.has("complex")) requireFits(flat, dtype);
      result = fromHost(flat, shape, dtype, device);
    }
    return options.requires_grad ? result.requires_grad_() : result;
  });
}

/** @throws ValueError, DTypeError for the first value that the type has not */
function requireFits(values: readonly HostNumber[], dtype: DType): void {
  for (const value of values)
    if (value instanceof Complex) requireComplex(dtype);
    else requireFit("tensor", asNumber(value), dtype);
}

/** @throws DTypeError for a type that no complex number has; any has a truth */
function requireComplex(dtype: DType): void {
  if (isComplex(dtype) || dtype === "bool") return;
  const words = isFloat(dtype)
    ? "must be real number, not complex"
    : "'complex' object cannot be interpreted as an integer";
  throw new DTypeError(
    "tensor/complex",
    `tensor: ${words}, for dtype ${dtype}.`,
    "Pass its real part, or a complex dtype.",
  );
}

const asNumber = (value: number | bigint | boolean): number | bigint =>
  typeof value === "bigint" ? value : Number(value);

/** `f(2, 3, options)` and `f([2, 3], options)`. */
export function sizeArguments(
  name: string,
  args: readonly unknown[],
  own: readonly string[] = [],
): { shape: number[]; options: FactoryOptions; rest: unknown[] } {
  const items = [...args];
  const options = isPlainObject(items.at(-1)) ? (items.pop() as FactoryOptions & { size?: readonly number[] }) : {};
  refuseUnknown(name, options, ["size", ...own]);
  if (items.length === 0 && options.size === undefined)
    throw new ArgumentError(
      `${name}/size`,
      `${name}() missing 1 required positional arguments: "size".`,
      `${name}([]) has no dimensions.`,
    );
  const list = Array.isArray(items[0]) ? (items[0] as unknown[]) : items.length > 0 ? items : [...options.size!];
  const shape = list.map((size) => {
    const value = typeof size === "bigint" ? Number(size) : size;
    if (typeof value !== "number" || !Number.isInteger(value))
      throw new ArgumentError(`${name}/size`, `${name}: sizes must be integers, got ${String(size)}.`);
    if (value < 0)
      throw new ShapeError(
        `${name}/negative-size`,
        `${name}: Dimension size must be non-negative. Trying to create tensor with negative dimension ${value}: ${formatShape(list as number[])}.`,
      );
    return value;
  });
  return { shape, options, rest: Array.isArray(items[0]) ? items.slice(1) : [] };
}

export function finish(result: Tensor, options: FactoryOptions): Tensor {
  if (options.out instanceof Tensor) {
    writeInto(options.out, result.node_(), "out=");
    return options.out;
  }
  return options.requires_grad ? result.requires_grad_() : result;
}

/** The type that is asked for, else that of `out`. @throws DTypeError where both are given and differ */
export function dtypeOption(options: FactoryOptions, fallback: DType, name: string): DType {
  const own = options.out?.type_;
  const dtype =
    options.dtype === undefined || options.dtype === null ? (own ?? fallback) : dtypeName(options.dtype, name);
  if (own !== undefined && dtype !== own)
    throw new DTypeError(
      "out/dtype",
      `${name}: dtype ${scalarName(dtype)} does not match dtype of out parameter (${scalarName(own)}).`,
      "Leave dtype out.",
    );
  return dtype;
}

/** @throws DTypeError for what `arange` and its kin cannot count in */
export function refuseUncountable(name: string, dtype: DType): void {
  if (dtype === "bool" || (isComplex(dtype) && name !== "linspace" && name !== "logspace"))
    throw noKernel(name, `${name}_cpu`, dtype, "Choose a type of numbers.");
}

/** The result of one that counts: `out` keeps its shape where it has room for just these elements. */
export function finishCounted(result: Tensor, options: FactoryOptions): Tensor {
  const { out } = options;
  if (!(out instanceof Tensor) || out.numel() !== result.numel()) return finish(result, options);
  writeInto(out, graph.reshape(result.node_(), out.shape), "out=");
  return out;
}

/** A constant of any shape. */
export function filled(
  shape: Shape,
  value: number | bigint | boolean,
  dtype: DType,
  options: FactoryOptions,
  order: readonly number[] | null = null,
): Tensor {
  const device = currentDevice(options.device ?? options.out?.device);
  enterScope(device.name);
  return finish(laidOut(graph.full(shape, value, dtype), device, order), options);
}

/** Sizes spread or in a list, then options. */
export interface SizeCall<O extends FactoryOptions = FactoryOptions> {
  (...size: number[]): Tensor;
  (size: readonly number[], options?: O): Tensor;
  (...args: readonly [...size: number[], options: O]): Tensor;
  (options: O & { readonly size: readonly number[] }): Tensor;
}

const factory =
  (name: string, value: number): SizeCall =>
  (...args: unknown[]) =>
    withSite(() => {
      const { shape, options } = sizeArguments(name, args);
      return filled(
        shape,
        value,
        dtypeOption(options, settings.defaultDType, name),
        options,
        orderOf(formatOf(options) ?? contiguous_format, shape),
      );
    });

/**
 * All zeros.
 *
 * Shape: `size -> [*size]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.zeros.html
 */
export const zeros = factory("zeros", 0);
/**
 * All ones.
 *
 * Shape: `size -> [*size]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.ones.html
 */
export const ones = factory("ones", 1);
/**
 * Contents undefined in PyTorch; zeros here.
 *
 * Shape: `size -> [*size]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.empty.html
 */
export const empty = factory("empty", 0);

/** Keywords of the functions that make tensors. */
export type Factory = [
  out: Tensor | null,
  dtype: FactoryOptions["dtype"],
  layout: FactoryOptions["layout"],
  device: FactoryOptions["device"],
  requires_grad: boolean,
  pin_memory: boolean,
  memory_format: FactoryOptions["memory_format"],
];
export const factoryNames = "*, out?, dtype?, layout?, device?, requires_grad?, pin_memory?, memory_format?";
export const factoryOptions = ({ out, ...rest }: { readonly out?: Tensor | null | undefined }): FactoryOptions => ({
  ...rest,
  out: out ?? undefined,
});

const likeSignature = signature<[input: Tensor, ...Factory]>()(`input, ${factoryNames}`);
const like =
  (name: string, value: number) =>
  (...args: CallOf<typeof likeSignature>): Tensor =>
    withSite(() => {
      const { input, ...given } = likeSignature.bind(name, args);
      const options = factoryOptions(given);
      return filled(
        input.shape,
        value,
        dtypeOption(options, input.dtype.name, name),
        { ...options, device: options.device ?? input.device },
        orderLike(input, options.memory_format, name),
      );
    });
/**
 * Zeros in the shape of input, and in its type and on its device unless others are given.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.zeros_like.html
 */
export const zeros_like = like("zeros_like", 0);
/**
 * Ones in the shape of input, and in its type and on its device unless others are given.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.ones_like.html
 */
export const ones_like = like("ones_like", 1);
/**
 * A tensor in the shape of input. Contents undefined in PyTorch; zeros here.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.empty_like.html
 */
export const empty_like = like("empty_like", 0);

const fullSignature = signature<[size: readonly number[] | number, fill_value: HostNumber | Tensor, ...Factory]>()(
  `size, fill_value, ${factoryNames}`,
);
/**
 * All `fill_value`: a number, or a tensor of no dimensions, whose type the result has.
 *
 * Shape: `size -> [*size]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.full.html
 */
export function full(...args: CallOf<typeof fullSignature>): Tensor {
  return withSite(() => {
    const { size, fill_value, ...given } = fullSignature.bind("full", args);
    const options = factoryOptions(given);
    const { shape } = sizeArguments("full", [typeof size === "number" ? [size] : size]);
    const own = fill_value instanceof Tensor ? fill_value.dtype.name : inferDType(new Set([kindOf(fill_value)]));
    return filledWith("full", shape, fill_value, dtypeOption(options, own, "full"), options);
  });
}
const fullLikeSignature = signature<[input: Tensor, fill_value: HostNumber | Tensor, ...Factory]>()(
  `input, fill_value, ${factoryNames}`,
);
/**
 * All `fill_value`, in the shape of input, and in its type and on its device unless others are given.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.full_like.html
 */
export function full_like(...args: CallOf<typeof fullLikeSignature>): Tensor {
  return withSite(() => {
    const { input, fill_value, ...given } = fullLikeSignature.bind("full_like", args);
    const options = factoryOptions(given);
    return filledWith(
      "full_like",
      input.shape,
      fill_value,
      dtypeOption(options, input.dtype.name, "full_like"),
      { ...options, device: options.device ?? input.device },
      orderLike(input, options.memory_format, "full_like"),
    );
  });
}
/** The user's number is a slot: another value is no other program. A tensor is read by the program, as a constant. */
function filledWith(
  name: string,
  shape: Shape,
  value: HostNumber | Tensor,
  dtype: DType,
  options: FactoryOptions,
  order: readonly number[] | null = null,
): Tensor {
  const device = currentDevice(options.device ?? options.out?.device);
  enterScope(device.name);
  const single = value instanceof Tensor ? singleValue(name, value, dtype, device) : slotOf(name, value, dtype);
  return finish(laidOut(graph.expandTo(single, shape), device, order), options);
}

function slotOf(name: string, value: HostNumber, dtype: DType): Node {
  if (typeof value === "object" ? value instanceof Complex : value !== undefined && typeof value !== "string")
    return filler(graph, name, scalarArgument(value), dtype, ["float16", "bfloat16"]);
  throw new ArgumentError(
    `${name}/fill-value`,
    `${name}: argument 'fill_value' must be Number, not ${String(value)}.`,
    "Pass a number, a bigint, a boolean, a Complex or a tensor of no dimensions.",
  );
}

function singleValue(name: string, value: Tensor, dtype: DType, device: Device): Node {
  if (value.ndim > 0)
    throw new ArgumentError(
      `${name}/fill-value`,
      `${name}: argument 'fill_value' must be Number, not Tensor ${value.toString()}.`,
      "Pass a tensor of no dimensions, or expand() this one.",
    );
  return graph.cast(graph.detach(value.to(device.name).node_()), dtype);
}

const eyeSignature = signature<[n: number, m: number | null, ...Factory]>()(`n, m?, ${factoryNames}`);
/**
 * Ones on the diagonal.
 *
 * Shape: `n, m -> [n, m]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.eye.html
 */
export function eye(...args: CallOf<typeof eyeSignature>): Tensor {
  return withSite(() => {
    const { n, m, ...given } = eyeSignature.bind("eye", args);
    const options = factoryOptions(given);
    const columns = m ?? n;
    for (const [what, count] of Object.entries({ n, m: columns }))
      if (count < 0) throw new ShapeError("eye/size", `eye: ${what} must be greater or equal to 0, got ${count}.`);
    const device = currentDevice(options.device ?? options.out?.device);
    enterScope(device.name);
    const shape = [n, columns];
    const equal = graph.eq(graph.iotaAlong(shape, 0, "int32"), graph.iotaAlong(shape, 1, "int32"));
    const ones = graph.cast(equal, dtypeOption(options, settings.defaultDType, "eye"));
    return finish(Tensor.ofNode(ones, device), options);
  });
}
