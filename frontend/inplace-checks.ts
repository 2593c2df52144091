/** What autograd refuses to have written. */
import { isIntegral } from "../ir/dtype.ts";
import { AutogradError, DTypeError } from "../ir/errors.ts";
import type { Node } from "../ir/graph.ts";
import { graph } from "./state.ts";
import { gradientName } from "../ir/step-names.ts";
import type { Tensor } from "./tensor.ts";
import { isSameMemory } from "./views.ts";

/** @throws AutogradError for leaves that require grad, their views, and views that gradients cannot follow */
export function checkInplace(self: Tensor, operator: string, verb = "is being"): void {
  if (!graph.gradEnabled) return;
  if (self.parent_ !== null) refuseUnrecordedView(self, operator);
  if (!self.requires_grad) return;
  if (self.is_leaf)
    throw new AutogradError(
      "inplace/leaf",
      `${operator}: a leaf Variable that requires grad ${verb} used in an in-place operation.`,
      "Wrap the update in torch.no_grad(() => ...).",
    );
  refuseOneOfSeveral(self, operator);
  if (isViewOfLeaf(self))
    throw new AutogradError(
      "inplace/leaf-view",
      `${operator}: a view of a leaf Variable that requires grad is being used in an in-place operation.`,
      "Wrap the update in torch.no_grad(() => ...).",
    );
}

/** Whether a tensor is a view of a leaf that requires grad; that may be a view itself, of what requires none. */
function isViewOfLeaf(self: Tensor): boolean {
  for (let view = self; view.parent_ !== null && !isCut(view);) {
    view = view.parent_;
    if (view.is_leaf && view.requires_grad) return true;
  }
  return false;
}

/** @throws DTypeError for absolute values of complex numbers, which are real */
export function refuseComplexSize(name: string, self: Tensor): void {
  if (name === "abs" && self.is_complex())
    throw new DTypeError(
      "abs_/complex",
      `abs_: In-place abs is not supported for complex tensors, got ${String(self)}.`,
      "Use abs().",
    );
}

/** Whether autograd knows nothing of what a tensor shares memory with. */
const isCut = ({ step_ }: Tensor): boolean => step_ !== null && isSameMemory(step_);

/** The view among those behind a tensor that one call has made with others; null where there is none. */
function oneOfSeveral(self: Tensor): Tensor | null {
  for (let view: Tensor | null = self; view !== null && !isCut(view); view = view.parent_)
    if (view.step_?.placeAmongSeveral !== undefined) return view;
  return null;
}

/** @throws AutogradError for a view that was made with others by one call */
export function refuseOneOfSeveral(self: Tensor, operator: string): void {
  if (oneOfSeveral(self) !== null) throw severalViews(self, operator, "is being");
}

function severalViews(self: Tensor, operator: string, changed: string): AutogradError {
  const { name, placeAmongSeveral = 0 } = self.step_!;
  const step = gradientName(name).replace(/Backward\d+$/, "");
  return new AutogradError(
    "inplace/several-views",
    `${operator}: Output ${placeAmongSeveral} of ${step} is a view and ${changed} modified inplace. This view is the output of a function that returns multiple views. Such functions do not allow the output views to be modified inplace, got ${String(self)}.`,
    "Use the form without the underscore, or take the view with select() or narrow().",
  );
}

/**
 * @throws AutogradError for views that gradients cannot follow to what has been written since, where results may have
 *   gradients: views made with others by one call, and those made where nothing is recorded
 */
export function refuseChangedViews(tensors: readonly Tensor[], results: readonly Node[], operator: string): void {
  if (!graph.gradEnabled || results.every(({ dtype }) => isIntegral(dtype))) return;
  for (const tensor of tensors) if (tensor.parent_ !== null && tensor.isChanged_) refuseChangedView(tensor, operator);
}

function refuseChangedView(self: Tensor, operator: string): void {
  const changed = "its base or another view of its base has been";
  let unrecorded: Tensor | null = null;
  let base = self;
  for (; base.parent_ !== null && !isCut(base) && !(base.is_leaf && base.requires_grad); base = base.parent_)
    if (!base.recordsGrad_) unrecorded = base;
  if (base === self || !base.requires_grad) return;
  if (oneOfSeveral(self) !== null) throw severalViews(self, operator, changed);
  if (unrecorded !== null && !unrecorded.isInferenceView_)
    throw new AutogradError(
      "inplace/no_grad-view",
      `${operator}: A view was created in no_grad mode and ${changed} modified inplace with grad mode enabled, got ${String(self)}. Given that this use case is ambiguous and error-prone, it is forbidden.`,
      "Move both the view and the write inside the no_grad block, or both outside.",
    );
}

/** @throws AutogradError for a view that was made where nothing is recorded, of a tensor that is recorded */
function refuseUnrecordedView(self: Tensor, operator: string): void {
  let view = self;
  for (; view.parent_ !== null && !isCut(view); view = view.parent_) {
    if (view.recordsGrad_ || view._base?.requires_grad !== true) continue;
    const mode = view.isInferenceView_ ? "inference" : "no_grad";
    const where = mode === "inference" ? "normal mode" : "with grad mode enabled";
    throw new AutogradError(
      `inplace/${mode}-view`,
      `${operator}: A view was created in ${mode} mode and is being modified inplace ${mode === "inference" ? "in " : ""}${where}, got ${String(self)}. Given that this use case is ambiguous and error-prone, it is forbidden.`,
      `Move both the view and the write inside the ${mode === "inference" ? "inference_mode" : "no_grad"} block, or both outside.`,
    );
  }
}
