/** Normalisation over axes, its gradient, and norms: what the normalising operators are made of. */
import { squaredSize } from "../../complex/parts.ts";
import type { GraphBuilder } from "../../builder.ts";
import type { Node } from "../../graph.ts";
import { elementCount } from "../../shape.ts";
import { meanOf } from "../reduction.ts";

export interface Normalised {
  /** Mean 0, variance 1 over the axes. */
  readonly value: Node;
  readonly mean: Node;
  /** Over the whole population: divided by the count. */
  readonly variance: Node;
  /** 1 / sqrt(variance + eps). */
  readonly inverse: Node;
}

export function normalised(g: GraphBuilder, x: Node, axes: readonly number[], eps: number): Normalised {
  const mean = meanOf(g, x, axes);
  const centred = g.sub(x, mean);
  const variance = g.div(g.sum(g.mul(centred, centred), axes), elementCount(axes.map((axis) => x.shape[axis]!)));
  const inverse = g.div(1, g.sqrt(g.add(variance, eps)));
  return { value: g.mul(centred, inverse), mean, variance, inverse };
}

/** The gradient of x given that of its normalised value: one more pass over a row, with two sums side by side. */
export function normalisedGradient(
  g: GraphBuilder,
  { value, inverse }: Normalised,
  grad: Node,
  axes: readonly number[],
): Node {
  const straight = meanOf(g, grad, axes);
  const along = meanOf(g, g.mul(grad, value), axes);
  return g.mul(g.sub(g.sub(grad, straight), g.mul(value, along)), inverse);
}

/** (sum |x| ** p) ** (1 / p) over axes, kept; no gradient where everything is zero. */
export function normOver(g: GraphBuilder, x: Node, p: number, axes: readonly number[]): Node {
  if (p === 2) return rootOf(g, g.sum(squaredSize(g, x), axes), (total) => g.sqrt(total));
  const size = g.abs(x);
  if (p === 1) return g.sum(size, axes);
  if (p === Infinity) return g.reduce("reduce_max", size, axes);
  if (p === -Infinity) return g.reduce("reduce_min", size, axes);
  // A count has a gradient, which is zero.
  if (p === 0)
    return g.withHistory(g.sum(g.cast(g.ne(x, 0), size.dtype), axes), g.sum(g.unary("floor", g.real(x)), axes));
  // A power below one is infinitely steep at zero.
  const zero = g.eq(size, 0);
  const powers = p > 0 ? g.where(zero, 0, g.pow(g.where(zero, 1, size), p)) : g.pow(size, p);
  return rootOf(g, g.sum(powers, axes), (total) => g.pow(total, 1 / p));
}

function rootOf(g: GraphBuilder, total: Node, root: (total: Node) => Node): Node {
  const zero = g.eq(total, 0);
  return g.where(zero, 0, root(g.where(zero, 1, total)));
}
