/** Recording of regions: loops, over the leading axis of some tensors or while a condition holds, and choices. */
import { closeBody, makeBody, parameterLike, recordedBody, substitute } from "./body.ts";
import { describe, holds, type GraphBuilder } from "./builder.ts";
import { isComplex } from "./dtype.ts";
import { IrError } from "./errors.ts";
import { nextNodeId, type Body, type Node } from "./graph.ts";
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
export const inMemory = (g: GraphBuilder, nodes: readonly Node[]): Node[] =>
  nodes.map((x) => (isComplex(x.dtype) ? g.asReal(x) : x));
export const fromMemory = (g: GraphBuilder, nodes: readonly Node[], like: readonly Node[]): Node[] =>
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
  requireSameTypes("loop", carried, next.carried);
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

function requireSameTypes(operator: "loop" | "while", before: readonly Node[], after: readonly Node[]): void {
  after.forEach((node, i) => {
    const first = before[i];
    if (first === undefined || node.dtype !== first.dtype || !sameShape(node.shape, first.shape))
      throw new IrError(
        `ir/${operator}`,
        `${operator}: carried value ${i} begins as ${first === undefined ? "nothing" : describe(first)} and becomes ${describe(node)}`,
      );
  });
}

/** One turn of a loop that goes on while a condition holds: `whileLoop` and `repeated` make the loop of it. */
export interface Turn {
  /** The condition before the first turn, and the initial carried values. */
  readonly initial: readonly Node[];
  /** What the turn reads besides. */
  readonly captured: readonly Node[];
  /** Over parameters for `initial` and `captured`; results: the condition before the next turn, the next carried values. */
  readonly body: Body;
}

/**
 * Records one turn.
 *
 * in:  the condition before the first turn, a bool[]; the initial carried values, real ones, of any shapes; what a turn
 *      gives: the condition before the next turn, the next carried values, and what its conditions tell, of which the
 *      loop gives the most
 * out: the turn; its carried values are these, and then what `held` gives
 * @throws IrError when a carried value changes its type or shape
 */
export function recordTurn(
  g: GraphBuilder,
  condition: Node,
  carried: readonly Node[],
  turn: (states: readonly Node[]) => {
    readonly condition: Node;
    readonly carried: readonly Node[];
    readonly held: readonly Node[];
  },
): Turn {
  const first = nextNodeId();
  const before = [condition, ...carried];
  const states = before.map((node) => parameterLike(node));
  const given = turn(states.slice(1));
  const next = [given.condition, ...given.carried];
  requireSameTypes("while", before, next);
  const soFar = given.held.map((node) => parameterLike(node));
  const held = given.held.map((node, i) => g.max(soFar[i]!, node));
  const { body, captured } = closeBody(g, [...states, ...soFar], [...next, ...held], first, "what varies");
  return { initial: [...before, ...held.map(({ shape, dtype }) => g.full(shape, holds, dtype))], captured, body };
}

/** The carried values when the condition no longer holds. Not differentiable: how many turns there are is data. */
export function whileLoop(g: GraphBuilder, { initial, captured, body }: Turn): readonly Node[] {
  const loop = g.while([...initial, ...captured], { body });
  return body.results.slice(1).map((_, i) => g.pick(loop, i + 1));
}

/** How many turns there are, an int32[]: what the condition does not rest on is not computed for it. */
export function turnsOf(g: GraphBuilder, { initial, captured, body }: Turn): Node {
  const count = initial.length;
  const turns = parameterLike(g.full([], 0, "int32"));
  const { parameters, results } = body;
  const counting = recordedBody(
    g,
    [...parameters.slice(0, count), turns, ...parameters.slice(count)],
    [...results, g.add(turns, g.full([], 1, "int32"))],
  );
  return g.pick(g.while([...initial, g.full([], 0, "int32"), ...captured], { body: counting }), count);
}

/** The carried values after a number of turns that is known. */
export function repeated(g: GraphBuilder, { initial, captured, body }: Turn, count: number): readonly Node[] {
  const outer = body.parameters.slice(initial.length).map((parameter, i) => [parameter, captured[i]!] as const);
  const { carried } = recordLoop(g, { count, carried: initial, scanned: [] }, (states) => {
    const inner = states.map((state, i) => [body.parameters[i]!, state] as const);
    return { carried: substitute(g, body.results, new Map([...outer, ...inner])), outputs: [] };
  });
  return carried.slice(1);
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
