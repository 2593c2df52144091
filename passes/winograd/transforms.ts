/** The transforms of F(2x2, 3x3), each of rows of factors, and what they make of values that lie in squares. */
import type { GraphBuilder } from "../../ir/builder.ts";
import type { Node } from "../../ir/graph.ts";

/** How often each value is taken, row by row. */
export type Transform = readonly (readonly number[])[];

/** Of four neighbours of an image. */
export const ofImage: Transform = [
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, 1, 0, -1],
];
/** Of the three taps of a filter. */
export const ofTaps: Transform = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
];
/** Of four products, to two results. */
export const ofProducts: Transform = [
  [1, 1, 1, 0],
  [0, 1, -1, -1],
];

/** The other way, as gradients go. */
export const transposed = (transform: Transform): Transform =>
  transform[0]!.map((_, column) => transform.map((row) => row[column]!));

/** Down and across values at places; row by row. */
export function bothWays(g: GraphBuilder, transform: Transform, at: (y: number, x: number) => Node): Node[] {
  const places = transform[0]!.map((_, place) => place);
  const known = places.map((y) => places.map((x) => at(y, x)));
  const down = transform.map((row) => places.map((x) => combined(g, row, (y) => known[y]![x]!)));
  return down.flatMap((line) => transform.map((row) => combined(g, row, (x) => line[x]!)));
}

/** The values, so often each. Those that are taken equally often are added before they are scaled. */
function combined(g: GraphBuilder, factors: readonly number[], at: (place: number) => Node): Node {
  const sizes = [...new Set(factors.map(Math.abs))].filter((size) => size > 0).sort((a, b) => b - a);
  const sums = sizes.map((size) => {
    const places = factors.flatMap((factor, place) => (Math.abs(factor) === size ? [place] : []));
    // A positive one first: then nothing is negated.
    const [first, ...rest] = places.sort((a, b) => Math.sign(factors[b]!) - Math.sign(factors[a]!)) as [
      number,
      ...number[],
    ];
    const start = factors[first]! < 0 ? g.neg(at(first)) : at(first);
    const sum = rest.reduce(
      (total, place) => (factors[place]! < 0 ? g.sub(total, at(place)) : g.add(total, at(place))),
      start,
    );
    return size === 1 ? sum : g.mul(sum, size);
  });
  return sums.reduce((total, sum) => g.add(total, sum));
}
