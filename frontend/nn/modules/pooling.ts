/** Means and norms of windows, and pools of a given output size. https://docs.pytorch.org/docs/stable/nn.html#pooling-layers */
import "../../../ir/ops/nn/pooling.ts";
import "../../../ir/ops/nn/pooling-adaptive.ts";
import { signature, type CallOf } from "../../arguments.ts";
import type { Tensor } from "../../tensor.ts";
import { adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d } from "../../functional/pooling.ts";
import { Module } from "../module.ts";
import { op } from "../op.ts";
import { python, tuple } from "../repr.ts";
import { kept, repeat, type Sizes } from "./shapes.ts";

const avgPool1d = signature<
  [kernel_size: Sizes, stride: Sizes | null, padding: Sizes, ceil_mode: boolean, count_include_pad: boolean]
>()("kernel_size, stride?, padding?, ceil_mode?, count_include_pad?");

/** [N, C, L] -> [N, C, L_out]. https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html */
export class AvgPool1d extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  kernel_size: readonly number[];
  stride: readonly number[];
  padding: readonly number[];
  ceil_mode: boolean;
  count_include_pad: boolean;
  constructor(...args: CallOf<typeof avgPool1d>) {
    super();
    const {
      kernel_size,
      stride = null,
      padding = 0,
      ceil_mode = false,
      count_include_pad = true,
    } = avgPool1d.bind("AvgPool1d", args);
    this.kernel_size = repeat(kernel_size, 1);
    this.stride = repeat(stride ?? kernel_size, 1);
    this.padding = repeat(padding, 1);
    this.ceil_mode = ceil_mode;
    this.count_include_pad = count_include_pad;
  }
  override forward(input: Tensor): Tensor {
    return op("avg_pool1d", input, this.kernel_size, this.stride, this.padding, this.ceil_mode, this.count_include_pad);
  }
  override extra_repr(): string {
    return `kernel_size=${tuple(this.kernel_size)}, stride=${tuple(this.stride)}, padding=${tuple(this.padding)}`;
  }
}

const avgPool = signature<
  [
    kernel_size: Sizes,
    stride: Sizes | null,
    padding: Sizes,
    ceil_mode: boolean,
    count_include_pad: boolean,
    divisor_override: number | null,
  ]
>()("kernel_size, stride?, padding?, ceil_mode?, count_include_pad?, divisor_override?");
type AvgPoolArguments = CallOf<typeof avgPool>;

abstract class AvgPool extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  kernel_size: Sizes;
  stride: Sizes;
  padding: Sizes;
  ceil_mode: boolean;
  count_include_pad: boolean;
  divisor_override: number | null;
  private readonly operator: string;
  constructor(operator: string, args: AvgPoolArguments) {
    super();
    const {
      kernel_size,
      stride = null,
      padding = 0,
      ceil_mode = false,
      count_include_pad = true,
      divisor_override = null,
    } = avgPool.bind(new.target.name, args);
    this.kernel_size = kept(kernel_size);
    this.stride = kept(stride ?? kernel_size);
    this.padding = kept(padding);
    this.ceil_mode = ceil_mode;
    this.count_include_pad = count_include_pad;
    this.divisor_override = divisor_override;
    this.operator = operator;
  }
  override forward(input: Tensor): Tensor {
    return op(
      this.operator,
      input,
      this.kernel_size,
      this.stride,
      this.padding,
      this.ceil_mode,
      this.count_include_pad,
      this.divisor_override,
    );
  }
  override extra_repr(): string {
    return `kernel_size=${python(this.kernel_size)}, stride=${python(this.stride)}, padding=${python(this.padding)}`;
  }
}
/** [N, C, H, W] -> [N, C, H_out, W_out]. https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html */
export class AvgPool2d extends AvgPool {
  constructor(...args: AvgPoolArguments) {
    super("avg_pool2d", args);
  }
}
/** [N, C, D, H, W] -> [N, C, D_out, H_out, W_out]. https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool3d.html */
export class AvgPool3d extends AvgPool {
  constructor(...args: AvgPoolArguments) {
    super("avg_pool3d", args);
  }
}

const lpPool = signature<[norm_type: number, kernel_size: Sizes, stride: Sizes | null, ceil_mode: boolean]>()(
  "norm_type, kernel_size, stride?, ceil_mode?",
);
type LPPoolArguments = CallOf<typeof lpPool>;

/** The p-norm of each window, p = norm_type. */
abstract class LPPool extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  norm_type: number;
  kernel_size: Sizes;
  stride: Sizes | null;
  ceil_mode: boolean;
  private readonly operator: string;
  constructor(operator: string, args: LPPoolArguments) {
    super();
    const { norm_type, kernel_size, stride = null, ceil_mode = false } = lpPool.bind(new.target.name, args);
    this.norm_type = norm_type;
    this.kernel_size = kept(kernel_size);
    this.stride = stride === null ? null : kept(stride);
    this.ceil_mode = ceil_mode;
    this.operator = operator;
  }
  override forward(input: Tensor): Tensor {
    return op(this.operator, input, this.norm_type, this.kernel_size, this.stride, this.ceil_mode);
  }
  override extra_repr(): string {
    return `norm_type=${python(this.norm_type)}, kernel_size=${python(this.kernel_size)}, stride=${python(this.stride)}, ceil_mode=${python(this.ceil_mode)}`;
  }
}
/** https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool1d.html */
export class LPPool1d extends LPPool {
  constructor(...args: LPPoolArguments) {
    super("lp_pool1d", args);
  }
}
/** https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool2d.html */
export class LPPool2d extends LPPool {
  constructor(...args: LPPoolArguments) {
    super("lp_pool2d", args);
  }
}
/** https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool3d.html */
export class LPPool3d extends LPPool {
  constructor(...args: LPPoolArguments) {
    super("lp_pool3d", args);
  }
}

/** A size, or one for each dimension; null keeps the input's. */
export type OutputSize = number | null | readonly (number | null)[];
const adaptive = signature<[output_size: OutputSize]>()("output_size");
type AdaptiveArguments = CallOf<typeof adaptive>;
const adaptiveMax = signature<[output_size: OutputSize, return_indices: boolean]>()("output_size, return_indices?");
const functions = { adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d };
type AdaptiveMaxArguments = CallOf<typeof adaptiveMax>;

abstract class AdaptivePool extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  output_size: OutputSize;
  private readonly operator: string;
  constructor(operator: string, output_size: OutputSize) {
    super();
    this.output_size = output_size;
    this.operator = operator;
  }
  override forward(input: Tensor): Tensor {
    return this.pool(this.operator, input, this.sizes(input));
  }
  protected pool(operator: string, input: Tensor, sizes: number | readonly number[]): Tensor {
    return op(operator, input, sizes);
  }
  private sizes(input: Tensor): number | readonly number[] {
    const { output_size: wanted } = this;
    if (typeof wanted === "number") return wanted;
    const rank = Number(/(\d)d$/.exec(this.operator)![1]);
    const list = wanted ?? new Array<null>(rank).fill(null);
    return list.map((size, i) => size ?? input.shape[input.ndim - rank + i]!);
  }
  override extra_repr(): string {
    return `output_size=${python(this.output_size)}`;
  }
}
/** [N, C, L] -> [N, C, output_size]. https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool1d.html */
export class AdaptiveAvgPool1d extends AdaptivePool {
  constructor(...args: AdaptiveArguments) {
    super("adaptive_avg_pool1d", adaptive.bind("AdaptiveAvgPool1d", args).output_size);
  }
}
/** [N, C, H, W] -> [N, C, *output_size]. https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html */
export class AdaptiveAvgPool2d extends AdaptivePool {
  constructor(...args: AdaptiveArguments) {
    super("adaptive_avg_pool2d", adaptive.bind("AdaptiveAvgPool2d", args).output_size);
  }
}
/** [N, C, D, H, W] -> [N, C, *output_size]. https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool3d.html */
export class AdaptiveAvgPool3d extends AdaptivePool {
  constructor(...args: AdaptiveArguments) {
    super("adaptive_avg_pool3d", adaptive.bind("AdaptiveAvgPool3d", args).output_size);
  }
}

/** With return_indices a call gives [maxima, indices]. */
abstract class AdaptiveMaxPool extends AdaptivePool {
  return_indices: boolean;
  constructor(operator: string, args: AdaptiveMaxArguments) {
    const { output_size, return_indices = false } = adaptiveMax.bind(new.target.name, args);
    super(operator, output_size);
    this.return_indices = return_indices;
  }
  protected override pool(operator: string, input: Tensor, sizes: number | readonly number[]): Tensor {
    return op(functions[operator as keyof typeof functions], input, sizes, this.return_indices);
  }
}
/** [N, C, L] -> [N, C, output_size]. https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool1d.html */
export class AdaptiveMaxPool1d extends AdaptiveMaxPool {
  constructor(...args: AdaptiveMaxArguments) {
    super("adaptive_max_pool1d", args);
  }
}
/** [N, C, H, W] -> [N, C, *output_size]. https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html */
export class AdaptiveMaxPool2d extends AdaptiveMaxPool {
  constructor(...args: AdaptiveMaxArguments) {
    super("adaptive_max_pool2d", args);
  }
}
/** [N, C, D, H, W] -> [N, C, *output_size]. https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool3d.html */
export class AdaptiveMaxPool3d extends AdaptiveMaxPool {
  constructor(...args: AdaptiveMaxArguments) {
    super("adaptive_max_pool3d", args);
  }
}
