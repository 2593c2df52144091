/** Scaled dot-product attention. */
import type { GraphBuilder } from "../../builder.ts";
import { DTypeError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { broadcastShapes, elementCount, formatShape, sameShape } from "../../shape.ts";
import { describe, requireFloat } from "../support.ts";
import { recordBlocks } from "./attention-blocks.ts";
import { recordSoftmax } from "./softmax.ts";
import { range, widen } from "./support.ts";

const name = "scaled_dot_product_attention";

/** Rows that may attend to nothing give zero instead of NaN, and pass no gradient. */
function safeSoftmax(g: GraphBuilder, scores: Node): Node {
  const last = scores.shape.length - 1;
  const empty = g.eq(g.detach(g.reduce("reduce_max", scores, [last])), -Infinity);
  return g.where(empty, 0, recordSoftmax(g, g.where(empty, 0, scores), last));
}

export const attention = defineOp({
  name,
  signature:
    "scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, Tensor? dropout_mask=None, bool is_causal=False, number? scale=None, bool enable_gqa=False, int[]? blocks=None) -> Tensor",
  places: [],
  composite: true,
  onnx: "Attention",
  doc: {
    summary:
      "softmax(query @ key.T * scale + mask) @ value; dropout_mask multiplies the probabilities. blocks: rows and columns of the scores that are there at a time; all of them where it is left out.",
    shape: "[*, H, L, E], [*, H, S, E], [*, H, S, V] -> [*, H, L, V]",
    source: `torch.nn.functional.${name}`,
  },
  // query and key are scaled first.
  saves: [{ name: "value", for: ["query", "key"] }],
  gradient: "through decomposition",
  record(g, { query, key, value, attn_mask: mask, dropout_mask: dropout, is_causal, scale, enable_gqa, blocks }) {
    requireFloat(name, query);
    for (const other of [key, value]) {
      if (other.dtype !== query.dtype)
        throw new DTypeError(
          `${name}/dtype`,
          `${name}: Expected query, key, and value to have the same dtype, but got query ${describe(query)} and ${describe(other)}.`,
          "Convert one with .to(dtype).",
        );
    }
    const rank = query.shape.length;
    if (rank < 2 || key.shape.length < 2 || value.shape.length < 2)
      throw new ShapeError(
        `${name}/rank`,
        `${name}: Expected query, key, and value to all be at least 2 dimensional, but got query ${describe(query)}, key ${describe(key)}, value ${describe(value)}.`,
      );
    if (query.shape.at(-1) !== key.shape.at(-1) || key.shape.at(-2) !== value.shape.at(-2)) {
      throw new ShapeError(
        `${name}/sizes`,
        `${name}: sizes do not fit: query ${describe(query)}, key ${describe(key)}, value ${describe(value)}.`,
        "query and key share their last size, key and value the one before it.",
      );
    }
    const { q, k, v, lead } = alignHeads(g, query, key, value, enable_gqa);
    const n = lead.length;
    const batch = range(n);
    const [length, sources] = [query.shape.at(-2)!, key.shape.at(-2)!];
    const factor = scale ?? 1 / Math.sqrt(query.shape.at(-1)!);
    const outer = broadcastLead(query, key, value, enable_gqa);
    if (mask !== null) requireMask(mask, [...outer, length, sources]);
    if (blocks !== null) {
      const attended = inBlocks(g, { q, k, v, mask, dropout, factor, outer }, is_causal, blocks);
      return g.reshape(g.cast(attended, query.dtype), [...outer, length, value.shape.at(-1)!]);
    }
    // [*, (repeats of a head,) L, S]
    const raw = g.dot(q, k, [[q.shape.length - 1], [n + 1]], [batch, batch]);
    let scores = g.mul(widen(g, raw), factor);
    const masked = mask !== null;
    if (mask !== null) scores = withMask(g, scores, mask, [...outer, length, sources]);
    if (is_causal) {
      const shape = scores.shape;
      const visible = g.ge(
        g.iotaAlong(shape, shape.length - 2, "int32"),
        g.iotaAlong(shape, shape.length - 1, "int32"),
      );
      scores = g.where(visible, scores, -Infinity);
    }
    let weights = masked ? safeSoftmax(g, scores) : recordSoftmax(g, scores, scores.shape.length - 1);
    if (dropout !== null) weights = g.mul(weights, g.reshape(g.cast(dropout, weights.dtype), weights.shape));
    const product = g.dot(g.cast(weights, query.dtype), v, [[weights.shape.length - 1], [n]], [batch, batch]);
    return g.reshape(product, [...outer, length, value.shape.at(-1)!]);
  },
});

interface Aligned {
  readonly q: Node;
  readonly k: Node;
  readonly v: Node;
  readonly mask: Node | null;
  readonly dropout: Node | null;
  readonly factor: number;
  /** The dimensions of the result before the last two. */
  readonly outer: readonly number[];
}

/** What precedes the heads becomes one batch dimension; computed in the type that scores have. */
function inBlocks(
  g: GraphBuilder,
  { q, k, v, mask, dropout, factor, outer }: Aligned,
  isCausal: boolean,
  blocks: readonly number[],
): Node {
  const repeats = q.shape.length > k.shape.length;
  const heads = repeats ? q.shape.slice(-4, -2) : [k.shape.at(-3) ?? 1];
  const together = (x: Node, middle: readonly number[]): Node =>
    g.reshape(x, [elementCount(k.shape.slice(0, -3)), ...middle, ...x.shape.slice(-2)]);
  const over = (x: Node | null): Node | null => {
    if (x === null) return null;
    const shape = [...new Array<number>(Math.max(0, outer.length + 2 - x.shape.length)).fill(1), ...x.shape];
    const ofHeads = outer.length === 0 || shape.at(-3) === 1 ? heads.map(() => 1) : heads;
    const before = shape.slice(0, Math.max(0, outer.length - 1));
    const isShared = before.every((size) => size === 1);
    const full = isShared ? g.reshape(x, shape) : g.expandTo(x, [...outer.slice(0, -1), ...shape.slice(-3)]);
    return g.reshape(full, [isShared ? 1 : elementCount(outer.slice(0, -1)), ...ofHeads, ...shape.slice(-2)]);
  };
  return recordBlocks(g, {
    query: g.mul(together(widen(g, q), heads), factor),
    key: together(widen(g, k), heads.slice(0, 1)),
    value: together(widen(g, v), heads.slice(0, 1)),
    attn_mask: over(mask),
    dropout_mask: over(dropout === null ? null : widen(g, dropout)),
    is_causal: isCausal,
    blocks,
  });
}

/** @throws ShapeError when the mask does not broadcast to the scores */
function requireMask(mask: Node, shape: readonly number[]): void {
  const fitted = broadcastShapes(mask.shape, shape);
  if (fitted === null || !sameShape(fitted, shape))
    throw new ShapeError(
      `${name}/mask`,
      `${name}: The expanded size of attn_mask ${describe(mask)} must match the scores ${formatShape(shape)}.`,
      "attn_mask must broadcast to [*, L, S].",
    );
}

/** The mask over scores: added when it is a float, else where it is true the score stays. */
function withMask(g: GraphBuilder, scores: Node, mask: Node, shape: readonly number[]): Node {
  // Repeats of a head are a dimension of the scores' own: the heads are split there alone.
  const aligned = sameShape(shape, scores.shape) ? mask : g.reshape(g.expandTo(mask, shape), scores.shape);
  if (mask.dtype === "bool") return g.where(aligned, scores, -Infinity);
  return g.add(scores, g.cast(aligned, scores.dtype));
}

function broadcastLead(query: Node, key: Node, value: Node, gqa: boolean): number[] {
  const lead = (x: Node): readonly number[] => x.shape.slice(0, -2);
  if (gqa) return [...lead(query)];
  const both = broadcastShapes(lead(query), lead(key));
  const all = both === null ? null : broadcastShapes(both, lead(value));
  if (all === null)
    throw new ShapeError(
      `${name}/batch`,
      `${name}: batch dimensions do not broadcast: query ${describe(query)}, key ${describe(key)}, value ${describe(value)}.`,
    );
  return all;
}

/** Operands with equal batch dimensions; with grouped queries the repeats of a head become a dimension of the query's own. */
function alignHeads(
  g: GraphBuilder,
  query: Node,
  key: Node,
  value: Node,
  gqa: boolean,
): { q: Node; k: Node; v: Node; lead: number[] } {
  const heads = query.shape.at(-3) ?? 1;
  const keyHeads = key.shape.at(-3) ?? 1;
  if (gqa && heads !== keyHeads) {
    if (value.shape.at(-3) !== keyHeads || heads % keyHeads !== 0)
      throw new ShapeError(
        `${name}/heads`,
        `${name}: Number of heads in key and value must equal and divide the number of heads in query: query ${describe(query)}, key ${describe(key)}, value ${describe(value)}.`,
      );
    const lead = key.shape.slice(0, -2);
    const q = g.reshape(query, [...lead, heads / keyHeads, ...query.shape.slice(-2)]);
    return { q, k: key, v: value, lead };
  }
  const lead = broadcastLead(query, key, value, false);
  const over = (x: Node): Node => g.expandTo(x, [...lead, ...x.shape.slice(-2)]);
  return { q: over(query), k: over(key), v: over(value), lead };
}
