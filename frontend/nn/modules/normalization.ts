/** Normalisation without running statistics. https://docs.pytorch.org/docs/stable/nn.html#normalization-layers */
import "../../../ir/ops/nn/normalization.ts";
import "../../../ir/ops/nn/similarity.ts";
import { ArgumentError } from "../../../ir/errors.ts";
import { signature, type CallOf } from "../../arguments.ts";
import type { Tensor } from "../../tensor.ts";
import * as init from "../init.ts";
import { Module } from "../module.ts";
import { op } from "../op.ts";
import type { Parameter } from "../parameter.ts";
import { float, python, tuple } from "../repr.ts";
import { newParameter, repeat, type DeviceArgument, type DTypeArgument, type Sizes } from "./shapes.ts";

const layerNorm = signature<
  [
    normalized_shape: Sizes,
    eps: number,
    elementwise_affine: boolean,
    bias: boolean,
    device: DeviceArgument,
    dtype: DTypeArgument,
  ]
>()("normalized_shape, eps?, elementwise_affine?, bias?, device?, dtype?");

/** Normalises over the last dimensions. https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html */
export class LayerNorm extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  normalized_shape: readonly number[];
  eps: number;
  elementwise_affine: boolean;
  weight: Parameter | null;
  bias: Parameter | null;
  constructor(...args: CallOf<typeof layerNorm>) {
    super();
    const {
      normalized_shape,
      eps = 1e-5,
      elementwise_affine = true,
      bias = true,
      ...place
    } = layerNorm.bind("LayerNorm", args);
    this.normalized_shape = repeat(normalized_shape, 1);
    this.eps = eps;
    this.elementwise_affine = elementwise_affine;
    this.weight = elementwise_affine ? newParameter(this.normalized_shape, place) : null;
    this.bias = elementwise_affine && bias ? newParameter(this.normalized_shape, place) : null;
    this.reset_parameters();
  }
  reset_parameters(): void {
    if (this.weight !== null) init.ones_(this.weight);
    if (this.bias !== null) init.zeros_(this.bias);
  }
  override forward(input: Tensor): Tensor {
    return op("layer_norm", input, this.normalized_shape, this.weight, this.bias, this.eps);
  }
  override extra_repr(): string {
    return `${tuple(this.normalized_shape)}, eps=${python(this.eps)}, elementwise_affine=${python(this.elementwise_affine)}`;
  }
}

const rmsNorm = signature<
  [
    normalized_shape: Sizes,
    eps: number | null,
    elementwise_affine: boolean,
    device: DeviceArgument,
    dtype: DTypeArgument,
  ]
>()("normalized_shape, eps?, elementwise_affine?, device?, dtype?");

/** Divides by the root of the mean square over the last dimensions. https://docs.pytorch.org/docs/stable/generated/torch.nn.RMSNorm.html */
export class RMSNorm extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  normalized_shape: readonly number[];
  eps: number | null;
  elementwise_affine: boolean;
  weight: Parameter | null;
  constructor(...args: CallOf<typeof rmsNorm>) {
    super();
    const { normalized_shape, eps = null, elementwise_affine = true, ...place } = rmsNorm.bind("RMSNorm", args);
    this.normalized_shape = repeat(normalized_shape, 1);
    this.eps = eps;
    this.elementwise_affine = elementwise_affine;
    this.weight = elementwise_affine ? newParameter(this.normalized_shape, place) : null;
    this.reset_parameters();
  }
  reset_parameters(): void {
    if (this.weight !== null) init.ones_(this.weight);
  }
  override forward(input: Tensor): Tensor {
    return op("rms_norm", input, this.normalized_shape, this.weight, this.eps);
  }
  override extra_repr(): string {
    return `${tuple(this.normalized_shape)}, eps=${python(this.eps)}, elementwise_affine=${python(this.elementwise_affine)}`;
  }
}

const groupNorm = signature<
  [num_groups: number, num_channels: number, eps: number, affine: boolean, device: DeviceArgument, dtype: DTypeArgument]
>()("num_groups, num_channels, eps?, affine?, device?, dtype?");

/** Normalises groups of channels of each sample. https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html */
export class GroupNorm extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  num_groups: number;
  num_channels: number;
  eps: number;
  affine: boolean;
  weight: Parameter | null;
  bias: Parameter | null;
  constructor(...args: CallOf<typeof groupNorm>) {
    super();
    const { num_groups, num_channels, eps = 1e-5, affine = true, ...place } = groupNorm.bind("GroupNorm", args);
    if (num_channels % num_groups !== 0)
      throw new ArgumentError(
        "group-norm/groups",
        `GroupNorm: num_channels must be divisible by num_groups, got ${num_channels} and ${num_groups}.`,
      );
    this.num_groups = num_groups;
    this.num_channels = num_channels;
    this.eps = eps;
    this.affine = affine;
    this.weight = affine ? newParameter([num_channels], place) : null;
    this.bias = affine ? newParameter([num_channels], place) : null;
    this.reset_parameters();
  }
  reset_parameters(): void {
    if (this.weight !== null) init.ones_(this.weight);
    if (this.bias !== null) init.zeros_(this.bias);
  }
  override forward(input: Tensor): Tensor {
    return op("group_norm", input, this.num_groups, this.weight, this.bias, this.eps);
  }
  override extra_repr(): string {
    return `${this.num_groups}, ${this.num_channels}, eps=${python(this.eps)}, affine=${python(this.affine)}`;
  }
}

const localResponse = signature<[size: number, alpha: number, beta: number, k: number]>()("size, alpha?, beta?, k?");
export type LocalResponseArguments = CallOf<typeof localResponse>;

export abstract class LocalResponse extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  size: number;
  alpha: number;
  beta: number;
  k: number;
  constructor(args: LocalResponseArguments) {
    super();
    const { size, alpha = 1e-4, beta = 0.75, k = 1 } = localResponse.bind(new.target.name, args);
    this.size = size;
    this.alpha = alpha;
    this.beta = beta;
    this.k = k;
  }
  override forward(input: Tensor): Tensor {
    return op("local_response_norm", input, this.size, this.alpha, this.beta, this.k);
  }
}
/** Divides by the mean square of neighbouring channels. https://docs.pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html */
export class LocalResponseNorm extends LocalResponse {
  constructor(...args: LocalResponseArguments) {
    super(args);
  }
  override extra_repr(): string {
    return `${this.size}, alpha=${python(this.alpha)}, beta=${python(this.beta)}, k=${float(this.k)}`;
  }
}
