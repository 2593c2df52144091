/** What the form of a graph says of the signs of values. */
import type { Node } from "./graph.ts";

/** Whether every element is no greater than zero, or NaN. */
export function isNonpositive({ op, inputs }: Node): boolean {
  const [a, b] = inputs;
  if (op === "sub") return isAtLeast(b!, a!);
  if (op === "neg") return a!.op === "abs" || (a!.op === "mul" && a.inputs[0] === a.inputs[1]);
  return false;
}

/** Whether an element of `bound` is never less than that of `x`: a maximum that x is part of, or that over its row. */
function isAtLeast(bound: Node, x: Node): boolean {
  const source = bound.op === "expand" ? bound.inputs[0]! : bound;
  const parts = source.op === "max" ? source.inputs : [source];
  return parts.some((part) => (bound === source ? part === x || isMaximumOver(part, x) : isMaximumOver(part, x)));
}

/** Reduced axes stay, of size 1: what repeats the maximum along them has x's elements beside it. */
const isMaximumOver = (node: Node, x: Node): boolean => node.op === "reduce_max" && node.inputs[0] === x;
