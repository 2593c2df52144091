/** Schedules that multiply. */
import { ArgumentError } from "../../../ir/errors.ts";
import { signature, type CallOf } from "../../arguments.ts";
import { countUpTo, LRScheduler, type AnyOptimizer, type Group } from "./base.ts";

type Lambda = (epoch: number) => number;
type Lambdas = Lambda | readonly Lambda[];
const lambdaArguments = signature<[lr_lambda: Lambdas, last_epoch: number]>()("lr_lambda, last_epoch?");

function lambdasOf(name: string, given: Lambdas, groups: readonly Group[]): Lambda[] {
  if (typeof given === "function") return groups.map(() => given);
  if (given.length !== groups.length)
    throw new ArgumentError(
      "scheduler/lambdas",
      `${name}: Expected ${groups.length} lr_lambdas, but got ${given.length}.`,
    );
  return [...given];
}

/** base_lr * lr_lambda(epoch). https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LambdaLR.html */
export class LambdaLR extends LRScheduler {
  private readonly lambdas: () => Lambda[];
  constructor(optimizer: AnyOptimizer, ...args: CallOf<typeof lambdaArguments>) {
    const { lr_lambda, last_epoch = -1 } = lambdaArguments.bind("LambdaLR", args);
    super(optimizer, last_epoch);
    const list = lambdasOf("LambdaLR", lr_lambda, this.groups);
    this.lambdas = () => list;
    this._initial_step();
  }
  override get_lr(): number[] {
    return this.base_lrs.map((base, i) => base * this.lambdas()[i]!(this.last_epoch));
  }
}
/** lr * lr_lambda(epoch). https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiplicativeLR.html */
export class MultiplicativeLR extends LRScheduler {
  private readonly lambdas: () => Lambda[];
  constructor(optimizer: AnyOptimizer, ...args: CallOf<typeof lambdaArguments>) {
    const { lr_lambda, last_epoch = -1 } = lambdaArguments.bind("MultiplicativeLR", args);
    super(optimizer, last_epoch);
    const list = lambdasOf("MultiplicativeLR", lr_lambda, this.groups);
    this.lambdas = () => list;
    this._initial_step();
  }
  override get_lr(): number[] {
    return this.groups.map((group, i) =>
      this.last_epoch > 0 ? group.lr * this.lambdas()[i]!(this.last_epoch) : group.lr,
    );
  }
}

const stepArguments = signature<[step_size: number, gamma: number, last_epoch: number]>()(
  "step_size, gamma?, last_epoch?",
);
/** Times gamma every step_size epochs. https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html */
export class StepLR extends LRScheduler {
  step_size: number;
  gamma: number;
  constructor(optimizer: AnyOptimizer, ...args: CallOf<typeof stepArguments>) {
    const { step_size, gamma = 0.1, last_epoch = -1 } = stepArguments.bind("StepLR", args);
    super(optimizer, last_epoch);
    this.step_size = step_size;
    this.gamma = gamma;
    this._initial_step();
  }
  override get_lr(): number[] {
    const changes = this.last_epoch !== 0 && this.last_epoch % this.step_size === 0;
    return this.groups.map((group) => (changes ? group.lr * this.gamma : group.lr));
  }
  protected override closedForm_(): number[] {
    return this.base_lrs.map((base) => base * this.gamma ** Math.floor(this.last_epoch / this.step_size));
  }
}

const multiStepArguments = signature<[milestones: Iterable<number>, gamma: number, last_epoch: number]>()(
  "milestones, gamma?, last_epoch?",
);
/** Times gamma at each milestone. https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiStepLR.html */
export class MultiStepLR extends LRScheduler {
  milestones: number[];
  gamma: number;
  constructor(optimizer: AnyOptimizer, ...args: CallOf<typeof multiStepArguments>) {
    const { milestones, gamma = 0.1, last_epoch = -1 } = multiStepArguments.bind("MultiStepLR", args);
    super(optimizer, last_epoch);
    this.milestones = [...milestones].sort((a, b) => a - b);
    this.gamma = gamma;
    this._initial_step();
  }
  override get_lr(): number[] {
    const times = this.milestones.filter((milestone) => milestone === this.last_epoch).length;
    return this.groups.map((group) => group.lr * this.gamma ** times);
  }
  protected override closedForm_(): number[] {
    return this.base_lrs.map((base) => base * this.gamma ** countUpTo(this.milestones, this.last_epoch));
  }
}

const constantArguments = signature<[factor: number, total_iters: number, last_epoch: number]>()(
  "factor?, total_iters?, last_epoch?",
);
/** Times factor for the first total_iters epochs. https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ConstantLR.html */
export class ConstantLR extends LRScheduler {
  factor: number;
  total_iters: number;
  constructor(optimizer: AnyOptimizer, ...args: CallOf<typeof constantArguments>) {
    const { factor = 1 / 3, total_iters = 5, last_epoch = -1 } = constantArguments.bind("ConstantLR", args);
    if (!(factor >= 0 && factor <= 1))
      throw new ArgumentError(
        "scheduler/factor",
        "ConstantLR: Constant multiplicative factor expected to be between 0 and 1.",
      );
    super(optimizer, last_epoch);
    this.factor = factor;
    this.total_iters = total_iters;
    this._initial_step();
  }
  override get_lr(): number[] {
    const change = this.last_epoch === 0 ? this.factor : this.last_epoch === this.total_iters ? 1 / this.factor : 1;
    return this.groups.map((group) => group.lr * change);
  }
  protected override closedForm_(): number[] {
    return this.base_lrs.map((base) => base * (this.last_epoch >= this.total_iters ? 1 : this.factor));
  }
}

const linearArguments = signature<
  [start_factor: number, end_factor: number, total_iters: number, last_epoch: number]
>()("start_factor?, end_factor?, total_iters?, last_epoch?");
/** From start_factor to end_factor over total_iters epochs. https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LinearLR.html */
export class LinearLR extends LRScheduler {
  start_factor: number;
  end_factor: number;
  total_iters: number;
  constructor(optimizer: AnyOptimizer, ...args: CallOf<typeof linearArguments>) {
    const {
      start_factor = 1 / 3,
      end_factor = 1,
      total_iters = 5,
      last_epoch = -1,
    } = linearArguments.bind("LinearLR", args);
    if (!(start_factor > 0 && start_factor <= 1))
      throw new ArgumentError(
        "scheduler/factor",
        "LinearLR: Starting multiplicative factor expected to be greater than 0 and less or equal to 1.",
      );
    if (!(end_factor >= 0 && end_factor <= 1))
      throw new ArgumentError(
        "scheduler/factor",
        "LinearLR: Ending multiplicative factor expected to be between 0 and 1.",
      );
    super(optimizer, last_epoch);
    this.start_factor = start_factor;
    this.end_factor = end_factor;
    this.total_iters = total_iters;
    this._initial_step();
  }
  override get_lr(): number[] {
    const { last_epoch: epoch, start_factor: start, end_factor: end, total_iters: total } = this;
    if (epoch === 0) return this.groups.map((group) => group.lr * start);
    if (epoch > total) return this.groups.map((group) => group.lr);
    return this.groups.map((group) => group.lr * (1 + (end - start) / (total * start + (epoch - 1) * (end - start))));
  }
  protected override closedForm_(): number[] {
    const { last_epoch: epoch, start_factor: start, end_factor: end, total_iters: total } = this;
    return this.base_lrs.map((base) => base * (start + ((end - start) * Math.min(total, epoch)) / total));
  }
}

const exponentialArguments = signature<[gamma: number, last_epoch: number]>()("gamma, last_epoch?");
/** Times gamma every epoch. https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html */
export class ExponentialLR extends LRScheduler {
  gamma: number;
  constructor(optimizer: AnyOptimizer, ...args: CallOf<typeof exponentialArguments>) {
    const { gamma, last_epoch = -1 } = exponentialArguments.bind("ExponentialLR", args);
    super(optimizer, last_epoch);
    this.gamma = gamma;
    this._initial_step();
  }
  override get_lr(): number[] {
    return this.groups.map((group) => (this.last_epoch === 0 ? group.lr : group.lr * this.gamma));
  }
  protected override closedForm_(): number[] {
    return this.base_lrs.map((base) => base * this.gamma ** this.last_epoch);
  }
}

const polynomialArguments = signature<[total_iters: number, power: number, last_epoch: number]>()(
  "total_iters?, power?, last_epoch?",
);
/** base_lr * (1 - epoch / total_iters) ** power. https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.PolynomialLR.html */
export class PolynomialLR extends LRScheduler {
  total_iters: number;
  power: number;
  constructor(optimizer: AnyOptimizer, ...args: CallOf<typeof polynomialArguments>) {
    const { total_iters = 5, power = 1, last_epoch = -1 } = polynomialArguments.bind("PolynomialLR", args);
    super(optimizer, last_epoch);
    this.total_iters = total_iters;
    this.power = power;
    this._initial_step();
  }
  override get_lr(): number[] {
    const { last_epoch: epoch, total_iters: total } = this;
    if (epoch === 0 || epoch > total) return this.groups.map((group) => group.lr);
    const decay = ((1 - epoch / total) / (1 - (epoch - 1) / total)) ** this.power;
    return this.groups.map((group) => group.lr * decay);
  }
  protected override closedForm_(): number[] {
    return this.base_lrs.map(
      (base) => base * (1 - Math.min(this.total_iters, this.last_epoch) / this.total_iters) ** this.power,
    );
  }
}
