/** Methods that PyTorch has kept, and hardly anybody calls. */
import { ArgumentError } from "../ir/errors.ts";
import { callOperator, withSite } from "./call.ts";
import { preservedOrder } from "./memory-layout.ts";
import { Tensor } from "./tensor.ts";

declare module "./tensor.ts" {
  interface Tensor {
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
