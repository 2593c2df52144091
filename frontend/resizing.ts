/** A tensor's own shape, changed. */
import { AutogradError } from "../ir/errors.ts";
import { contiguousStrides, elementCount, sameShape, type Shape } from "../ir/shape.ts";
import { checkInplace } from "./inplace-checks.ts";
import { reachOf, stridedOf } from "./strided-view.ts";
import type { Tensor } from "./tensor.ts";

/** The tensor as it was, for a view of which the same object then stands. */
export function former(self: Tensor, operator: string): Tensor {
  checkInplace(self, operator);
  return self.giveWay_();
}

/** @throws AutogradError for what requires gradients */
export function refuseResize(self: Tensor, operator: string): void {
  if (self.requires_grad)
    throw new AutogradError(
      "resize/requires-grad",
      `${operator}: cannot resize variables that require grad.`,
      "Use reshape(), or detach() first.",
    );
}

/**
 * Gives a tensor itself another shape, where it lies: its memory grows where it is too small, with zeros, and others that
 * are made of it stay what they are.
 */
export function resized(
  self: Tensor,
  shape: Shape,
  operator: string,
  strides: readonly number[] = contiguousStrides(shape),
): Tensor {
  if (sameShape(shape, self.shape)) return self;
  const { offset } = self.layout_();
  const grows = elementCount(shape) > self.numel();
  if (self.isAlone_ && grows && sameShape(strides, contiguousStrides(shape))) {
    checkInplace(self, operator);
    self.reshapeMemory_(shape, operator);
    return self;
  }
  const before = former(self, operator);
  makeRoom(before, reachOf(shape, strides, offset), operator);
  return self.takeOver_(stridedOf(before, shape, strides, offset));
}

/** Memory for so many elements of a tensor's type. */
export function makeRoom(tensor: Tensor, count: number, operator: string): void {
  const needed = countNeeded(tensor, count);
  if (needed > tensor.root_.numel()) tensor.root_.growMemory_(needed, operator);
}
/** @throws ShapeError when a tensor cannot take a shape: its memory is an array without room */
export function refuseGrowth(tensor: Tensor, shape: Shape, operator: string): void {
  const { root_, storage_ } = tensor;
  const needed = countNeeded(tensor, reachOf(shape, contiguousStrides(shape), tensor.layout_().offset));
  if (needed > root_.numel()) storage_.refuseResize(needed, operator);
}
/** In elements of the storage. */
const countNeeded = (tensor: Tensor, count: number): number =>
  Math.ceil((count * tensor.itemsize) / tensor.root_.itemsize);
