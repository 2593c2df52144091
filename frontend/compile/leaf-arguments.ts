/**
 * Arguments that require grad and are other tensors at each call: their stand-ins are leaves of the recording's own, and
 * the gradients that those get are the arguments'.
 */
import { withGradMode } from "../grad-mode.ts";
import { noteStandIn } from "../leaf-owners.ts";
import { graph } from "../state.ts";
import type { Tensor } from "../tensor.ts";
import type { CallArguments } from "./arguments.ts";
import type { Held } from "./held.ts";
import type { Kind } from "./holders.ts";
import type { Observer, PlainReason } from "./observer.ts";

/** Whether a tensor is a leaf to which nothing is tied yet. `from`: the first storage that nobody else may know, most likely */
export const isFreshLeaf = (tensor: Tensor, from: number): boolean =>
  tensor.storage_.id >= from &&
  tensor.is_leaf &&
  tensor.heldGradient_ === null &&
  tensor.hooks_ === null &&
  tensor.accumulateHooks_ === null;

const gradients: Kind<Tensor> = {
  keys: () => ["grad"],
  hasKeys: () => true,
  get: (tensor) => tensor.gradient_,
  has: (tensor, _key, value) => tensor.gradient_ === value,
  set: (tensor, _key, value) => tensor.setGradient_(value as Tensor),
  remove: (tensor) => tensor.setGradient_(null),
  name: (label) => `${label}.grad`,
};

const usesBoth: PlainReason = {
  does: "closes over a tensor that requires grad and is an argument as well",
  instead: "pass it, or close over it",
};

/** The function has returned: each call leaves what the stand-ins have got. */
export function leaveGradients({ tensors }: CallArguments, stands: readonly Tensor[], observer: Observer): void {
  tensors.forEach((owner, i) => {
    const { gradient_ } = stands[i]!;
    if (!owner.requires_grad) return;
    if (observer.usesItself(owner)) observer.plainBecause ??= usesBoth;
    if (gradient_ === null) return;
    const held: Held = { label: "", owner, kind: gradients, before: new Map(), read: null, isArgument: true };
    observer.assigned.push({ held, key: "grad", was: null, is: gradient_ });
  });
}

/** The call was a plain one: what was recorded from stand-ins may be differentiated on. */
export function settleGradients({ tensors }: CallArguments, stands: readonly Tensor[]): void {
  tensors.forEach((owner, i) => {
    const stand = stands[i]!;
    if (!owner.requires_grad) return;
    moveGradient(stand, owner);
    owner.hooks_ ??= stand.hooks_;
    owner.accumulateHooks_ ??= stand.accumulateHooks_;
    noteStandIn(stand, owner);
  });
}

function moveGradient(stand: Tensor, owner: Tensor): void {
  const [added, before] = [stand.gradient_, owner.gradient_];
  stand.setGradient_(null);
  if (added === null || before === null) return added === null ? undefined : owner.setGradient_(added);
  withGradMode(false, () => before.write_(graph.add(before.node_(), added.node_()), "backward"));
}
