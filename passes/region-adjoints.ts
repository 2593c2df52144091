/**
 * The adjoints of regions. A loop's is a loop in the other direction over what the loop computed: the loop is recorded
 * again with those values as further outputs, and both recordings become one when they are compiled together
 * (passes/merge-loops.ts). A choice's is a choice between the branches' adjoints.
 *
 * in:  a region with the gradients of its results (null: none arrives)
 * out: the gradients of its inputs
 */
import { makeBody, parameterLike, substitute } from "../ir/body.ts";
import type { GraphBuilder } from "../ir/builder.ts";
import { isFloat } from "../ir/dtype.ts";
import { topologicalOrder } from "../ir/walks.ts";
import { type Node, type NodeOf } from "../ir/graph.ts";
import { recordCond, recordLoop } from "../ir/regions.ts";
import type { differentiate } from "./differentiate.ts";
import { splitSum, type StepTerm } from "./step-sums.ts";

type Differentiate = typeof differentiate;
type Gradients = readonly (Node | null)[];

const zeros = (g: GraphBuilder, { shape, dtype }: Node): Node => g.full(shape, 0, dtype);

export function condAdjoint(
  g: GraphBuilder,
  node: NodeOf<"cond">,
  grads: Gradients,
  differentiate: Differentiate,
): Gradients {
  const [predicate, ...captured] = node.inputs as [Node, ...Node[]];
  const wanted = captured.filter((input) => input.requiresGrad);
  const branch =
    ({ parameters, results }: NodeOf<"cond">["attrs"]["then"]) =>
    (): Node[] => {
      const values = substitute(g, results, new Map(parameters.map((parameter, i) => [parameter, captured[i]!])));
      const live = values.flatMap((root, i) => (grads[i] && root.requiresGrad ? [{ root, grad: grads[i] }] : []));
      const found = differentiate(
        g,
        live.map(({ root }) => root),
        live.map(({ grad }) => grad),
        wanted,
        { boundary: new Set(captured) },
      );
      return found.map((grad, i) => grad ?? zeros(g, wanted[i]!));
    };
  if (wanted.length === 0) return node.inputs.map(() => null);
  const found = withGrad(g, () => recordCond(g, predicate, branch(node.attrs.then), branch(node.attrs.else)));
  return [null, ...captured.map((input) => found[wanted.indexOf(input)] ?? null)];
}

/** Bodies are differentiated whether or not the outcome is to be. */
function withGrad<T>(g: GraphBuilder, run: () => T): T {
  const enabled = g.gradEnabled;
  g.gradEnabled = true;
  try {
    return run();
  } finally {
    g.gradEnabled = enabled;
  }
}

export function loopAdjoint(
  g: GraphBuilder,
  node: NodeOf<"loop">,
  grads: Gradients,
  differentiate: Differentiate,
): Gradients {
  const { count, reverse, carried, scanned, body } = node.attrs;
  const { parameters, results } = body;
  const states = parameters.slice(0, carried).filter(({ dtype }) => isFloat(dtype));
  const wanted = parameters.filter((_, i) => i >= carried && node.inputs[i]!.requiresGrad);

  // One step's adjoint, over leaves for the gradients that flow into it.
  const stateGrads = states.map((state) => parameterLike(state));
  const outputs = results.map((root, i) => ({ root, i })).filter(({ i }) => i >= carried && grads[i]);
  const outputGrads = outputs.map(({ root }) => parameterLike(root));
  const stepRoots = [...states.map((state) => results[parameters.indexOf(state)]!), ...outputs.map(({ root }) => root)];
  const stepGrads = [...stateGrads, ...outputGrads];
  const isLive = stepRoots.map((root) => root.requiresGrad);
  const found = withGrad(g, () =>
    differentiate(
      g,
      stepRoots.filter((_, i) => isLive[i]),
      stepGrads.filter((_, i) => isLive[i]),
      [...states, ...wanted],
    ),
  );
  const previous = found.slice(0, states.length).map((grad, i) => grad ?? zeros(g, states[i]!));
  const sliceGrads = wanted.map((parameter, i) => ({ parameter, grad: found[states.length + i] ?? null }));
  const isSlice = (parameter: Node): boolean => parameters.indexOf(parameter) < carried + scanned;
  const perSlice = sliceGrads.filter(({ parameter, grad }) => isSlice(parameter) && grad !== null);
  const sums = sliceGrads.flatMap(({ parameter, grad }) =>
    isSlice(parameter) || grad === null ? [] : [{ parameter, terms: splitSum(grad) }],
  );
  const stackedNodes = new Set<Node>([
    ...perSlice.map(({ grad }) => grad!),
    ...sums.flatMap(({ terms }) => terms.flatMap((term) => (term.kind === "carried" ? [] : term.stacks))),
  ]);
  const carriedTerms = sums.flatMap(({ terms }) => terms.filter((term) => term.kind === "carried"));

  // What the step's adjoint needs of the step itself.
  const needed = valuesNeeded(node.attrs, [...previous, ...stackedNodes, ...carriedTerms.map(({ value }) => value)]);
  const stacks = stackedValues(g, node, needed);
  const invariant = new Map(
    parameters.slice(carried + scanned).map((p, i) => [p, node.inputs[carried + scanned + i]!]),
  );

  const initial = states.map((state) => {
    const index = parameters.indexOf(state);
    return grads[index] ?? zeros(g, state);
  });
  const stacked = [...stackedNodes];
  const backward = recordLoop(
    g,
    {
      count,
      reverse: !reverse,
      carried: [...initial, ...carriedTerms.map(({ value }) => zeros(g, value))],
      scanned: [...stacks, ...outputs.map(({ i }) => grads[i]!)],
    },
    (carriedIn, slices) => {
      const replacements = new Map<Node, Node>(invariant);
      stateGrads.forEach((leaf, i) => replacements.set(leaf, carriedIn[i]!));
      needed.forEach((value, i) => replacements.set(value, slices[i]!));
      outputGrads.forEach((leaf, i) => replacements.set(leaf, slices[stacks.length + i]!));
      const accumulated = carriedTerms.map(({ value }) => value);
      const [...rebuilt] = substitute(g, [...previous, ...accumulated, ...stacked], replacements);
      const sumsSoFar = accumulated.map((_, i) => g.add(carriedIn[states.length + i]!, rebuilt[previous.length + i]!));
      return {
        carried: [...rebuilt.slice(0, previous.length), ...sumsSoFar],
        outputs: rebuilt.slice(previous.length + accumulated.length),
      };
    },
  );
  const stackOf = (value: Node): Node => backward.outputs[stacked.indexOf(value)]!;
  const totalOf = (term: StepTerm): Node =>
    term.kind === "carried"
      ? term.total(g, backward.carried[states.length + carriedTerms.indexOf(term)]!)
      : term.total(g, term.stacks.map(stackOf));
  return parameters.map((parameter, i) => {
    if (i < carried) return node.inputs[i]!.requiresGrad ? (backward.carried[states.indexOf(parameter)] ?? null) : null;
    const slice = perSlice.find((entry) => entry.parameter === parameter);
    if (slice !== undefined) return stackOf(slice.grad!);
    const sum = sums.find((entry) => entry.parameter === parameter);
    return sum === undefined ? null : sum.terms.map(totalOf).reduce((a, b) => g.add(a, b));
  });
}

type LoopAttrs = NodeOf<"loop">["attrs"];

/** The values of a step, resting on its iteration, that `roots`, recorded on top of the body, read. */
function valuesNeeded({ body, carried, scanned }: LoopAttrs, roots: readonly Node[]): Node[] {
  const order = topologicalOrder([...body.parameters, ...body.results]);
  const inside = new Set(order);
  const varying = new Set(body.parameters.slice(0, carried + scanned));
  for (const node of order) if (node.inputs.some((input) => varying.has(input))) varying.add(node);
  // A step may give more than it did: other results of a node inside are inside, too.
  const among = (set: ReadonlySet<Node>, node: Node): boolean =>
    set.has(node) || (node.op === "pick" && set.has(node.inputs[0]!));
  const read = topologicalOrder(roots, (node) => among(inside, node)).filter((node) => among(varying, node));
  return [...new Set(read.map(behindViews))];
}

/** What a view that neither drops nor computes anything shows. */
function behindViews(node: Node): Node {
  let source = node;
  while (source.op === "reshape" || source.op === "permute" || source.op === "expand") source = source.inputs[0]!;
  return source;
}

/** Values of each step, stacked: scanned inputs, outputs, or further outputs of the same loop. */
function stackedValues(g: GraphBuilder, node: NodeOf<"loop">, values: readonly Node[]): Node[] {
  const { carried, scanned, body } = node.attrs;
  const isScanned = (value: Node): boolean => body.parameters.slice(carried, carried + scanned).includes(value);
  const known = (value: Node): boolean => isScanned(value) || body.results.indexOf(value, carried) >= 0;
  const further = values.filter((value) => !known(value));
  const extended = further.length === 0 ? body : makeBody(body.parameters, [...body.results, ...further], body);
  const loop = further.length === 0 ? node : g.loop(node.inputs, { ...node.attrs, body: extended });
  return values.map((value) =>
    isScanned(value)
      ? node.inputs[body.parameters.indexOf(value)]!
      : g.pick(loop, extended.results.indexOf(value, carried)),
  );
}
