/** One layer of a transformer's encoder and decoder. https://docs.pytorch.org/docs/stable/nn.html#transformer-layers */
import "../../../ir/ops/nn/activation-smooth.ts";
import { ArgumentError } from "../../../ir/errors.ts";
import { signature, type CallOf } from "../../arguments.ts";
import type { Tensor } from "../../tensor.ts";
import { Module } from "../module.ts";
import { op } from "../op.ts";
import { MultiheadAttention } from "./attention.ts";
import { Dropout } from "./dropout.ts";
import { Linear } from "./linear.ts";
import { LayerNorm } from "./normalization.ts";
import type { DeviceArgument, DTypeArgument } from "./shapes.ts";

type MaybeTensor = Tensor | null;
/** "relu", "gelu", or any function of a tensor. */
export type Activation = "relu" | "gelu" | ((input: Tensor) => Tensor);

export const layerArguments = signature<
  [
    d_model: number,
    nhead: number,
    dim_feedforward: number,
    dropout: number,
    activation: Activation,
    layer_norm_eps: number,
    batch_first: boolean,
    norm_first: boolean,
    bias: boolean,
    device: DeviceArgument,
    dtype: DTypeArgument,
  ]
>()(
  "d_model, nhead, dim_feedforward?, dropout?, activation?, layer_norm_eps?, batch_first?, norm_first?, bias?, device?, dtype?",
);
export type LayerArguments = CallOf<typeof layerArguments>;

function activationOf(activation: Activation): (input: Tensor) => Tensor {
  if (typeof activation === "function") return activation;
  if (activation !== "relu" && activation !== "gelu")
    throw new ArgumentError("transformer/activation", `activation should be relu/gelu, not ${String(activation)}.`);
  return (input) => op(activation, input);
}

interface LayerOptions {
  readonly d_model: number;
  readonly nhead: number;
  readonly dim_feedforward: number;
  readonly dropout: number;
  readonly activation: Activation;
  readonly layer_norm_eps: number;
  readonly batch_first: boolean;
  readonly norm_first: boolean;
  readonly bias: boolean;
  readonly device: DeviceArgument;
  readonly dtype: DTypeArgument;
}
function optionsOf(name: string, args: LayerArguments): LayerOptions {
  const {
    d_model,
    nhead,
    dim_feedforward = 2048,
    dropout = 0.1,
    activation = "relu",
    layer_norm_eps = 1e-5,
    batch_first = false,
    norm_first = false,
    bias = true,
    device = null,
    dtype = null,
  } = layerArguments.bind(name, args);
  return {
    d_model,
    nhead,
    dim_feedforward,
    dropout,
    activation,
    layer_norm_eps,
    batch_first,
    norm_first,
    bias,
    device,
    dtype,
  };
}

const attentionOf = ({ d_model, nhead, dropout, bias, batch_first, device, dtype }: LayerOptions): MultiheadAttention =>
  new MultiheadAttention(d_model, nhead, { dropout, bias, batch_first, device, dtype });
const linearOf = (from: number, to: number, { bias, device, dtype }: LayerOptions): Linear =>
  new Linear(from, to, { bias, device, dtype });
const normOf = ({ d_model, layer_norm_eps, bias, device, dtype }: LayerOptions): LayerNorm =>
  new LayerNorm(d_model, { eps: layer_norm_eps, bias, device, dtype });

const encode = signature<[src: Tensor, src_mask: MaybeTensor, src_key_padding_mask: MaybeTensor, is_causal: boolean]>()(
  "src, src_mask?, src_key_padding_mask?, is_causal?",
);

/** Self-attention and a feed-forward network. https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoderLayer.html */
export class TransformerEncoderLayer extends Module {
  declare self_attn: MultiheadAttention;
  declare linear1: Linear;
  declare dropout: Dropout;
  declare linear2: Linear;
  declare norm_first: boolean;
  declare norm1: LayerNorm;
  declare norm2: LayerNorm;
  declare dropout1: Dropout;
  declare dropout2: Dropout;
  declare activation: (input: Tensor) => Tensor;
  constructor(...args: LayerArguments) {
    super();
    const options = optionsOf("TransformerEncoderLayer", args);
    this.self_attn = attentionOf(options);
    this.linear1 = linearOf(options.d_model, options.dim_feedforward, options);
    this.dropout = new Dropout(options.dropout);
    this.linear2 = linearOf(options.dim_feedforward, options.d_model, options);
    this.norm_first = options.norm_first;
    this.norm1 = normOf(options);
    this.norm2 = normOf(options);
    this.dropout1 = new Dropout(options.dropout);
    this.dropout2 = new Dropout(options.dropout);
    this.activation = activationOf(options.activation);
  }
  override forward(...args: CallOf<typeof encode>): Tensor {
    const {
      src,
      src_mask = null,
      src_key_padding_mask = null,
      is_causal = false,
    } = encode.bind("TransformerEncoderLayer.forward", args);
    const attend = (x: Tensor): Tensor =>
      this.dropout1(
        this.self_attn(x, x, x, {
          attn_mask: src_mask,
          key_padding_mask: src_key_padding_mask,
          need_weights: false,
          is_causal,
        })[0],
      );
    if (this.norm_first) {
      const x = op("add", src, attend(this.norm1(src)));
      return op("add", x, this.feed(this.norm2(x)));
    }
    const x = this.norm1(op("add", src, attend(src)));
    return this.norm2(op("add", x, this.feed(x)));
  }
  private feed(x: Tensor): Tensor {
    return this.dropout2(this.linear2(this.dropout(this.activation(this.linear1(x)))));
  }
}

const decode = signature<
  [
    tgt: Tensor,
    memory: Tensor,
    tgt_mask: MaybeTensor,
    memory_mask: MaybeTensor,
    tgt_key_padding_mask: MaybeTensor,
    memory_key_padding_mask: MaybeTensor,
    tgt_is_causal: boolean,
    memory_is_causal: boolean,
  ]
>()(
  "tgt, memory, tgt_mask?, memory_mask?, tgt_key_padding_mask?, memory_key_padding_mask?, tgt_is_causal?, memory_is_causal?",
);

/** Self-attention, attention to the encoder, and a feed-forward network. https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerDecoderLayer.html */
export class TransformerDecoderLayer extends Module {
  declare self_attn: MultiheadAttention;
  declare multihead_attn: MultiheadAttention;
  declare linear1: Linear;
  declare dropout: Dropout;
  declare linear2: Linear;
  declare norm_first: boolean;
  declare norm1: LayerNorm;
  declare norm2: LayerNorm;
  declare norm3: LayerNorm;
  declare dropout1: Dropout;
  declare dropout2: Dropout;
  declare dropout3: Dropout;
  declare activation: (input: Tensor) => Tensor;
  constructor(...args: LayerArguments) {
    super();
    const options = optionsOf("TransformerDecoderLayer", args);
    this.self_attn = attentionOf(options);
    this.multihead_attn = attentionOf(options);
    this.linear1 = linearOf(options.d_model, options.dim_feedforward, options);
    this.dropout = new Dropout(options.dropout);
    this.linear2 = linearOf(options.dim_feedforward, options.d_model, options);
    this.norm_first = options.norm_first;
    this.norm1 = normOf(options);
    this.norm2 = normOf(options);
    this.norm3 = normOf(options);
    this.dropout1 = new Dropout(options.dropout);
    this.dropout2 = new Dropout(options.dropout);
    this.dropout3 = new Dropout(options.dropout);
    this.activation = activationOf(options.activation);
  }
  override forward(...args: CallOf<typeof decode>): Tensor {
    const {
      tgt,
      memory,
      tgt_mask = null,
      memory_mask = null,
      tgt_key_padding_mask = null,
      memory_key_padding_mask = null,
      tgt_is_causal = false,
      memory_is_causal = false,
    } = decode.bind("TransformerDecoderLayer.forward", args);
    const own = (x: Tensor): Tensor =>
      this.dropout1(
        this.self_attn(x, x, x, {
          attn_mask: tgt_mask,
          key_padding_mask: tgt_key_padding_mask,
          need_weights: false,
          is_causal: tgt_is_causal,
        })[0],
      );
    const cross = (x: Tensor): Tensor =>
      this.dropout2(
        this.multihead_attn(x, memory, memory, {
          attn_mask: memory_mask,
          key_padding_mask: memory_key_padding_mask,
          need_weights: false,
          is_causal: memory_is_causal,
        })[0],
      );
    if (this.norm_first) {
      const x = op("add", tgt, own(this.norm1(tgt)));
      const y = op("add", x, cross(this.norm2(x)));
      return op("add", y, this.feed(this.norm3(y)));
    }
    const x = this.norm1(op("add", tgt, own(tgt)));
    const y = this.norm2(op("add", x, cross(x)));
    return this.norm3(op("add", y, this.feed(y)));
  }
  private feed(x: Tensor): Tensor {
    return this.dropout3(this.linear2(this.dropout(this.activation(this.linear1(x)))));
  }
}
