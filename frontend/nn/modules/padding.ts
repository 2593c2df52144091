/** Padding layers. https://docs.pytorch.org/docs/stable/nn.html#padding-layers */
import "../../../ir/ops/nn/pad.ts";
import { signature, type CallOf } from "../../arguments.ts";
import type { Tensor } from "../../tensor.ts";
import { Module } from "../module.ts";
import { op } from "../op.ts";
import { float, tuple } from "../repr.ts";
import { repeat, type Sizes } from "./shapes.ts";

const padding = signature<[padding: Sizes]>()("padding");
type PadArguments = CallOf<typeof padding>;

/** Borders [left, right, top, bottom, front, back], filled by a rule. */
abstract class Pad extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  padding: readonly number[];
  constructor(rank: number, args: PadArguments) {
    super();
    this.padding = repeat(padding.bind(new.target.name, args).padding, 2 * rank);
  }
  abstract override forward(input: Tensor): Tensor;
  override extra_repr(): string {
    return tuple(this.padding);
  }
}

abstract class ReflectionPad extends Pad {
  override forward(input: Tensor): Tensor {
    return op("pad", input, this.padding, "reflect");
  }
}
/** Mirrors at the border, without repeating it. https://docs.pytorch.org/docs/stable/generated/torch.nn.ReflectionPad1d.html */
export class ReflectionPad1d extends ReflectionPad {
  constructor(...args: PadArguments) {
    super(1, args);
  }
}
/** Mirrors at the border, without repeating it. https://docs.pytorch.org/docs/stable/generated/torch.nn.ReflectionPad2d.html */
export class ReflectionPad2d extends ReflectionPad {
  constructor(...args: PadArguments) {
    super(2, args);
  }
}
/** Mirrors at the border, without repeating it. https://docs.pytorch.org/docs/stable/generated/torch.nn.ReflectionPad3d.html */
export class ReflectionPad3d extends ReflectionPad {
  constructor(...args: PadArguments) {
    super(3, args);
  }
}

abstract class ReplicationPad extends Pad {
  override forward(input: Tensor): Tensor {
    return op("pad", input, this.padding, "replicate");
  }
}
/** Repeats the border. https://docs.pytorch.org/docs/stable/generated/torch.nn.ReplicationPad1d.html */
export class ReplicationPad1d extends ReplicationPad {
  constructor(...args: PadArguments) {
    super(1, args);
  }
}
/** Repeats the border. https://docs.pytorch.org/docs/stable/generated/torch.nn.ReplicationPad2d.html */
export class ReplicationPad2d extends ReplicationPad {
  constructor(...args: PadArguments) {
    super(2, args);
  }
}
/** Repeats the border. https://docs.pytorch.org/docs/stable/generated/torch.nn.ReplicationPad3d.html */
export class ReplicationPad3d extends ReplicationPad {
  constructor(...args: PadArguments) {
    super(3, args);
  }
}

abstract class CircularPad extends Pad {
  override forward(input: Tensor): Tensor {
    return op("pad", input, this.padding, "circular");
  }
}
/** Goes on at the other end. https://docs.pytorch.org/docs/stable/generated/torch.nn.CircularPad1d.html */
export class CircularPad1d extends CircularPad {
  constructor(...args: PadArguments) {
    super(1, args);
  }
}
/** Goes on at the other end. https://docs.pytorch.org/docs/stable/generated/torch.nn.CircularPad2d.html */
export class CircularPad2d extends CircularPad {
  constructor(...args: PadArguments) {
    super(2, args);
  }
}
/** Goes on at the other end. https://docs.pytorch.org/docs/stable/generated/torch.nn.CircularPad3d.html */
export class CircularPad3d extends CircularPad {
  constructor(...args: PadArguments) {
    super(3, args);
  }
}

abstract class ZeroPad extends Pad {
  override forward(input: Tensor): Tensor {
    return op("pad", input, this.padding, "constant", 0);
  }
}
/** Zeros around; negative sizes cut. https://docs.pytorch.org/docs/stable/generated/torch.nn.ZeroPad1d.html */
export class ZeroPad1d extends ZeroPad {
  constructor(...args: PadArguments) {
    super(1, args);
  }
}
/** Zeros around; negative sizes cut. https://docs.pytorch.org/docs/stable/generated/torch.nn.ZeroPad2d.html */
export class ZeroPad2d extends ZeroPad {
  constructor(...args: PadArguments) {
    super(2, args);
  }
}
/** Zeros around; negative sizes cut. https://docs.pytorch.org/docs/stable/generated/torch.nn.ZeroPad3d.html */
export class ZeroPad3d extends ZeroPad {
  constructor(...args: PadArguments) {
    super(3, args);
  }
}

const constant = signature<[padding: Sizes, value: number]>()("padding, value");
type ConstantArguments = CallOf<typeof constant>;

abstract class ConstantPad extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  padding: readonly number[];
  value: number;
  constructor(rank: number, args: ConstantArguments) {
    super();
    const bound = constant.bind(new.target.name, args);
    this.padding = repeat(bound.padding, 2 * rank);
    this.value = bound.value;
  }
  override forward(input: Tensor): Tensor {
    return op("pad", input, this.padding, "constant", this.value);
  }
  override extra_repr(): string {
    return `padding=${tuple(this.padding)}, value=${float(this.value)}`;
  }
}
/** One number around. https://docs.pytorch.org/docs/stable/generated/torch.nn.ConstantPad1d.html */
export class ConstantPad1d extends ConstantPad {
  constructor(...args: ConstantArguments) {
    super(1, args);
  }
}
/** One number around. https://docs.pytorch.org/docs/stable/generated/torch.nn.ConstantPad2d.html */
export class ConstantPad2d extends ConstantPad {
  constructor(...args: ConstantArguments) {
    super(2, args);
  }
}
/** One number around. https://docs.pytorch.org/docs/stable/generated/torch.nn.ConstantPad3d.html */
export class ConstantPad3d extends ConstantPad {
  constructor(...args: ConstantArguments) {
    super(3, args);
  }
}
