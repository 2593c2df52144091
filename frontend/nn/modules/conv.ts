/** Convolutions. https://docs.pytorch.org/docs/stable/nn.html#convolution-layers */
import "../../../ir/ops/nn/convolution.ts";
import "../../../ir/ops/nn/pad.ts";
import { ArgumentError } from "../../../ir/errors.ts";
import { signature, type CallOf } from "../../arguments.ts";
import type { Tensor } from "../../tensor.ts";
import * as init from "../init.ts";
import { Module } from "../module.ts";
import { op } from "../op.ts";
import type { Parameter } from "../parameter.ts";
import { tuple } from "../repr.ts";
import { newParameter, repeat, type DeviceArgument, type DTypeArgument, type Placement, type Sizes } from "./shapes.ts";

export type PaddingMode = "zeros" | "reflect" | "replicate" | "circular";
const paddingModes: readonly string[] = ["zeros", "reflect", "replicate", "circular"];

interface Hyperparameters extends Placement {
  readonly in_channels: number;
  readonly out_channels: number;
  readonly kernel_size: Sizes;
  readonly stride?: Sizes | undefined;
  readonly padding?: Sizes | "same" | "valid" | undefined;
  readonly output_padding?: Sizes | undefined;
  readonly dilation?: Sizes | undefined;
  readonly groups?: number | undefined;
  readonly bias?: boolean | undefined;
  readonly padding_mode?: PaddingMode | undefined;
}

/** What all convolutions share. */
export abstract class ConvolutionBase extends Module {
  static override readonly forwardNames_: readonly string[] = ["input", "output_size"];
  in_channels: number;
  out_channels: number;
  kernel_size: readonly number[];
  stride: readonly number[];
  padding: readonly number[] | "same" | "valid";
  dilation: readonly number[];
  transposed: boolean;
  output_padding: readonly number[];
  groups: number;
  padding_mode: PaddingMode;
  weight: Parameter;
  bias: Parameter | null;

  constructor(rank: number, transposed: boolean, given: Hyperparameters) {
    super();
    const { in_channels, out_channels, groups = 1, bias = true, padding = 0, padding_mode = "zeros" } = given;
    const refuse = (code: string, reason: string): never => {
      throw new ArgumentError(`conv/${code}`, `${new.target.name}: ${reason}.`);
    };
    if (groups <= 0) refuse("groups", "groups must be a positive integer");
    if (in_channels % groups !== 0)
      refuse("in-channels", `in_channels must be divisible by groups, got ${in_channels} and ${groups}`);
    if (out_channels % groups !== 0)
      refuse("out-channels", `out_channels must be divisible by groups, got ${out_channels} and ${groups}`);
    if (typeof padding === "string" && padding !== "same" && padding !== "valid")
      refuse("padding", `Invalid padding string '${String(padding)}', should be one of same, valid`);
    if (!paddingModes.includes(padding_mode))
      refuse(
        "padding-mode",
        `padding_mode must be one of [${paddingModes.map((mode) => `'${mode}'`).join(", ")}], but got padding_mode='${padding_mode}'`,
      );
    if (transposed && padding_mode !== "zeros")
      refuse("padding-mode", `Only "zeros" padding mode is supported for ${new.target.name}`);
    this.in_channels = in_channels;
    this.out_channels = out_channels;
    this.kernel_size = repeat(given.kernel_size, rank);
    this.stride = repeat(given.stride ?? 1, rank);
    this.padding = typeof padding === "string" ? padding : repeat(padding, rank);
    this.dilation = repeat(given.dilation ?? 1, rank);
    this.transposed = transposed;
    this.output_padding = repeat(given.output_padding ?? 0, rank);
    this.groups = groups;
    this.padding_mode = padding_mode;
    if (padding === "same" && this.stride.some((step) => step !== 1))
      refuse("same-stride", "padding='same' is not supported for strided convolutions");
    const channels = transposed ? [in_channels, out_channels / groups] : [out_channels, in_channels / groups];
    this.weight = newParameter([...channels, ...this.kernel_size], given);
    this.bias = bias ? newParameter([out_channels], given) : null;
    this.reset_parameters();
  }

  reset_parameters(): void {
    init.kaiming_uniform_(this.weight, { a: Math.sqrt(5) });
    if (this.bias === null) return;
    const { fanIn } = init.fans(this.weight);
    if (fanIn !== 0) init.uniform_(this.bias, -1 / Math.sqrt(fanIn), 1 / Math.sqrt(fanIn));
  }

  override extra_repr(): string {
    const parts = [
      `${this.in_channels}, ${this.out_channels}, kernel_size=${tuple(this.kernel_size)}, stride=${tuple(this.stride)}`,
    ];
    const { padding } = this;
    if (typeof padding === "string") parts.push(`padding=${padding}`);
    else if (padding.some((n) => n !== 0)) parts.push(`padding=${tuple(padding)}`);
    if (this.dilation.some((n) => n !== 1)) parts.push(`dilation=${tuple(this.dilation)}`);
    if (this.output_padding.some((n) => n !== 0)) parts.push(`output_padding=${tuple(this.output_padding)}`);
    if (this.groups !== 1) parts.push(`groups=${this.groups}`);
    if (this.bias === null) parts.push("bias=False");
    if (this.padding_mode !== "zeros") parts.push(`padding_mode=${this.padding_mode}`);
    return parts.join(", ");
  }
}

const conv = signature<
  [
    in_channels: number,
    out_channels: number,
    kernel_size: Sizes,
    stride: Sizes,
    padding: Sizes | "same" | "valid",
    dilation: Sizes,
    groups: number,
    bias: boolean,
    padding_mode: PaddingMode,
    device: DeviceArgument,
    dtype: DTypeArgument,
  ]
>()(
  "in_channels, out_channels, kernel_size, stride?, padding?, dilation?, groups?, bias?, padding_mode?, device?, dtype?",
);
type ConvArguments = CallOf<typeof conv>;

abstract class Convolution extends ConvolutionBase {
  private readonly rank: number;
  constructor(rank: number, args: ConvArguments) {
    super(rank, false, conv.bind(new.target.name, args));
    this.rank = rank;
  }
  override forward(input: Tensor): Tensor {
    const run = (x: Tensor, padding: ConvolutionBase["padding"]): Tensor =>
      op(`conv${this.rank}d`, x, this.weight, this.bias, this.stride, padding, this.dilation, this.groups);
    if (this.padding_mode === "zeros") return run(input, this.padding);
    return run(op("pad", input, this.borders(), this.padding_mode), new Array<number>(this.rank).fill(0));
  }
  /** Before and after each dimension, the last one first, as pad takes them. */
  private borders(): number[] {
    const { padding } = this;
    const pairs = this.kernel_size.map((size, i): [number, number] => {
      if (padding === "valid") return [0, 0];
      if (padding !== "same") return [padding[i]!, padding[i]!];
      const total = this.dilation[i]! * (size - 1);
      return [Math.floor(total / 2), total - Math.floor(total / 2)];
    });
    return pairs.reverse().flat();
  }
}

/** [N, C_in, L] -> [N, C_out, L_out]. https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html */
export class Conv1d extends Convolution {
  constructor(...args: ConvArguments) {
    super(1, args);
  }
}
/** [N, C_in, H, W] -> [N, C_out, H_out, W_out]. https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html */
export class Conv2d extends Convolution {
  constructor(...args: ConvArguments) {
    super(2, args);
  }
}
/** [N, C_in, D, H, W] -> [N, C_out, D_out, H_out, W_out]. https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv3d.html */
export class Conv3d extends Convolution {
  constructor(...args: ConvArguments) {
    super(3, args);
  }
}
