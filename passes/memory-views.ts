/** Which views and leaves are written to memory although nothing computes them there. */
import { bodiesOf } from "../ir/body.ts";
import type { Node } from "../ir/graph.ts";
import { isView } from "../ir/traits.ts";
import { behindReshape, linearAccess } from "../ir/views.ts";

/** The most buffers of a kernel. */
export const mostBuffers = 128;

/** What the kernels inside loops and choices find in memory. A reshaped value has the same bytes as it had before. */
export function regionInputs(order: readonly Node[]): Set<Node> {
  const inputs = order.flatMap((node) => (bodiesOf(node).length > 0 ? node.inputs : []));
  return new Set(inputs.map(behindReshape));
}

/**
 * Views that are copied out first: the inputs of loops and choices, those that a dot cannot read through (its operands
 * need one linear index), and groups of a join with very many parts (a kernel has only so many buffers).
 */
export function chooseCopied(order: readonly Node[], handedOver: ReadonlySet<Node>): Set<Node> {
  const copied = new Set<Node>([...handedOver].filter(isView));
  for (const node of order) {
    if (node.op === "concat") {
      const groups = node.inputs.filter((part) => part.op === "concat");
      const parts = groups.reduce((count, group) => count + group.inputs.length, node.inputs.length);
      if (parts > mostBuffers) for (const group of groups) copied.add(group);
    }
    if (node.op !== "dot") continue;
    for (const operand of node.inputs) {
      const { base } = linearAccess(operand, copied);
      if (isView(base)) copied.add(base);
    }
  }
  return copied;
}
