/** Nodes of views and of what was written through them: each a step of its own to autograd. */
import type { Node } from "../ir/graph.ts";
import { endStep, firstOfStep } from "../ir/interning.ts";
import { laidOutOf } from "./grad-fn.ts";
import { noteOperation } from "./saved-values.ts";
import { graph } from "./state.ts";
import type { ViewStep } from "./views.ts";

/** What a tensor holds after a view of it was written: a step of its own to autograd. */
export function nodeOfWritten(before: Node, given: Node, value: Node, first: number): Node {
  if (!value.requiresGrad || value.op === "with_history") return value;
  // Where all of it was written, the old contents have a gradient of zero.
  let moved: Node = value;
  while (moved !== given && moved.inputs.length === 1) moved = moved.inputs[0]!;
  const own = moved === given ? graph.restingOn(value, before) : value;
  noteOperation("CopySlices", [before, given], [own], first, null, []);
  return own;
}

/** A view's node. Where it changes nothing it is a step of its own to autograd all the same. */
export function nodeOfView({ apply, isLayout }: ViewStep, name: string, parent: Node): Node {
  const node = apply(graph, parent);
  if (!node.requiresGrad) return node;
  const own = node === parent ? graph.distinct(node) : node;
  if (isLayout === true) laidOutOf.set(own, parent);
  else noteOperation(name, [parent], [own], firstOfStep());
  endStep();
  return own;
}
