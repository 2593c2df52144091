/** Transposed convolutions. https://docs.pytorch.org/docs/stable/nn.html#convolution-layers */
import "../../../ir/ops/nn/convolution.ts";
import { ArgumentError, ShapeError } from "../../../ir/errors.ts";
import { formatShape } from "../../../ir/shape.ts";
import { signature, type CallOf } from "../../arguments.ts";
import { isPlainObject } from "../../bind.ts";
import type { Tensor } from "../../tensor.ts";
import { op } from "../op.ts";
import { ConvolutionBase, type PaddingMode } from "./conv.ts";
import type { DeviceArgument, DTypeArgument, Sizes } from "./shapes.ts";

const transpose = signature<
  [
    in_channels: number,
    out_channels: number,
    kernel_size: Sizes,
    stride: Sizes,
    padding: Sizes,
    output_padding: Sizes,
    groups: number,
    bias: boolean,
    dilation: Sizes,
    padding_mode: PaddingMode,
    device: DeviceArgument,
    dtype: DTypeArgument,
  ]
>()(
  "in_channels, out_channels, kernel_size, stride?, padding?, output_padding?, groups?, bias?, dilation?, padding_mode?, device?, dtype?",
);
type TransposeArguments = CallOf<typeof transpose>;
type OutputSize = readonly number[] | null | { readonly output_size?: readonly number[] | null };

abstract class TransposedConvolution extends ConvolutionBase {
  private readonly rank: number;
  constructor(rank: number, args: TransposeArguments) {
    super(rank, true, transpose.bind(new.target.name, args));
    this.rank = rank;
  }
  /** `output_size` chooses among the sizes that a strided convolution maps to the input's. */
  override forward(input: Tensor, given: OutputSize = null): Tensor {
    const wanted = isPlainObject(given) ? (given.output_size ?? null) : given;
    const outputPadding = wanted === null ? this.output_padding : this.paddingFor(input, wanted);
    return op(
      `conv_transpose${this.rank}d`,
      input,
      this.weight,
      this.bias,
      this.stride,
      this.padding,
      outputPadding,
      this.groups,
      this.dilation,
    );
  }
  private paddingFor(input: Tensor, given: readonly number[]): number[] {
    const { rank } = this;
    const spatial = given.length === rank ? given : given.slice(-rank);
    if (given.length !== rank && given.length !== input.ndim)
      throw new ArgumentError(
        "conv-transpose/output-size",
        `${this._get_name()}: for ${input.ndim}D input, output_size must have ${rank} or ${input.ndim} elements (got ${given.length}).`,
      );
    return spatial.map((size, i) => {
      const smallest =
        (input.shape[input.ndim - rank + i]! - 1) * this.stride[i]! -
        2 * (this.padding[i] as number) +
        this.dilation[i]! * (this.kernel_size[i]! - 1) +
        1;
      if (size < smallest || size > smallest + this.stride[i]! - 1)
        throw new ShapeError(
          "conv-transpose/output-size",
          `${this._get_name()}: requested an output size of ${formatShape(spatial)}, but dimension ${i} can only be ${smallest} to ${smallest + this.stride[i]! - 1} (for an input of ${formatShape(input.shape)}).`,
        );
      return size - smallest;
    });
  }
}

/** [N, C_in, L] -> [N, C_out, L_out]. https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html */
export class ConvTranspose1d extends TransposedConvolution {
  constructor(...args: TransposeArguments) {
    super(1, args);
  }
}
/** [N, C_in, H, W] -> [N, C_out, H_out, W_out]. https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html */
export class ConvTranspose2d extends TransposedConvolution {
  constructor(...args: TransposeArguments) {
    super(2, args);
  }
}
/** [N, C_in, D, H, W] -> [N, C_out, D_out, H_out, W_out]. https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose3d.html */
export class ConvTranspose3d extends TransposedConvolution {
  constructor(...args: TransposeArguments) {
    super(3, args);
  }
}
