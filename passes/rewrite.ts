/** Rebuilding a graph node by node, inputs first: what every graph-to-graph pass is written with. */
import { makeBody, withBodies } from "../ir/body.ts";
import type { GraphBuilder } from "../ir/builder.ts";
import { noteSite, type Node } from "../ir/graph.ts";
import { topologicalOrder } from "../ir/walks.ts";

/** Returns a replacement for `node` (whose inputs are already replaced), or the node itself. */
export type RewriteRule = (g: GraphBuilder, node: Node) => Node;

/** Sees every node that a rule replaces; for debugging (frontend/debug.ts). */
export type RewriteObserver = (before: Node, after: Node) => void;
let observer: RewriteObserver | null = null;
export function observeRewrites(next: RewriteObserver | null): void {
  observer = next;
}

/**
 * in:  roots of a graph; a rule, which is applied inside regions, too
 * out: the roots of the rewritten graph. Interning makes equal nodes one, so every pass is also CSE, and what no root
 *      needs is gone.
 * Cost: O(nodes + edges) applications of the rule.
 */
export function rewrite(g: GraphBuilder, roots: readonly Node[], rule: RewriteRule): Node[] {
  const replaced = new Map<Node, Node>();
  const around = noteSite(null);
  for (const node of topologicalOrder(roots)) {
    const inputs = node.inputs.map((input) => replaced.get(input)!);
    noteSite(node.site);
    const moved = node.inputs.length === 0 ? node : g.rebuild(node, inputs);
    // Regions are nested no deeper than the program that was written.
    const rebuilt = withBodies(g, moved, (body) => makeBody(body.parameters, rewrite(g, body.results, rule)));
    const after = rule(g, rebuilt);
    if (observer !== null && after !== rebuilt) observer(rebuilt, after);
    replaced.set(node, after);
  }
  noteSite(around);
  return roots.map((root) => replaced.get(root)!);
}
