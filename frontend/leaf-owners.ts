/** Tensors that stood for a leaf in a call of a compiled function: what was recorded from them was recorded from it. */
import type { Node } from "../ir/graph.ts";
import type { Tensor } from "./tensor.ts";

const owners = new WeakMap<Tensor, Tensor>();
const stoodFor = new WeakSet<Tensor>();

export function noteStandIn(stand: Tensor, owner: Tensor): void {
  owners.set(stand, owner);
  stoodFor.add(owner);
}

/** Whether graphs may have leaves of another tensor that are this one's. */
export const hasStandIns = (leaf: Tensor): boolean => stoodFor.has(leaf);

/** The tensor that a leaf of differentiation is: gradients accumulate in it. Leaves that no tensor is have none. */
export function ownerOfLeaf({ binding }: Node): Tensor | null {
  const tensor = binding as Tensor | null;
  return tensor === null ? null : (owners.get(tensor) ?? tensor);
}
