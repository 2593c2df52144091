/** Dropout. https://docs.pytorch.org/docs/stable/nn.html#dropout-layers */
import { ArgumentError } from "../../../ir/errors.ts";
import { signature, type CallOf } from "../../arguments.ts";
import type { Tensor } from "../../tensor.ts";
import {
  alpha_dropout,
  dropout as drop,
  dropout1d,
  dropout2d,
  dropout3d,
  feature_alpha_dropout,
} from "../../functional/dropout.ts";
import { Module } from "../module.ts";
import { op } from "../op.ts";
import { float, python } from "../repr.ts";

const dropout = signature<[p: number, inplace: boolean]>()("p?, inplace?");
type DropoutArguments = CallOf<typeof dropout>;
const functions = { dropout: drop, dropout1d, dropout2d, dropout3d, alpha_dropout, feature_alpha_dropout };
type Operator = keyof typeof functions;

/** In training each element (or channel) is zero with probability p and the rest is scaled; in evaluation nothing happens. */
abstract class DropoutBase extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  p: number;
  inplace: boolean;
  private readonly operator: Operator;
  constructor(operator: Operator, args: DropoutArguments) {
    super();
    const { p = 0.5, inplace = false } = dropout.bind(new.target.name, args);
    if (!(p >= 0 && p <= 1))
      throw new ArgumentError(
        "dropout/probability",
        `${new.target.name}: dropout probability has to be between 0 and 1, but got ${p}.`,
      );
    this.p = p;
    this.inplace = inplace;
    this.operator = operator;
  }
  override forward(input: Tensor): Tensor {
    return op(functions[this.operator], input, this.p, this.training, this.inplace);
  }
  override extra_repr(): string {
    return `p=${float(this.p)}, inplace=${python(this.inplace)}`;
  }
}
/** Elements. https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout.html */
export class Dropout extends DropoutBase {
  constructor(...args: DropoutArguments) {
    super("dropout", args);
  }
}
/** Channels of [N, C, L]. https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout1d.html */
export class Dropout1d extends DropoutBase {
  constructor(...args: DropoutArguments) {
    super("dropout1d", args);
  }
}
/** Channels of [N, C, H, W]. https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout2d.html */
export class Dropout2d extends DropoutBase {
  constructor(...args: DropoutArguments) {
    super("dropout2d", args);
  }
}
/** Channels of [N, C, D, H, W]. https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout3d.html */
export class Dropout3d extends DropoutBase {
  constructor(...args: DropoutArguments) {
    super("dropout3d", args);
  }
}
/** Elements, keeping the mean and variance that SELU makes. https://docs.pytorch.org/docs/stable/generated/torch.nn.AlphaDropout.html */
export class AlphaDropout extends DropoutBase {
  constructor(...args: DropoutArguments) {
    super("alpha_dropout", args);
  }
}
/** Channels, keeping the mean and variance that SELU makes. https://docs.pytorch.org/docs/stable/generated/torch.nn.FeatureAlphaDropout.html */
export class FeatureAlphaDropout extends DropoutBase {
  constructor(...args: DropoutArguments) {
    super("feature_alpha_dropout", args);
  }
}
