/** Maxima of windows, and back. https://docs.pytorch.org/docs/stable/nn.html#pooling-layers */
import "../../../ir/ops/nn/pooling.ts";
import { signature, type CallOf } from "../../arguments.ts";
import { isPlainObject } from "../../bind.ts";
import type { Tensor } from "../../tensor.ts";
import { fractional_max_pool2d, fractional_max_pool3d } from "../../functional/fractional-pooling.ts";
import { max_pool1d, max_pool2d, max_pool3d } from "../../functional/pooling.ts";
import { Module } from "../module.ts";
import { op } from "../op.ts";
import { python, tuple } from "../repr.ts";
import { kept, repeat, type Sizes } from "./shapes.ts";

const maxPool = signature<
  [
    kernel_size: Sizes,
    stride: Sizes | null,
    padding: Sizes,
    dilation: Sizes,
    return_indices: boolean,
    ceil_mode: boolean,
  ]
>()("kernel_size, stride?, padding?, dilation?, return_indices?, ceil_mode?");
const functions = { max_pool1d, max_pool2d, max_pool3d };
type MaxPoolFunction = keyof typeof functions;
type MaxPoolArguments = CallOf<typeof maxPool>;

/** With return_indices a call gives [maxima, indices]. */
abstract class MaxPool extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  kernel_size: Sizes;
  stride: Sizes;
  padding: Sizes;
  dilation: Sizes;
  return_indices: boolean;
  ceil_mode: boolean;
  private readonly operator: MaxPoolFunction;
  constructor(operator: MaxPoolFunction, args: MaxPoolArguments) {
    super();
    const {
      kernel_size,
      stride = null,
      padding = 0,
      dilation = 1,
      return_indices = false,
      ceil_mode = false,
    } = maxPool.bind(new.target.name, args);
    this.kernel_size = kept(kernel_size);
    this.stride = kept(stride ?? kernel_size);
    this.padding = kept(padding);
    this.dilation = kept(dilation);
    this.return_indices = return_indices;
    this.ceil_mode = ceil_mode;
    this.operator = operator;
  }
  override forward(input: Tensor): Tensor {
    return op(
      functions[this.operator],
      input,
      this.kernel_size,
      this.stride,
      this.padding,
      this.dilation,
      this.ceil_mode,
      this.return_indices,
    );
  }
  override extra_repr(): string {
    return `kernel_size=${python(this.kernel_size)}, stride=${python(this.stride)}, padding=${python(this.padding)}, dilation=${python(this.dilation)}, ceil_mode=${python(this.ceil_mode)}`;
  }
}
/** [N, C, L] -> [N, C, L_out]. https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool1d.html */
export class MaxPool1d extends MaxPool {
  constructor(...args: MaxPoolArguments) {
    super("max_pool1d", args);
  }
}
/** [N, C, H, W] -> [N, C, H_out, W_out]. https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html */
export class MaxPool2d extends MaxPool {
  constructor(...args: MaxPoolArguments) {
    super("max_pool2d", args);
  }
}
/** [N, C, D, H, W] -> [N, C, D_out, H_out, W_out]. https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool3d.html */
export class MaxPool3d extends MaxPool {
  constructor(...args: MaxPoolArguments) {
    super("max_pool3d", args);
  }
}

const maxUnpool = signature<[kernel_size: Sizes, stride: Sizes | null, padding: Sizes]>()(
  "kernel_size, stride?, padding?",
);
type MaxUnpoolArguments = CallOf<typeof maxUnpool>;

/** Puts maxima back where their indices say; zeros elsewhere. */
abstract class MaxUnpool extends Module {
  static override readonly forwardNames_: readonly string[] = ["input", "indices", "output_size"];
  kernel_size: readonly number[];
  stride: readonly number[];
  padding: readonly number[];
  private readonly operator: string;
  constructor(rank: number, args: MaxUnpoolArguments) {
    super();
    const { kernel_size, stride = null, padding = 0 } = maxUnpool.bind(new.target.name, args);
    this.kernel_size = repeat(kernel_size, rank);
    this.stride = repeat(stride ?? kernel_size, rank);
    this.padding = repeat(padding, rank);
    this.operator = `max_unpool${rank}d`;
  }
  override forward(
    input: Tensor,
    indices: Tensor,
    given: readonly number[] | null | { readonly output_size?: readonly number[] | null } = null,
  ): Tensor {
    const size = isPlainObject(given) ? given.output_size : given;
    return op(this.operator, input, indices, this.kernel_size, this.stride, this.padding, size ?? null);
  }
  override extra_repr(): string {
    return `kernel_size=${tuple(this.kernel_size)}, stride=${tuple(this.stride)}, padding=${tuple(this.padding)}`;
  }
}
/** https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool1d.html */
export class MaxUnpool1d extends MaxUnpool {
  constructor(...args: MaxUnpoolArguments) {
    super(1, args);
  }
}
/** https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool2d.html */
export class MaxUnpool2d extends MaxUnpool {
  constructor(...args: MaxUnpoolArguments) {
    super(2, args);
  }
}
/** https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool3d.html */
export class MaxUnpool3d extends MaxUnpool {
  constructor(...args: MaxUnpoolArguments) {
    super(3, args);
  }
}

type Ratio = number | readonly number[];
const fractional = signature<
  [
    kernel_size: Sizes,
    output_size: Sizes | null,
    output_ratio: Ratio | null,
    return_indices: boolean,
    _random_samples: Tensor | null,
  ]
>()("kernel_size, output_size?, output_ratio?, return_indices?, _random_samples?");
type FractionalArguments = CallOf<typeof fractional>;

/** Maxima of windows that start at random places; give output_size or output_ratio. */
abstract class FractionalMaxPool extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  kernel_size: readonly number[];
  output_size: readonly number[] | null;
  output_ratio: readonly number[] | null;
  return_indices: boolean;
  declare _random_samples: Tensor | null;
  private readonly rank: number;
  constructor(rank: number, args: FractionalArguments) {
    super();
    const {
      kernel_size,
      output_size = null,
      output_ratio = null,
      return_indices = false,
      _random_samples = null,
    } = fractional.bind(new.target.name, args);
    this.kernel_size = repeat(kernel_size, rank);
    this.output_size = output_size === null ? null : repeat(output_size, rank);
    this.output_ratio = output_ratio === null ? null : repeat(output_ratio, rank);
    this.return_indices = return_indices;
    this.register_buffer("_random_samples", _random_samples);
    this.rank = rank;
  }
  override forward(input: Tensor): Tensor {
    return op(
      this.rank === 2 ? fractional_max_pool2d : fractional_max_pool3d,
      input,
      this.kernel_size,
      this.output_size,
      this.output_ratio,
      this.return_indices,
      this._random_samples,
    );
  }
}
/** https://docs.pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool2d.html */
export class FractionalMaxPool2d extends FractionalMaxPool {
  constructor(...args: FractionalArguments) {
    super(2, args);
  }
}
/** https://docs.pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool3d.html */
export class FractionalMaxPool3d extends FractionalMaxPool {
  constructor(...args: FractionalArguments) {
    super(3, args);
  }
}
