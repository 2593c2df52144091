/** What PyTorch tells of a tensor and is nearly always the same here: where it could be, how it could be held. */
import { ArgumentError } from "../ir/errors.ts";
import { callOperator, withSite } from "./call.ts";
import { preservedOrder } from "./memory-layout.ts";
import { Tensor } from "./tensor.ts";

declare module "./tensor.ts" {
  interface Tensor {
    /** False: there is no such device. https://docs.pytorch.org/docs/stable/tensors.html */
    readonly is_ipu: boolean;
    /** False: there is no such device. https://docs.pytorch.org/docs/stable/tensors.html */
    readonly is_maia: boolean;
    /** False: kernels choose their own order of elements. https://docs.pytorch.org/docs/stable/tensors.html */
    readonly is_mkldnn: boolean;
    /** False: Apple's GPUs are `webgpu`, too. https://docs.pytorch.org/docs/stable/tensors.html */
    readonly is_mps: boolean;
    /** False: there is no such device. https://docs.pytorch.org/docs/stable/tensors.html */
    readonly is_mtia: boolean;
    /** False: there are no nested tensors. https://docs.pytorch.org/docs/stable/nested.html */
    readonly is_nested: boolean;
    /** False: there are no sparse tensors yet. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.is_sparse_csr.html */
    readonly is_sparse_csr: boolean;
    /** False: there is no such device. https://docs.pytorch.org/docs/stable/tensors.html */
    readonly is_vulkan: boolean;
    /** False: there is no such device. https://docs.pytorch.org/docs/stable/tensors.html */
    readonly is_xla: boolean;
    /** False: Intel's GPUs are `webgpu`, too. https://docs.pytorch.org/docs/stable/tensors.html */
    readonly is_xpu: boolean;
    /** null: tensors have no names. https://docs.pytorch.org/docs/stable/tensors.html */
    readonly name: null;
    /** False: what it asked for is `torch.no_grad`. https://docs.pytorch.org/docs/stable/autograd.html#variable-deprecated */
    readonly volatile: boolean;
    /** false */
    is_distributed(): boolean;
    /**
     * Dimensions from the outermost in memory to the innermost.
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.dim_order.html
     */
    dim_order(options?: { readonly ambiguity_check?: false }): number[];
    /**
     * The same elements in another shape; deprecated for reshape.
     *
     * Shape: `[*] -> [*sizes]`
     *
     * @see https://docs.pytorch.org/docs/stable/tensors.html
     */
    resize(...sizes: readonly number[] | readonly [readonly number[]]): Tensor;
    /**
     * `resize` to the shape of another tensor; deprecated for reshape_as.
     *
     * Shape: `[*], tensor [*] -> the shape of the second`
     *
     * @see https://docs.pytorch.org/docs/stable/tensors.html
     */
    resize_as(tensor: Tensor): Tensor;
  }
}

const kinds: Record<string, boolean | null> = { name: null, volatile: false };
for (const name of "ipu maia mkldnn mps mtia nested sparse_csr vulkan xla xpu".split(" ")) kinds[`is_${name}`] = false;
for (const [name, value] of Object.entries(kinds))
  Object.defineProperty(Tensor.prototype, name, { get: () => value, configurable: true });

function resized(self: Tensor, size: readonly number[]): Tensor {
  const count = size.reduce((n, each) => n * each, 1);
  if (count !== self.numel())
    throw new ArgumentError(
      "resize/size",
      `resize: requested resize to ${size.join("x")} (${count} elements in total), but the given tensor has a size of ${self.shape.join("x")} (${self.numel()} elements). autograd's resize can only change the shape of a given tensor, while preserving the number of elements.`,
      "resize_() changes how many there are.",
    );
  return callOperator("reshape", [self, size]) as Tensor;
}

const methods = {
  is_distributed: () => false,
  dim_order(this: Tensor): number[] {
    return preservedOrder(this.shape, this.stride()) ?? this.shape.map((_, axis) => axis);
  },
  resize(this: Tensor, ...sizes: readonly unknown[]): Tensor {
    return withSite(() => resized(this, sizes.flat() as number[]));
  },
  resize_as(this: Tensor, tensor: Tensor): Tensor {
    return withSite(() => resized(this, tensor.shape));
  },
};
for (const [name, value] of Object.entries(methods))
  Object.defineProperty(Tensor.prototype, name, { value, writable: true, configurable: true });
