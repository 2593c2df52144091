/** Attention, with the dropout of its probabilities drawn here. */
import "../../ir/ops/nn/attention.ts";
import { signature, type CallOf } from "../arguments.ts";
import { callOperator, withSite } from "../call.ts";
import type { Tensor } from "../tensor.ts";
import { drawnMask } from "./dropout.ts";

const attentionArguments = signature<
  [
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | null,
    dropout_p: number,
    is_causal: boolean,
    scale: number | null,
    enable_gqa: boolean,
  ]
>()("query, key, value, attn_mask?, dropout_p?, is_causal?, *, scale?, enable_gqa?");

/** Rows and columns of the scores that are there at a time, and from how many scores of a head on. */
interface Blocking {
  readonly block: number;
  readonly leastScores: number;
  /** Where half of the blocks are left out. */
  readonly leastCausalScores: number;
}
/** Measured: docs/performance.md. */
const onProcessors: Blocking = { block: 128, leastScores: 4096 ** 2, leastCausalScores: 384 ** 2 };
/** Each block is several dispatches, and none is left out: blocks are for sequences that memory would not hold. */
const onGraphics: Blocking = { block: 1024, leastScores: 4096 ** 2, leastCausalScores: 4096 ** 2 };

/** The blocks in which attention is computed, or null: all scores at once. */
function blocksOf(
  query: Tensor,
  key: Tensor,
  mask: Tensor | null,
  isCausal: boolean,
): readonly [number, number] | null {
  const { block, leastScores, leastCausalScores } = query.storage_.device.name === "webgpu" ? onGraphics : onProcessors;
  const [rows, columns] = [query.shape.at(-2) ?? 0, key.shape.at(-2) ?? 0];
  const isLong = Math.min(rows, columns) > block && rows * columns >= (isCausal ? leastCausalScores : leastScores);
  // The gradient of a mask has as many elements as there are scores.
  return isLong && mask?.requires_grad !== true ? [block, block] : null;
}

/**
 * softmax(query @ key.T * scale + attn_mask) @ value, scale being 1 / sqrt(E) unless given. attn_mask: bool (true takes
 * part) or float (added), broadcast to `[*, L, S]`. is_causal: position i sees positions up to i. A row that sees nothing
 * gives zeros. enable_gqa: several heads of the query share one of key and value.
 *
 * Shape: `[*, H, L, E], [*, H, S, E], [*, H, S, V] -> [*, H, L, V]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html
 */
export function scaled_dot_product_attention(...args: CallOf<typeof attentionArguments>): Tensor {
  return withSite(() => {
    const { query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa } = attentionArguments.bind(
      "scaled_dot_product_attention",
      args,
    );
    const mask =
      dropout_p === undefined || dropout_p === 0
        ? null
        : drawnMask("scaled_dot_product_attention", query, [...query.shape.slice(0, -1), key.shape.at(-2)!], dropout_p);
    return callOperator("scaled_dot_product_attention", [
      query,
      key,
      value,
      attn_mask ?? null,
      mask,
      is_causal ?? false,
      scale ?? null,
      enable_gqa ?? false,
      blocksOf(query, key, attn_mask ?? null, is_causal ?? false),
    ]) as Tensor;
  });
}
