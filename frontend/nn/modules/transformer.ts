/** Stacks of transformer layers. https://docs.pytorch.org/docs/stable/nn.html#transformer-layers */
import { ArgumentError, ShapeError } from "../../../ir/errors.ts";
import { formatShape } from "../../../ir/shape.ts";
import { signature, type CallOf } from "../../arguments.ts";
import { fromHost } from "../../creation.ts";
import { currentDevice } from "../../devices.ts";
import { dtypeName } from "../../dtype.ts";
import { settings } from "../../state.ts";
import type { Tensor } from "../../tensor.ts";
import { ModuleList } from "../containers/module-list.ts";
import { deepcopy } from "../deepcopy.ts";
import * as init from "../init.ts";
import { Module, type Layer } from "../module.ts";
import type { Placement, DeviceArgument, DTypeArgument } from "./shapes.ts";
import { LayerNorm } from "./normalization.ts";
import { TransformerDecoderLayer, TransformerEncoderLayer, type Activation } from "./transformer-layers.ts";

type MaybeTensor = Tensor | null;

const copies = <M extends Module>(layer: M, count: number): ModuleList<M> =>
  new ModuleList(Array.from({ length: count }, () => deepcopy(layer)));

const encoder = signature<
  [
    encoder_layer: TransformerEncoderLayer,
    num_layers: number,
    norm: Module | null,
    enable_nested_tensor: boolean,
    mask_check: boolean,
  ]
>()("encoder_layer, num_layers, norm?, enable_nested_tensor?, mask_check?");
const encode = signature<
  [src: Tensor, mask: MaybeTensor, src_key_padding_mask: MaybeTensor, is_causal: boolean | null]
>()("src, mask?, src_key_padding_mask?, is_causal?");

/** Copies of an encoder layer. https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoder.html */
export class TransformerEncoder extends Module {
  declare layers: ModuleList<TransformerEncoderLayer>;
  declare num_layers: number;
  declare norm: Module | null;
  constructor(...args: CallOf<typeof encoder>) {
    super();
    const { encoder_layer, num_layers, norm = null } = encoder.bind("TransformerEncoder", args);
    this.layers = copies(encoder_layer, num_layers);
    this.num_layers = num_layers;
    this.norm = norm;
  }
  override forward(...args: CallOf<typeof encode>): Tensor {
    const {
      src,
      mask = null,
      src_key_padding_mask = null,
      is_causal,
    } = encode.bind("TransformerEncoder.forward", args);
    let output = src;
    for (const layer of this.layers)
      output = layer(output, { src_mask: mask, src_key_padding_mask, is_causal: is_causal ?? false });
    return this.norm === null ? output : (this.norm as Layer)(output);
  }
}

const decoder = signature<[decoder_layer: TransformerDecoderLayer, num_layers: number, norm: Module | null]>()(
  "decoder_layer, num_layers, norm?",
);
const decode = signature<
  [
    tgt: Tensor,
    memory: Tensor,
    tgt_mask: MaybeTensor,
    memory_mask: MaybeTensor,
    tgt_key_padding_mask: MaybeTensor,
    memory_key_padding_mask: MaybeTensor,
    tgt_is_causal: boolean | null,
    memory_is_causal: boolean,
  ]
>()(
  "tgt, memory, tgt_mask?, memory_mask?, tgt_key_padding_mask?, memory_key_padding_mask?, tgt_is_causal?, memory_is_causal?",
);

/** Copies of a decoder layer. https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerDecoder.html */
export class TransformerDecoder extends Module {
  declare layers: ModuleList<TransformerDecoderLayer>;
  declare num_layers: number;
  declare norm: Module | null;
  constructor(...args: CallOf<typeof decoder>) {
    super();
    const { decoder_layer, num_layers, norm = null } = decoder.bind("TransformerDecoder", args);
    this.layers = copies(decoder_layer, num_layers);
    this.num_layers = num_layers;
    this.norm = norm;
  }
  override forward(...args: CallOf<typeof decode>): Tensor {
    const { tgt, memory, tgt_is_causal, ...options } = decode.bind("TransformerDecoder.forward", args);
    let output = tgt;
    for (const layer of this.layers)
      output = layer(output, memory, { ...options, tgt_is_causal: tgt_is_causal ?? false });
    return this.norm === null ? output : (this.norm as Layer)(output);
  }
}

const transformer = signature<
  [
    d_model: number,
    nhead: number,
    num_encoder_layers: number,
    num_decoder_layers: number,
    dim_feedforward: number,
    dropout: number,
    activation: Activation,
    custom_encoder: Module | null,
    custom_decoder: Module | null,
    layer_norm_eps: number,
    batch_first: boolean,
    norm_first: boolean,
    bias: boolean,
    device: DeviceArgument,
    dtype: DTypeArgument,
  ]
>()(
  "d_model?, nhead?, num_encoder_layers?, num_decoder_layers?, dim_feedforward?, dropout?, activation?, custom_encoder?, custom_decoder?, layer_norm_eps?, batch_first?, norm_first?, bias?, device?, dtype?",
);
const translate = signature<
  [
    src: Tensor,
    tgt: Tensor,
    src_mask: MaybeTensor,
    tgt_mask: MaybeTensor,
    memory_mask: MaybeTensor,
    src_key_padding_mask: MaybeTensor,
    tgt_key_padding_mask: MaybeTensor,
    memory_key_padding_mask: MaybeTensor,
    src_is_causal: boolean | null,
    tgt_is_causal: boolean | null,
    memory_is_causal: boolean,
  ]
>()(
  "src, tgt, src_mask?, tgt_mask?, memory_mask?, src_key_padding_mask?, tgt_key_padding_mask?, memory_key_padding_mask?, src_is_causal?, tgt_is_causal?, memory_is_causal?",
);

/** Encoder and decoder. https://docs.pytorch.org/docs/stable/generated/torch.nn.Transformer.html */
export class Transformer extends Module {
  declare encoder: Module;
  declare decoder: Module;
  declare d_model: number;
  declare nhead: number;
  declare batch_first: boolean;
  constructor(...args: CallOf<typeof transformer>) {
    super();
    const {
      d_model = 512,
      nhead = 8,
      num_encoder_layers = 6,
      num_decoder_layers = 6,
      custom_encoder,
      custom_decoder,
      ...layer
    } = transformer.bind("Transformer", args);
    const norm = (): LayerNorm =>
      new LayerNorm(d_model, {
        eps: layer.layer_norm_eps ?? 1e-5,
        bias: layer.bias ?? true,
        device: layer.device,
        dtype: layer.dtype,
      });
    this.encoder =
      custom_encoder ??
      new TransformerEncoder(new TransformerEncoderLayer(d_model, nhead, layer), num_encoder_layers, norm());
    this.decoder =
      custom_decoder ??
      new TransformerDecoder(new TransformerDecoderLayer(d_model, nhead, layer), num_decoder_layers, norm());
    this._reset_parameters();
    this.d_model = d_model;
    this.nhead = nhead;
    this.batch_first = layer.batch_first ?? false;
  }
  override forward(...args: CallOf<typeof translate>): Tensor {
    const {
      src,
      tgt,
      src_mask,
      tgt_mask,
      memory_mask,
      src_key_padding_mask,
      tgt_key_padding_mask,
      memory_key_padding_mask,
      src_is_causal,
      tgt_is_causal,
      memory_is_causal,
    } = translate.bind("Transformer.forward", args);
    if (src.shape.at(-1) !== this.d_model || tgt.shape.at(-1) !== this.d_model)
      throw new ShapeError(
        "transformer/width",
        `Transformer: the feature number of src and tgt must be equal to d_model (${this.d_model}), got ${formatShape(src.shape)} and ${formatShape(tgt.shape)}.`,
      );
    const batch = this.batch_first ? 0 : 1;
    if (src.ndim === 3 && tgt.ndim === 3 && src.shape[batch] !== tgt.shape[batch])
      throw new ArgumentError(
        "transformer/batch",
        `Transformer: the batch number of src and tgt must be equal, got ${formatShape(src.shape)} and ${formatShape(tgt.shape)}.`,
      );
    const memory = (this.encoder as TransformerEncoder)(src, {
      mask: src_mask,
      src_key_padding_mask,
      is_causal: src_is_causal,
    });
    return (this.decoder as TransformerDecoder)(tgt, memory, {
      tgt_mask,
      memory_mask,
      tgt_key_padding_mask,
      memory_key_padding_mask,
      tgt_is_causal,
      memory_is_causal,
    });
  }
  /** Each position attends to itself and earlier ones: 0 there, -inf elsewhere. */
  static generate_square_subsequent_mask(sz: number, { device, dtype }: Placement = {}): Tensor {
    const values = Array.from({ length: sz * sz }, (_, i) => (i % sz > Math.floor(i / sz) ? -Infinity : 0));
    return fromHost(
      values,
      [sz, sz],
      dtype === undefined || dtype === null ? settings.defaultDType : dtypeName(dtype, "mask"),
      currentDevice(device),
    );
  }
  _reset_parameters(): void {
    for (const parameter of this.parameters()) if (parameter.ndim > 1) init.xavier_uniform_(parameter);
  }
}
