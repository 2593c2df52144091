/**
 * Attention by blocks, for sequences whose scores would not fit in a cache: loops over blocks of queries and of keys
 * that never hold more than one block of scores. Forward, the softmax is kept up while the keys come by: the largest
 * score so far, the sum of powers, and the weighted values, scaled down whenever a larger score appears. Backward, the
 * probabilities of a block are computed again from the largest score and the sum, which are all that is kept.
 */
import { isNode, type GraphBuilder } from "../../builder.ts";
import type { Node } from "../../graph.ts";
import { defineOp, recordOperator, type GradientRequest } from "../../operator.ts";
import { recordCond, recordLoop, type LoopResults } from "../../regions.ts";
import { byArgument, range, tensorArgument } from "./support.ts";

/** What a loop moves through, outermost first in memory. */
type Level = "batch" | "rows" | "columns";

/** A tensor with a leading axis for each level that moves through it, in the order in which the loops are nested. */
interface Operand {
  readonly node: Node;
  readonly along: readonly Level[];
}
type Operands<Name extends string> = Readonly<Record<Name, Operand>>;

/** Sizes: `heads` are the axes between the batch and the rows; the first is shared with the keys. */
interface Plan {
  readonly batch: number;
  readonly heads: readonly number[];
  readonly rows: number;
  readonly columns: number;
  /** Of a block. */
  readonly blockRows: number;
  readonly blockColumns: number;
  readonly isCausal: boolean;
  readonly isMasked: boolean;
}

const blocksOf = (size: number, block: number): number => Math.ceil(size / block);
const countAt = (level: Level, plan: Plan): number =>
  level === "batch"
    ? plan.batch
    : level === "rows"
      ? blocksOf(plan.rows, plan.blockRows)
      : blocksOf(plan.columns, plan.blockColumns);

/** One turn for each slice of the operands at a level; one slice needs no loop. */
function each<Name extends string>(
  g: GraphBuilder,
  level: Level,
  plan: Plan,
  carried: readonly Node[],
  operands: Operands<Name>,
  step: (carried: readonly Node[], operands: Operands<Name>) => LoopResults,
): LoopResults {
  const names = Object.keys(operands) as Name[];
  const moving = names.filter((name) => operands[name].along[0] === level);
  const at = (slices: readonly Node[]): Operands<Name> => {
    const seen: Record<Name, Operand> = { ...operands };
    moving.forEach((name, i) => (seen[name] = { node: slices[i]!, along: operands[name].along.slice(1) }));
    return seen;
  };
  const scanned = moving.map((name) => operands[name].node);
  const count = countAt(level, plan);
  if (count > 1) return recordLoop(g, { count, carried, scanned }, (states, slices) => step(states, at(slices)));
  const only = step(carried, at(scanned.map((node) => g.reshape(node, node.shape.slice(1)))));
  return { carried: only.carried, outputs: only.outputs.map((node) => g.reshape(node, [1, ...node.shape])) };
}

/** [N, ...heads, size, X] -> [N, blocks, ...heads, block, X], filled up with `filler` at the end. */
function inBlocks(g: GraphBuilder, x: Node, block: number, filler: number): Node {
  const rank = x.shape.length;
  const axis = rank - 2;
  const size = x.shape[axis]!;
  const count = blocksOf(size, block);
  const none = x.shape.map(() => 0);
  const missing = none.map((_, i) => (i === axis ? count * block - size : 0));
  const whole = g.pad(x, none, missing, filler);
  const split = g.reshape(whole, [...x.shape.slice(0, axis), count, block, x.shape[axis + 1]!]);
  return g.permute(split, [0, axis, ...range(axis).slice(1), axis + 1, axis + 2]);
}

/** The inverse: [N, blocks, ...heads, block, X] -> [N, ...heads, size, X]. */
function fromBlocks(g: GraphBuilder, x: Node, size: number): Node {
  const rank = x.shape.length;
  const together = g.permute(x, [0, ...range(rank - 2).slice(2), 1, rank - 2, rank - 1]);
  const shape = [...together.shape.slice(0, rank - 3), -1, x.shape[rank - 1]!];
  shape[rank - 3] = x.shape[1]! * x.shape[rank - 2]!;
  return g.sliceAxis(g.reshape(together, shape), rank - 3, 0, size);
}

/** A mask of [N, ...heads, rows, columns], each of them or 1, as blocks; where it has one row it moves with no rows. */
function maskInBlocks(g: GraphBuilder, mask: Node, plan: Plan, order: readonly Level[]): Operand {
  const rank = mask.shape.length;
  const levels: { readonly level: Level; readonly axis: number; readonly block: number }[] = [
    { level: "batch", axis: 0, block: 1 },
    { level: "rows", axis: rank - 2, block: plan.blockRows },
    { level: "columns", axis: rank - 1, block: plan.blockColumns },
  ];
  const full: Readonly<Record<Level, number>> = plan;
  const moving = levels.filter(({ level, axis }) => mask.shape[axis] === full[level]);
  const high = mask.shape.map((size, axis) => {
    const at = moving.find((entry) => entry.axis === axis);
    return at === undefined ? 0 : blocksOf(size, at.block) * at.block - size;
  });
  const whole = g.pad(
    mask,
    high.map(() => 0),
    high,
    mask.dtype === "bool" ? false : 0,
  );
  // Each moving axis becomes two: which block, and where in it.
  const shape: number[] = [];
  const blockAxes = new Map<Level, number>();
  const rest: number[] = [];
  whole.shape.forEach((size, axis) => {
    const at = moving.find((entry) => entry.axis === axis);
    if (at !== undefined) blockAxes.set(at.level, shape.push(size / at.block) - 1);
    rest.push(shape.push(at?.block ?? size) - 1);
  });
  const along = order.filter((level) => blockAxes.has(level));
  const arranged = g.permute(g.reshape(whole, shape), [...along.map((level) => blockAxes.get(level)!), ...rest]);
  // The batch is one of one in every block.
  const sizes = arranged.shape.filter((_, i) => i !== along.length);
  return { node: g.reshape(arranged, sizes), along };
}

interface Given {
  readonly query: Node;
  readonly key: Node;
  readonly value: Node;
  readonly mask: Node | null;
  readonly dropout: Node | null;
}

/** `keysAcross`: [heads, features, columns], as the product with the queries reads them. */
type Shared = "query" | "keysAcross" | "mask" | "dropout" | "row" | "column";

const ofRows = (g: GraphBuilder, x: Node, plan: Plan, filler = 0): Operand => ({
  node: inBlocks(g, x, plan.blockRows, filler),
  along: ["batch", "rows"],
});
const ofColumns = (g: GraphBuilder, x: Node, plan: Plan): Operand => ({
  node: inBlocks(g, x, plan.blockColumns, 0),
  along: ["batch", "columns"],
});
/** With the last two axes swapped, once for all blocks. */
const across = (g: GraphBuilder, { node, along }: Operand): Operand => ({
  node: g.swap(node, node.shape.length - 2, node.shape.length - 1),
  along,
});

/** A product along the last axis of `a` and the one before the last of `b`, for each head of the keys. */
const times = (g: GraphBuilder, a: Node, b: Node): Node => g.dot(a, b, [[a.shape.length - 1], [1]], [[0], [0]]);

/** What both directions read. What is not given is a number that nobody looks at. */
function operandsOf(g: GraphBuilder, given: Given, plan: Plan, order: readonly Level[]): Operands<Shared> {
  const masked = (mask: Node | null): Operand =>
    mask === null ? { node: g.constant(0, "float32"), along: [] } : maskInBlocks(g, mask, plan, order);
  return {
    query: ofRows(g, given.query, plan),
    keysAcross: across(g, ofColumns(g, given.key, plan)),
    mask: masked(given.mask),
    dropout: masked(given.dropout),
    row: { node: g.iota(countAt("rows", plan), "int32"), along: ["rows"] },
    column: { node: g.iota(countAt("columns", plan), "int32"), along: ["columns"] },
  };
}

/** A block of scores: [...heads, rows, columns]. */
function scoresOf(g: GraphBuilder, at: Operands<Shared>, plan: Plan): Node {
  let scores = times(g, at.query.node, at.keysAcross.node);
  const last = scores.shape.length - 1;
  const { mask } = at;
  if (plan.isMasked)
    scores =
      mask.node.dtype === "bool"
        ? g.where(mask.node, scores, -Infinity)
        : g.add(scores, g.cast(mask.node, scores.dtype));
  const position = (index: Node, block: number, axis: number): Node =>
    g.add(g.mul(index, block), g.iotaAlong(scores.shape, axis, "int32"));
  const column = position(at.column.node, plan.blockColumns, last);
  if (plan.isCausal) scores = g.where(g.ge(position(at.row.node, plan.blockRows, last - 1), column), scores, -Infinity);
  return plan.columns % plan.blockColumns === 0 ? scores : g.where(g.lt(column, plan.columns), scores, -Infinity);
}

/** Leaves a block out where every query stands before every key. */
function unlessHidden(
  g: GraphBuilder,
  at: Operands<Shared>,
  plan: Plan,
  otherwise: readonly Node[],
  compute: () => readonly Node[],
): readonly Node[] {
  if (!plan.isCausal || countAt("columns", plan) === 1) return compute();
  const lastRow = g.add(g.mul(at.row.node, plan.blockRows), plan.blockRows - 1);
  const isVisible = g.ge(lastRow, g.mul(at.column.node, plan.blockColumns));
  return recordCond(g, isVisible, compute, () => otherwise);
}

/** Attended values, and for each row its largest score and one over the sum of powers (0 where it sees nothing). */
function forward(g: GraphBuilder, given: Given, plan: Plan): [attended: Node, highest: Node, share: Node] {
  const operands = {
    ...operandsOf(g, given, plan, ["batch", "rows", "columns"]),
    value: ofColumns(g, given.value, plan),
  };
  const { dtype } = given.query;
  const rowShape = [...plan.heads, plan.blockRows, 1];
  const last = rowShape.length - 1;
  const width = given.value.shape.at(-1)!;
  const start = [
    g.full(rowShape, -Infinity, dtype),
    g.full(rowShape, 0, dtype),
    g.full([...plan.heads, plan.blockRows, width], 0, dtype),
  ];
  const results = each(g, "batch", plan, [], operands, (_, ofBatch) => ({
    carried: [],
    outputs: each(g, "rows", plan, [], ofBatch, (_, ofRows) => {
      const { carried } = each(g, "columns", plan, start, ofRows, (state, at) => {
        const carried = unlessHidden(g, at, plan, state, () => {
          const [highest, total, attended] = state as [Node, Node, Node];
          const scores = scoresOf(g, at, plan);
          const next = g.max(highest, g.detach(g.reduce("reduce_max", scores, [last])));
          const base = g.where(g.eq(next, -Infinity), 0, next);
          const powers = g.exp(g.sub(scores, base));
          const kept = g.exp(g.sub(highest, base));
          const weights = given.dropout === null ? powers : g.mul(powers, at.dropout.node);
          return [
            next,
            g.add(g.mul(total, kept), g.sum(powers, [last])),
            g.add(g.mul(attended, kept), times(g, weights, at.value.node)),
          ];
        });
        return { carried, outputs: [] };
      });
      const [highest, total, attended] = carried as [Node, Node, Node];
      const base = g.where(g.eq(highest, -Infinity), 0, highest);
      const empty = g.eq(total, 0);
      const orZero = (x: Node): Node => (plan.isMasked ? g.where(empty, 0, x) : x);
      return { carried: [], outputs: [orZero(g.div(attended, total)), base, orZero(g.div(1, total))] };
    }).outputs,
  })).outputs;
  return results.map((node) => fromBlocks(g, node, plan.rows)) as [Node, Node, Node];
}

/** Gradients of query, key and value. */
function backward(
  g: GraphBuilder,
  given: Given,
  plan: Plan,
  [attended, highest, share]: readonly [Node, Node, Node],
  grad: Node,
): [query: Node, key: Node, value: Node] {
  const order: readonly Level[] = ["batch", "columns", "rows"];
  const rank = grad.shape.length;
  const mean = g.sum(g.mul(grad, attended), [rank - 1]);
  const operands = {
    ...operandsOf(g, given, plan, order),
    key: ofColumns(g, given.key, plan),
    valuesAcross: across(g, ofColumns(g, given.value, plan)),
    grad: ofRows(g, grad, plan),
    mean: ofRows(g, mean, plan),
    // Rows that fill up a block have no part in anything.
    highest: ofRows(g, highest, plan, Infinity),
    share: ofRows(g, share, plan),
  };
  // Axes of a block: heads, rows, columns or features.
  const last = rank - 2;
  const shared = range(last).slice(1);
  const zeros = (shape: readonly number[]): Node => g.full(shape, 0, grad.dtype);
  const results = each(g, "batch", plan, [], operands, (_, ofBatch) => {
    const { carried, outputs } = each(
      g,
      "columns",
      plan,
      [zeros(ofBatch.query.node.shape)],
      ofBatch,
      ([queries], ofColumns) => {
        const inner = { ...ofColumns, sum: { node: queries!, along: ["rows"] as const } };
        const [heads, width, columns] = ofColumns.valuesAcross.node.shape as [number, number, number];
        const start = [zeros(ofColumns.key.node.shape), zeros([heads, columns, width])];
        const { carried, outputs } = each(g, "rows", plan, start, inner, (state, at) => {
          const [ofKey, ofValue, ofQuery] = unlessHidden(g, at, plan, [...state, at.sum.node], () => {
            const shares = g.mul(g.exp(g.sub(scoresOf(g, at, plan), at.highest.node)), at.share.node);
            const dropped = (x: Node): Node => (given.dropout === null ? x : g.mul(x, at.dropout.node));
            const ofShares = dropped(times(g, at.grad.node, at.valuesAcross.node));
            const ofScores = g.mul(shares, g.sub(ofShares, at.mean.node));
            const overRows = (a: Node, b: Node): Node => g.dot(a, b, [shared, shared], [[0], [0]]);
            return [
              g.add(state[0]!, overRows(ofScores, at.query.node)),
              g.add(state[1]!, overRows(dropped(shares), at.grad.node)),
              g.add(at.sum.node, times(g, ofScores, at.key.node)),
            ];
          }) as [Node, Node, Node];
          return { carried: [ofKey, ofValue], outputs: [ofQuery] };
        });
        return { carried: outputs, outputs: carried };
      },
    );
    return { carried: [], outputs: [...carried, ...outputs] };
  }).outputs as [Node, Node, Node];
  const [query, key, value] = results;
  return [fromBlocks(g, query, plan.rows), fromBlocks(g, key, plan.columns), fromBlocks(g, value, plan.columns)];
}

function planOf(
  query: Node,
  key: Node,
  attrs: { isCausal: boolean; isMasked: boolean; blocks: readonly number[] },
): Plan {
  const rows = query.shape.at(-2)!;
  const columns = key.shape.at(-2)!;
  return {
    batch: query.shape[0]!,
    heads: query.shape.slice(1, -2),
    rows,
    columns,
    blockRows: Math.min(rows, attrs.blocks[0]!),
    blockColumns: Math.min(columns, attrs.blocks[1]!),
    ...attrs,
  };
}

/** With respect to the query times its scale, and so on; `whole` gives what may be differentiated once more. */
function gradient(g: GraphBuilder, request: GradientRequest): readonly (Node | null)[] {
  const { outputs, attrs, grads } = request;
  const argument = (name: string): Node | null => tensorArgument(request, name);
  const given: Given = {
    query: argument("query")!,
    key: argument("key")!,
    value: argument("value")!,
    mask: argument("attn_mask"),
    dropout: argument("dropout_mask"),
  };
  const { query, key } = given;
  const options = { isCausal: attrs["is_causal"] as boolean, isMasked: given.mask !== null };
  const blocks = g.gradEnabled ? [query.shape.at(-2)!, key.shape.at(-2)!] : (attrs["blocks"] as readonly number[]);
  const plan = planOf(query, key, { ...options, blocks });
  const kept = g.gradEnabled ? forward(g, given, plan) : (outputs as [Node, Node, Node]);
  const [ofQuery, ofKey, ofValue] = backward(g, given, plan, kept, grads[0]!);
  return byArgument(g, request, { query: ofQuery, key: ofKey, value: ofValue });
}

export const attentionBlocks = defineOp({
  name: "attention_blocks",
  signature:
    "attention_blocks(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, Tensor? dropout_mask=None, bool is_causal=False, int[] blocks=[]) -> Tensor[3]",
  places: [],
  composite: true,
  doc: {
    summary:
      "Attention of scaled queries with no more than a block of scores at a time; also each row's largest score and one over its sum of powers.",
    shape: "[N, H, *, L, E], [N, H, S, E], [N, H, S, V] -> [N, H, *, L, V], [N, H, *, L, 1], [N, H, *, L, 1]",
    source: "torch.nn.functional.scaled_dot_product_attention",
  },
  gradient,
  record(g, { query, key, value, attn_mask: mask, dropout_mask: dropout, is_causal: isCausal, blocks }) {
    const plan = planOf(query, key, { isCausal, isMasked: mask !== null, blocks });
    return forward(g, { query, key, value, mask, dropout }, plan);
  },
});

/** The attended values alone. */
export const recordBlocks = (g: GraphBuilder, args: Readonly<Record<string, unknown>>): Node =>
  (recordOperator(g, attentionBlocks, args, isNode) as readonly Node[])[0]!;
