/** Views by sizes and strides. */
import { elementCount, type Shape } from "../ir/shape.ts";
import { checkStrides, stridedView } from "../ir/ops/strided.ts";
import { signature, type CallOf } from "./arguments.ts";
import { withSite } from "./call.ts";
import { zeros, type TensorOptions } from "./creation.ts";
import type { Tensor } from "./tensor.ts";
import { movement, type ViewStep } from "./views.ts";

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

function stridedOf(
  input: Tensor,
  size: Shape,
  stride: readonly number[],
  storage_offset: number | null | undefined,
): Tensor {
  const own = input.layout_();
  const offset = storage_offset ?? own.offset;
  const last = size.reduce((end, n, i) => end + (n - 1) * (stride[i] ?? 0), offset);
  // What lies within a contiguous tensor is a view of that tensor, so that gradients find it; else of the storage.
  const within = input.is_contiguous() && offset >= own.offset && last < own.offset + input.numel();
  const source = within ? input : originOf(input);
  const count = source.numel();
  const start = offset - source.layout_().offset;
  checkStrides("as_strided", count, size, stride, start);
  const step = movement("as_strided", (g, parent) => stridedView(g, g.reshape(parent, [count]), size, stride, start));
  const layout = { strides: [...stride], offset };
  return source.viewBy_({ ...step, layout } satisfies ViewStep);
}

/** The tensor that this is a view of, as elements of the same type. */
function originOf(input: Tensor): Tensor {
  let origin = input;
  while (origin.parent_ !== null && origin.parent_.type_ === input.type_) origin = origin.parent_;
  return origin;
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
    const last = size.reduce((end, n, i) => end + (n - 1) * (stride[i] ?? 0), 0);
    const result = as_strided(zeros([elementCount(size) === 0 ? 0 : last + 1], rest), size, stride);
    return requires_grad ? result.requires_grad_() : result;
  });
}
