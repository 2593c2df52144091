/** The base of learning-rate schedules: numbers in the optimizer's groups, which change without compiling anything. */
import { ArgumentError, ValueError } from "../../../ir/errors.ts";
import { withSite } from "../../call.ts";
import { runHostEffect } from "../../host-effects.ts";
import { numbersIn, type Place } from "../../host-numbers.ts";
import { Optimizer, type GroupOptions, type ParamGroup } from "../optimizer.ts";

/** Any optimizer. */
export type AnyOptimizer = Optimizer;
/** A group as schedules see it. */
export type Group = ParamGroup<GroupOptions> & {
  momentum?: number;
  betas?: readonly [number, number];
  [extra: string]: unknown;
};

/**
 * Sets the learning rates at each step(). A subclass computes them in get_lr() (from the present ones, or from
 * `base_lrs`), and calls `_initial_step()` at the end of its constructor.
 * https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate
 */
export abstract class LRScheduler {
  readonly optimizer: AnyOptimizer;
  base_lrs: number[];
  last_epoch: number;
  _step_count = 0;
  _last_lr: number[] = [];

  constructor(optimizer: AnyOptimizer, last_epoch = -1) {
    if (!(optimizer instanceof Optimizer))
      throw new ArgumentError("scheduler/optimizer", `${new.target.name}: the first argument is not an Optimizer.`);
    this.optimizer = optimizer;
    this.last_epoch = last_epoch;
    for (const [i, group] of this.groups.entries()) {
      if (last_epoch === -1) group.initial_lr ??= group.lr;
      else if (group.initial_lr === undefined)
        throw new ArgumentError(
          "scheduler/initial-lr",
          `${new.target.name}: param 'initial_lr' is not specified in param_groups[${i}] when resuming an optimizer.`,
          "Load the optimizer's state first.",
        );
    }
    this.base_lrs = this.groups.map((group) => group.initial_lr!);
    optimizer.schedulers_.push(this);
  }

  /** @internal */
  get groups(): Group[] {
    return this.optimizer.param_groups as Group[];
  }

  /** The learning rate of each group at last_epoch. */
  abstract get_lr(): number[];
  /** @internal The same from the epoch alone, where there is such a formula. */
  protected closedForm_(): number[] | null {
    return null;
  }

  /** Sets the rates of the first epoch. */
  _initial_step(): void {
    this._step_count = 0;
    this.advance_(undefined);
  }

  /** Goes on to the next epoch, or to the given one. */
  step(epoch?: number): void {
    this.hostEffect_(() => this.advance_(epoch));
  }
  /** @internal Changes numbers now, and at every replay of a compiled function. */
  protected hostEffect_(change: () => void): void {
    this.optimizer.reached_();
    withSite(() => runHostEffect(change, () => this.changing_()));
  }
  /** @internal The numbers that a step may change. */
  changing_(): Place[] {
    const options = this.groups.flatMap((group) => numbersIn(group, ["lr", "momentum", "betas"]));
    return [...numbersIn(this), ...options];
  }
  /** @internal */
  protected advance_(epoch: number | undefined): void {
    this._step_count++;
    this.last_epoch = epoch ?? this.last_epoch + 1;
    this.setRates_((epoch === undefined ? null : this.closedForm_()) ?? this.get_lr());
  }
  /** @internal */
  protected setRates_(rates: readonly number[]): void {
    this.matchGroups_(rates);
    this.groups.forEach((group, i) => (group.lr = rates[i]!));
    this._last_lr = this.groups.map((group) => group.lr);
  }

  /** @internal @throws ValueError where the optimizer got groups since: these are of the others */
  protected matchGroups_(each: readonly number[]): void {
    const { length } = this.groups;
    if (each.length !== length)
      throw new ValueError(
        "scheduler/groups",
        `${this.constructor.name}.step: zip() argument 2 is ${each.length < length ? "longer" : "shorter"} than argument 1: the scheduler was made for ${each.length} parameter groups, and the optimizer has ${length}.`,
        "Make the scheduler when the optimizer has all groups.",
      );
  }

  /** The rates set last. */
  get_last_lr(): number[] {
    this.optimizer.reached_();
    return this._last_lr;
  }

  /** @internal Attributes that are saved. */
  protected stateNames_(): string[] {
    return Object.keys(this).filter(
      (name) => name !== "optimizer" && typeof (this as unknown as Record<string, unknown>)[name] !== "function",
    );
  }
  state_dict(): Record<string, unknown> {
    this.optimizer.reached_();
    const own = this as unknown as Record<string, unknown>;
    return Object.fromEntries(
      this.stateNames_().map((name) => [name, Array.isArray(own[name]) ? [...(own[name] as unknown[])] : own[name]]),
    );
  }
  load_state_dict(state_dict: Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>): void {
    const entries =
      state_dict instanceof Map
        ? [...(state_dict as ReadonlyMap<string, unknown>)]
        : Object.entries(state_dict as Record<string, unknown>);
    for (const [name, value] of entries)
      (this as unknown as Record<string, unknown>)[name] = Array.isArray(value) ? [...(value as unknown[])] : value;
  }
}

/** One value for each group. */
export function perGroup(name: string, value: number | readonly number[], groups: readonly Group[]): number[] {
  if (typeof value === "number") return groups.map(() => value);
  if (value.length !== groups.length)
    throw new ArgumentError("scheduler/per-group", `${name}: expected ${groups.length} values, got ${value.length}.`);
  return [...value];
}

/** How many of an ascending list are at most `value`. */
export const countUpTo = (ascending: readonly number[], value: number): number =>
  ascending.filter((item) => item <= value).length;
