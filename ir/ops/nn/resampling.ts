/**
 * Resizing with antialiasing: each output is a mean of all inputs that a filter reaches, which is as wide as the outputs
 * are apart. Along an axis that is a product with a matrix of weights, computed where it is used.
 */
import type { GraphBuilder } from "../../builder.ts";
import type { Node } from "../../graph.ts";

interface Filter {
  /** How far it reaches. */
  readonly radius: number;
  weight(g: GraphBuilder, distance: Node): Node;
}

const sinc = (g: GraphBuilder, x: Node): Node => {
  const zero = g.eq(x, 0);
  const angle = g.mul(g.where(zero, 1, x), Math.PI);
  return g.where(zero, 1, g.div(g.unary("sin", angle), angle));
};

/** Polynomials in the distance within 1 and 2, by the highest power first. */
const polynomial = (g: GraphBuilder, x: Node, coefficients: readonly number[]): Node =>
  coefficients
    .slice(1)
    .reduce((value: Node, coefficient) => g.add(g.mul(value, x), coefficient), g.full([], coefficients[0]!, x.dtype));

export const filters: Readonly<Record<string, Filter>> = {
  bilinear: { radius: 1, weight: (g, x) => g.max(g.sub(1, x), 0) },
  /** Cubic convolution with a = -0.5, as Pillow has it. */
  bicubic: {
    radius: 2,
    weight: (g, x) =>
      g.where(
        g.lt(x, 1),
        polynomial(g, x, [1.5, -2.5, 0, 1]),
        g.where(g.lt(x, 2), polynomial(g, x, [-0.5, 2.5, -4, 2]), 0),
      ),
  },
  lanczos: { radius: 3, weight: (g, x) => g.where(g.lt(x, 3), g.mul(sinc(g, x), sinc(g, g.div(x, 3))), 0) },
};

/** The axis of x in `wanted` positions that are `scale` of its own apart. */
export function resampled(
  g: GraphBuilder,
  x: Node,
  { axis, wanted, scale }: { readonly axis: number; readonly wanted: number; readonly scale: number },
  { radius, weight }: Filter,
): Node {
  const size = x.shape[axis]!;
  const stretch = Math.max(1, scale);
  const centre = g.reshape(g.mul(g.add(g.iota(wanted, x.dtype), 0.5), scale), [wanted, 1]);
  const place = g.reshape(g.iota(size, x.dtype), [1, size]);
  const from = g.unary("trunc", g.add(g.sub(centre, radius * stretch), 0.5));
  const to = g.unary("trunc", g.add(g.add(centre, radius * stretch), 0.5));
  const reached = g.and(g.ge(place, from), g.lt(place, to));
  const distance = g.abs(g.mul(g.add(g.sub(place, centre), 0.5), 1 / stretch));
  const weights = g.where(reached, weight(g, distance), 0);
  const total = g.reshape(g.sum(weights, [1]), [wanted, 1]);
  const shares = g.div(weights, g.where(g.eq(total, 0), 1, total));
  const product = g.dot(x, shares, [[axis], [1]]);
  // The axis comes last: put it back.
  const last = x.shape.length - 1;
  return g.permute(
    product,
    x.shape.map((_, i) => (i < axis ? i : i === axis ? last : i - 1)),
  );
}
