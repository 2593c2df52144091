/**
 * What a function does to an argument beside writing its elements: it asks it for gradients, gives it one, a hook,
 * another shape or other memory. It does so to the stand-in; the argument gets the same when the call is over.
 */
import { resized } from "../resizing.ts";
import { sameShape } from "../../ir/shape.ts";
import type { Tensor } from "../tensor.ts";
import type { PlainReason } from "./observer.ts";
import { stepsBetween, viewed } from "./results.ts";

export const altersArguments: PlainReason = {
  does: "changes what an argument is (requires_grad_, grad, hooks, t_, resize_, set_ ...)",
  instead: "do so outside of it",
};

/** `former`: what the stand-in was, where it has become something else */
export const isAltered = (stand: Tensor, given: Tensor, former: Tensor | undefined): boolean =>
  former !== undefined ||
  !sameShape(stand.shape, given.shape) ||
  isOtherLeaf(stand, given) ||
  hasOwnGradient(stand, given) ||
  hasOwnHooks(stand);

/** An argument may have got a history that its stand-in has not: of what was written to memory that it shares. */
const isOtherLeaf = (stand: Tensor, given: Tensor): boolean =>
  stand.is_leaf && given.is_leaf && stand.requires_grad !== given.requires_grad;
/** Those of leaves are dealt with in leaf-arguments.ts. */
const hasOwnGradient = (stand: Tensor, given: Tensor): boolean => !given.requires_grad && stand.heldGradient_ !== null;

/** They are dealt with in leaf-arguments.ts, too. */
const hasOwnHooks = ({ hooks_, accumulateHooks_ }: Tensor): boolean => hooks_ !== null || accumulateHooks_ !== null;

/** Elements that were written are in the argument by now, but for those of what it was before. */
export function alter(given: Tensor, stand: Tensor, former: Tensor | undefined): void {
  if (former !== undefined) {
    const isView = stand.storage_ === former.storage_;
    given.takeOver_(isView ? viewed(given.giveWay_(), stepsBetween(stand, former)) : stand);
  } else if (!sameShape(stand.shape, given.shape)) resized(given, stand.shape, "resize_");
  if (hasOwnGradient(stand, given)) given.setGradient_(stand.gradient_);
  if (isOtherLeaf(stand, given)) given.requires_grad_(stand.requires_grad);
}
