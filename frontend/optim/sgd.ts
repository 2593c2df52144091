/** Stochastic gradient descent. */
import { ValueError } from "../../ir/errors.ts";
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
import { bucketsOf, record, zerosLike } from "./update.ts";

export interface SGDOptions extends GroupOptions, Partial<ImplementationOptions> {
  momentum: number;
  dampening: number;
  weight_decay: number;
  nesterov: boolean;
  maximize: boolean;
}
interface SGDState {
  momentum_buffer?: Tensor;
}

const sgd = signature<
  [
    lr: Rate,
    momentum: number,
    dampening: number,
    weight_decay: number,
    nesterov: boolean,
    maximize: boolean,
    foreach: boolean | null,
    differentiable: boolean,
    fused: boolean | null,
  ]
>()("lr?, momentum?, dampening?, weight_decay?, nesterov?, *, maximize?, foreach?, differentiable?, fused?");

/**
 * v = momentum * v + (1 - dampening) * grad; param -= lr * v.
 * https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html
 */
export class SGD extends Optimizer<SGDOptions, SGDState> {
  /** Steps since a parameter's momentum began: the first one is not dampened. */
  private readonly ages = new WeakMap<SGDState, { steps: number }>();
  constructor(params: Params<SGDOptions>, ...args: CallOf<typeof sgd>) {
    const {
      lr = 1e-3,
      momentum = 0,
      dampening = 0,
      weight_decay = 0,
      nesterov = false,
      maximize = false,
      foreach = null,
      differentiable = false,
      fused = null,
    } = sgd.bind("SGD", args);
    requireRate(lr);
    requireValue(momentum >= 0, "momentum value", momentum);
    requireValue(weight_decay >= 0, "weight_decay value", weight_decay);
    if (nesterov && (momentum <= 0 || dampening !== 0))
      throw new ValueError("optimizer/nesterov", "Nesterov momentum requires a momentum and zero dampening.");
    super(params, { lr, momentum, dampening, nesterov, weight_decay, maximize, foreach, differentiable, fused });
  }

  private ageOf(state: SGDState): { steps: number } {
    let age = this.ages.get(state);
    // A loaded buffer is not new.
    if (age === undefined) this.ages.set(state, (age = { steps: state.momentum_buffer === undefined ? 0 : 1 }));
    return age;
  }

  protected override updateGroup_(group: ParamGroup<SGDOptions>, params: readonly Tensor[], path: string): void {
    const hasMomentum = this.structural_(`${path}.momentum != 0`, () => group.momentum !== 0);
    const hasDampening = this.structural_(`${path}.dampening != 0`, () => group.dampening !== 0);
    const decays = this.structural_(`${path}.weight_decay != 0`, () => group.weight_decay !== 0);
    const nesterov = this.structural_(`${path}.nesterov`, () => group.nesterov);
    const maximize = this.structural_(`${path}.maximize`, () => group.maximize);
    const states = params.map((param): SGDState => (hasMomentum ? this.stateOf_(param, () => ({})) : {}));
    const ages = hasMomentum ? states.map((state) => this.ageOf(state)) : [];
    if (hasMomentum) {
      states.forEach((state, i) => (state.momentum_buffer ??= zerosLike(params[i]!)));
      this.hostEffect_(() => {
        for (const age of ages) age.steps++;
      }, ages);
    }
    for (const bucket of bucketsOf(params, states, hasMomentum && hasDampening ? ages : null)) {
      const minusRate = bucket.number(() => -group.lr);
      const decay = decays ? bucket.number(() => group.weight_decay) : null;
      const momentum = hasMomentum ? bucket.number(() => group.momentum) : null;
      const age = hasMomentum ? this.ageOf(bucket.first.state) : null;
      const fresh =
        hasMomentum && hasDampening ? bucket.number(() => (age!.steps === 1 ? 1 : 1 - group.dampening)) : null;
      record(bucket, (entry) => {
        const { param, state } = entry;
        const value = bucket.value(param);
        let grad = bucket.grad(entry, maximize);
        if (decay !== null) grad = g.add(grad, g.mul(value, decay));
        if (momentum !== null) {
          const buffer = state.momentum_buffer!;
          const velocity = g.add(g.mul(bucket.value(buffer), momentum), fresh === null ? grad : g.mul(grad, fresh));
          bucket.write(buffer, velocity, "SGD.step");
          grad = nesterov ? g.add(grad, g.mul(velocity, momentum)) : velocity;
        }
        bucket.write(param, g.add(value, g.mul(grad, minusRate)), "SGD.step");
      });
    }
  }
}
