/** How a tensor is held: dense or not, pinned, shared with other threads; and its history dropped in place. */
import { isComplex } from "../ir/dtype.ts";
import { AutogradError, NotImplementedError, ValueError } from "../ir/errors.ts";
import { isPlainObject } from "./bind.ts";
import { withSite } from "./call.ts";
import type { DTypeLike } from "./dtype.ts";
import { Tensor } from "./tensor.ts";
import { warnOnce } from "./warnings.ts";

declare module "./tensor.ts" {
  interface Tensor {
    /** Dimensions of a sparse tensor that are indices: none. */
    sparse_dim(): number;
    /** Dimensions of a sparse tensor's values: all. */
    dense_dim(): number;
    /**
     * This tensor, which is dense; in another type, where one is given.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.to_dense.html
     */
    to_dense(dtype?: DTypeLike | null | { readonly dtype?: DTypeLike | null; readonly masked_grad?: boolean }): Tensor;
    /** @throws NotImplementedError there are no sparse tensors yet */
    to_sparse(): never;
    /** Not there yet. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.to_sparse_coo.html */
    to_sparse_coo(): never;
    /** Not there yet. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.to_sparse_csr.html */
    to_sparse_csr(): never;
    /** Not there yet. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.to_sparse_csc.html */
    to_sparse_csc(): never;
    /** @throws NotImplementedError there is no such layout */
    to_mkldnn(): never;
    /** @throws NotImplementedError there are no quantised tensors yet */
    dequantize(): never;
    /** @throws NotImplementedError there is no complex half type */
    chalf(): never;
    /**
     * This tensor: there is no page-locked memory, and copies to the GPU are staged. A warning says so once.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.pin_memory.html
     */
    pin_memory(): this;
    /** false */
    is_pinned(): boolean;
    /** Whether other threads can share the memory: after `share_memory_`. */
    is_shared(): boolean;
    /**
     * Moves the elements into a SharedArrayBuffer, which `numpy()` then shows: posted to a worker, `torch.from_numpy` of
     * it is the same memory there.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.share_memory_.html
     */
    share_memory_(): this;
    /**
     * Cuts this tensor from the graph, in place.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.detach_.html
     */
    detach_(): this;
    /**
     * What load_state_dict puts in this tensor's place.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.module_load.html
     */
    module_load(other: Tensor, assign?: boolean | { readonly assign?: boolean }): Tensor;
  }
}

/** An operator that needs tensors which are held in a way that does not exist here yet. */
const refused =
  (name: string, what: string, cure: string) =>
  (..._args: unknown[]): never =>
    withSite(() => {
      throw new NotImplementedError(`${name}/layout`, `${name}: there are no ${what}.`, cure);
    });
const denseCure = "Keep the tensor dense.";

/**
 * Not there yet.
 * @throws NotImplementedError there are no sparse tensors yet
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.sparse_coo_tensor.html
 */
export const sparse_coo_tensor = refused("sparse_coo_tensor", "sparse tensors yet", denseCure);
/**
 * Not there yet.
 * @throws NotImplementedError there are no sparse tensors yet
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.sparse_csr_tensor.html
 */
export const sparse_csr_tensor = refused("sparse_csr_tensor", "sparse tensors yet", denseCure);
const quantisedCure = "torch.fake_quantize_per_tensor_affine rounds to the same values and stays in floats.";
/**
 * Not there yet.
 * @throws NotImplementedError there are no quantised tensors yet
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.quantize_per_tensor.html
 */
export const quantize_per_tensor = refused("quantize_per_tensor", "quantised tensors yet", quantisedCure);
/**
 * Not there yet.
 * @throws NotImplementedError there are no quantised tensors yet
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.quantize_per_channel.html
 */
export const quantize_per_channel = refused("quantize_per_channel", "quantised tensors yet", quantisedCure);
/**
 * Not there yet.
 * @throws NotImplementedError there are no quantised tensors yet
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.dequantize.html
 */
export const dequantize = refused("dequantize", "quantised tensors yet", "A tensor of floats is what it would give.");

/** Makes the storage's memory a SharedArrayBuffer. */
function shareMemory(tensor: Tensor): void {
  const { storage_ } = tensor;
  if (!storage_.device.synchronous || isShared(tensor)) return;
  if (typeof SharedArrayBuffer !== "function")
    throw new ValueError(
      "share_memory_/isolation",
      "share_memory_: this page has no SharedArrayBuffer.",
      "Serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.",
    );
  const values = storage_.share();
  const Memory = values.constructor as new (buffer: SharedArrayBuffer) => typeof values;
  const array = new Memory(new SharedArrayBuffer(values.byteLength));
  array.set(values as never);
  storage_.shareWith(array, values.slice());
}
const isShared = ({ storage_ }: Tensor): boolean =>
  !storage_.device.synchronous ||
  (typeof SharedArrayBuffer === "function" &&
    storage_.isShared &&
    storage_.share().buffer instanceof SharedArrayBuffer);

const methods: Record<string, (this: Tensor, ...args: never[]) => unknown> = {
  sparse_dim: () => 0,
  dense_dim(this: Tensor) {
    return this.ndim;
  },
  to_dense(this: Tensor, given?: DTypeLike | { readonly dtype?: DTypeLike | null } | null) {
    const dtype = isPlainObject(given) ? given.dtype : given;
    return dtype === undefined || dtype === null ? this : this.to(dtype);
  },
  to_mkldnn: refused("to_mkldnn", "tensors in oneDNN's layouts", "Kernels choose their own order."),
  dequantize,
  chalf(this: Tensor): never {
    return withSite(() => {
      throw new NotImplementedError(
        "chalf/dtype",
        `chalf: there is no complex half type, got ${String(this)}.`,
        isComplex(this.type_) ? "cfloat() is the smallest complex type." : "Use cfloat(), or half() of a real tensor.",
      );
    });
  },
  pin_memory(this: Tensor) {
    warnOnce("pin_memory: there is no page-locked memory; copies to the GPU are staged in any case.");
    return this;
  },
  is_pinned: () => false,
  is_shared(this: Tensor) {
    return isShared(this);
  },
  share_memory_(this: Tensor) {
    return withSite(() => {
      shareMemory(this);
      return this;
    });
  },
  detach_(this: Tensor) {
    return withSite(() => {
      if (this._base !== null)
        throw new AutogradError(
          "detach_/view",
          `detach_: Can't detach views in-place, got ${String(this)}, a view.`,
          "Use detach() instead.",
        );
      this.forgetHistory_();
      return this;
    });
  },
  module_load(this: Tensor, other: Tensor, given: boolean | { readonly assign?: boolean } = false) {
    const assign = typeof given === "boolean" ? given : given.assign === true;
    return assign ? other.detach() : this.copy_(other).detach();
  },
};
for (const name of ["to_sparse", "to_sparse_coo", "to_sparse_csr", "to_sparse_csc"])
  methods[name] = refused(name, "sparse tensors yet", denseCure);
for (const [name, value] of Object.entries(methods))
  Object.defineProperty(Tensor.prototype, name, { value, writable: true, configurable: true });
