/** Schedules along a cosine. */
import { ValueError } from "../../../ir/errors.ts";
import { signature, type CallOf } from "../../arguments.ts";
import { LRScheduler, type AnyOptimizer } from "./base.ts";

const annealing = signature<[T_max: number, eta_min: number, last_epoch: number]>()("T_max, eta_min?, last_epoch?");
/** From the base rate to eta_min and back. https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html */
export class CosineAnnealingLR extends LRScheduler {
  T_max: number;
  eta_min: number;
  constructor(optimizer: AnyOptimizer, ...args: CallOf<typeof annealing>) {
    const { T_max, eta_min = 0, last_epoch = -1 } = annealing.bind("CosineAnnealingLR", args);
    super(optimizer, last_epoch);
    this.T_max = T_max;
    this.eta_min = eta_min;
    this._initial_step();
  }
  override get_lr(): number[] {
    const { last_epoch: epoch, T_max, eta_min } = this;
    this.matchGroups_(this.base_lrs);
    if (epoch === 0) return this.groups.map((group) => group.lr);
    if (this._step_count === 1 && epoch > 0) return this.closedForm_();
    const cosine = (at: number): number => 1 + Math.cos((Math.PI * at) / T_max);
    // Modulo as in Python: the sign of the divisor.
    const turns = (((epoch - 1 - T_max) % (2 * T_max)) + 2 * T_max) % (2 * T_max) === 0;
    return this.groups.map((group, i) =>
      turns
        ? group.lr + ((this.base_lrs[i]! - eta_min) * (1 - Math.cos(Math.PI / T_max))) / 2
        : (cosine(epoch) / cosine(epoch - 1)) * (group.lr - eta_min) + eta_min,
    );
  }
  protected override closedForm_(): number[] {
    return this.base_lrs.map(
      (base) => this.eta_min + ((base - this.eta_min) * (1 + Math.cos((Math.PI * this.last_epoch) / this.T_max))) / 2,
    );
  }
}

const restarts = signature<[T_0: number, T_mult: number, eta_min: number, last_epoch: number]>()(
  "T_0, T_mult?, eta_min?, last_epoch?",
);
/** From the base rate to eta_min again and again. https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.html */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  T_0: number;
  T_i: number;
  T_mult: number;
  eta_min: number;
  T_cur: number;
  constructor(optimizer: AnyOptimizer, ...args: CallOf<typeof restarts>) {
    const { T_0, T_mult = 1, eta_min = 0, last_epoch = -1 } = restarts.bind("CosineAnnealingWarmRestarts", args);
    if (!(T_0 > 0 && Number.isInteger(T_0)))
      throw new ValueError(
        "scheduler/T_0",
        `CosineAnnealingWarmRestarts: Expected positive integer T_0, but got ${T_0}.`,
      );
    if (!(T_mult >= 1 && Number.isInteger(T_mult)))
      throw new ValueError(
        "scheduler/T_mult",
        `CosineAnnealingWarmRestarts: Expected integer T_mult >= 1, but got ${T_mult}.`,
      );
    super(optimizer, last_epoch);
    this.T_0 = T_0;
    this.T_i = T_0;
    this.T_mult = T_mult;
    this.eta_min = eta_min;
    this.T_cur = last_epoch;
    this._initial_step();
  }
  override get_lr(): number[] {
    return this.base_lrs.map(
      (base) => this.eta_min + ((base - this.eta_min) * (1 + Math.cos((Math.PI * this.T_cur) / this.T_i))) / 2,
    );
  }
  /** The epoch may have a fraction. */
  protected override advance_(given: number | undefined): void {
    this._step_count++;
    const { T_0, T_mult } = this;
    const epoch = given ?? (this.last_epoch < 0 ? 0 : this.last_epoch + 1);
    if (given === undefined && this.last_epoch >= 0) {
      this.T_cur++;
      if (this.T_cur >= this.T_i) {
        this.T_cur -= this.T_i;
        this.T_i *= T_mult;
      }
    } else {
      if (epoch < 0)
        throw new ValueError(
          "scheduler/epoch",
          `CosineAnnealingWarmRestarts: Expected non-negative epoch, but got ${epoch}.`,
        );
      const cycle =
        epoch < T_0
          ? 0
          : T_mult === 1
            ? Math.floor(epoch / T_0)
            : Math.floor(Math.log((epoch / T_0) * (T_mult - 1) + 1) / Math.log(T_mult));
      this.T_cur = epoch - (T_mult === 1 ? T_0 * cycle : (T_0 * (T_mult ** cycle - 1)) / (T_mult - 1));
      this.T_i = T_0 * T_mult ** cycle;
    }
    this.last_epoch = Math.floor(epoch);
    this.setRates_(this.get_lr());
  }
}
