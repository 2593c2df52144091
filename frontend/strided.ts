/** Views by sizes and strides. */
import { ShapeError } from "../ir/errors.ts";
import { contiguousStrides, formatShape, type Shape } from "../ir/shape.ts";
import { signature, type CallOf } from "./arguments.ts";
import { withSite } from "./call.ts";
import { factoryNames, factoryOptions, zeros, type Factory, type TensorOptions } from "./creation.ts";
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

const emptySignature = signature<[size: Shape, stride: readonly number[], ...Factory]>()(
  `size, stride, ${factoryNames}`,
);
/**
 * Contents undefined in PyTorch; zeros here.
 *
 * Shape: `size -> [*size]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.empty_strided.html
 */
export function empty_strided(...args: CallOf<typeof emptySignature>): Tensor {
  return withSite(() => {
    const { size, stride, requires_grad = false, ...rest } = emptySignature.bind("empty_strided", args);
    const result = as_strided(zeros([reachOf(size, stride, 0)], factoryOptions(rest)), size, stride);
    return requires_grad ? result.requires_grad_() : result;
  });
}

/**
 * Zeros, laid out so that the dimensions lie in memory in the order given, the outermost first. Contents undefined in
 * PyTorch.
 *
 * Shape: `size, physical_layout -> [*size]`
 *
 * @throws ShapeError when physical_layout does not name each dimension once
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.empty_permuted.html
 */
export function empty_permuted(size: Shape, physical_layout: readonly number[], options: TensorOptions = {}): Tensor {
  return withSite(() => {
    const rank = size.length;
    const refuse = (what: string): never => {
      throw new ShapeError(
        "empty_permuted/layout",
        `empty_permuted: ${what}: size ${formatShape(size)}, physical_layout ${formatShape(physical_layout)}.`,
        `Name each of the dimensions 0 to ${rank - 1} once.`,
      );
    };
    if (physical_layout.length !== rank)
      refuse(
        "Number of dimensions in size does not match the length of the physical_layout; i.e. len(size) = " +
          `${rank} is not equal to len(physical_layout) = ${physical_layout.length}`,
      );
    const outside = physical_layout.findIndex((axis) => axis < 0 || axis >= rank);
    if (outside >= 0)
      refuse(
        `Dimension out of range (expected to be between 0 and ${rank - 1}, but got ${physical_layout[outside]} at index ${outside})`,
      );
    if (new Set(physical_layout).size < rank) refuse("Duplicate dim not allowed");
    const along = contiguousStrides(physical_layout.map((axis) => size[axis]!));
    const stride = size.map((_, axis) => along[physical_layout.indexOf(axis)]!);
    return empty_strided(size, stride, options);
  });
}
