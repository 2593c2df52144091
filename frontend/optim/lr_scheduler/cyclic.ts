/** Schedules of learning rate and momentum together. */
import { ValueError } from "../../../ir/errors.ts";
import { signature, type CallOf } from "../../arguments.ts";
import { LRScheduler, perGroup, type AnyOptimizer, type Group } from "./base.ts";

type Rates = number | readonly number[];

/** Whether the optimizer calls its momentum beta1. @throws ValueError when it has neither */
function usesBeta1(name: string, groups: readonly Group[]): boolean {
  const [group] = groups;
  if (group?.momentum === undefined && group?.betas === undefined)
    throw new ValueError(
      "scheduler/momentum",
      `${name}: optimizer must support momentum or beta1 with \`cycle_momentum\` option enabled.`,
      "Pass { cycle_momentum: false }.",
    );
  return group.betas !== undefined;
}
function setMomentum(group: Group, momentum: number, beta1: boolean): void {
  if (beta1) group.betas = [momentum, group.betas![1]];
  else group.momentum = momentum;
}

const cyclic = signature<
  [
    base_lr: Rates,
    max_lr: Rates,
    step_size_up: number,
    step_size_down: number | null,
    mode: "triangular" | "triangular2" | "exp_range",
    gamma: number,
    scale_fn: ((x: number) => number) | null,
    scale_mode: "cycle" | "iterations",
    cycle_momentum: boolean,
    base_momentum: Rates,
    max_momentum: Rates,
    last_epoch: number,
  ]
>()(
  "base_lr, max_lr, step_size_up?, step_size_down?, mode?, gamma?, scale_fn?, scale_mode?, cycle_momentum?, base_momentum?, max_momentum?, last_epoch?",
);

/** Up and down between two rates. https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CyclicLR.html */
export class CyclicLR extends LRScheduler {
  max_lrs: number[];
  total_size: number;
  step_ratio: number;
  mode: string;
  gamma: number;
  cycle_momentum: boolean;
  use_beta1 = false;
  base_momentums: number[] = [];
  max_momentums: number[] = [];
  private readonly scale: (cycle: number, iteration: number) => number;

  constructor(optimizer: AnyOptimizer, ...args: CallOf<typeof cyclic>) {
    const {
      base_lr,
      max_lr,
      step_size_up = 2000,
      step_size_down,
      mode = "triangular",
      gamma = 1,
      scale_fn,
      scale_mode = "cycle",
      cycle_momentum = true,
      base_momentum = 0.8,
      max_momentum = 0.9,
      last_epoch = -1,
    } = cyclic.bind("CyclicLR", args);
    if (!["triangular", "triangular2", "exp_range"].includes(mode) && !scale_fn)
      throw new ValueError("scheduler/mode", "CyclicLR: mode is invalid and scale_fn is None.");
    const groups = optimizer.param_groups as unknown as Group[];
    const base = perGroup("base_lr", base_lr, groups);
    if (last_epoch === -1) groups.forEach((group, i) => (group.lr = base[i]!));
    super(optimizer, last_epoch);
    this.base_lrs = base;
    this.max_lrs = perGroup("max_lr", max_lr, groups);
    this.total_size = step_size_up + (step_size_down ?? step_size_up);
    this.step_ratio = step_size_up / this.total_size;
    this.mode = mode;
    this.gamma = gamma;
    this.cycle_momentum = cycle_momentum;
    this.scale = scale_fn
      ? (cycle, iteration) => scale_fn(scale_mode === "cycle" ? cycle : iteration)
      : (cycle, iteration) =>
          mode === "triangular" ? 1 : mode === "triangular2" ? 1 / 2 ** (cycle - 1) : this.gamma ** iteration;
    if (cycle_momentum) {
      this.use_beta1 = usesBeta1("CyclicLR", groups);
      this.base_momentums = perGroup("base_momentum", base_momentum, groups);
      this.max_momentums = perGroup("max_momentum", max_momentum, groups);
      if (last_epoch === -1) {
        groups.forEach((group, i) => {
          setMomentum(group, this.max_momentums[i]!, this.use_beta1);
          Object.assign(group, { max_momentum: this.max_momentums[i], base_momentum: this.base_momentums[i] });
        });
      }
    }
    this._initial_step();
  }
  override get_lr(): number[] {
    const cycle = Math.floor(1 + this.last_epoch / this.total_size);
    const x = 1 + this.last_epoch / this.total_size - cycle;
    const height = x <= this.step_ratio ? x / this.step_ratio : (x - 1) / (this.step_ratio - 1);
    const factor = height * this.scale(cycle, this.last_epoch);
    if (this.cycle_momentum)
      this.groups.forEach((group, i) =>
        setMomentum(
          group,
          this.max_momentums[i]! - (this.max_momentums[i]! - this.base_momentums[i]!) * factor,
          this.use_beta1,
        ),
      );
    return this.base_lrs.map((base, i) => base + (this.max_lrs[i]! - base) * factor);
  }
}

type Anneal = "cos" | "linear";
const oneCycle = signature<
  [
    max_lr: Rates,
    total_steps: number | null,
    epochs: number | null,
    steps_per_epoch: number | null,
    pct_start: number,
    anneal_strategy: Anneal,
    cycle_momentum: boolean,
    base_momentum: Rates,
    max_momentum: Rates,
    div_factor: number,
    final_div_factor: number,
    three_phase: boolean,
    last_epoch: number,
  ]
>()(
  "max_lr, total_steps?, epochs?, steps_per_epoch?, pct_start?, anneal_strategy?, cycle_momentum?, base_momentum?, max_momentum?, div_factor?, final_div_factor?, three_phase?, last_epoch?",
);

interface Phase {
  readonly end_step: number;
  readonly start_lr: string;
  readonly end_lr: string;
  readonly start_momentum: string;
  readonly end_momentum: string;
}

/** Up to max_lr and down to almost nothing, once. https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html */
export class OneCycleLR extends LRScheduler {
  total_steps: number;
  cycle_momentum: boolean;
  use_beta1 = false;
  _anneal_func_type: Anneal;
  _schedule_phases: Phase[];

  constructor(optimizer: AnyOptimizer, ...args: CallOf<typeof oneCycle>) {
    const {
      max_lr,
      total_steps,
      epochs,
      steps_per_epoch,
      pct_start = 0.3,
      anneal_strategy = "cos",
      cycle_momentum = true,
      base_momentum = 0.85,
      max_momentum = 0.95,
      div_factor = 25,
      final_div_factor = 1e4,
      three_phase = false,
      last_epoch = -1,
    } = oneCycle.bind("OneCycleLR", args);
    const total = total_steps ?? (epochs && steps_per_epoch ? epochs * steps_per_epoch : 0);
    if (!(total > 0 && Number.isInteger(total)))
      throw new ValueError(
        "scheduler/total-steps",
        "OneCycleLR: You must define either total_steps OR (epochs AND steps_per_epoch), positive integers.",
      );
    if (!(pct_start >= 0 && pct_start <= 1))
      throw new ValueError(
        "scheduler/pct-start",
        `OneCycleLR: Expected float between 0 and 1 pct_start, but got ${pct_start}.`,
      );
    if (anneal_strategy !== "cos" && anneal_strategy !== "linear")
      throw new ValueError(
        "scheduler/anneal",
        `OneCycleLR: anneal_strategy must be one of 'cos' or 'linear', instead got ${String(anneal_strategy)}.`,
      );
    const groups = optimizer.param_groups as unknown as Group[];
    const highest = perGroup("max_lr", max_lr, groups);
    if (last_epoch === -1) {
      groups.forEach((group, i) => {
        const initial_lr = highest[i]! / div_factor;
        Object.assign(group, { initial_lr, max_lr: highest[i], min_lr: initial_lr / final_div_factor });
      });
    }
    super(optimizer, last_epoch);
    this.total_steps = total;
    this.cycle_momentum = cycle_momentum;
    this._anneal_func_type = anneal_strategy;
    const phase = (
      end_step: number,
      start_lr: string,
      end_lr: string,
      start_momentum: string,
      end_momentum: string,
    ): Phase => ({ end_step, start_lr, end_lr, start_momentum, end_momentum });
    const up = phase(pct_start * total - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum");
    this._schedule_phases = three_phase
      ? [
          up,
          phase(2 * pct_start * total - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
          phase(total - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
        ]
      : [up, phase(total - 1, "max_lr", "min_lr", "base_momentum", "max_momentum")];
    if (cycle_momentum) {
      this.use_beta1 = usesBeta1("OneCycleLR", groups);
      const [low, high] = [
        perGroup("base_momentum", base_momentum, groups),
        perGroup("max_momentum", max_momentum, groups),
      ];
      if (last_epoch === -1) {
        groups.forEach((group, i) => {
          setMomentum(group, high[i]!, this.use_beta1);
          Object.assign(group, { max_momentum: high[i], base_momentum: low[i] });
        });
      }
    }
    this._initial_step();
  }
  override get_lr(): number[] {
    const step = this.last_epoch;
    if (step > this.total_steps)
      throw new ValueError(
        "scheduler/finished",
        `OneCycleLR: Tried to step ${step} times. The specified number of total steps is ${this.total_steps}.`,
      );
    const at = this._schedule_phases.findIndex(
      ({ end_step }, i) => step <= end_step || i === this._schedule_phases.length - 1,
    );
    const phase = this._schedule_phases[at]!;
    const start = at === 0 ? 0 : this._schedule_phases[at - 1]!.end_step;
    const share = (step - start) / (phase.end_step - start);
    const between = (from: number, to: number): number =>
      this._anneal_func_type === "cos"
        ? to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share))
        : (to - from) * share + from;
    return this.groups.map((group) => {
      const number = (name: string): number => group[name] as number;
      if (this.cycle_momentum)
        setMomentum(group, between(number(phase.start_momentum), number(phase.end_momentum)), this.use_beta1);
      return between(number(phase.start_lr), number(phase.end_lr));
    });
  }
}
