/** Activations without parameters: smooth ones, shrinkers, gates and softmaxes. https://docs.pytorch.org/docs/stable/nn.html#non-linear-activations-other */
import "../../../ir/ops/nn/activation-pieces.ts";
import "../../../ir/ops/nn/activation-smooth.ts";
import { implicitDim } from "../../../ir/ops/nn/softmax.ts";
import { ShapeError } from "../../../ir/errors.ts";
import { formatShape } from "../../../ir/shape.ts";
import { signature, type CallOf } from "../../arguments.ts";
import type { Tensor } from "../../tensor.ts";
import { Module } from "../module.ts";
import { op } from "../op.ts";
import { float, python } from "../repr.ts";

/** 1 / (1 + exp(-x)). https://docs.pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html */
export class Sigmoid extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  override forward(input: Tensor): Tensor {
    return op("sigmoid", input);
  }
}
/** log(sigmoid(x)). https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSigmoid.html */
export class LogSigmoid extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  override forward(input: Tensor): Tensor {
    return op("logsigmoid", input);
  }
}
/** https://docs.pytorch.org/docs/stable/generated/torch.nn.Tanh.html */
export class Tanh extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  override forward(input: Tensor): Tensor {
    return op("tanh", input);
  }
}
/** x - tanh(x). https://docs.pytorch.org/docs/stable/generated/torch.nn.Tanhshrink.html */
export class Tanhshrink extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  override forward(input: Tensor): Tensor {
    return op("tanhshrink", input);
  }
}
/** x / (1 + abs(x)). https://docs.pytorch.org/docs/stable/generated/torch.nn.Softsign.html */
export class Softsign extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  override forward(input: Tensor): Tensor {
    return op("softsign", input);
  }
}

const gelu = signature<[approximate: "none" | "tanh"]>()("approximate?");
/** x times the normal distribution's share below x. https://docs.pytorch.org/docs/stable/generated/torch.nn.GELU.html */
export class GELU extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  approximate: "none" | "tanh";
  constructor(...args: CallOf<typeof gelu>) {
    super();
    this.approximate = gelu.bind("GELU", args).approximate ?? "none";
  }
  override forward(input: Tensor): Tensor {
    return op("gelu", input, { approximate: this.approximate });
  }
  override extra_repr(): string {
    return `approximate='${this.approximate}'`;
  }
}

const softplus = signature<[beta: number, threshold: number]>()("beta?, threshold?");
/** log(1 + exp(beta * x)) / beta; x itself above threshold. https://docs.pytorch.org/docs/stable/generated/torch.nn.Softplus.html */
export class Softplus extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  beta: number;
  threshold: number;
  constructor(...args: CallOf<typeof softplus>) {
    super();
    const { beta = 1, threshold = 20 } = softplus.bind("Softplus", args);
    this.beta = beta;
    this.threshold = threshold;
  }
  override forward(input: Tensor): Tensor {
    return op("softplus", input, this.beta, this.threshold);
  }
  override extra_repr(): string {
    return `beta=${python(this.beta)}, threshold=${python(this.threshold)}`;
  }
}

const shrink = signature<[lambd: number]>()("lambd?");
/** x moved towards 0 by lambd. https://docs.pytorch.org/docs/stable/generated/torch.nn.Softshrink.html */
export class Softshrink extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  lambd: number;
  constructor(...args: CallOf<typeof shrink>) {
    super();
    this.lambd = shrink.bind("Softshrink", args).lambd ?? 0.5;
  }
  override forward(input: Tensor): Tensor {
    return op("softshrink", input, this.lambd);
  }
  override extra_repr(): string {
    return python(this.lambd);
  }
}
/** x, or 0 within lambd of 0. https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardshrink.html */
export class Hardshrink extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  lambd: number;
  constructor(...args: CallOf<typeof shrink>) {
    super();
    this.lambd = shrink.bind("Hardshrink", args).lambd ?? 0.5;
  }
  override forward(input: Tensor): Tensor {
    return op("hardshrink", input, this.lambd);
  }
  override extra_repr(): string {
    return float(this.lambd);
  }
}

const along = signature<[dim: number | null]>()("dim?");
type AlongArguments = CallOf<typeof along>;

/** The first half of dim times the sigmoid of the second. https://docs.pytorch.org/docs/stable/generated/torch.nn.GLU.html */
export class GLU extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  dim: number;
  constructor(...args: AlongArguments) {
    super();
    this.dim = along.bind("GLU", args).dim ?? -1;
  }
  override forward(input: Tensor): Tensor {
    return op("glu", input, this.dim);
  }
  override extra_repr(): string {
    return `dim=${this.dim}`;
  }
}

abstract class Normalising extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  dim: number | null;
  private readonly operator: string;
  constructor(operator: string, args: AlongArguments) {
    super();
    this.dim = along.bind(new.target.name, args).dim ?? null;
    this.operator = operator;
  }
  override forward(input: Tensor): Tensor {
    return op(this.operator, input, this.dim ?? implicitDim(input.ndim));
  }
  override extra_repr(): string {
    return `dim=${python(this.dim)}`;
  }
}
/** exp(x) / sum(exp(x)) along dim. https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax.html */
export class Softmax extends Normalising {
  constructor(...args: AlongArguments) {
    super("softmax", args);
  }
}
/** softmax(-x). https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmin.html */
export class Softmin extends Normalising {
  constructor(...args: AlongArguments) {
    super("softmin", args);
  }
}
/** log(softmax(x)). https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html */
export class LogSoftmax extends Normalising {
  constructor(...args: AlongArguments) {
    super("log_softmax", args);
  }
}
/** Softmax over the channels of each pixel: [N, C, H, W]. https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax2d.html */
export class Softmax2d extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  override forward(input: Tensor): Tensor {
    if (input.ndim !== 3 && input.ndim !== 4)
      throw new ShapeError(
        "softmax2d/rank",
        `Softmax2d: expected input to be 3D or 4D, got ${input.dtype.name}${formatShape(input.shape)}.`,
      );
    return op("softmax", input, -3);
  }
}
