/**
 * Bodies of the regions `loop` and `cond`: graphs of their own over parameters. A body is closed: what it reads from
 * outside is a parameter, too. A body's text is its key in the attributes of a node.
 */
import type { GraphBuilder } from "./builder.ts";
import { isComplex, isFloat } from "./dtype.ts";
import { bodyOf, leafNode, makeNode, type Body, type Node } from "./graph.ts";
import { topologicalOrder } from "./walks.ts";
import { printBody } from "./text/graph.ts";
import { isView } from "./traits.ts";

/** `parameters`: the `input` leaves that `results` rest on, in order; each older than what rests on it. */
export const makeBody = (parameters: readonly Node[], results: readonly Node[], extended: Body | null = null): Body =>
  bodyOf(parameters, results, () => printBody(parameters, results), extended);

/** The graphs inside a node. */
export function bodiesOf(node: Node): readonly Body[] {
  if (node.op === "loop" || node.op === "while") return [node.attrs.body];
  return node.op === "cond" ? [node.attrs.then, node.attrs.else] : [];
}

/** The node with every graph inside it replaced. */
export function withBodies(g: GraphBuilder, node: Node, replace: (body: Body) => Body): Node {
  if (node.op === "loop") return g.loop(node.inputs, { ...node.attrs, body: replace(node.attrs.body) });
  if (node.op === "while") return g.while(node.inputs, { body: replace(node.attrs.body) });
  if (node.op === "cond")
    return g.cond(node.inputs, { then: replace(node.attrs.then), else: replace(node.attrs.else) });
  return node;
}

/** A leaf that stands for a value of this node's type; a float one may always be differentiated with respect to. */
export const parameterLike = (node: Node, shape = node.shape, requiresGrad = isFloat(node.dtype)): Node =>
  leafNode("input", node.dtype, shape, null, requiresGrad);

/**
 * The roots rebuilt with other nodes in place of some.
 * Cost: O(nodes between the roots and the replaced ones that `isKept` does not cut off).
 */
export function substitute(
  g: GraphBuilder,
  roots: readonly Node[],
  replacements: ReadonlyMap<Node, Node>,
  isKept: (node: Node) => boolean = () => false,
): Node[] {
  const replaced = new Map<Node, Node>(replacements);
  for (const node of topologicalOrder(roots, (x) => replaced.has(x) || isKept(x))) {
    if (replaced.has(node)) continue;
    const isWhole = isKept(node) || node.inputs.every((input) => replaced.get(input) === input);
    replaced.set(
      node,
      isWhole
        ? node
        : g.rebuild(
            node,
            node.inputs.map((input) => replaced.get(input)!),
          ),
    );
  }
  return roots.map((root) => replaced.get(root)!);
}

/** A body as it was recorded, and the outer nodes that its last parameters stand for. */
export interface ClosedBody {
  readonly body: Body;
  readonly captured: readonly Node[];
}

const staysInside = (node: Node): boolean => node.op === "constant" || node.op === "iota";
/** Views that cost nothing inside and a copy outside. */
const isIndexing = (node: Node): boolean => isView(node) && !["gather", "pad", "concat"].includes(node.op);

/**
 * Closes what was recorded over `parameters`.
 *
 * in:  the parameters; the results; the id that the first node of the recording got; what stays inside: only what rests
 *      on the parameters (the rest is computed once, outside), or all that was recorded
 */
export function closeBody(
  g: GraphBuilder,
  parameters: readonly Node[],
  results: readonly Node[],
  firstId: number,
  inside: "what varies" | "all",
): ClosedBody {
  const own = new Set(parameters);
  const isOlder = (node: Node): boolean => node.id < firstId && !own.has(node);
  const kept = new Set<Node>(parameters);
  const varying = new Set<Node>(parameters);
  for (const node of topologicalOrder(results, isOlder)) {
    if (isOlder(node) || node.inputs.length === 0) continue;
    if (node.inputs.some((input) => varying.has(input))) varying.add(node);
    // A leaf is a tensor that gradients are asked of; an outer one's may only be made where it is used first.
    if (varying.has(node) || (inside === "all" && node.op !== "leaf")) kept.add(node);
  }
  const captured = new Map<Node, Node>();
  // Complex numbers come in as the memory of their parts.
  const memories = new Map<Node, { readonly outer: Node; readonly parameter: Node }>();
  const seen = new Set<Node>();
  // A region inside finds its inputs in memory: there, a view is a copy after all.
  const handedOver = new Set([...kept].flatMap((node) => (bodiesOf(node).length > 0 ? node.inputs : [])));
  const stack = [...results];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node) || own.has(node) || staysInside(node)) continue;
    seen.add(node);
    if (kept.has(node) || (isIndexing(node) && !handedOver.has(node))) stack.push(...node.inputs);
    else if (isComplex(node.dtype)) {
      const outer = g.asReal(node);
      const parameter = parameterLike(outer, outer.shape, outer.requiresGrad);
      memories.set(node, { outer, parameter });
      captured.set(node, g.asComplex(parameter));
    } else captured.set(node, parameterLike(node, node.shape, node.requiresGrad));
  }
  const entries = [...captured].map(([node, stand]) => memories.get(node) ?? { outer: node, parameter: stand });
  const closed = substitute(g, results, captured, (node) => own.has(node) || staysInside(node));
  const stands = entries.map(({ parameter }) => parameter);
  return { body: recordedBody(g, [...parameters, ...stands], closed), captured: entries.map(({ outer }) => outer) };
}

/**
 * A body with nodes of its own. What rests on no parameter, constants above all, may be what a tensor of the recording
 * holds, too, and becomes an input once that has been read: the body has copies.
 */
export function recordedBody(g: GraphBuilder, parameters: readonly Node[], results: readonly Node[]): Body {
  const varying = new Set(parameters);
  const copies = new Map<Node, Node>();
  for (const node of topologicalOrder(results)) {
    if (varying.has(node)) continue;
    if (node.inputs.some((input) => varying.has(input))) varying.add(node);
    else copies.set(node, makeNode({ ...node, inputs: node.inputs.map((input) => copies.get(input)!) }));
  }
  return makeBody(parameters, substitute(g, results, copies));
}
