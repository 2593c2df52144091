/** Rearranging and resizing images. https://docs.pytorch.org/docs/stable/nn.html#vision-layers */
import "../../../ir/ops/nn/fold.ts";
import "../../../ir/ops/nn/interpolation.ts";
import "../../../ir/ops/nn/shuffle.ts";
import { signature, type CallOf } from "../../arguments.ts";
import type { Tensor } from "../../tensor.ts";
import * as functional from "../../functional/unfold.ts";
import { Module } from "../module.ts";
import { op } from "../op.ts";
import { float, list, python } from "../repr.ts";
import { kept, type Sizes } from "./shapes.ts";

const upscale = signature<[upscale_factor: number]>()("upscale_factor");
/** [*, C * r^2, H, W] -> [*, C, H * r, W * r]. https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelShuffle.html */
export class PixelShuffle extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  upscale_factor: number;
  constructor(...args: CallOf<typeof upscale>) {
    super();
    this.upscale_factor = upscale.bind("PixelShuffle", args).upscale_factor;
  }
  override forward(input: Tensor): Tensor {
    return op("pixel_shuffle", input, this.upscale_factor);
  }
  override extra_repr(): string {
    return `upscale_factor=${this.upscale_factor}`;
  }
}
const downscale = signature<[downscale_factor: number]>()("downscale_factor");
/** [*, C, H * r, W * r] -> [*, C * r^2, H, W]. https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelUnshuffle.html */
export class PixelUnshuffle extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  downscale_factor: number;
  constructor(...args: CallOf<typeof downscale>) {
    super();
    this.downscale_factor = downscale.bind("PixelUnshuffle", args).downscale_factor;
  }
  override forward(input: Tensor): Tensor {
    return op("pixel_unshuffle", input, this.downscale_factor);
  }
  override extra_repr(): string {
    return `downscale_factor=${this.downscale_factor}`;
  }
}
const groups = signature<[groups: number]>()("groups");
/** Deals the channels of groups out in turn. https://docs.pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html */
export class ChannelShuffle extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  groups: number;
  constructor(...args: CallOf<typeof groups>) {
    super();
    this.groups = groups.bind("ChannelShuffle", args).groups;
  }
  override forward(input: Tensor): Tensor {
    return op("channel_shuffle", input, this.groups);
  }
  override extra_repr(): string {
    return `groups=${this.groups}`;
  }
}

export type InterpolationMode = "nearest" | "linear" | "bilinear" | "bicubic" | "trilinear" | "area" | "nearest-exact";
type Factors = number | readonly number[];
const upsample = signature<
  [
    size: Sizes | null,
    scale_factor: Factors | null,
    mode: InterpolationMode,
    align_corners: boolean | null,
    recompute_scale_factor: boolean | null,
  ]
>()("size?, scale_factor?, mode?, align_corners?, recompute_scale_factor?");

interface UpsampleArguments {
  readonly size?: Sizes | null | undefined;
  readonly scale_factor?: Factors | null | undefined;
  readonly mode?: InterpolationMode | undefined;
  readonly align_corners?: boolean | null | undefined;
  readonly recompute_scale_factor?: boolean | null | undefined;
}
abstract class Resize extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  size: Sizes | null;
  scale_factor: Factors | null;
  mode: InterpolationMode;
  align_corners: boolean | null;
  recompute_scale_factor: boolean | null;
  constructor({
    size = null,
    scale_factor = null,
    mode = "nearest",
    align_corners = null,
    recompute_scale_factor = null,
  }: UpsampleArguments) {
    super();
    this.size = size === null ? null : kept(size);
    this.scale_factor = scale_factor === null ? null : kept(scale_factor);
    this.mode = mode;
    this.align_corners = align_corners;
    this.recompute_scale_factor = recompute_scale_factor;
  }
  override forward(input: Tensor): Tensor {
    return op("interpolate", input, {
      size: this.size,
      scale_factor: this.scale_factor,
      mode: this.mode,
      align_corners: this.align_corners,
      recompute_scale_factor: this.recompute_scale_factor,
    });
  }
  override extra_repr(): string {
    const { size, scale_factor: scale } = this;
    const what =
      scale === null
        ? `size=${typeof size === "number" ? python(size) : list(size ?? [])}`
        : `scale_factor=${typeof scale === "number" ? float(scale) : `(${scale.map(float).join(", ")})`}`;
    return `${what}, mode=${this.mode}`;
  }
}
/** Resizes by interpolation. https://docs.pytorch.org/docs/stable/generated/torch.nn.Upsample.html */
export class Upsample extends Resize {
  constructor(...args: CallOf<typeof upsample>) {
    super(upsample.bind("Upsample", args));
  }
}
const resize2d = signature<[size: Sizes | null, scale_factor: Factors | null]>()("size?, scale_factor?");
/** https://docs.pytorch.org/docs/stable/generated/torch.nn.UpsamplingNearest2d.html */
export class UpsamplingNearest2d extends Resize {
  constructor(...args: CallOf<typeof resize2d>) {
    super({ ...resize2d.bind("UpsamplingNearest2d", args), mode: "nearest" });
  }
}
/** https://docs.pytorch.org/docs/stable/generated/torch.nn.UpsamplingBilinear2d.html */
export class UpsamplingBilinear2d extends Resize {
  constructor(...args: CallOf<typeof resize2d>) {
    super({ ...resize2d.bind("UpsamplingBilinear2d", args), mode: "bilinear", align_corners: true });
  }
}

const unfold = signature<[kernel_size: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes]>()(
  "kernel_size, dilation?, padding?, stride?",
);
/** Windows as columns: [N, C, H, W] -> [N, C * K, L]. https://docs.pytorch.org/docs/stable/generated/torch.nn.Unfold.html */
export class Unfold extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  kernel_size: Sizes;
  dilation: Sizes;
  padding: Sizes;
  stride: Sizes;
  constructor(...args: CallOf<typeof unfold>) {
    super();
    const { kernel_size, dilation = 1, padding = 0, stride = 1 } = unfold.bind("Unfold", args);
    this.kernel_size = kept(kernel_size);
    this.dilation = kept(dilation);
    this.padding = kept(padding);
    this.stride = kept(stride);
  }
  override forward(input: Tensor): Tensor {
    return op(functional.unfold, input, this.kernel_size, this.dilation, this.padding, this.stride);
  }
  override extra_repr(): string {
    return `kernel_size=${python(this.kernel_size)}, dilation=${python(this.dilation)}, padding=${python(this.padding)}, stride=${python(this.stride)}`;
  }
}
const fold = signature<[output_size: Sizes, kernel_size: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes]>()(
  "output_size, kernel_size, dilation?, padding?, stride?",
);
/** Adds columns up to images: [N, C * K, L] -> [N, C, H, W]. https://docs.pytorch.org/docs/stable/generated/torch.nn.Fold.html */
export class Fold extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  output_size: Sizes;
  kernel_size: Sizes;
  dilation: Sizes;
  padding: Sizes;
  stride: Sizes;
  constructor(...args: CallOf<typeof fold>) {
    super();
    const { output_size, kernel_size, dilation = 1, padding = 0, stride = 1 } = fold.bind("Fold", args);
    this.output_size = kept(output_size);
    this.kernel_size = kept(kernel_size);
    this.dilation = kept(dilation);
    this.padding = kept(padding);
    this.stride = kept(stride);
  }
  override forward(input: Tensor): Tensor {
    return op("fold", input, this.output_size, this.kernel_size, this.dilation, this.padding, this.stride);
  }
  override extra_repr(): string {
    return `output_size=${python(this.output_size)}, kernel_size=${python(this.kernel_size)}, dilation=${python(this.dilation)}, padding=${python(this.padding)}, stride=${python(this.stride)}`;
  }
}
