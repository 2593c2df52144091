/** Who sees the gradients that arrive at a node: the hooks of tensors, each at what its tensor was, and retained gradients. */
import type { Node } from "../ir/graph.ts";
import { NodeNote } from "../ir/node-notes.ts";
import { stepped } from "./operations.ts";
import type { GradientHook, Tensor } from "./tensor.ts";

interface Watchers {
  readonly hooks: Map<number, GradientHook>;
  readonly retaining: Set<Tensor>;
}
const watched = new NodeNote<Watchers>();

/** The watchers of what a tensor is, which may be added to. */
export function watchersOf(node: Node): Watchers {
  const step = stepped(node);
  let found = watched.get(step);
  if (found === undefined) watched.set(step, (found = { hooks: new Map(), retaining: new Set() }));
  return found;
}
export const knownWatchersOf = (node: Node): Watchers | null => watched.get(node) ?? null;
