/**
 * Computes both branches of every choice and takes one result, for devices whose host does not know the predicate when
 * it issues the work.
 *
 * in:  a graph of primitives
 * out: the same values without `cond`; what the other branch computes is dropped, NaN and infinity included
 * Cost: O(nodes + edges), and a rebuilding of every branch.
 */
import { bodiesOf, makeBody, substitute, withBodies } from "../ir/body.ts";
import type { GraphBuilder } from "../ir/builder.ts";
import { topologicalOrder } from "../ir/walks.ts";
import { noteSite, type Node } from "../ir/graph.ts";

export function inlineChoices(g: GraphBuilder, roots: readonly Node[]): Node[] {
  const order = topologicalOrder(roots);
  if (order.every((node) => bodiesOf(node).length === 0)) return [...roots];
  const replaced = new Map<Node, Node>();
  const chosen = new Map<Node, readonly Node[]>();
  for (const node of order) {
    const inputs = node.inputs.map((input) => replaced.get(input)!);
    noteSite(node.site);
    if (node.op === "cond") {
      const [predicate, ...captured] = inputs;
      const [left, right] = [node.attrs.then, node.attrs.else].map(({ parameters, results }) =>
        substitute(g, inlineChoices(g, results), new Map(parameters.map((p, i) => [p, captured[i]!]))),
      );
      const results = left!.map((value, i) => g.where(predicate!, value, right![i]!));
      chosen.set(node, results);
      replaced.set(node, results[0]!);
      continue;
    }
    const source = node.op === "pick" ? chosen.get(node.inputs[0]!) : undefined;
    if (node.op === "pick" && source !== undefined) replaced.set(node, source[node.attrs.index]!);
    else
      replaced.set(
        node,
        withBodies(g, inputs.length === 0 ? node : g.rebuild(node, inputs), ({ parameters, results }) =>
          makeBody(parameters, inlineChoices(g, results)),
        ),
      );
  }
  return roots.map((root) => replaced.get(root)!);
}
