/** Multi-head attention. */
import "../../../ir/ops/nn/linear.ts";
import { ArgumentError, ShapeError } from "../../../ir/errors.ts";
import { formatShape } from "../../../ir/shape.ts";
import { signature, type CallOf } from "../../arguments.ts";
import type { Tensor } from "../../tensor.ts";
import * as init from "../init.ts";
import { Module } from "../module.ts";
import { op } from "../op.ts";
import type { Parameter } from "../parameter.ts";
import { attend } from "../../functional/attention-core.ts";
import { NonDynamicallyQuantizableLinear } from "./linear.ts";
import { newParameter, type DeviceArgument, type DTypeArgument } from "./shapes.ts";

type MaybeTensor = Tensor | null;
const attention = signature<
  [
    embed_dim: number,
    num_heads: number,
    dropout: number,
    bias: boolean,
    add_bias_kv: boolean,
    add_zero_attn: boolean,
    kdim: number | null,
    vdim: number | null,
    batch_first: boolean,
    device: DeviceArgument,
    dtype: DTypeArgument,
  ]
>()("embed_dim, num_heads, dropout?, bias?, add_bias_kv?, add_zero_attn?, kdim?, vdim?, batch_first?, device?, dtype?");
const call = signature<
  [
    query: Tensor,
    key: Tensor,
    value: Tensor,
    key_padding_mask: MaybeTensor,
    need_weights: boolean,
    attn_mask: MaybeTensor,
    average_attn_weights: boolean,
    is_causal: boolean,
  ]
>()("query, key, value, key_padding_mask?, need_weights?, attn_mask?, average_attn_weights?, is_causal?");

/**
 * Attention in several heads. A call gives [output, weights]; weights are null unless need_weights.
 * query [L, N, E], key and value [S, N, E] -> [L, N, E]; with batch_first N comes first; N may be absent.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html
 */
export class MultiheadAttention extends Module {
  embed_dim: number;
  kdim: number;
  vdim: number;
  num_heads: number;
  dropout: number;
  batch_first: boolean;
  head_dim: number;
  add_zero_attn: boolean;
  declare in_proj_weight: Parameter | null;
  declare q_proj_weight: Parameter | null;
  declare k_proj_weight: Parameter | null;
  declare v_proj_weight: Parameter | null;
  declare in_proj_bias: Parameter | null;
  declare out_proj: NonDynamicallyQuantizableLinear;
  declare bias_k: Parameter | null;
  declare bias_v: Parameter | null;

  constructor(...args: CallOf<typeof attention>) {
    super();
    const {
      embed_dim: E,
      num_heads,
      dropout = 0,
      bias = true,
      add_bias_kv = false,
      add_zero_attn = false,
      kdim,
      vdim,
      batch_first = false,
      ...place
    } = attention.bind("MultiheadAttention", args);
    if (E <= 0 || num_heads <= 0)
      throw new ArgumentError(
        "attention/sizes",
        `MultiheadAttention: embed_dim and num_heads must be greater than 0, got embed_dim=${E} and num_heads=${num_heads} instead.`,
      );
    if (E % num_heads !== 0)
      throw new ArgumentError(
        "attention/heads",
        `MultiheadAttention: embed_dim must be divisible by num_heads, got ${E} and ${num_heads}.`,
      );
    this.embed_dim = E;
    this.kdim = kdim ?? E;
    this.vdim = vdim ?? E;
    this.num_heads = num_heads;
    this.dropout = dropout;
    this.batch_first = batch_first;
    this.head_dim = E / num_heads;
    this.add_zero_attn = add_zero_attn;
    const together = this.kdim === E && this.vdim === E;
    const weight = (wanted: boolean, ...shape: number[]): Parameter | null =>
      wanted ? newParameter(shape, place) : null;
    this.in_proj_weight = weight(together, 3 * E, E);
    this.q_proj_weight = weight(!together, E, E);
    this.k_proj_weight = weight(!together, E, this.kdim);
    this.v_proj_weight = weight(!together, E, this.vdim);
    this.in_proj_bias = weight(bias, 3 * E);
    this.out_proj = new NonDynamicallyQuantizableLinear(E, E, { bias, ...place });
    this.bias_k = weight(add_bias_kv, 1, 1, E);
    this.bias_v = weight(add_bias_kv, 1, 1, E);
    this._reset_parameters();
  }

  _reset_parameters(): void {
    for (const weight of [this.in_proj_weight, this.q_proj_weight, this.k_proj_weight, this.v_proj_weight])
      if (weight !== null) init.xavier_uniform_(weight);
    if (this.in_proj_bias !== null) {
      init.constant_(this.in_proj_bias, 0);
      init.constant_(this.out_proj.bias!, 0);
    }
    if (this.bias_k !== null) init.xavier_normal_(this.bias_k);
    if (this.bias_v !== null) init.xavier_normal_(this.bias_v);
  }

  override forward(...args: CallOf<typeof call>): [output: Tensor, weights: Tensor | null] {
    const {
      query,
      key,
      value,
      key_padding_mask = null,
      need_weights = true,
      attn_mask = null,
      average_attn_weights = true,
      is_causal = false,
    } = call.bind("MultiheadAttention.forward", args);
    if (is_causal && attn_mask === null)
      throw new ArgumentError(
        "attention/causal",
        "MultiheadAttention: Need attn_mask if specifying the is_causal hint.",
        "nn.Transformer.generate_square_subsequent_mask(L) makes one.",
      );
    const batched = query.ndim === 3;
    if (!batched && query.ndim !== 2)
      throw new ShapeError(
        "attention/rank",
        `MultiheadAttention: query should be unbatched 2D or batched 3D tensor but received ${query.ndim}-D query tensor.`,
      );
    if (query.shape.at(-1) !== this.embed_dim)
      throw new ShapeError(
        "attention/width",
        `MultiheadAttention: was expecting embedding dimension of ${this.embed_dim}, but got ${query.shape.at(-1)} (query ${formatShape(query.shape)}).`,
      );
    // To [length, N, width].
    const arrange = (x: Tensor): Tensor =>
      !batched ? op("unsqueeze", x, 1) : this.batch_first ? op("transpose", x, 0, 1) : x;
    const [q, k, v] = this.project(arrange(query), arrange(key), arrange(value));
    const attended = attend({
      query: q,
      key: k,
      value: v,
      heads: this.num_heads,
      mask: attn_mask,
      paddingMask: batched || key_padding_mask === null ? key_padding_mask : op("unsqueeze", key_padding_mask, 0),
      biasKey: this.bias_k,
      biasValue: this.bias_v,
      addZero: this.add_zero_attn,
      dropout: this.training ? this.dropout : 0,
      needWeights: need_weights,
      isCausal: is_causal,
    });
    const projected = op("linear", attended.output, this.out_proj.weight, this.out_proj.bias);
    const output = !batched
      ? op("squeeze", projected, 1)
      : this.batch_first
        ? op("transpose", projected, 0, 1)
        : projected;
    let { weights } = attended;
    if (weights !== null && average_attn_weights) weights = op("mean", weights, 1);
    if (weights !== null && !batched) weights = op("squeeze", weights, 0);
    return [output, weights];
  }

  private project(query: Tensor, key: Tensor, value: Tensor): [Tensor, Tensor, Tensor] {
    const { embed_dim: E } = this;
    const part = (x: Tensor, i: number): Tensor => op("narrow", x, 0, i * E, E);
    const weights = this.in_proj_weight;
    const weight = (i: number): Tensor =>
      weights === null ? [this.q_proj_weight, this.k_proj_weight, this.v_proj_weight][i]! : part(weights, i);
    const bias = (i: number): MaybeTensor => (this.in_proj_bias === null ? null : part(this.in_proj_bias, i));
    const [q, k, v] = [query, key, value].map((x, i) => op("linear", x, weight(i), bias(i)));
    return [q!, k!, v!];
  }
}
