/** A rectifier with learned slopes. */
import "../../../ir/ops/nn/activation-rectifiers.ts";
import { signature, type CallOf } from "../../arguments.ts";
import type { Tensor } from "../../tensor.ts";
import * as init from "../init.ts";
import { Module } from "../module.ts";
import { op } from "../op.ts";
import type { Parameter } from "../parameter.ts";
import { newParameter, type DeviceArgument, type DTypeArgument } from "./shapes.ts";

const prelu = signature<[num_parameters: number, init: number, device: DeviceArgument, dtype: DTypeArgument]>()(
  "num_parameters?, init?, device?, dtype?",
);

/** x where positive, else weight * x; one weight, or one for each channel. https://docs.pytorch.org/docs/stable/generated/torch.nn.PReLU.html */
export class PReLU extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  num_parameters: number;
  init: number;
  weight: Parameter;
  constructor(...args: CallOf<typeof prelu>) {
    super();
    const { num_parameters = 1, init: slope = 0.25, ...place } = prelu.bind("PReLU", args);
    this.num_parameters = num_parameters;
    this.init = slope;
    this.weight = newParameter([num_parameters], place);
    this.reset_parameters();
  }
  reset_parameters(): void {
    init.constant_(this.weight, this.init);
  }
  override forward(input: Tensor): Tensor {
    return op("prelu", input, this.weight);
  }
  override extra_repr(): string {
    return `num_parameters=${this.num_parameters}`;
  }
}
