/** Views by sizes and strides. */
import type { Shape } from "../ir/shape.ts";
import { signature, type CallOf } from "./arguments.ts";
import { withSite } from "./call.ts";
import { zeros, type TensorOptions } from "./creation.ts";
import { reachOf, stridedOf } from "./strided-view.ts";
import type { Tensor } from "./tensor.ts";

const stridedSignature = /* @__PURE__ */ signature<
  [input: Tensor, size: Shape, stride: readonly number[], storage_offset: number | null]
>()("input, size, stride, storage_offset?");

/**
 * A view of the storage by sizes and strides in elements.
 *
 * Shape: `storage -> [*size]`
 *
 * @throws IndexError when an element would lie outside the storage
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.as_strided.html
 */
export function as_strided(...args: CallOf<typeof stridedSignature>): Tensor {
  return withSite(() => {
    const { input, size, stride, storage_offset } = stridedSignature.bind("as_strided", args);
    return stridedOf(input, size, stride, storage_offset);
  });
}

/**
 * Contents undefined in PyTorch; zeros here.
 *
 * Shape: `size -> [*size]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.empty_strided.html
 */
export function empty_strided(size: Shape, stride: readonly number[], options: TensorOptions = {}): Tensor {
  return withSite(() => {
    const { requires_grad = false, ...rest } = options;
    const result = as_strided(zeros([reachOf(size, stride, 0)], rest), size, stride);
    return requires_grad ? result.requires_grad_() : result;
  });
}
