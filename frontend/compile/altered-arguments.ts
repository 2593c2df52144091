/**
 * What a function does to an argument beside writing its elements: it asks it for gradients, gives it one, a hook,
 * another shape or other memory. It does so to the stand-in; the argument gets the same when the call is over.
 */
import { makeRoom, resized } from "../resizing.ts";
import { sameShape } from "../../ir/shape.ts";
import type { Tensor } from "../tensor.ts";
import type { PlainReason } from "./observer.ts";
import { viewed, viewOfArgument } from "./results.ts";

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

/** The caller's tensors become what stand-ins became, of the caller's memory. Elements that were written are there by now. */
export function alterAll(
  given: readonly Tensor[],
  stands: readonly Tensor[],
  formers: ReadonlyMap<Tensor, Tensor>,
  altered: readonly number[],
): void {
  // Memory of an argument is that of what its stand-in was, which another may be a view of by now.
  const memories = stands.map((stand) => formers.get(stand) ?? stand);
  const bases = given.map((tensor, i) => (formers.has(stands[i]!) ? tensor.giveWay_() : tensor));
  for (const i of altered) {
    const [own, stand] = [given[i]!, stands[i]!];
    const view = viewOfArgument(stand, memories);
    if (view === null) own.takeOver_(stand);
    else {
      const base = bases[view.place]!;
      const room = stand.root_.numel();
      const grows = room > base.root_.numel();
      if (grows) makeRoom(base, room, "resize_");
      // What memory lacked room for is a view of the whole of it.
      own.takeOver_(viewed(grows ? base.root_ : base, view.steps));
      if (grows) own.write_(stand.node_(), "a compiled function");
    }
    alter(own, stand);
  }
}

export function alter(given: Tensor, stand: Tensor): void {
  if (!sameShape(stand.shape, given.shape)) resized(given, stand.shape, "resize_");
  if (hasOwnGradient(stand, given)) given.setGradient_(stand.gradient_);
  if (isOtherLeaf(stand, given)) given.requires_grad_(stand.requires_grad);
}
