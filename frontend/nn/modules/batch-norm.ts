/** Batch and instance normalisation. https://docs.pytorch.org/docs/stable/nn.html#normalization-layers */
import { ShapeError } from "../../../ir/errors.ts";
import { formatShape } from "../../../ir/shape.ts";
import { enterScope } from "../../../ir/interning.ts";
import { signature, type CallOf } from "../../arguments.ts";
import { callOperator } from "../../call.ts";
import { ones, tensor, zeros } from "../../creation.ts";
import { withGradMode } from "../../grad-mode.ts";
import { graph } from "../../state.ts";
import type { Tensor } from "../../tensor.ts";
import { batch_norm, instance_norm } from "../../functional/batch-norm.ts";
import * as init from "../init.ts";
import { Module } from "../module.ts";
import { op } from "../op.ts";
import type { Parameter } from "../parameter.ts";
import { python } from "../repr.ts";
import type { StateDict } from "../state-dict.ts";
import { newParameter, type DeviceArgument, type DTypeArgument } from "./shapes.ts";

const norm = signature<
  [
    num_features: number,
    eps: number,
    momentum: number | null,
    affine: boolean,
    track_running_stats: boolean,
    device: DeviceArgument,
    dtype: DTypeArgument,
  ]
>()("num_features, eps?, momentum?, affine?, track_running_stats?, device?, dtype?");
type NormArguments = CallOf<typeof norm>;

interface Defaults {
  readonly affine: boolean;
  readonly tracking: boolean;
  /** Accepted ranks of the input, unbatched ones included. */
  readonly ranks: readonly number[];
}

/** What batch and instance normalisation share: weights and running statistics of each channel. */
abstract class NormBase extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  num_features: number;
  eps: number;
  momentum: number | null;
  affine: boolean;
  track_running_stats: boolean;
  weight: Parameter | null;
  bias: Parameter | null;
  declare running_mean: Tensor | null;
  declare running_var: Tensor | null;
  declare num_batches_tracked: Tensor | null;
  private readonly ranks: () => readonly number[];

  constructor(args: NormArguments, defaults: Defaults) {
    super();
    const {
      num_features,
      eps = 1e-5,
      momentum = 0.1,
      affine = defaults.affine,
      track_running_stats = defaults.tracking,
      device,
      dtype,
    } = norm.bind(new.target.name, args);
    this.num_features = num_features;
    this.eps = eps;
    this.momentum = momentum;
    this.affine = affine;
    this.track_running_stats = track_running_stats;
    this.ranks = () => defaults.ranks;
    this.weight = affine ? newParameter([num_features], { device, dtype }) : null;
    this.bias = affine ? newParameter([num_features], { device, dtype }) : null;
    this.register_buffer("running_mean", track_running_stats ? zeros([num_features], { device, dtype }) : null);
    this.register_buffer("running_var", track_running_stats ? ones([num_features], { device, dtype }) : null);
    this.register_buffer("num_batches_tracked", track_running_stats ? tensor(0n, { device }) : null);
    this.reset_parameters();
  }
  reset_running_stats(): void {
    if (this.running_mean === null || this.running_var === null || this.num_batches_tracked === null) return;
    init.zeros_(this.running_mean);
    init.ones_(this.running_var);
    init.zeros_(this.num_batches_tracked);
  }
  reset_parameters(): void {
    this.reset_running_stats();
    if (this.weight === null || this.bias === null) return;
    init.ones_(this.weight);
    init.zeros_(this.bias);
  }
  protected checkRank(input: Tensor): void {
    const ranks = this.ranks();
    if (ranks.includes(input.ndim)) return;
    throw new ShapeError(
      "norm/rank",
      `${this._get_name()}: expected ${ranks.map((rank) => `${rank}D`).join(" or ")} input (got ${input.ndim}D input: ${formatShape(input.shape)}).`,
    );
  }
  /** Checkpoints made before the counter existed lack it. */
  override prepareState_(state: StateDict, prefix: string): void {
    if (this.num_batches_tracked !== null) state[`${prefix}num_batches_tracked`] ??= tensor(0n);
  }
  override extra_repr(): string {
    return `${this.num_features}, eps=${python(this.eps)}, momentum=${python(this.momentum)}, affine=${python(this.affine)}, track_running_stats=${python(this.track_running_stats)}`;
  }
}

/** Normalises each channel over the batch: in training by the batch's statistics, in evaluation by running ones. */
abstract class BatchNorm extends NormBase {
  override forward(input: Tensor): Tensor {
    this.checkRank(input);
    const { running_mean, running_var, weight, bias, momentum, eps } = this;
    const observe = this.training && this.track_running_stats;
    if (observe && this.num_batches_tracked !== null) countBatch(this.num_batches_tracked);
    if (observe && momentum === null && running_mean !== null && running_var !== null)
      return this.averaging(input, running_mean, running_var);
    const byBatch = this.training || running_mean === null || running_var === null;
    const kept = !this.training || this.track_running_stats;
    return op(
      batch_norm,
      input,
      kept ? running_mean : null,
      kept ? running_var : null,
      weight,
      bias,
      byBatch,
      momentum ?? 0,
      eps,
    );
  }
  /** momentum None: the running statistics are the mean over all batches so far. */
  private averaging(input: Tensor, mean: Tensor, variance: Tensor): Tensor {
    const before = [mean, variance].map((running) => running.node_());
    const output = op(batch_norm, input, mean, variance, this.weight, this.bias, true, 1, this.eps);
    withGradMode(false, () => {
      [mean, variance].forEach((running, i) => {
        const share = graph.div(1, graph.cast(this.num_batches_tracked!.node_(), running.dtype.name));
        const old = before[i]!;
        running.write_(graph.add(old, graph.mul(graph.sub(running.node_(), old), share)), "batch_norm");
      });
    });
    return output;
  }
}

function countBatch(counter: Tensor): void {
  withGradMode(false, () => {
    enterScope(counter.storage_.device.name);
    counter.write_(graph.add(counter.node_(), 1), "batch_norm");
  });
}

/** [N, C] or [N, C, L]. https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html */
export class BatchNorm1d extends BatchNorm {
  constructor(...args: NormArguments) {
    super(args, { affine: true, tracking: true, ranks: [2, 3] });
  }
}
/** [N, C, H, W]. https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html */
export class BatchNorm2d extends BatchNorm {
  constructor(...args: NormArguments) {
    super(args, { affine: true, tracking: true, ranks: [4] });
  }
}
/** [N, C, D, H, W]. https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm3d.html */
export class BatchNorm3d extends BatchNorm {
  constructor(...args: NormArguments) {
    super(args, { affine: true, tracking: true, ranks: [5] });
  }
}
/** Batch normalisation over all processes; there is one here. https://docs.pytorch.org/docs/stable/generated/torch.nn.SyncBatchNorm.html */
export class SyncBatchNorm extends BatchNorm {
  constructor(...args: NormArguments) {
    super(args, { affine: true, tracking: true, ranks: [2, 3, 4, 5] });
  }
}

/** Normalises each channel of each sample by its own statistics. */
abstract class InstanceNorm extends NormBase {
  override forward(input: Tensor): Tensor {
    this.checkRank(input);
    const unbatched = input.ndim === this.unbatchedRank();
    const channels = input.shape[unbatched ? 0 : 1]!;
    if (channels !== this.num_features && this.affine)
      throw new ShapeError(
        "instance-norm/channels",
        `${this._get_name()}: expected input's size at dim=${unbatched ? 0 : 1} to match num_features (${this.num_features}), but got: ${channels}.`,
      );
    const batch = unbatched ? (callOperator("unsqueeze", [input, 0]) as Tensor) : input;
    const output = op(
      instance_norm,
      batch,
      this.running_mean,
      this.running_var,
      this.weight,
      this.bias,
      this.training || !this.track_running_stats,
      this.momentum ?? 0,
      this.eps,
    );
    return unbatched ? (callOperator("squeeze", [output, 0]) as Tensor) : output;
  }
  protected abstract unbatchedRank(): number;
}
/** [N, C, L] or [C, L]. https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm1d.html */
export class InstanceNorm1d extends InstanceNorm {
  constructor(...args: NormArguments) {
    super(args, { affine: false, tracking: false, ranks: [2, 3] });
  }
  protected unbatchedRank(): number {
    return 2;
  }
}
/** [N, C, H, W] or [C, H, W]. https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm2d.html */
export class InstanceNorm2d extends InstanceNorm {
  constructor(...args: NormArguments) {
    super(args, { affine: false, tracking: false, ranks: [3, 4] });
  }
  protected unbatchedRank(): number {
    return 3;
  }
}
/** [N, C, D, H, W] or [C, D, H, W]. https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm3d.html */
export class InstanceNorm3d extends InstanceNorm {
  constructor(...args: NormArguments) {
    super(args, { affine: false, tracking: false, ranks: [4, 5] });
  }
  protected unbatchedRank(): number {
    return 4;
  }
}
