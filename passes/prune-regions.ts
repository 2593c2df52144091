/**
 * Takes out of regions what nobody needs: results that are never picked, carried values that reach no other result,
 * and inputs that nothing reads.
 *
 * in:  a graph
 * out: the same values; every result of a region's body is picked, or carried to one that is
 * Cost: O(nodes + edges), and for each region O(its carried values x its body).
 */
import { makeBody } from "../ir/body.ts";
import type { GraphBuilder } from "../ir/builder.ts";
import { topologicalOrder } from "../ir/walks.ts";
import { noteSite, type Body, type Node, type NodeOf } from "../ir/graph.ts";

export function pruneRegions(g: GraphBuilder, roots: readonly Node[]): Node[] {
  const order = topologicalOrder(roots);
  const picked = new Map<Node, Set<number>>();
  for (const node of order) {
    if (node.op !== "pick" || !isRegion(node.inputs[0]!)) continue;
    const known = picked.get(node.inputs[0]!);
    if (known === undefined) picked.set(node.inputs[0]!, new Set([node.attrs.index]));
    else known.add(node.attrs.index);
  }
  if (picked.size === 0) return [...roots];
  const replaced = new Map<Node, Node>();
  const kept = new Map<Node, readonly number[]>();
  for (const node of order) {
    const inputs = node.inputs.map((input) => replaced.get(input)!);
    noteSite(node.site);
    if (node.op === "pick" && kept.has(node.inputs[0]!)) {
      replaced.set(node, g.pick(inputs[0]!, kept.get(node.inputs[0]!)!.indexOf(node.attrs.index)));
      continue;
    }
    const wanted = picked.get(node);
    if (node.op === "loop" && wanted !== undefined) {
      const results = neededResults(node.attrs.body, node.attrs.carried, wanted);
      kept.set(node, results);
      replaced.set(node, prunedLoop(g, node, inputs, results));
    } else if (node.op === "while" && wanted !== undefined) {
      const { body } = node.attrs;
      const results = neededResults(body, body.results.length, new Set([0, ...wanted]));
      kept.set(node, results);
      replaced.set(node, prunedWhile(g, node, inputs, results));
    } else if (node.op === "cond" && wanted !== undefined) {
      const results = [...wanted].sort((a, b) => a - b);
      kept.set(node, results);
      replaced.set(node, prunedCond(g, node, inputs, results));
    } else replaced.set(node, inputs.length === 0 ? node : g.rebuild(node, inputs));
  }
  return roots.map((root) => replaced.get(root)!);
}

const isRegion = (node: Node): boolean => node.op === "loop" || node.op === "while" || node.op === "cond";

/** The picked results and every carried value that one of them comes to rest on. */
function neededResults(body: Body, carried: number, picked: ReadonlySet<number>): number[] {
  const needed = new Set(picked);
  for (let before = -1; before !== needed.size;) {
    before = needed.size;
    const read = new Set(topologicalOrder([...needed].map((i) => body.results[i]!)));
    for (let i = 0; i < carried; i++) if (read.has(body.parameters[i]!)) needed.add(i);
  }
  return [...needed].sort((a, b) => a - b);
}

function prunedLoop(
  g: GraphBuilder,
  { attrs }: NodeOf<"loop">,
  inputs: readonly Node[],
  indices: readonly number[],
): Node {
  const { body, carried, scanned } = attrs;
  const { body: pruned, places } = prunedBody(body, carried, indices);
  const within = (from: number, to: number): number => places.filter((i) => i >= from && i < to).length;
  return g.loop(
    places.map((i) => inputs[i]!),
    { ...attrs, carried: within(0, carried), scanned: within(carried, carried + scanned), body: pruned },
  );
}

function prunedWhile(
  g: GraphBuilder,
  { attrs: { body } }: NodeOf<"while">,
  inputs: readonly Node[],
  indices: readonly number[],
): Node {
  const { body: pruned, places } = prunedBody(body, body.results.length, indices);
  return g.while(
    places.map((i) => inputs[i]!),
    { body: pruned },
  );
}

/** The body of a loop with these results only, and the places of the parameters that it keeps. */
function prunedBody(body: Body, carried: number, indices: readonly number[]): { body: Body; places: number[] } {
  const results = indices.map((i) => body.results[i]!);
  const read = new Set(topologicalOrder(results));
  const isKept = (i: number): boolean => (i < carried ? indices.includes(i) : read.has(body.parameters[i]!));
  const places = body.parameters.map((_, i) => i).filter(isKept);
  const parameters = places.map((i) => body.parameters[i]!);
  return { body: makeBody(parameters, results), places };
}

function prunedCond(
  g: GraphBuilder,
  { attrs }: NodeOf<"cond">,
  [predicate, ...captured]: readonly Node[],
  indices: readonly number[],
): Node {
  const results = [attrs.then, attrs.else].map((body) => indices.map((i) => body.results[i]!));
  const read = results.map((nodes) => new Set(topologicalOrder(nodes)));
  const isRead = (i: number): boolean =>
    read[0]!.has(attrs.then.parameters[i]!) || read[1]!.has(attrs.else.parameters[i]!);
  const places = captured.map((_, i) => i).filter(isRead);
  const pruned = (which: 0 | 1): ReturnType<typeof makeBody> => {
    const { parameters } = which === 0 ? attrs.then : attrs.else;
    return makeBody(
      places.map((i) => parameters[i]!),
      results[which]!,
    );
  };
  return g.cond([predicate!, ...places.map((i) => captured[i]!)], { then: pruned(0), else: pruned(1) });
}
