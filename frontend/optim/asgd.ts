/** Averaged stochastic gradient descent. */
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
import { bucketsOf, inState, record, zerosLike } from "./update.ts";

export interface ASGDOptions extends GroupOptions, Partial<ImplementationOptions> {
  lambd: number;
  alpha: number;
  t0: number;
  weight_decay: number;
  maximize: boolean;
}
interface ASGDState {
  step: number;
  eta: number;
  mu: number;
  /** The average of the parameter's values. */
  ax: Tensor;
}
const asgd = signature<
  [
    lr: Rate,
    lambd: number,
    alpha: number,
    t0: number,
    weight_decay: number,
    foreach: boolean | null,
    maximize: boolean,
    differentiable: boolean,
    capturable: boolean,
  ]
>()("lr?, lambd?, alpha?, t0?, weight_decay?, foreach?, maximize?, differentiable?, capturable?");

/** https://docs.pytorch.org/docs/stable/generated/torch.optim.ASGD.html */
export class ASGD extends Optimizer<ASGDOptions, ASGDState> {
  override readonly tensorNumbers_: readonly string[] = ["step", "eta", "mu"];
  constructor(params: Params<ASGDOptions>, ...args: CallOf<typeof asgd>) {
    const {
      lr = 1e-2,
      lambd = 1e-4,
      alpha = 0.75,
      t0 = 1e6,
      weight_decay = 0,
      foreach = null,
      maximize = false,
      differentiable = false,
      capturable = false,
    } = asgd.bind("ASGD", args);
    requireRate(lr);
    requireValue(weight_decay >= 0, "weight_decay value", weight_decay);
    super(params, { lr, lambd, alpha, t0, weight_decay, foreach, maximize, differentiable, capturable });
  }
  protected override updateGroup_(group: ParamGroup<ASGDOptions>, params: readonly Tensor[], path: string): void {
    const maximize = this.structural_(`${path}.maximize`, () => group.maximize);
    const decays = this.structural_(`${path}.weight_decay != 0`, () => group.weight_decay !== 0);
    const states = params.map((param) =>
      this.stateOf_(param, () => ({ step: 0, eta: inState(group.lr), mu: 1, ax: zerosLike(param) })),
    );
    this.hostEffect_(() => {
      for (const state of states) state.step++;
    });
    for (const bucket of bucketsOf(params, states, states)) {
      const { state: first } = bucket.first;
      const shrink = bucket.number(() => 1 - group.lambd * first.eta);
      const minusEta = bucket.number(() => -first.eta);
      const mu = bucket.number(() => first.mu);
      const decay = decays ? bucket.number(() => group.weight_decay) : null;
      record(bucket, (entry) => {
        const { param, state } = entry;
        const value = bucket.value(param);
        let grad = bucket.grad(entry, maximize);
        if (decay !== null) grad = g.add(grad, g.mul(value, decay));
        const moved = g.add(g.mul(value, shrink), g.mul(grad, minusEta));
        const average = bucket.value(state.ax);
        bucket.write(param, moved, "ASGD.step");
        bucket.write(
          state.ax,
          g.where(g.eq(mu, 1), moved, g.add(average, g.mul(g.sub(moved, average), mu))),
          "ASGD.step",
        );
      });
    }
    // For the next step.
    this.hostEffect_(() => {
      for (const state of states) {
        state.eta = inState(group.lr / (1 + group.lambd * group.lr * state.step) ** group.alpha);
        state.mu = inState(1 / Math.max(1, state.step - group.t0));
      }
    });
  }
}
