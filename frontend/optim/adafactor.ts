/** Adafactor: keeps the mean squares of rows and columns instead of every element's. */
import { DTypeError } from "../../ir/errors.ts";
import type { Node } from "../../ir/graph.ts";
import { signature, type CallOf } from "../arguments.ts";
import { graph as g } from "../state.ts";
import type { Tensor } from "../tensor.ts";
import { Optimizer, requireValue, type GroupOptions, type ParamGroup, type Params } from "./optimizer.ts";
import { requireRate, type Rate } from "./rate.ts";
import { bucketsOf, lerp, partsCure, record, zerosLike } from "./update.ts";

export interface AdafactorOptions extends GroupOptions {
  beta2_decay: number;
  eps: readonly [number | null, number];
  d: number;
  weight_decay: number;
  foreach?: boolean | null;
  maximize: boolean;
}
interface AdafactorState {
  step: number;
  row_var?: Tensor;
  col_var?: Tensor;
  variance?: Tensor;
}
const adafactor = signature<
  [
    lr: Rate,
    beta2_decay: number,
    eps: readonly [number | null, number],
    d: number,
    weight_decay: number,
    foreach: boolean | null,
    maximize: boolean,
  ]
>()("lr?, beta2_decay?, eps?, d?, weight_decay?, *, foreach?, maximize?");

/** The smallest step from 1, by type: the default of eps1. */
const epsilons: Readonly<Record<string, number>> = { float32: 2 ** -23, float64: 2 ** -52 };
const everyAxis = (x: Node): number[] => x.shape.map((_, i) => i);
/** Sum of squares over axes, which stay as size 1. */
const squares = (x: Node, axes: readonly number[]): Node => g.sum(g.mul(x, x), axes);
const size = (x: Node): number => x.shape.reduce((product, n) => product * n, 1);
/** The norm of all elements over the root of their number, 0-d. */
const rootMeanSquare = (x: Node): Node => g.div(g.sqrt(g.reshape(squares(x, everyAxis(x)), [])), Math.sqrt(size(x)));

/** https://docs.pytorch.org/docs/stable/generated/torch.optim.Adafactor.html */
export class Adafactor extends Optimizer<AdafactorOptions, AdafactorState> {
  constructor(params: Params<AdafactorOptions>, ...args: CallOf<typeof adafactor>) {
    const {
      lr = 1e-2,
      beta2_decay = -0.8,
      eps = [null, 1e-3],
      d = 1,
      weight_decay = 0,
      foreach = null,
      maximize = false,
    } = adafactor.bind("Adafactor", args);
    requireRate(lr);
    requireValue(beta2_decay <= 0, "beta2_decay", beta2_decay);
    requireValue(d >= 1, "clipping threshold", d);
    requireValue(weight_decay >= 0, "weight_decay", weight_decay);
    super(params, { lr, beta2_decay, eps: [...eps], d, weight_decay, foreach, maximize });
  }
  protected override updateGroup_(group: ParamGroup<AdafactorOptions>, params: readonly Tensor[], path: string): void {
    const maximize = this.structural_(`${path}.maximize`, () => group.maximize);
    const decays = this.structural_(`${path}.weight_decay != 0`, () => group.weight_decay !== 0);
    const complex = params.find((param) => param.is_complex());
    if (complex !== undefined)
      throw new DTypeError(
        "adafactor/complex",
        `Adafactor does not support complex parameters, got ${String(complex)}.`,
        partsCure,
      );
    const states = params.map((param) => this.stateOf_(param, () => freshState(param)));
    this.hostEffect_(() => {
      for (const state of states) state.step++;
    });
    for (const bucket of bucketsOf(params, states, states)) {
      const { state: first } = bucket.first;
      const share = bucket.number(() => first.step ** group.beta2_decay);
      const rate = bucket.number(() => Math.min(group.lr, 1 / Math.sqrt(first.step)));
      const eps1 = bucket.number(() => group.eps[0] ?? epsilons[bucket.dtype]!);
      const eps2 = bucket.number(() => group.eps[1]);
      const limit = bucket.number(() => group.d);
      const decay = decays ? bucket.number(() => 1 - group.lr * group.weight_decay) : null;
      record(bucket, (entry) => {
        const { param, state } = entry;
        const given = bucket.value(param);
        const grad = bucket.grad(entry, maximize);
        const alpha = g.mul(g.binary("max", eps2, rootMeanSquare(given)), rate);
        const value = decay === null ? given : g.mul(given, decay);
        const keep = (tensor: Tensor, observed: Node): Node => {
          const next = lerp(bucket.value(tensor), observed, share);
          bucket.write(tensor, next, "Adafactor.step");
          return next;
        };
        const rank = grad.shape.length;
        let variance: Node;
        if (state.row_var !== undefined && state.col_var !== undefined) {
          const rows = keep(state.row_var, g.div(squares(grad, [rank - 1]), grad.shape[rank - 1]!));
          const columns = keep(state.col_var, g.div(squares(grad, [rank - 2]), grad.shape[rank - 2]!));
          const mean = g.div(g.sum(rows, [rank - 2]), grad.shape[rank - 2]!);
          variance = g.div(g.mul(rows, columns), g.binary("max", mean, eps1));
        } else variance = keep(state.variance!, g.mul(grad, grad));
        const update = g.mul(grad, g.div(1, g.sqrt(g.binary("max", variance, g.mul(eps1, eps1)))));
        const clip = g.binary("max", g.div(rootMeanSquare(update), limit), 1);
        bucket.write(param, g.sub(value, g.mul(update, g.div(alpha, clip))), "Adafactor.step");
      });
    }
  }
}

function freshState(param: Tensor): AdafactorState {
  const { shape, ndim } = param;
  if (ndim < 2) return { step: 0, variance: zerosLike(param) };
  return { step: 0, row_var: zerosLike(param, shape.with(-1, 1)), col_var: zerosLike(param, shape.with(-2, 1)) };
}
