/** Linear maps. https://docs.pytorch.org/docs/stable/nn.html#linear-layers */
import "../../../ir/ops/nn/linear.ts";
import { signature, type CallOf } from "../../arguments.ts";
import type { Tensor } from "../../tensor.ts";
import * as init from "../init.ts";
import { Module } from "../module.ts";
import { op } from "../op.ts";
import type { Parameter } from "../parameter.ts";
import { python } from "../repr.ts";
import { newParameter, type DeviceArgument, type DTypeArgument } from "./shapes.ts";

/** Gives its input back; takes any arguments. https://docs.pytorch.org/docs/stable/generated/torch.nn.Identity.html */
export class Identity extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  constructor(..._args: unknown[]) {
    super();
  }
  override forward(input: Tensor): Tensor {
    return input;
  }
}

const linear = signature<
  [in_features: number, out_features: number, bias: boolean, device: DeviceArgument, dtype: DTypeArgument]
>()("in_features, out_features, bias?, device?, dtype?");

/**
 * input @ weight.T + bias: [*, in_features] -> [*, out_features].
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html
 */
export class Linear extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  in_features: number;
  out_features: number;
  weight: Parameter;
  bias: Parameter | null;
  constructor(...args: CallOf<typeof linear>) {
    super();
    const { in_features, out_features, bias = true, ...place } = linear.bind(new.target.name, args);
    this.in_features = in_features;
    this.out_features = out_features;
    this.weight = newParameter([out_features, in_features], place);
    this.bias = bias ? newParameter([out_features], place) : null;
    this.reset_parameters();
  }
  reset_parameters(): void {
    init.kaiming_uniform_(this.weight, { a: Math.sqrt(5) });
    if (this.bias === null) return;
    const bound = this.in_features > 0 ? 1 / Math.sqrt(this.in_features) : 0;
    init.uniform_(this.bias, -bound, bound);
  }
  override forward(input: Tensor): Tensor {
    return op("linear", input, this.weight, this.bias);
  }
  override extra_repr(): string {
    return `in_features=${this.in_features}, out_features=${this.out_features}, bias=${python(this.bias !== null)}`;
  }
}

/** The output map of attention: PyTorch prints it by this name. */
export class NonDynamicallyQuantizableLinear extends Linear {}
