/**
 * Lets a reshaped result be what it reshapes: the bytes are the same.
 *
 * in:  a canonical graph
 * out: roots without outer reshapes; a root may have another shape than before, never other contents
 */
import type { GraphBuilder } from "../ir/builder.ts";
import type { Node } from "../ir/graph.ts";

export function aliasReshaped(_g: GraphBuilder, roots: readonly Node[]): Node[] {
  return roots.map((root) => {
    let node = root;
    while (node.op === "reshape") node = node.inputs[0]!;
    return node;
  });
}
