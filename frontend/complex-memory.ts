/** Views between complex numbers and their parts, where the page has complex numbers. */
import type { DType } from "../ir/dtype.ts";
import { complexRules } from "../ir/complex/rules.ts";
import { Provided } from "../ir/provided.ts";
import type { Shape } from "../ir/shape.ts";
import type { Tensor } from "./tensor.ts";
import type { ViewStep } from "./views.ts";

interface ComplexViews {
  /** The step to a complex tensor's parts or conjugate, or to the complex numbers in a real one; null for other views. */
  complexStep(name: string, source: Tensor): ViewStep | null;
  /** A view of the same memory as elements of another type, one of the two complex: by way of the parts. */
  viewOfParts(source: Tensor, dtype: DType, shape: Shape): Tensor;
}
export const complexViews = new Provided<ComplexViews>("complex-views");

/** @throws NotImplementedError in a page without complex numbers */
export function viewsOfComplex(): ComplexViews {
  complexRules();
  return complexViews.value;
}
