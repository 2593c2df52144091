/** RMSprop and Rprop. */
import { signature, type CallOf } from "../arguments.ts";
import { graph as g } from "../state.ts";
import type { Tensor } from "../tensor.ts";
import {
  Optimizer,
  requireValue,
  type GroupOptions,
  type ImplementationOptions,
  type ParamGroup,
  type Params,
} from "./optimizer.ts";
import { requireRate, type Rate } from "./rate.ts";
import { bucketsOf, filledLike, lerp, record, zerosLike } from "./update.ts";

export interface RMSpropOptions extends GroupOptions, Partial<ImplementationOptions> {
  alpha: number;
  eps: number;
  weight_decay: number;
  momentum: number;
  centered: boolean;
  maximize: boolean;
}
interface RMSpropState {
  step: number;
  square_avg: Tensor;
  momentum_buffer?: Tensor;
  grad_avg?: Tensor;
}
const rmsprop = signature<
  [
    lr: Rate,
    alpha: number,
    eps: number,
    weight_decay: number,
    momentum: number,
    centered: boolean,
    capturable: boolean,
    foreach: boolean | null,
    maximize: boolean,
    differentiable: boolean,
  ]
>()("lr?, alpha?, eps?, weight_decay?, momentum?, centered?, capturable?, foreach?, maximize?, differentiable?");

/** Divides by the root of the mean of the squared gradients. https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html */
export class RMSprop extends Optimizer<RMSpropOptions, RMSpropState> {
  constructor(params: Params<RMSpropOptions>, ...args: CallOf<typeof rmsprop>) {
    const {
      lr = 1e-2,
      alpha = 0.99,
      eps = 1e-8,
      weight_decay = 0,
      momentum = 0,
      centered = false,
      capturable = false,
      foreach = null,
      maximize = false,
      differentiable = false,
    } = rmsprop.bind("RMSprop", args);
    requireRate(lr);
    requireValue(eps >= 0, "epsilon value", eps);
    requireValue(momentum >= 0, "momentum value", momentum);
    requireValue(weight_decay >= 0, "weight_decay value", weight_decay);
    requireValue(alpha >= 0, "alpha value", alpha);
    super(params, { lr, momentum, alpha, eps, centered, weight_decay, capturable, foreach, maximize, differentiable });
  }
  protected override updateGroup_(group: ParamGroup<RMSpropOptions>, params: readonly Tensor[], path: string): void {
    const maximize = this.structural_(`${path}.maximize`, () => group.maximize);
    const decays = this.structural_(`${path}.weight_decay != 0`, () => group.weight_decay !== 0);
    const centered = this.structural_(`${path}.centered`, () => group.centered);
    const hasMomentum = this.structural_(`${path}.momentum > 0`, () => group.momentum > 0);
    const states = params.map((param) =>
      this.stateOf_(param, (): RMSpropState => ({ step: 0, square_avg: zerosLike(param) })),
    );
    states.forEach((state, i) => {
      if (hasMomentum) state.momentum_buffer ??= zerosLike(params[i]!);
      if (centered) state.grad_avg ??= zerosLike(params[i]!);
    });
    this.hostEffect_(() => {
      for (const state of states) state.step++;
    });
    for (const bucket of bucketsOf(params, states, null)) {
      const minusRate = bucket.number(() => -group.lr);
      const alpha = bucket.number(() => group.alpha);
      const rest = bucket.number(() => 1 - group.alpha);
      const eps = bucket.number(() => group.eps);
      const momentum = hasMomentum ? bucket.number(() => group.momentum) : null;
      const decay = decays ? bucket.number(() => group.weight_decay) : null;
      record(bucket, (entry) => {
        const { param, state } = entry;
        const value = bucket.value(param);
        let grad = bucket.grad(entry, maximize);
        if (decay !== null) grad = g.add(grad, g.mul(value, decay));
        const square = g.add(g.mul(bucket.value(state.square_avg), alpha), g.mul(g.mul(rest, grad), grad));
        bucket.write(state.square_avg, square, "RMSprop.step");
        let spread = square;
        if (centered) {
          const mean = lerp(bucket.value(state.grad_avg!), grad, rest);
          bucket.write(state.grad_avg!, mean, "RMSprop.step");
          spread = g.sub(square, g.mul(mean, mean));
        }
        const denominator = g.add(g.sqrt(spread), eps);
        if (momentum === null)
          bucket.write(param, g.add(value, g.div(g.mul(minusRate, grad), denominator)), "RMSprop.step");
        else {
          const velocity = g.add(g.mul(bucket.value(state.momentum_buffer!), momentum), g.div(grad, denominator));
          bucket.write(state.momentum_buffer!, velocity, "RMSprop.step");
          bucket.write(param, g.add(value, g.mul(velocity, minusRate)), "RMSprop.step");
        }
      });
    }
  }
}

export interface RpropOptions extends GroupOptions, Partial<ImplementationOptions> {
  etas: readonly [number, number];
  step_sizes: readonly [number, number];
  maximize: boolean;
}
interface RpropState {
  step: number;
  prev: Tensor;
  step_size: Tensor;
}
const rprop = signature<
  [
    lr: Rate,
    etas: readonly [number, number],
    step_sizes: readonly [number, number],
    capturable: boolean,
    foreach: boolean | null,
    maximize: boolean,
    differentiable: boolean,
  ]
>()("lr?, etas?, step_sizes?, *, capturable?, foreach?, maximize?, differentiable?");

/** Steps that depend on the gradient's sign only, and grow while it stays. https://docs.pytorch.org/docs/stable/generated/torch.optim.Rprop.html */
export class Rprop extends Optimizer<RpropOptions, RpropState> {
  constructor(params: Params<RpropOptions>, ...args: CallOf<typeof rprop>) {
    const {
      lr = 1e-2,
      etas = [0.5, 1.2],
      step_sizes = [1e-6, 50],
      capturable = false,
      foreach = null,
      maximize = false,
      differentiable = false,
    } = rprop.bind("Rprop", args);
    requireRate(lr);
    requireValue(etas[0] > 0 && etas[0] < 1 && etas[1] > 1, "eta values", `${etas[0]}, ${etas[1]}`);
    super(params, { lr, etas: [...etas], step_sizes: [...step_sizes], foreach, maximize, differentiable, capturable });
  }
  protected override updateGroup_(group: ParamGroup<RpropOptions>, params: readonly Tensor[], path: string): void {
    const maximize = this.structural_(`${path}.maximize`, () => group.maximize);
    const states = params.map((param) =>
      this.stateOf_(param, () => ({ step: 0, prev: zerosLike(param), step_size: filledLike(param, group.lr) })),
    );
    this.hostEffect_(() => {
      for (const state of states) state.step++;
    });
    for (const bucket of bucketsOf(params, states, null)) {
      const shrink = bucket.number(() => group.etas[0]);
      const grow = bucket.number(() => group.etas[1]);
      const least = bucket.number(() => group.step_sizes[0]);
      const most = bucket.number(() => group.step_sizes[1]);
      record(bucket, (entry) => {
        const { param, state } = entry;
        const given = bucket.grad(entry, maximize);
        const agreement = g.mul(given, bucket.value(state.prev));
        const turned = g.lt(agreement, 0);
        const factor = g.where(g.gt(agreement, 0), grow, g.where(turned, shrink, 1));
        const size = g.binary("min", g.binary("max", g.mul(bucket.value(state.step_size), factor), least), most);
        const grad = g.where(turned, 0, given);
        const sign = g.sub(g.cast(g.gt(grad, 0), bucket.dtype), g.cast(g.lt(grad, 0), bucket.dtype));
        bucket.write(state.prev, grad, "Rprop.step");
        bucket.write(state.step_size, size, "Rprop.step");
        bucket.write(param, g.sub(bucket.value(param), g.mul(sign, size)), "Rprop.step");
      });
    }
  }
}
