/**
 * Keys of compiled programs: a recorded graph as a flat list of numbers and strings, equal exactly when the graphs are,
 * whatever the node ids and the process. Leaves are numbered in first-visit order, which includes which of them are
 * the same value.
 */
import { hashString, mixHash, type Node } from "./graph.ts";

export interface GraphKey {
  readonly hash: number;
  readonly signature: readonly (number | string)[];
}

/** `order` is the graph's canonical order; `isLeaf` nodes are given from outside. */
export function graphKey(order: readonly Node[], roots: readonly Node[], isLeaf: (node: Node) => boolean): GraphKey {
  const place = new Map<Node, number>();
  const signature: (number | string)[] = [];
  let hash = 17;
  order.forEach((node, i) => {
    place.set(node, i);
    if (isLeaf(node)) {
      signature.push("input", node.dtype, ...node.shape);
      hash = mixHash(hash, hashString(node.dtype) + node.shape.length);
      for (const size of node.shape) hash = mixHash(hash, size);
      return;
    }
    signature.push(node.op, node.dtype);
    // A barrier's tag only keeps it apart from others, as its place here does.
    const attrs = node.op === "barrier" ? "" : node.attrText;
    if (attrs !== "") {
      signature.push(attrs);
      hash = mixHash(hash, hashString(attrs));
    }
    hash = mixHash(hash, hashString(node.op));
    for (const input of node.inputs) {
      const at = place.get(input)!;
      signature.push(at);
      hash = mixHash(hash, at);
    }
    if (node.inputs.length === 0) signature.push(...node.shape);
  });
  signature.push("roots");
  for (const root of roots) {
    signature.push(place.get(root)!);
    hash = mixHash(hash, place.get(root)!);
  }
  return { hash, signature };
}

export function sameSignature(a: readonly (number | string)[], b: readonly (number | string)[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
