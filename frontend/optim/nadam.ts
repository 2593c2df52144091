/** NAdam and RAdam. */
import { signature, type CallOf } from "../arguments.ts";
import { graph as g } from "../state.ts";
import type { Tensor } from "../tensor.ts";
import {
  Optimizer,
  requireBetas,
  requireValue,
  type GroupOptions,
  type ImplementationOptions,
  type ParamGroup,
  type Params,
} from "./optimizer.ts";
import { requireRate, type Rate } from "./rate.ts";
import { bucketsOf, inState, lerp, record, zerosLike } from "./update.ts";

export interface NAdamOptions extends GroupOptions, Partial<ImplementationOptions> {
  betas: readonly [number, number];
  eps: number;
  weight_decay: number;
  momentum_decay: number;
  decoupled_weight_decay: boolean;
  maximize: boolean;
}
interface NAdamState {
  step: number;
  mu_product: number;
  exp_avg: Tensor;
  exp_avg_sq: Tensor;
}
const nadam = signature<
  [
    lr: Rate,
    betas: readonly [number, number],
    eps: number,
    weight_decay: number,
    momentum_decay: number,
    decoupled_weight_decay: boolean,
    foreach: boolean | null,
    maximize: boolean,
    capturable: boolean,
    differentiable: boolean,
  ]
>()(
  "lr?, betas?, eps?, weight_decay?, momentum_decay?, decoupled_weight_decay?, *, foreach?, maximize?, capturable?, differentiable?",
);

/** Adam with Nesterov's momentum, which grows. https://docs.pytorch.org/docs/stable/generated/torch.optim.NAdam.html */
export class NAdam extends Optimizer<NAdamOptions, NAdamState> {
  override readonly tensorNumbers_: readonly string[] = ["step", "mu_product"];
  constructor(params: Params<NAdamOptions>, ...args: CallOf<typeof nadam>) {
    const {
      lr = 2e-3,
      betas = [0.9, 0.999],
      eps = 1e-8,
      weight_decay = 0,
      momentum_decay = 4e-3,
      decoupled_weight_decay = false,
      foreach = null,
      maximize = false,
      capturable = false,
      differentiable = false,
    } = nadam.bind("NAdam", args);
    requireRate(lr);
    requireValue(eps >= 0, "epsilon value", eps);
    requireBetas(betas);
    requireValue(weight_decay >= 0, "weight_decay value", weight_decay);
    requireValue(momentum_decay >= 0, "momentum_decay value", momentum_decay);
    super(params, {
      lr,
      betas: [...betas],
      eps,
      weight_decay,
      momentum_decay,
      decoupled_weight_decay,
      maximize,
      foreach,
      capturable,
      differentiable,
    });
  }
  protected override updateGroup_(group: ParamGroup<NAdamOptions>, params: readonly Tensor[], path: string): void {
    const maximize = this.structural_(`${path}.maximize`, () => group.maximize);
    const decays = this.structural_(`${path}.weight_decay != 0`, () => group.weight_decay !== 0);
    const decoupled = this.structural_(`${path}.decoupled_weight_decay`, () => group.decoupled_weight_decay);
    const states = params.map((param) =>
      this.stateOf_(param, () => ({ step: 0, mu_product: 1, exp_avg: zerosLike(param), exp_avg_sq: zerosLike(param) })),
    );
    const mu = (step: number): number => group.betas[0] * (1 - 0.5 * 0.96 ** (step * group.momentum_decay));
    this.hostEffect_(() => {
      for (const state of states) {
        state.step++;
        state.mu_product = inState(state.mu_product * inState(mu(state.step)));
      }
    });
    for (const bucket of bucketsOf(params, states, states)) {
      const { state: first } = bucket.first;
      const gradSize = bucket.number(() => (-group.lr * (1 - mu(first.step))) / (1 - first.mu_product));
      const meanSize = bucket.number(
        () => (-group.lr * mu(first.step + 1)) / (1 - first.mu_product * mu(first.step + 1)),
      );
      const correction = bucket.number(() => 1 - group.betas[1] ** first.step);
      const newShare = bucket.number(() => 1 - group.betas[0]);
      const beta2 = bucket.number(() => group.betas[1]);
      const newSquareShare = bucket.number(() => 1 - group.betas[1]);
      const eps = bucket.number(() => group.eps);
      const decay = decays
        ? bucket.number(() => (decoupled ? 1 - group.lr * group.weight_decay : group.weight_decay))
        : null;
      record(bucket, (entry) => {
        const { param, state } = entry;
        let value = bucket.value(param);
        let grad = bucket.grad(entry, maximize);
        if (decay !== null && decoupled) value = g.mul(value, decay);
        else if (decay !== null) grad = g.add(grad, g.mul(value, decay));
        const mean = lerp(bucket.value(state.exp_avg), grad, newShare);
        const square = g.add(g.mul(bucket.value(state.exp_avg_sq), beta2), g.mul(g.mul(newSquareShare, grad), grad));
        bucket.write(state.exp_avg, mean, "NAdam.step");
        bucket.write(state.exp_avg_sq, square, "NAdam.step");
        const denominator = g.add(g.sqrt(g.div(square, correction)), eps);
        const moved = g.add(value, g.div(g.mul(gradSize, grad), denominator));
        bucket.write(param, g.add(moved, g.div(g.mul(meanSize, mean), denominator)), "NAdam.step");
      });
    }
  }
}

export interface RAdamOptions extends GroupOptions, Partial<ImplementationOptions> {
  betas: readonly [number, number];
  eps: number;
  weight_decay: number;
  decoupled_weight_decay: boolean;
  maximize: boolean;
}
interface RAdamState {
  step: number;
  exp_avg: Tensor;
  exp_avg_sq: Tensor;
}
const radam = signature<
  [
    lr: Rate,
    betas: readonly [number, number],
    eps: number,
    weight_decay: number,
    decoupled_weight_decay: boolean,
    foreach: boolean | null,
    maximize: boolean,
    capturable: boolean,
    differentiable: boolean,
  ]
>()("lr?, betas?, eps?, weight_decay?, decoupled_weight_decay?, *, foreach?, maximize?, capturable?, differentiable?");

/** Adam that does not trust the mean square until it has seen enough. https://docs.pytorch.org/docs/stable/generated/torch.optim.RAdam.html */
export class RAdam extends Optimizer<RAdamOptions, RAdamState> {
  constructor(params: Params<RAdamOptions>, ...args: CallOf<typeof radam>) {
    const {
      lr = 1e-3,
      betas = [0.9, 0.999],
      eps = 1e-8,
      weight_decay = 0,
      decoupled_weight_decay = false,
      foreach = null,
      maximize = false,
      capturable = false,
      differentiable = false,
    } = radam.bind("RAdam", args);
    requireRate(lr);
    requireValue(eps >= 0, "epsilon value", eps);
    requireBetas(betas);
    requireValue(weight_decay >= 0, "weight_decay value", weight_decay);
    super(params, {
      lr,
      betas: [...betas],
      eps,
      weight_decay,
      maximize,
      foreach,
      capturable,
      decoupled_weight_decay,
      differentiable,
    });
  }
  protected override updateGroup_(group: ParamGroup<RAdamOptions>, params: readonly Tensor[], path: string): void {
    const maximize = this.structural_(`${path}.maximize`, () => group.maximize);
    const decays = this.structural_(`${path}.weight_decay != 0`, () => group.weight_decay !== 0);
    const decoupled = this.structural_(`${path}.decoupled_weight_decay`, () => group.decoupled_weight_decay);
    const states = params.map((param) =>
      this.stateOf_(param, () => ({ step: 0, exp_avg: zerosLike(param), exp_avg_sq: zerosLike(param) })),
    );
    this.hostEffect_(() => {
      for (const state of states) state.step++;
    });
    for (const bucket of bucketsOf(params, states, states)) {
      const { state: first } = bucket.first;
      const minusSize = bucket.number(() => -group.lr / (1 - group.betas[0] ** first.step));
      // 0 while the mean square is not used: which of the two it is must not be another program.
      const rectified = bucket.number(() => rectification(group.betas[1], first.step));
      const newShare = bucket.number(() => 1 - group.betas[0]);
      const beta2 = bucket.number(() => group.betas[1]);
      const newSquareShare = bucket.number(() => 1 - group.betas[1]);
      const eps = bucket.number(() => group.eps);
      const decay = decays
        ? bucket.number(() => (decoupled ? 1 - group.lr * group.weight_decay : group.weight_decay))
        : null;
      record(bucket, (entry) => {
        const { param, state } = entry;
        let value = bucket.value(param);
        let grad = bucket.grad(entry, maximize);
        if (decay !== null && decoupled) value = g.mul(value, decay);
        else if (decay !== null) grad = g.add(grad, g.mul(value, decay));
        const mean = lerp(bucket.value(state.exp_avg), grad, newShare);
        const square = g.add(g.mul(bucket.value(state.exp_avg_sq), beta2), g.mul(g.mul(newSquareShare, grad), grad));
        bucket.write(state.exp_avg, mean, "RAdam.step");
        bucket.write(state.exp_avg_sq, square, "RAdam.step");
        const factor = g.where(g.gt(rectified, 0), g.div(rectified, g.add(g.sqrt(square), eps)), 1);
        bucket.write(param, g.add(value, g.mul(g.mul(minusSize, mean), factor)), "RAdam.step");
      });
    }
  }
}

/** The factor of 1 / sqrt(mean square), or 0 where it is not to be trusted yet. */
function rectification(beta2: number, step: number): number {
  const correction = 1 - beta2 ** step;
  const most = 2 / (1 - beta2) - 1;
  const now = most - (2 * step * beta2 ** step) / correction;
  return now > 5 ? Math.sqrt((((now - 4) * (now - 2) * most) / ((most - 4) * (most - 2) * now)) * correction) : 0;
}
