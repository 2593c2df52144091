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
 * Views that are copied out first: the inputs of loops and choices, joins that interleave values (an element would read
 * all of them to take one), those that a dot cannot read through (its operands
 * need one linear index), and groups of a join with very many parts (a kernel has only so many buffers).
 */
export function chooseCopied(order: readonly Node[], handedOver: ReadonlySet<Node>): Set<Node> {
  const copied = new Set<Node>([...handedOver].filter(isView));
  for (const join of interleaving(order)) copied.add(join);
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

/** Joins of at least so many values element by element are written out. */
const leastInterleaved = 3;

/** The outermost joins of single elements along the last axis, or of such joins. */
function interleaving(order: readonly Node[]): Set<Node> {
  const counts = new Map<Node, number>();
  const outermost = new Set<Node>();
  for (const node of order) {
    if (node.op !== "concat") continue;
    const inner = node.inputs.map(behindReshape).filter((part) => counts.has(part));
    const isLast = node.attrs.axis === node.shape.length - 1 && node.inputs.every((part) => part.shape.at(-1) === 1);
    if (!isLast && inner.length < node.inputs.length) continue;
    const count = isLast ? node.inputs.length : inner.reduce((sum, part) => sum + counts.get(part)!, 0);
    counts.set(node, count);
    for (const part of inner) outermost.delete(part);
    if (count >= leastInterleaved) outermost.add(node);
  }
  return outermost;
}
