/**
 * Reverse-mode differentiation, graph to graph: appends adjoint nodes for `roots` to the same graph and returns the
 * gradients that arrive at `targets`.
 *
 * in:  roots with the gradients that flow into them; the nodes to differentiate with respect to
 * out: for each target its gradient, or null when none arrives
 * Only nodes that require grad are visited; each once, users before inputs. Cost: O(nodes + edges).
 */
import { AutogradError } from "../ir/errors.ts";
import type { GraphBuilder } from "../ir/builder.ts";
import { conjugate } from "../ir/complex/parts.ts";
import { isComplex } from "../ir/dtype.ts";
import { gradients } from "../ir/gradients.ts";
import { noteSite, type Node, type NodeOf } from "../ir/graph.ts";
import { topologicalOrder } from "../ir/walks.ts";
import { operator } from "../ir/operator.ts";
import { Provided } from "../ir/provided.ts";

export interface DifferentiateHooks {
  /** Sees (and may replace) the complete gradient of a node before it is passed on. */
  readonly onGradient?: (node: Node, grad: Node) => Node;
  /** Nodes that the walk does not look past. */
  readonly boundary?: ReadonlySet<Node>;
  /** Called before a node's rule runs; sees (and may replace) the gradients of its results. */
  readonly onNode?: (node: Node, grads: readonly (Node | null)[]) => readonly (Node | null)[];
  /** What a node passes on to nodes further down, instead of what its rule gives to its inputs; null: as usual. */
  readonly through?: (node: Node, grads: readonly (Node | null)[]) => ReadonlyMap<Node, Node | null> | null;
  /** Sees (and may replace) the gradients of a node's inputs that require one, after its rule ran. */
  readonly onRule?: (
    node: Node,
    grads: readonly (Node | null)[],
    inputGradients: readonly (Node | null)[],
  ) => readonly (Node | null)[];
}

/** The adjoint of a loop or a choice, whose bodies are differentiated themselves. */
type RegionAdjoint<P extends "loop" | "cond"> = (
  g: GraphBuilder,
  node: NodeOf<P>,
  grads: readonly (Node | null)[],
  through: typeof differentiate,
) => readonly (Node | null)[];
export const regionAdjoints = new Provided<{ readonly [P in "loop" | "cond"]: RegionAdjoint<P> }>("regions");

export function differentiate(
  g: GraphBuilder,
  roots: readonly Node[],
  rootGradients: readonly Node[],
  targets: readonly Node[],
  hooks: DifferentiateHooks = {},
): (Node | null)[] {
  const stop = new Set(targets);
  const order = topologicalOrder(roots, (node) => !node.requiresGrad || hooks.boundary?.has(node) === true).filter(
    (node) => node.requiresGrad,
  );
  // Only the part of the graph from which a target can be reached matters.
  const useful = new Set<Node>();
  for (const node of order) {
    if (stop.has(node) || node.inputs.some((input) => useful.has(input))) useful.add(node);
  }
  const pending = new Map<Node, (Node | null)[]>();
  const accumulate = (node: Node, index: number, grad: Node): void => {
    let slots = pending.get(node);
    if (slots === undefined) {
      slots = new Array<Node | null>(node.outputs?.length ?? 1).fill(null);
      pending.set(node, slots);
    }
    const known = slots[index] ?? null;
    slots[index] = known === null ? grad : g.add(known, grad);
  };
  roots.forEach((root, i) => {
    if (useful.has(root)) accumulate(root, 0, rootGradients[i]!);
  });
  const results = new Map<Node, Node>();
  const around = noteSite(null);
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i]!;
    const arrived = pending.get(node);
    if (arrived === undefined || !useful.has(node)) continue;
    pending.delete(node);
    let grads: readonly (Node | null)[] = arrived;
    if (hooks.onGradient && grads.length === 1 && grads[0]) grads = [hooks.onGradient(node, grads[0])];
    if (stop.has(node) && grads[0]) results.set(node, grads[0]);
    if (node.op === "pick") {
      if (grads[0]) accumulate(node.inputs[0]!, node.attrs.index, grads[0]);
      continue;
    }
    if (hooks.boundary?.has(node) === true || !node.inputs.some((input) => useful.has(input))) continue;
    grads = hooks.onNode?.(node, grads) ?? grads;
    noteSite(node.site);
    const passed = hooks.through?.(node, grads);
    if (passed) {
      for (const [input, grad] of passed) if (grad && useful.has(input)) accumulate(input, 0, grad);
      continue;
    }
    const produced = adjoint(g, node, grads).map((grad, k) => (node.inputs[k]!.requiresGrad ? grad : null));
    const inputGradients = hooks.onRule?.(node, grads, produced) ?? produced;
    node.inputs.forEach((input, k) => {
      const grad = inputGradients[k];
      if (grad && useful.has(input)) accumulate(input, 0, grad);
    });
  }
  noteSite(around);
  return targets.map((target) => results.get(target) ?? null);
}

function adjoint(g: GraphBuilder, node: Node, grads: readonly (Node | null)[]): readonly (Node | null)[] {
  if (node.op === "loop") return regionAdjoints.value.loop(g, node, grads, differentiate);
  if (node.op === "while")
    throw new AutogradError(
      "while_loop/nested",
      "while_loop: it has no gradient inside of a function that scan, cond or while_loop records: how often it turns is data.",
      "Use scan inside, which repeats a number of times that is known, or call while_loop outside.",
    );
  if (node.op === "cond") return regionAdjoints.value.cond(g, node, grads, differentiate);
  if (node.op === "call") return callAdjoint(g, node, grads);
  const rule = gradients[node.op];
  const grad = grads[0];
  if (!grad || rule === "none" || rule === "engine") return node.inputs.map(() => null);
  return (rule as (g: GraphBuilder, node: Node, grad: Node) => readonly (Node | null)[])(g, node, grad);
}

/** A composite's own rule, or differentiation of what it stands for. */
function callAdjoint(g: GraphBuilder, node: NodeOf<"call">, grads: readonly (Node | null)[]): readonly (Node | null)[] {
  const definition = operator(node.attrs.name);
  if (definition.gradient === "none") return node.inputs.map(() => null);
  const { gradient, complexGradient } = definition;
  const complex = isComplex(node.dtype) || node.inputs.some((input) => isComplex(input.dtype));
  if (typeof gradient === "function" && (!complex || complexGradient !== undefined)) {
    const outputs = node.outputs ? node.outputs.map((_, i) => g.pick(node as Node, i)) : [node as Node];
    const analytic = complex && complexGradient === "analytic";
    const conjugates = (values: readonly (Node | null)[]): readonly (Node | null)[] =>
      analytic ? values.map((value) => value && conjugate(g, value)) : values;
    const request = { node, inputs: node.inputs, attrs: node.attrs.attrs, outputs, grads: conjugates(grads) };
    return conjugates(gradient(g, request));
  }
  const enabled = g.gradEnabled;
  g.gradEnabled = true;
  let roots: readonly Node[];
  try {
    roots = definition.expand(g, node);
  } finally {
    g.gradEnabled = enabled;
  }
  const live = roots.flatMap((root, i) => (grads[i] && root.requiresGrad ? [{ root, grad: grads[i] }] : []));
  const found = differentiate(
    g,
    live.map((l) => l.root),
    live.map((l) => l.grad),
    node.inputs,
    { boundary: new Set(node.inputs) },
  );
  // What is given in several places has all of its gradient in the first.
  return found.map((grad, k) => (node.inputs.indexOf(node.inputs[k]!) === k ? grad : null));
}
