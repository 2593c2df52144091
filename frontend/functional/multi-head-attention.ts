/** Multi-head attention as one function of all its weights. */
import "../../ir/ops/nn/linear.ts";
import { ArgumentError, ShapeError } from "../../ir/errors.ts";
import { formatShape } from "../../ir/shape.ts";
import { signature, type CallOf } from "../arguments.ts";
import { callOperator, withSite } from "../call.ts";
import type { Tensor } from "../tensor.ts";
import { attend } from "./attention-core.ts";

type MaybeTensor = Tensor | null;
const call = (name: string, ...args: readonly unknown[]): Tensor => callOperator(name, args) as Tensor;

const attentionArguments = signature<
  [
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: number,
    num_heads: number,
    in_proj_weight: MaybeTensor,
    in_proj_bias: MaybeTensor,
    bias_k: MaybeTensor,
    bias_v: MaybeTensor,
    add_zero_attn: boolean,
    dropout_p: number,
    out_proj_weight: Tensor,
    out_proj_bias: MaybeTensor,
    training: boolean,
    key_padding_mask: MaybeTensor,
    need_weights: boolean,
    attn_mask: MaybeTensor,
    use_separate_proj_weight: boolean,
    q_proj_weight: MaybeTensor,
    k_proj_weight: MaybeTensor,
    v_proj_weight: MaybeTensor,
    static_k: MaybeTensor,
    static_v: MaybeTensor,
    average_attn_weights: boolean,
    is_causal: boolean,
  ]
>()(
  "query, key, value, embed_dim_to_check, num_heads, in_proj_weight, in_proj_bias, bias_k, bias_v, add_zero_attn, dropout_p, out_proj_weight, out_proj_bias, training?, key_padding_mask?, need_weights?, attn_mask?, use_separate_proj_weight?, q_proj_weight?, k_proj_weight?, v_proj_weight?, static_k?, static_v?, average_attn_weights?, is_causal?",
);
type Given = ReturnType<typeof attentionArguments.bind>;

/** Queries, keys and values, each [L or S, N, E]. */
function projected({ query, key, value, ...given }: Given, width: number): [Tensor, Tensor, Tensor] {
  const bias =
    given.in_proj_bias === null
      ? [null, null, null]
      : [0, 1, 2].map((i) => call("narrow", given.in_proj_bias, 0, i * width, width));
  const packed = given.in_proj_weight;
  const weights =
    given.use_separate_proj_weight === true
      ? [given.q_proj_weight, given.k_proj_weight, given.v_proj_weight]
      : [0, 1, 2].map((i) => call("narrow", packed, 0, i * width, width));
  return [query, key, value].map((x, i) => call("linear", x, weights[i], bias[i])) as [Tensor, Tensor, Tensor];
}

/**
 * Attention of `num_heads` heads over projected inputs, then the output projection; with need_weights the probabilities
 * too, averaged over the heads unless average_attn_weights is false.
 *
 * Shape: `[L, N, E], [S, N, E], [S, N, E] -> [L, N, E], [N, L, S]`; N optional
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.multi_head_attention_forward.html
 */
export function multi_head_attention_forward(
  ...args: CallOf<typeof attentionArguments>
): readonly [Tensor, MaybeTensor] {
  return withSite(() => {
    const bound = attentionArguments.bind("multi_head_attention_forward", args);
    const single = bound.query.ndim === 2;
    const batched = (x: Tensor): Tensor => (single ? call("unsqueeze", x, 1) : x);
    const padding =
      bound.key_padding_mask == null
        ? null
        : single
          ? call("unsqueeze", bound.key_padding_mask, 0)
          : bound.key_padding_mask;
    const [output, weights] = attended({
      ...bound,
      query: batched(bound.query),
      key: batched(bound.key),
      value: batched(bound.value),
      key_padding_mask: padding,
    });
    const plain = (x: Tensor, dim: number): Tensor => (single ? call("squeeze", x, dim) : x);
    return [plain(output, 1), weights === null ? null : plain(weights, 0)];
  });
}

function attended(given: Given): [Tensor, MaybeTensor] {
  const { query, num_heads: heads } = given;
  const width = query.shape[2]!;
  if (width !== given.embed_dim_to_check)
    throw new ShapeError(
      "attention/embed-dim",
      `multi_head_attention_forward: was expecting embedding dimension of ${given.embed_dim_to_check}, but got ${width}: query ${formatShape(query.shape)}.`,
    );
  if (width % heads !== 0)
    throw new ArgumentError(
      "attention/heads",
      `multi_head_attention_forward: embed_dim ${width} not divisible by num_heads ${heads}.`,
    );
  if (given.is_causal === true && given.attn_mask == null)
    throw new ArgumentError(
      "attention/causal",
      "multi_head_attention_forward: need attn_mask if specifying the is_causal hint.",
    );
  const [q, k, v] = projected(given, width);
  // What replaces the keys or values comes as [N * heads, S, E / heads].
  const replaced = (fixed: MaybeTensor | undefined, own: Tensor): Tensor =>
    fixed == null ? own : call("reshape", call("permute", fixed, [1, 0, 2]), [fixed.shape[1]!, query.shape[1]!, width]);
  const { output, weights } = attend({
    query: q,
    key: replaced(given.static_k, k),
    value: replaced(given.static_v, v),
    heads,
    mask: given.attn_mask ?? null,
    paddingMask: given.key_padding_mask ?? null,
    biasKey: given.bias_k,
    biasValue: given.bias_v,
    addZero: given.add_zero_attn,
    dropout: given.training === false ? 0 : given.dropout_p,
    needWeights: given.need_weights !== false,
    isCausal: given.is_causal === true,
  });
  const final = call("linear", output, given.out_proj_weight, given.out_proj_bias);
  return [final, weights !== null && given.average_attn_weights !== false ? call("mean", weights, 1) : weights];
}
