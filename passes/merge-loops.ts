/**
 * Makes one loop of those that repeat the same steps on the same values and only keep different ones: a loop, and the
 * same recorded again for its gradient (passes/region-adjoints.ts).
 *
 * in:  a recorded graph
 * out: the same values; of loops over equal inputs whose bodies extend one body, one remains, with all their outputs
 * Cost: O(nodes + edges).
 */
import { makeBody } from "../ir/body.ts";
import type { GraphBuilder } from "../ir/builder.ts";
import { topologicalOrder } from "../ir/walks.ts";
import { noteSite, type Body, type Node, type NodeOf } from "../ir/graph.ts";

export function mergeLoops(g: GraphBuilder, roots: readonly Node[]): Node[] {
  const order = topologicalOrder(roots);
  const groups = new Map<string, NodeOf<"loop">[]>();
  for (const node of order) {
    if (node.op !== "loop") continue;
    const key = keyOf(node);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [node]);
    else group.push(node);
  }
  const merged = new Map<Node, Body>();
  for (const group of groups.values()) {
    const body = unionOf(group);
    if (body !== null) for (const loop of group) merged.set(loop, body);
  }
  if (merged.size === 0) return [...roots];
  const replaced = new Map<Node, Node>();
  for (const node of order) {
    const inputs = node.inputs.map((input) => replaced.get(input)!);
    noteSite(node.site);
    const body = merged.get(node);
    if (node.op === "loop" && body !== undefined) replaced.set(node, g.loop(inputs, { ...node.attrs, body }));
    else if (node.op === "pick" && merged.has(node.inputs[0]!)) {
      const { attrs } = node.inputs[0] as NodeOf<"loop">;
      replaced.set(node, g.pick(inputs[0]!, placeIn(merged.get(node.inputs[0]!)!, attrs, node.attrs.index)));
    } else replaced.set(node, inputs.length === 0 ? node : g.rebuild(node, inputs));
  }
  return roots.map((root) => replaced.get(root)!);
}

/** The body that all its extensions begin with. */
function coreOf(body: Body): Body {
  let core = body;
  while (core.extended !== null) core = core.extended;
  return core;
}

function keyOf({ inputs, attrs }: NodeOf<"loop">): string {
  const { count, reverse, carried, scanned, body } = attrs;
  return [...inputs.map(({ id }) => id), count, reverse, carried, scanned, coreOf(body).text].join();
}

/** The body with the results of all; null when there is nothing to merge, or the recordings share no nodes. */
function unionOf(group: readonly NodeOf<"loop">[]): Body | null {
  const [first, ...others] = group.map((loop) => loop.attrs.body);
  const distinct = others.filter((body) => body !== first);
  if (distinct.length === 0 || distinct.some(({ parameters }) => parameters !== first!.parameters)) return null;
  const core = coreOf(first!).results;
  const further = new Set([first!, ...distinct].flatMap((body) => body.results.slice(core.length)));
  return makeBody(first!.parameters, [...core, ...further]);
}

/** Where a loop's result stands among those of the merged one. */
function placeIn(merged: Body, { body }: NodeOf<"loop">["attrs"], index: number): number {
  const core = coreOf(body).results.length;
  return index < core ? index : merged.results.indexOf(body.results[index]!, core);
}
