/** Sums of Chebyshev polynomials in a graph. */
import type { GraphBuilder } from "../../builder.ts";
import type { Node } from "../../graph.ts";

/** Terms below this part of the largest do not change a float32. */
const negligible = 2 ** -28;

/** sum of coefficients[n] T_n(t) for t in [-1, 1], by Clenshaw's recurrence. */
export function chebyshevSeries(g: GraphBuilder, coefficients: readonly number[], t: Node): Node {
  const largest = Math.max(...coefficients.map(Math.abs));
  const least = t.dtype === "float64" ? 0 : negligible * largest;
  let last = coefficients.length - 1;
  while (last > 1 && Math.abs(coefficients[last]!) < least) last--;
  const twice = g.add(t, t);
  let afterNext = g.full([], 0, t.dtype);
  let next = g.full([], coefficients[last]!, t.dtype);
  for (let n = last - 1; n > 0; n--) {
    const current = g.add(g.sub(g.mul(twice, next), afterNext), coefficients[n]!);
    afterNext = next;
    next = current;
  }
  return g.add(g.sub(g.mul(t, next), afterNext), coefficients[0]!);
}
