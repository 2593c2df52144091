/** Activations without parameters: rectifiers and their kin. https://docs.pytorch.org/docs/stable/nn.html#non-linear-activations-weighted-sum-nonlinearity */
import "../../../ir/ops/nn/activation-rectifiers.ts";
import "../../../ir/ops/nn/activation-exponential.ts";
import "../../../ir/ops/nn/activation-pieces.ts";
import "../../../ir/ops/nn/activation-smooth.ts";
import { signature, type CallOf } from "../../arguments.ts";
import type { Tensor } from "../../tensor.ts";
import { rrelu } from "../../functional/rrelu.ts";
import { op } from "../op.ts";
import { float, python } from "../repr.ts";
import { InplaceActivation, inplaceOf, type InplaceArguments } from "./relu.ts";
import { activate } from "./shapes.ts";

/** min(max(0, x), 6). https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU6.html */
export class ReLU6 extends InplaceActivation {
  constructor(...args: InplaceArguments) {
    super(inplaceOf("ReLU6", args));
  }
  override forward(input: Tensor): Tensor {
    return activate("relu6", this.inplace, input);
  }
}
/** x * sigmoid(x). https://docs.pytorch.org/docs/stable/generated/torch.nn.SiLU.html */
export class SiLU extends InplaceActivation {
  constructor(...args: InplaceArguments) {
    super(inplaceOf("SiLU", args));
  }
  override forward(input: Tensor): Tensor {
    return activate("silu", this.inplace, input);
  }
}
/** x * tanh(softplus(x)). https://docs.pytorch.org/docs/stable/generated/torch.nn.Mish.html */
export class Mish extends InplaceActivation {
  constructor(...args: InplaceArguments) {
    super(inplaceOf("Mish", args));
  }
  override forward(input: Tensor): Tensor {
    return activate("mish", this.inplace, input);
  }
}
/** x * relu6(x + 3) / 6. https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardswish.html */
export class Hardswish extends InplaceActivation {
  constructor(...args: InplaceArguments) {
    super(inplaceOf("Hardswish", args));
  }
  override forward(input: Tensor): Tensor {
    return activate("hardswish", this.inplace, input);
  }
  override extra_repr(): string {
    return "";
  }
}
/** relu6(x + 3) / 6. https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardsigmoid.html */
export class Hardsigmoid extends InplaceActivation {
  constructor(...args: InplaceArguments) {
    super(inplaceOf("Hardsigmoid", args));
  }
  override forward(input: Tensor): Tensor {
    return activate("hardsigmoid", this.inplace, input);
  }
  override extra_repr(): string {
    return "";
  }
}
/** scale * (max(0, x) + min(0, alpha * (exp(x) - 1))). https://docs.pytorch.org/docs/stable/generated/torch.nn.SELU.html */
export class SELU extends InplaceActivation {
  constructor(...args: InplaceArguments) {
    super(inplaceOf("SELU", args));
  }
  override forward(input: Tensor): Tensor {
    return activate("selu", this.inplace, input);
  }
}

const alphaArguments = signature<[alpha: number, inplace: boolean]>()("alpha?, inplace?");

/** x where positive, else alpha * (exp(x) - 1). https://docs.pytorch.org/docs/stable/generated/torch.nn.ELU.html */
export class ELU extends InplaceActivation {
  alpha: number;
  constructor(...args: CallOf<typeof alphaArguments>) {
    const { alpha = 1, inplace = false } = alphaArguments.bind("ELU", args);
    super(inplace);
    this.alpha = alpha;
  }
  override forward(input: Tensor): Tensor {
    return activate("elu", this.inplace, input, this.alpha);
  }
  protected override numbers(): string[] {
    return [`alpha=${float(this.alpha)}`];
  }
}
/** max(0, x) + min(0, alpha * (exp(x / alpha) - 1)). https://docs.pytorch.org/docs/stable/generated/torch.nn.CELU.html */
export class CELU extends InplaceActivation {
  alpha: number;
  constructor(...args: CallOf<typeof alphaArguments>) {
    const { alpha = 1, inplace = false } = alphaArguments.bind("CELU", args);
    super(inplace);
    this.alpha = alpha;
  }
  override forward(input: Tensor): Tensor {
    return activate("celu", this.inplace, input, this.alpha);
  }
  protected override numbers(): string[] {
    return [`alpha=${float(this.alpha)}`];
  }
}

const leaky = signature<[negative_slope: number, inplace: boolean]>()("negative_slope?, inplace?");
/** x where positive, else negative_slope * x. https://docs.pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html */
export class LeakyReLU extends InplaceActivation {
  negative_slope: number;
  constructor(...args: CallOf<typeof leaky>) {
    const { negative_slope = 0.01, inplace = false } = leaky.bind("LeakyReLU", args);
    super(inplace);
    this.negative_slope = negative_slope;
  }
  override forward(input: Tensor): Tensor {
    return activate("leaky_relu", this.inplace, input, this.negative_slope);
  }
  protected override numbers(): string[] {
    return [`negative_slope=${python(this.negative_slope)}`];
  }
}

const randomised = signature<[lower: number, upper: number, inplace: boolean]>()("lower?, upper?, inplace?");
/** Leaky relu whose slope is drawn from [lower, upper) in training. https://docs.pytorch.org/docs/stable/generated/torch.nn.RReLU.html */
export class RReLU extends InplaceActivation {
  lower: number;
  upper: number;
  constructor(...args: CallOf<typeof randomised>) {
    const { lower = 1 / 8, upper = 1 / 3, inplace = false } = randomised.bind("RReLU", args);
    super(inplace);
    this.lower = lower;
    this.upper = upper;
  }
  override forward(input: Tensor): Tensor {
    return op(rrelu, input, this.lower, this.upper, this.training, this.inplace);
  }
  protected override numbers(): string[] {
    return [`lower=${python(this.lower)}`, `upper=${python(this.upper)}`];
  }
}

const hardtanh = signature<
  [min_val: number, max_val: number, inplace: boolean, min_value: number | null, max_value: number | null]
>()("min_val?, max_val?, inplace?, min_value?, max_value?");
/** x cut to [min_val, max_val]. https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardtanh.html */
export class Hardtanh extends InplaceActivation {
  min_val: number;
  max_val: number;
  constructor(...args: CallOf<typeof hardtanh>) {
    const { min_val = -1, max_val = 1, inplace = false, min_value, max_value } = hardtanh.bind("Hardtanh", args);
    super(inplace);
    this.min_val = min_value ?? min_val;
    this.max_val = max_value ?? max_val;
  }
  override forward(input: Tensor): Tensor {
    return activate("hardtanh", this.inplace, input, this.min_val, this.max_val);
  }
  protected override numbers(): string[] {
    return [`min_val=${float(this.min_val)}`, `max_val=${float(this.max_val)}`];
  }
}

const threshold = signature<[threshold: number, value: number, inplace: boolean]>()("threshold, value, inplace?");
/** x where it is above threshold, else value. https://docs.pytorch.org/docs/stable/generated/torch.nn.Threshold.html */
export class Threshold extends InplaceActivation {
  threshold: number;
  value: number;
  constructor(...args: CallOf<typeof threshold>) {
    const { threshold: limit, value, inplace = false } = threshold.bind("Threshold", args);
    super(inplace);
    this.threshold = limit;
    this.value = value;
  }
  override forward(input: Tensor): Tensor {
    return activate("threshold", this.inplace, input, this.threshold, this.value);
  }
  protected override numbers(): string[] {
    return [`threshold=${float(this.threshold)}`, `value=${float(this.value)}`];
  }
}
