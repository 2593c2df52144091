/**
 * Memory passed to and from other libraries, as PyTorch does with DLPack: an object that says where the elements of a
 * tensor lie, which one receiver may take.
 */
import { AutogradError, DeviceError, ValueError } from "../ir/errors.ts";
import { typedView } from "../runtime/typed-array.ts";
import { withSite } from "./call.ts";
import { is_conj } from "./complex-tensors.ts";
import { dtypeName, type DTypeLike } from "./dtype.ts";
import { sharing } from "./from-data.ts";
import { as_strided } from "./strided.ts";
import { Tensor } from "./tensor.ts";

/** Where elements lie; strides count elements. Whoever takes it shares the memory from then on. */
export interface ExchangedMemory {
  readonly buffer: ArrayBufferLike;
  /** Of the first element. */
  readonly byteOffset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  /** As PyTorch names it: "float32". */
  readonly dtype: DTypeLike;
  /** "cpu", with an ordinal. */
  readonly device: readonly [type: string, index: number];
}
/** What gives memory away. */
export interface Exporter {
  __dlpack__(): ExchangedMemory;
}

declare module "./tensor.ts" {
  interface Tensor extends Exporter {
    /** This tensor's memory, for a receiver such as `torch.from_dlpack`. https://docs.pytorch.org/docs/stable/dlpack.html */
    __dlpack__(): ExchangedMemory;
    /** What kind of device the memory is of, and which one. https://docs.pytorch.org/docs/stable/dlpack.html */
    __dlpack_device__(): readonly [type: string, index: number];
  }
}

function exported(tensor: Tensor): ExchangedMemory {
  if (tensor.requires_grad)
    throw new AutogradError(
      "dlpack/requires-grad",
      `__dlpack__: Can't export tensors that require gradient, got ${String(tensor)}.`,
      "Use tensor.detach().",
    );
  if (is_conj(tensor))
    throw new ValueError(
      "dlpack/conj",
      "__dlpack__: Can't export tensors with the conjugate bit set.",
      "Call resolve_conj().",
    );
  const { storage_ } = tensor;
  if (!storage_.device.synchronous)
    throw new DeviceError(
      "dlpack/device",
      `__dlpack__: memory of ${storage_.device.name} cannot be given away, got ${String(tensor)}.`,
      "Use (await tensor.cpuAsync()).__dlpack__().",
    );
  const { strides, offset } = tensor.layout_();
  const array = storage_.share();
  return {
    buffer: array.buffer,
    byteOffset: array.byteOffset + offset * tensor.itemsize,
    shape: tensor.shape,
    strides,
    dtype: tensor.type_,
    device: ["cpu", 0],
  };
}

const taken = new WeakSet<ExchangedMemory>();

/**
 * A tensor over memory that something else gives away (`__dlpack__()`, or what that returned): writing either is seen by
 * the other.
 *
 * Shape: `memory -> its shape`
 *
 * @throws ValueError when the memory has been taken before, or cannot be shared
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.from_dlpack.html
 */
export function from_dlpack(ext_tensor: Exporter | ExchangedMemory): Tensor {
  return withSite(() => {
    const memory = "__dlpack__" in ext_tensor ? ext_tensor.__dlpack__() : ext_tensor;
    if (taken.has(memory))
      throw new ValueError(
        "dlpack/consumed",
        "from_dlpack received an invalid capsule: it can be consumed only once.",
        "Call __dlpack__() for another one.",
      );
    const { buffer, byteOffset, shape, strides, device } = memory;
    const dtype = dtypeName(memory.dtype, "from_dlpack");
    if (device[0] !== "cpu")
      throw new DeviceError("dlpack/device", `from_dlpack: memory of a device ${String(device)} is not supported.`);
    const last = shape.reduce((end, size, axis) => end + (size - 1) * strides[axis]!, 0);
    const count = shape.includes(0) ? 0 : last + 1;
    const array = typedView(dtype, buffer, byteOffset, count);
    taken.add(memory);
    const row = sharing(array, dtype);
    return strides.length === 1 && strides[0] === 1 ? row : as_strided(row, shape, strides, 0);
  });
}

const methods: Record<string, (this: Tensor) => unknown> = {
  __dlpack__(this: Tensor) {
    return withSite(() => exported(this));
  },
  __dlpack_device__(this: Tensor) {
    return this.device.type === "cpu" ? ["cpu", 0] : ["webgpu", 0];
  },
};
for (const [name, value] of Object.entries(methods))
  Object.defineProperty(Tensor.prototype, name, { value, writable: true, configurable: true });
