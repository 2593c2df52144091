/** The rectifier, and what activations that may write into their input have in common. */
import { signature, type CallOf } from "../../arguments.ts";
import type { Tensor } from "../../tensor.ts";
import { Module } from "../module.ts";
import { activate } from "./shapes.ts";

const inplaceOnly = signature<[inplace: boolean]>()("inplace?");
export type InplaceArguments = CallOf<typeof inplaceOnly>;

/** An elementwise function that can write into its input. */
export abstract class InplaceActivation extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  inplace: boolean;
  constructor(inplace: boolean) {
    super();
    this.inplace = inplace;
  }
  protected numbers(): string[] {
    return [];
  }
  override extra_repr(): string {
    return [...this.numbers(), ...(this.inplace ? ["inplace=True"] : [])].join(", ");
  }
}
export const inplaceOf = (name: string, args: readonly unknown[]): boolean =>
  inplaceOnly.bind(name, args).inplace ?? false;

/** max(0, x). https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU.html */
export class ReLU extends InplaceActivation {
  constructor(...args: InplaceArguments) {
    super(inplaceOf("ReLU", args));
  }
  override forward(input: Tensor): Tensor {
    return activate("relu", this.inplace, input);
  }
}
