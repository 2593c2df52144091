/** Which operator recorded a node, as long as the node has a history. */
import type { Node } from "../ir/graph.ts";
import { NodeNote } from "../ir/node-notes.ts";
import type { Packed } from "./saved-hooks.ts";

export interface Operation {
  /** What it is called as a step of autograd (ir/step-names). */
  readonly name: string;
  readonly inputs: ReadonlySet<Node>;
  readonly results: ReadonlySet<Node>;
  /** The user's line, while anomalies are being detected. */
  readonly site: (() => string | null) | null;
  /** What an in-place operator overwrote itself: it keeps a copy of that. */
  readonly overwrites: Node | null;
  /** What is kept whatever the rule reads (null: what it reads). */
  readonly saves: readonly Node[] | null;
  /** What hooks have made of the values that are kept (frontend/saved-hooks); null where there were none. */
  packed: ReadonlyMap<Node, Packed> | null;
}

const operations = new NodeNote<Operation>();

/** The node whose step a value's gradients go to: a write that autograd does not see changes the value alone. */
export function stepped(node: Node): Node {
  let current = node;
  while (current.op === "with_history") current = current.inputs[1]!;
  return current;
}

/** The operator that recorded a node. */
export const operationOf = (node: Node): Operation | null => operations.get(node) ?? null;

export function noteOperationOf(node: Node, operation: Operation): void {
  operations.set(node, operation);
}

/** A node became a plain value: through its operator it would keep what that operator read alive. */
export function forgetOperationOf(node: Node): void {
  operations.delete(node);
}
