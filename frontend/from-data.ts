/** Tensors over data that is there already: arrays, buffers, lists, other tensors; shared where that is possible. */
import { dtypeBytes, isComplex, type DType } from "../ir/dtype.ts";
import { ValueError } from "../ir/errors.ts";
import { typedView, type TypedArray } from "../runtime/typed-array.ts";
import { signature, type CallOf } from "./arguments.ts";
import { withSite } from "./call.ts";
import {
  arrayDType,
  dtypeOption,
  factoryNames,
  factoryOptions,
  full,
  tensor,
  type Factory,
  type TensorData,
} from "./creation.ts";
import { currentDevice, type DeviceLike } from "./devices.ts";
import { dtypeName, type DTypeLike } from "./dtype.ts";
import { settings } from "./state.ts";
import { Tensor } from "./tensor.ts";

/** A tensor and an array that share memory, on the CPU: writing either is seen by the other. */
export function sharing(array: TypedArray, dtype: DType): Tensor {
  const wanted = currentDevice();
  const copy = array.slice();
  const count = isComplex(dtype) ? array.length / 2 : array.length;
  const result = Tensor.ofArray(copy, [count], dtype, wanted.synchronous ? wanted : currentDevice("cpu"));
  result.storage_.shareWith(array, copy);
  return result;
}

/**
 * A tensor that shares memory with a typed array: writing either is seen by the other. What was recorded before the
 * array is written keeps the values that it was recorded with.
 *
 * Shape: `n elements -> [n]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.from_numpy.html
 */
export const from_numpy = (ndarray: TypedArray): Tensor => withSite(() => sharing(ndarray, arrayDType(ndarray)));

export interface BufferOptions {
  readonly dtype: DTypeLike;
  /** Elements; -1: as many as there are. */
  readonly count?: number;
  /** Bytes before the first element. */
  readonly offset?: number;
  readonly requires_grad?: boolean;
}

/**
 * A tensor that shares memory with a buffer.
 *
 * Shape: `bytes -> [count]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.frombuffer.html
 */
export function frombuffer(buffer: ArrayBufferLike | ArrayBufferView, options: BufferOptions): Tensor {
  return withSite(() => {
    const { count = -1, offset = 0, requires_grad = false } = options;
    const dtype = dtypeName(options.dtype, "frombuffer");
    const size = dtypeBytes(dtype);
    const [memory, start, length] = ArrayBuffer.isView(buffer)
      ? [buffer.buffer, buffer.byteOffset, buffer.byteLength]
      : [buffer, 0, buffer.byteLength];
    const refuse = (reason: string, cure?: string): never => {
      throw new ValueError("frombuffer/range", `frombuffer: ${reason}.`, cure);
    };
    if (length === 0 || count === 0) refuse(`both buffer length (${length}) and count (${count}) must not be 0`);
    if (offset < 0 || offset >= length)
      refuse(
        `offset (${offset} bytes) must be non-negative and no greater than buffer length (${length} bytes) minus 1`,
      );
    const rest = length - offset;
    if (count < 0 && rest % size !== 0)
      refuse(
        `buffer length (${rest} bytes) after offset (${offset} bytes) must be a multiple of element size (${size})`,
      );
    const elements = count < 0 ? rest / size : count;
    if (elements * size > rest)
      refuse(
        `requested buffer length (${elements} * ${size} bytes) after offset (${offset} bytes) must not be greater than actual buffer length (${length} bytes)`,
      );
    if ((start + offset) % size !== 0)
      refuse(
        `byte ${start + offset} of the buffer is no multiple of the element size (${size}), where memory cannot be shared`,
        "Pass a copy of the bytes: buffer.slice(offset).",
      );
    const result = sharing(typedView(dtype, memory, start + offset, elements), dtype);
    return requires_grad ? result.requires_grad_() : result;
  });
}

const isBuffer = (value: unknown): value is ArrayBufferLike =>
  value instanceof ArrayBuffer || (typeof SharedArrayBuffer === "function" && value instanceof SharedArrayBuffer);

export interface AsTensorOptions {
  readonly dtype?: DTypeLike | null | undefined;
  readonly device?: DeviceLike | null | undefined;
}

/**
 * A tensor of the data, without a copy where that is possible: a tensor that fits already is returned itself, memory of
 * a typed array is shared.
 *
 * Shape: `nested list -> [length of each level], [*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.as_tensor.html
 */
export const as_tensor = (data: TensorData, options: AsTensorOptions = {}): Tensor =>
  withSite(() => viewed(data, options) ?? tensor(data, options));

/** The data itself as a tensor of the wanted type on the wanted device; null where that takes a copy. */
function viewed(data: unknown, options: AsTensorOptions): Tensor | null {
  const device = options.device === undefined || options.device === null ? null : currentDevice(options.device);
  if (data instanceof Tensor) {
    const dtype = dtypeOption(options, data.dtype.name, "as_tensor");
    return data.dtype.name === dtype && (device ?? data.storage_.device) === data.storage_.device
      ? data
      : data.to(device === null ? data.device : device.name, dtype);
  }
  if (!ArrayBuffer.isView(data)) return null;
  const dtype = arrayDType(data);
  const target = device ?? currentDevice();
  if (dtypeOption(options, dtype, "as_tensor") !== dtype || !target.synchronous) return null;
  const result = sharing(data as TypedArray, dtype);
  return result.storage_.device === target ? result : null;
}

export interface AsArrayOptions extends AsTensorOptions {
  /** true: always; false: never, and an error where it takes one; null: where it takes one. */
  readonly copy?: boolean | null | undefined;
  readonly requires_grad?: boolean | null | undefined;
}

/**
 * A tensor of the data: shares its memory, or copies it, as `copy` says.
 *
 * Shape: `nested list -> [length of each level], [*] -> [*]`
 *
 * @throws ValueError when `copy` is false and the data cannot be shared
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.asarray.html
 */
export function asarray(obj: TensorData | ArrayBufferLike, options: AsArrayOptions = {}): Tensor {
  return withSite(() => {
    const { copy = null, requires_grad = null, ...rest } = options;
    const result = copy === true ? copied(obj, rest) : aliased(obj, rest, copy);
    if (requires_grad === null || requires_grad === result.requires_grad) return result;
    return requires_grad ? result.detach().requires_grad_() : result.detach();
  });
}

function copied(obj: TensorData | ArrayBufferLike, options: AsTensorOptions): Tensor {
  const device = options.device ?? (obj instanceof Tensor ? obj.device : null);
  if (obj instanceof Tensor) return obj.to({ ...options, device, copy: true });
  return isBuffer(obj)
    ? frombuffer(obj, { dtype: options.dtype ?? settings.defaultDType }).to({ device, copy: true })
    : tensor(obj, options);
}

function aliased(obj: TensorData | ArrayBufferLike, options: AsTensorOptions, copy: boolean | null): Tensor {
  if (isBuffer(obj)) return frombuffer(obj, { dtype: options.dtype ?? settings.defaultDType });
  const result = viewed(obj, options);
  const shares = result !== null && (!(obj instanceof Tensor) || result.storage_ === obj.storage_);
  if (copy === false && !shares) {
    const what =
      obj instanceof Tensor || ArrayBuffer.isView(obj) ? "of another type or on another device" : "that is no array";
    throw new ValueError(
      "asarray/copy",
      `asarray: can't alias data ${what} without a copy.`,
      "Leave copy out, or pass { copy: true }.",
    );
  }
  return result ?? tensor(obj, options);
}

const scalarSignature = signature<[s: number | bigint | boolean, ...Factory]>()(`s, ${factoryNames}`);
/**
 * A tensor of no dimensions.
 *
 * Shape: `-> []`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.scalar_tensor.html
 */
export function scalar_tensor(...args: CallOf<typeof scalarSignature>): Tensor {
  const { s, dtype, ...options } = scalarSignature.bind("scalar_tensor", args);
  // Numbers of any kind become the default float type here.
  return full([], s, { ...factoryOptions(options), dtype: dtype ?? settings.defaultDType });
}
