/** Recording of regions: a loop over the leading axis of some tensors, and a choice between two graphs. */
import { closeBody, makeBody, parameterLike } from "./body.ts";
import { describe, type GraphBuilder } from "./builder.ts";
import { isComplex } from "./dtype.ts";
import { IrError } from "./errors.ts";
import { nextNodeId, type Node } from "./graph.ts";
import { sameShape } from "./shape.ts";

export interface LoopForm {
  /** Iterations. */
  readonly count: number;
  /** The last slice comes first. */
  readonly reverse?: boolean;
  /** Initial values of what each iteration hands to the next. */
  readonly carried: readonly Node[];
  /** Tensors of which each iteration sees one slice along the first axis. */
  readonly scanned: readonly Node[];
}

export interface LoopResults {
  /** What the next iteration gets; of the whole loop: what the last one gave. */
  readonly carried: readonly Node[];
  /** Of one iteration; of the whole loop: those of all, stacked along a new first axis. */
  readonly outputs: readonly Node[];
}

/**
 * Records `step` once, and a node that repeats it.
 *
 * in:  carried [...] of any shapes; scanned [count, ...]
 * out: carried, of their own shapes; outputs [count, ...]
 * @throws IrError when a carried value changes its type or shape
 */
export function recordLoop(g: GraphBuilder, form: LoopForm, step: LoopStep): LoopResults {
  let next: LoopResults = { carried: [], outputs: [] };
  const real = { ...form, carried: inMemory(g, form.carried), scanned: inMemory(g, form.scanned) };
  const all = recordRealLoop(g, real, (states, slices) => {
    next = step(fromMemory(g, states, form.carried), fromMemory(g, slices, form.scanned));
    return { carried: inMemory(g, next.carried), outputs: inMemory(g, next.outputs) };
  });
  return { carried: fromMemory(g, all.carried, next.carried), outputs: fromMemory(g, all.outputs, next.outputs) };
}
/** Complex values go into regions and out of them as the memory of their parts. */
const inMemory = (g: GraphBuilder, nodes: readonly Node[]): Node[] =>
  nodes.map((x) => (isComplex(x.dtype) ? g.asReal(x) : x));
const fromMemory = (g: GraphBuilder, nodes: readonly Node[], like: readonly Node[]): Node[] =>
  nodes.map((x, i) => (isComplex(like[i]!.dtype) ? g.asComplex(x) : x));
type LoopStep = (carried: readonly Node[], slices: readonly Node[]) => LoopResults;

function recordRealLoop(
  g: GraphBuilder,
  { count, reverse = false, carried, scanned }: LoopForm,
  step: LoopStep,
): LoopResults {
  const first = nextNodeId();
  const states = carried.map((node) => parameterLike(node));
  const slices = scanned.map((node) => parameterLike(node, node.shape.slice(1), node.requiresGrad));
  const next = step(states, slices);
  next.carried.forEach((node, i) => {
    const before = carried[i];
    if (before === undefined || node.dtype !== before.dtype || !sameShape(node.shape, before.shape))
      throw new IrError(
        "ir/loop",
        `loop: carried value ${i} begins as ${before === undefined ? "nothing" : describe(before)} and becomes ${describe(node)}`,
      );
  });
  if (count === 0) return { carried, outputs: next.outputs.map((node) => g.full([0, ...node.shape], 0, node.dtype)) };
  const { body, captured } = closeBody(
    g,
    [...states, ...slices],
    [...next.carried, ...next.outputs],
    first,
    "what varies",
  );
  const loop = g.loop([...carried, ...scanned, ...captured], {
    count,
    reverse,
    carried: carried.length,
    scanned: scanned.length,
    body,
  });
  const results = body.results.map((_, i) => g.pick(loop, i));
  // The slices of a tensor, stacked, are that tensor.
  const outputs = next.outputs.map((node, i) => scanned[slices.indexOf(node)] ?? results[carried.length + i]!);
  return { carried: results.slice(0, carried.length), outputs };
}

/**
 * Records both branches, and a node that computes one of them.
 *
 * in:  a bool[] that chooses; the branches, with results of the same types and shapes
 * @throws IrError when the branches' results differ in number, type or shape
 */
export function recordCond(
  g: GraphBuilder,
  predicate: Node,
  whenTrue: () => readonly Node[],
  whenFalse: () => readonly Node[],
): readonly Node[] {
  const first = nextNodeId();
  const [left, right] = [whenTrue(), whenFalse()];
  const differs = (node: Node, i: number): boolean =>
    right[i]!.dtype !== node.dtype || !sameShape(right[i]!.shape, node.shape);
  if (left.length !== right.length || left.some(differs)) {
    const [a, b] = [left, right].map((nodes) => nodes.map(describe).join(", "));
    throw new IrError("ir/cond", `cond: the branches give ${a} and ${b}`);
  }
  // Closed together, so that both take the same parameters.
  const results = inMemory(g, [...left, ...right]);
  const { body, captured } = closeBody(g, [], results, first, "all");
  const node = g.cond([predicate, ...captured], {
    then: makeBody(body.parameters, body.results.slice(0, left.length)),
    else: makeBody(body.parameters, body.results.slice(left.length)),
  });
  const picked = left.map((_, i) => g.pick(node, i));
  return fromMemory(g, picked, left);
}
