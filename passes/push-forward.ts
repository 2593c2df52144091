/**
 * Forward-mode differentiation, graph to graph: how roots change when some nodes change along tangents.
 *
 * in:  roots; the nodes that change, each with its tangent
 * out: the tangent of each root, zero where a rule says so; null where there is no way to it
 * Method: gradients are linear in what flows into them. They are recorded for gradients that stand for any, and
 * differentiated by those: so every rule for gradients is one for tangents, too. Values of ones stand there, since a rule
 * may tell signs apart (in logarithms), and zero has none. Cost: O(nodes + edges), as two backward passes.
 */
import type { GraphBuilder } from "../ir/builder.ts";
import { leafNode, type Node } from "../ir/graph.ts";
import { topologicalOrder } from "../ir/walks.ts";
import { differentiate } from "./differentiate.ts";

export function pushForward(
  g: GraphBuilder,
  roots: readonly Node[],
  tangents: ReadonlyMap<Node, Node>,
): (Node | null)[] {
  const sources = [...tangents.keys()];
  const stops = { boundary: new Set(sources) };
  const seeds = roots.map(({ dtype, shape }) => leafNode("leaf", dtype, shape, null, true, [g.full(shape, 1, dtype)]));
  const enabled = g.gradEnabled;
  g.gradEnabled = true;
  let gradients: (Node | null)[];
  try {
    gradients = differentiate(g, roots, seeds, sources, stops);
  } finally {
    g.gradEnabled = enabled;
  }
  const live = gradients.flatMap((gradient, i) =>
    gradient?.requiresGrad === true ? [{ gradient, tangent: tangents.get(sources[i]!)! }] : [],
  );
  const found = differentiate(
    g,
    live.map(({ gradient }) => gradient),
    live.map(({ tangent }) => tangent),
    seeds,
  );
  const arrives = (root: Node): boolean =>
    topologicalOrder([root], leadsNowhere(tangents)).some((n) => tangents.has(n));
  return roots.map((root, i) => found[i] ?? (arrives(root) ? g.full(root.shape, 0, root.dtype) : null));
}

const leadsNowhere =
  (sources: ReadonlyMap<Node, Node>) =>
  (node: Node): boolean =>
    !node.requiresGrad || sources.has(node);
