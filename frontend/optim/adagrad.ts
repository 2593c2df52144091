/** Adagrad and Adadelta. */
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
import { bucketsOf, filledLike, record, zerosLike } from "./update.ts";

export interface AdagradOptions extends GroupOptions, Partial<ImplementationOptions> {
  lr_decay: number;
  weight_decay: number;
  initial_accumulator_value: number;
  eps: number;
  maximize: boolean;
}
interface AdagradState {
  step: number;
  sum: Tensor;
}
const adagrad = signature<
  [
    lr: Rate,
    lr_decay: number,
    weight_decay: number,
    initial_accumulator_value: number,
    eps: number,
    foreach: boolean | null,
    maximize: boolean,
    differentiable: boolean,
    fused: boolean | null,
  ]
>()("lr?, lr_decay?, weight_decay?, initial_accumulator_value?, eps?, foreach?, *, maximize?, differentiable?, fused?");

/** Divides by the root of the sum of all squared gradients. https://docs.pytorch.org/docs/stable/generated/torch.optim.Adagrad.html */
export class Adagrad extends Optimizer<AdagradOptions, AdagradState> {
  constructor(params: Params<AdagradOptions>, ...args: CallOf<typeof adagrad>) {
    const {
      lr = 1e-2,
      lr_decay = 0,
      weight_decay = 0,
      initial_accumulator_value = 0,
      eps = 1e-10,
      foreach = null,
      maximize = false,
      differentiable = false,
      fused = null,
    } = adagrad.bind("Adagrad", args);
    requireRate(lr);
    requireValue(lr_decay >= 0, "lr_decay value", lr_decay);
    requireValue(weight_decay >= 0, "weight_decay value", weight_decay);
    requireValue(initial_accumulator_value >= 0, "initial_accumulator_value value", initial_accumulator_value);
    requireValue(eps >= 0, "epsilon value", eps);
    super(params, {
      lr,
      lr_decay,
      eps,
      weight_decay,
      initial_accumulator_value,
      foreach,
      maximize,
      differentiable,
      fused,
    });
    for (const group of this.param_groups) for (const param of group.params) this.stateIn(group, param);
  }
  private stateIn(group: ParamGroup<AdagradOptions>, param: Tensor): AdagradState {
    return this.stateOf_(param, () => ({ step: 0, sum: filledLike(param, group.initial_accumulator_value) }));
  }
  protected override updateGroup_(group: ParamGroup<AdagradOptions>, params: readonly Tensor[], path: string): void {
    const maximize = this.structural_(`${path}.maximize`, () => group.maximize);
    const decays = this.structural_(`${path}.weight_decay != 0`, () => group.weight_decay !== 0);
    const states = params.map((param) => this.stateIn(group, param));
    this.hostEffect_(() => {
      for (const state of states) state.step++;
    });
    for (const bucket of bucketsOf(params, states, states)) {
      const { state: first } = bucket.first;
      const minusRate = bucket.number(() => -group.lr / (1 + (first.step - 1) * group.lr_decay));
      const eps = bucket.number(() => group.eps);
      const decay = decays ? bucket.number(() => group.weight_decay) : null;
      record(bucket, (entry) => {
        const value = bucket.value(entry.param);
        let grad = bucket.grad(entry, maximize);
        if (decay !== null) grad = g.add(grad, g.mul(value, decay));
        const sum = g.add(bucket.value(entry.state.sum), g.mul(grad, grad));
        bucket.write(entry.state.sum, sum, "Adagrad.step");
        bucket.write(entry.param, g.add(value, g.div(g.mul(minusRate, grad), g.add(g.sqrt(sum), eps))), "Adagrad.step");
      });
    }
  }
}

export interface AdadeltaOptions extends GroupOptions, Partial<ImplementationOptions> {
  rho: number;
  eps: number;
  weight_decay: number;
  maximize: boolean;
}
interface AdadeltaState {
  step: number;
  square_avg: Tensor;
  acc_delta: Tensor;
}
const adadelta = signature<
  [
    lr: Rate,
    rho: number,
    eps: number,
    weight_decay: number,
    foreach: boolean | null,
    capturable: boolean,
    maximize: boolean,
    differentiable: boolean,
  ]
>()("lr?, rho?, eps?, weight_decay?, foreach?, *, capturable?, maximize?, differentiable?");

/** Steps as large as earlier steps, relative to the gradients. https://docs.pytorch.org/docs/stable/generated/torch.optim.Adadelta.html */
export class Adadelta extends Optimizer<AdadeltaOptions, AdadeltaState> {
  constructor(params: Params<AdadeltaOptions>, ...args: CallOf<typeof adadelta>) {
    const {
      lr = 1,
      rho = 0.9,
      eps = 1e-6,
      weight_decay = 0,
      foreach = null,
      capturable = false,
      maximize = false,
      differentiable = false,
    } = adadelta.bind("Adadelta", args);
    requireRate(lr);
    requireValue(rho >= 0 && rho <= 1, "rho value", rho);
    requireValue(eps >= 0, "epsilon value", eps);
    requireValue(weight_decay >= 0, "weight_decay value", weight_decay);
    super(params, { lr, rho, eps, weight_decay, maximize, capturable, foreach, differentiable });
  }
  protected override updateGroup_(group: ParamGroup<AdadeltaOptions>, params: readonly Tensor[], path: string): void {
    const maximize = this.structural_(`${path}.maximize`, () => group.maximize);
    const decays = this.structural_(`${path}.weight_decay != 0`, () => group.weight_decay !== 0);
    const states = params.map((param) =>
      this.stateOf_(param, () => ({ step: 0, square_avg: zerosLike(param), acc_delta: zerosLike(param) })),
    );
    this.hostEffect_(() => {
      for (const state of states) state.step++;
    });
    for (const bucket of bucketsOf(params, states, null)) {
      const minusRate = bucket.number(() => -group.lr);
      const rho = bucket.number(() => group.rho);
      const rest = bucket.number(() => 1 - group.rho);
      const eps = bucket.number(() => group.eps);
      const decay = decays ? bucket.number(() => group.weight_decay) : null;
      record(bucket, (entry) => {
        const { param, state } = entry;
        const value = bucket.value(param);
        let grad = bucket.grad(entry, maximize);
        if (decay !== null) grad = g.add(grad, g.mul(value, decay));
        const square = g.add(g.mul(bucket.value(state.square_avg), rho), g.mul(g.mul(rest, grad), grad));
        const old = bucket.value(state.acc_delta);
        const delta = g.mul(g.div(g.sqrt(g.add(old, eps)), g.sqrt(g.add(square, eps))), grad);
        bucket.write(state.square_avg, square, "Adadelta.step");
        bucket.write(state.acc_delta, g.add(g.mul(old, rho), g.mul(g.mul(rest, delta), delta)), "Adadelta.step");
        bucket.write(param, g.add(value, g.mul(delta, minusRate)), "Adadelta.step");
      });
    }
  }
}
