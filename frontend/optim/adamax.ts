/** Adam with the largest gradient in place of the mean square, and Adam for gradients that are mostly zero. */
import { ValueError } from "../../ir/errors.ts";
import { signature, type CallOf } from "../arguments.ts";
import { withSite } from "../call.ts";
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
import { bucketsOf, lerp, partsCure, record, zerosLike } from "./update.ts";

export interface AdamaxOptions extends GroupOptions, Partial<ImplementationOptions> {
  betas: readonly [number, number];
  eps: number;
  weight_decay: number;
  maximize: boolean;
}
interface AdamaxState {
  step: number;
  exp_avg: Tensor;
  exp_inf: Tensor;
}
const adamax = signature<
  [
    lr: Rate,
    betas: readonly [number, number],
    eps: number,
    weight_decay: number,
    foreach: boolean | null,
    maximize: boolean,
    differentiable: boolean,
    capturable: boolean,
  ]
>()("lr?, betas?, eps?, weight_decay?, foreach?, *, maximize?, differentiable?, capturable?");

/** https://docs.pytorch.org/docs/stable/generated/torch.optim.Adamax.html */
export class Adamax extends Optimizer<AdamaxOptions, AdamaxState> {
  constructor(params: Params<AdamaxOptions>, ...args: CallOf<typeof adamax>) {
    const {
      lr = 2e-3,
      betas = [0.9, 0.999],
      eps = 1e-8,
      weight_decay = 0,
      foreach = null,
      maximize = false,
      differentiable = false,
      capturable = false,
    } = adamax.bind("Adamax", args);
    requireRate(lr);
    requireValue(eps >= 0, "epsilon value", eps);
    requireBetas(betas);
    requireValue(weight_decay >= 0, "weight_decay value", weight_decay);
    super(params, { lr, betas: [...betas], eps, weight_decay, foreach, maximize, differentiable, capturable });
  }
  protected override updateGroup_(group: ParamGroup<AdamaxOptions>, params: readonly Tensor[], path: string): void {
    const maximize = this.structural_(`${path}.maximize`, () => group.maximize);
    const decays = this.structural_(`${path}.weight_decay != 0`, () => group.weight_decay !== 0);
    const states = params.map((param) =>
      this.stateOf_(param, () => ({ step: 0, exp_avg: zerosLike(param), exp_inf: zerosLike(param) })),
    );
    this.hostEffect_(() => {
      for (const state of states) state.step++;
    });
    for (const bucket of bucketsOf(params, states, states)) {
      const { state: first } = bucket.first;
      const minusSize = bucket.number(() => -group.lr / (1 - group.betas[0] ** first.step));
      const newShare = bucket.number(() => 1 - group.betas[0]);
      const beta2 = bucket.number(() => group.betas[1]);
      const eps = bucket.number(() => group.eps);
      const decay = decays ? bucket.number(() => group.weight_decay) : null;
      record(bucket, (entry) => {
        const { param, state } = entry;
        const value = bucket.value(param);
        let grad = bucket.grad(entry, maximize);
        if (decay !== null) grad = g.add(grad, g.mul(value, decay));
        const mean = lerp(bucket.value(state.exp_avg), grad, newShare);
        const largest = g.binary("max", g.mul(bucket.value(state.exp_inf), beta2), g.add(g.unary("abs", grad), eps));
        bucket.write(state.exp_avg, mean, "Adamax.step");
        bucket.write(state.exp_inf, largest, "Adamax.step");
        bucket.write(param, g.add(value, g.div(g.mul(minusSize, mean), largest)), "Adamax.step");
      });
    }
  }
}

export interface SparseAdamOptions extends GroupOptions {
  betas: readonly [number, number];
  eps: number;
  maximize: boolean;
}
interface SparseAdamState {
  step: number;
  exp_avg: Tensor;
  exp_avg_sq: Tensor;
}
const sparseAdam =
  signature<[lr: Rate, betas: readonly [number, number], eps: number, maximize: boolean]>()(
    "lr?, betas?, eps?, maximize?",
  );

/**
 * Adam that leaves alone, averages too, what has no gradient: here, where the gradient is zero.
 * https://docs.pytorch.org/docs/stable/generated/torch.optim.SparseAdam.html
 */
export class SparseAdam extends Optimizer<SparseAdamOptions, SparseAdamState> {
  override readonly tensorNumbers_: readonly string[] = [];
  constructor(params: Params<SparseAdamOptions>, ...args: CallOf<typeof sparseAdam>) {
    const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, maximize = false } = sparseAdam.bind("SparseAdam", args);
    requireRate(lr, (rate) => rate > 0);
    requireValue(eps > 0, "epsilon value", eps);
    requireBetas(betas);
    super(params, { lr, betas: [...betas], eps, maximize });
    const complex = this.param_groups.flatMap((group, i) =>
      group.params.flatMap((param, k) => (param.is_complex() ? [`[${i}, ${k}]`] : [])),
    );
    withSite(() => {
      if (complex.length > 0)
        throw new ValueError(
          "sparseadam/complex",
          `Complex params at indices [${complex.join(", ")}]: SparseAdam does not support complex parameters.`,
          partsCure,
        );
    });
  }
  protected override updateGroup_(group: ParamGroup<SparseAdamOptions>, params: readonly Tensor[], path: string): void {
    const maximize = this.structural_(`${path}.maximize`, () => group.maximize);
    const states = params.map((param) =>
      this.stateOf_(param, () => ({ step: 0, exp_avg: zerosLike(param), exp_avg_sq: zerosLike(param) })),
    );
    this.hostEffect_(() => {
      for (const state of states) state.step++;
    });
    for (const bucket of bucketsOf(params, states, states)) {
      const { state: first } = bucket.first;
      const minusSize = bucket.number(
        () => (-group.lr * Math.sqrt(1 - group.betas[1] ** first.step)) / (1 - group.betas[0] ** first.step),
      );
      const meanShare = bucket.number(() => 1 - group.betas[0]);
      const squareShare = bucket.number(() => 1 - group.betas[1]);
      const eps = bucket.number(() => group.eps);
      record(bucket, (entry) => {
        const { param, state } = entry;
        const value = bucket.value(param);
        const grad = bucket.grad(entry, maximize);
        const present = g.ne(grad, 0);
        const [oldMean, oldSquare] = [bucket.value(state.exp_avg), bucket.value(state.exp_avg_sq)];
        const mean = lerp(oldMean, grad, meanShare);
        const square = lerp(oldSquare, g.mul(grad, grad), squareShare);
        bucket.write(state.exp_avg, g.where(present, mean, oldMean), "SparseAdam.step");
        bucket.write(state.exp_avg_sq, g.where(present, square, oldSquare), "SparseAdam.step");
        const moved = g.add(value, g.div(g.mul(minusSize, mean), g.add(g.sqrt(square), eps)));
        bucket.write(param, g.where(present, moved, value), "SparseAdam.step");
      });
    }
  }
}
