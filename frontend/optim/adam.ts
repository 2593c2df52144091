/** Adam and AdamW. */
import { signature, type CallOf } from "../arguments.ts";
import { graph as g } from "../state.ts";
import type { Tensor } from "../tensor.ts";
import {
  Optimizer,
  requireBetas,
  requireValue,
  type GivenOptions,
  type GroupOptions,
  type ImplementationOptions,
  type ParamGroup,
  type Params,
} from "./optimizer.ts";
import { requireRate, type Rate } from "./rate.ts";
import { bucketsOf, lerp, record, zerosLike } from "./update.ts";

export interface AdamOptions extends GroupOptions, Partial<ImplementationOptions> {
  betas: readonly [number, number];
  eps: number;
  weight_decay: number;
  amsgrad: boolean;
  maximize: boolean;
  decoupled_weight_decay: boolean;
}
interface AdamState {
  step: number;
  exp_avg: Tensor;
  exp_avg_sq: Tensor;
  max_exp_avg_sq?: Tensor;
}

const adam = signature<
  [
    lr: Rate,
    betas: readonly [number, number],
    eps: number,
    weight_decay: number,
    amsgrad: boolean,
    foreach: boolean | null,
    maximize: boolean,
    capturable: boolean,
    differentiable: boolean,
    fused: boolean | null,
    decoupled_weight_decay: boolean,
  ]
>()(
  "lr?, betas?, eps?, weight_decay?, amsgrad?, *, foreach?, maximize?, capturable?, differentiable?, fused?, decoupled_weight_decay?",
);
type AdamArguments = CallOf<typeof adam>;

function optionsOf(name: string, args: AdamArguments, decay: number, decoupled: boolean): GivenOptions<AdamOptions> {
  const {
    lr = 1e-3,
    betas = [0.9, 0.999],
    eps = 1e-8,
    weight_decay = decay,
    amsgrad = false,
    maximize = false,
    foreach = null,
    capturable = false,
    differentiable = false,
    fused = null,
    decoupled_weight_decay = decoupled,
  } = adam.bind(name, args);
  requireRate(lr);
  requireValue(eps >= 0, "epsilon value", eps);
  requireBetas(betas);
  requireValue(weight_decay >= 0, "weight_decay value", weight_decay);
  return {
    lr,
    betas: [...betas],
    eps,
    weight_decay,
    amsgrad,
    maximize,
    foreach,
    capturable,
    differentiable,
    fused,
    decoupled_weight_decay,
  };
}

/**
 * Steps by the mean of the gradients over the root of the mean of their squares.
 * https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html
 */
export class Adam extends Optimizer<AdamOptions, AdamState> {
  /** @internal What AdamW changes. */
  protected static readonly weightDecay_: number = 0;
  /** @internal */
  protected static readonly decoupled_: boolean = false;

  constructor(params: Params<AdamOptions>, ...args: AdamArguments) {
    super(params, optionsOf(new.target.name, args, new.target.weightDecay_, new.target.decoupled_));
  }

  protected override updateGroup_(group: ParamGroup<AdamOptions>, params: readonly Tensor[], path: string): void {
    const amsgrad = this.structural_(`${path}.amsgrad`, () => group.amsgrad);
    const maximize = this.structural_(`${path}.maximize`, () => group.maximize);
    const decays = this.structural_(`${path}.weight_decay != 0`, () => group.weight_decay !== 0);
    const decoupled = this.structural_(`${path}.decoupled_weight_decay`, () => group.decoupled_weight_decay);
    const states = params.map((param) =>
      this.stateOf_(param, () => ({ step: 0, exp_avg: zerosLike(param), exp_avg_sq: zerosLike(param) })),
    );
    if (amsgrad) states.forEach((state, i) => (state.max_exp_avg_sq ??= zerosLike(params[i]!)));
    this.hostEffect_(() => {
      for (const state of states) state.step++;
    });
    for (const bucket of bucketsOf(params, states, states)) {
      const { state: first } = bucket.first;
      const minusSize = bucket.number(() => -group.lr / (1 - group.betas[0] ** first.step));
      const correction = bucket.number(() => Math.sqrt(1 - group.betas[1] ** first.step));
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
        bucket.write(state.exp_avg, mean, "Adam.step");
        bucket.write(state.exp_avg_sq, square, "Adam.step");
        let largest = square;
        if (amsgrad) {
          largest = g.binary("max", bucket.value(state.max_exp_avg_sq!), square);
          bucket.write(state.max_exp_avg_sq!, largest, "Adam.step");
        }
        const denominator = g.add(g.div(g.sqrt(largest), correction), eps);
        bucket.write(param, g.add(value, g.div(g.mul(minusSize, mean), denominator)), "Adam.step");
      });
    }
  }
}

/**
 * Adam whose weight decay does not pass through the averages.
 * https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html
 */
export class AdamW extends Adam {
  protected static override readonly weightDecay_: number = 0.01;
  protected static override readonly decoupled_: boolean = true;
}
