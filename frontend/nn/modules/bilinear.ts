/** Bilinear maps. https://docs.pytorch.org/docs/stable/nn.html#linear-layers */
import "../../../ir/ops/nn/bilinear.ts";
import { signature, type CallOf } from "../../arguments.ts";
import type { Tensor } from "../../tensor.ts";
import * as init from "../init.ts";
import { Module } from "../module.ts";
import { op } from "../op.ts";
import type { Parameter } from "../parameter.ts";
import { python } from "../repr.ts";
import { newParameter, type DeviceArgument, type DTypeArgument } from "./shapes.ts";

const bilinear = signature<
  [
    in1_features: number,
    in2_features: number,
    out_features: number,
    bias: boolean,
    device: DeviceArgument,
    dtype: DTypeArgument,
  ]
>()("in1_features, in2_features, out_features, bias?, device?, dtype?");

/**
 * input1 @ weight @ input2 + bias: [*, in1_features] and [*, in2_features] -> [*, out_features].
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.Bilinear.html
 */
export class Bilinear extends Module {
  static override readonly forwardNames_: readonly string[] = ["input1", "input2"];
  in1_features: number;
  in2_features: number;
  out_features: number;
  weight: Parameter;
  bias: Parameter | null;
  constructor(...args: CallOf<typeof bilinear>) {
    super();
    const { in1_features, in2_features, out_features, bias = true, ...place } = bilinear.bind(new.target.name, args);
    this.in1_features = in1_features;
    this.in2_features = in2_features;
    this.out_features = out_features;
    this.weight = newParameter([out_features, in1_features, in2_features], place);
    this.bias = bias ? newParameter([out_features], place) : null;
    this.reset_parameters();
  }
  reset_parameters(): void {
    const bound = 1 / Math.sqrt(this.in1_features);
    init.uniform_(this.weight, -bound, bound);
    if (this.bias !== null) init.uniform_(this.bias, -bound, bound);
  }
  override forward(input1: Tensor, input2: Tensor): Tensor {
    return op("bilinear", input1, input2, this.weight, this.bias);
  }
  override extra_repr(): string {
    return `in1_features=${this.in1_features}, in2_features=${this.in2_features}, out_features=${this.out_features}, bias=${python(this.bias !== null)}`;
  }
}
