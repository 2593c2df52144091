/** Random loops and choices, whose bodies are random graphs. */
import "../../frontend/regions.ts";
import type { Node } from "../../ir/graph.ts";
import { recordCond, recordLoop, recordTurn, whileLoop } from "../../ir/regions.ts";
import { elementCount, sameShape } from "../../ir/shape.ts";
import { maximumElements, type Maker } from "./maker.ts";

export type Rule = (m: Maker) => readonly (Node | null)[];

const mostIterations = 6;

/** Up to three values made of the given ones and what lies around them, newest last. */
function grown(m: Maker, given: readonly Node[], rules: readonly Rule[]): Node[] {
  const outside = m.pool.length;
  m.pool.push(...given);
  for (let left = m.c.below(4); left > 0; left--) {
    for (const node of m.c.pick(rules)(m))
      if (node !== null && elementCount(node.shape) <= maximumElements) m.pool.push(node);
  }
  return m.pool.splice(outside);
}

/** A loop along x's first axis, or for some turns over x itself; its last states and what it stacked. */
export function loop(m: Maker, x: Node, rules: readonly Rule[]): Node[] {
  const [length] = x.shape;
  const isScanned = length !== undefined && length > 0 && length <= mostIterations && m.c.below(3) > 0;
  const count = isScanned ? length : 1 + m.c.below(mostIterations);
  const shape = isScanned ? x.shape.slice(1) : x.shape;
  const carried = [m.fresh(x.dtype, shape), ...(m.c.oneIn(3) ? [m.fresh(x.dtype, shape)] : [])];
  const reverse = m.c.below(2) === 1;
  const results = recordLoop(m.g, { count, reverse, carried, scanned: isScanned ? [x] : [] }, (states, slices) => {
    const made = grown(m, [...states, ...slices], rules);
    const fitting = made.filter((node) => node.dtype === x.dtype && sameShape(node.shape, shape)).reverse();
    return { carried: states.map(() => m.c.pick(fitting)), outputs: made.slice(-1 - m.c.below(2)) };
  });
  return [...results.carried, ...results.outputs];
}

/** Turns over x while it is small, up to some number: its last states, and how often it turned. */
export function turns(m: Maker, x: Node, rules: readonly Rule[]): Node[] {
  const { g } = m;
  if (!m.turns || x.shape.includes(0)) return [];
  const [most, bound] = [m.c.below(mostIterations), m.c.pick([1, 2, 100])];
  const goesOn = (count: Node, state: Node): Node => {
    const axes = state.shape.map((_, axis) => axis);
    const largest = g.reshape(g.reduce("reduce_max", g.cast(state, "float32"), axes), []);
    return g.and(g.lt(count, most), g.lt(largest, bound));
  };
  const start = g.full([], 0, "int32");
  const carried = [start, x, m.fresh(x.dtype, x.shape)];
  const turn = recordTurn(g, goesOn(start, x), carried, ([count, ...states]) => {
    const made = grown(m, states, rules);
    const fitting = made.filter((node) => node.dtype === x.dtype && sameShape(node.shape, x.shape)).reverse();
    const next = [g.add(count!, g.full([], 1, "int32")), ...states.map(() => m.c.pick(fitting))];
    return { condition: goesOn(next[0]!, next[1]!), carried: next, held: [g.lt(next[0]!, 2)] };
  });
  return [...whileLoop(g, turn)];
}

/** A choice by one of x's elements. */
export function choice(m: Maker, x: Node, rules: readonly Rule[]): Node[] {
  if (x.shape.includes(0)) return [];
  const { g } = m;
  const extreme = g.reduce(
    "reduce_max",
    g.cast(x, "float32"),
    x.shape.map((_, axis) => axis),
  );
  const predicate = g.gt(g.reshape(extreme, []), m.c.pick([0, 1, 100]));
  const branch = (): Node => {
    const made = grown(m, [x], rules);
    return made.filter((node) => node.dtype === x.dtype && sameShape(node.shape, x.shape)).at(-1)!;
  };
  return [
    ...recordCond(
      g,
      predicate,
      () => [branch(), x],
      () => [branch(), x.dtype === "bool" ? g.not(x) : g.mul(x, x)],
    ),
  ];
}
