/**
 * Keys of compiled programs: a recorded graph as a flat list of numbers and strings, equal exactly when the graphs are,
 * whatever the node ids and the process. Leaves are numbered in first-visit order, which includes which of them are
 * the same value.
 */
import { hashString, mixHash } from "./hash.ts";
import { type Node } from "./graph.ts";

export interface GraphKey {
  readonly hash: number;
  readonly signature: readonly (number | string)[];
}

/** `order` is the graph's canonical order; `isLeaf` nodes are given from outside. */
export function graphKey(order: readonly Node[], roots: readonly Node[], isLeaf: (node: Node) => boolean): GraphKey {
  const signature: (number | string)[] = [];
  let hash = 17;
  for (let i = 0; i < order.length; i++) {
    const node = order[i]!;
    const { dtype, inputs, op, shape } = node;
    node.place = i;
    if (isLeaf(node)) {
      signature.push("input", dtype);
      hash = mixHash(hash, hashString(dtype) + shape.length);
      for (const size of shape) {
        signature.push(size);
        hash = mixHash(hash, size);
      }
      continue;
    }
    signature.push(op, dtype);
    // A barrier's tag only keeps it apart from others, as its place here does.
    const attrs = op === "barrier" ? "" : node.attrText;
    if (attrs !== "") signature.push(attrs);
    hash = mixHash(hash, node.kind);
    for (const { place } of inputs) {
      signature.push(place);
      hash = mixHash(hash, place);
    }
    if (inputs.length === 0) for (const size of shape) signature.push(size);
  }
  signature.push("roots");
  for (const { place } of roots) {
    signature.push(place);
    hash = mixHash(hash, place);
  }
  return { hash, signature };
}

export function sameSignature(a: readonly (number | string)[], b: readonly (number | string)[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
