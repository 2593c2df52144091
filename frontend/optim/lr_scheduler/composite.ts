/** Schedules of schedules. */
import { ValueError } from "../../../ir/errors.ts";
import type { Place } from "../../host-numbers.ts";
import { signature, type CallOf } from "../../arguments.ts";
import { countUpTo, LRScheduler, type AnyOptimizer } from "./base.ts";
import { ReduceLROnPlateau } from "./plateau.ts";

function check(name: string, optimizer: AnyOptimizer | undefined, schedulers: readonly LRScheduler[]): void {
  if (schedulers.length === 0)
    throw new ValueError(
      "scheduler/none",
      `${name} expects at least one scheduler to be chained, but got no scheduler.`,
    );
  schedulers.forEach((scheduler, i) => {
    if (scheduler.optimizer !== (optimizer ?? schedulers[0]!.optimizer))
      throw new ValueError(
        "scheduler/optimizer",
        `${name} expects all schedulers to belong to the same optimizer, but got scheduler at index ${i} with another one.`,
      );
    if (scheduler instanceof ReduceLROnPlateau)
      throw new ValueError(
        "scheduler/plateau",
        `${name} does not support ReduceLROnPlateau scheduler as it requires additional kwargs to be specified when calling \`step\`, but got one at index ${i}.`,
      );
  });
}

abstract class Composite extends LRScheduler {
  readonly _schedulers: LRScheduler[];
  constructor(optimizer: AnyOptimizer, schedulers: Iterable<LRScheduler>, last_epoch: number) {
    super(optimizer, last_epoch);
    this._schedulers = [...schedulers];
  }
  override get_lr(): number[] {
    return this.groups.map((group) => group.lr);
  }
  override changing_(): Place[] {
    return [...super.changing_(), ...this._schedulers.flatMap((scheduler) => scheduler.changing_())];
  }
  override state_dict(): Record<string, unknown> {
    return { ...super.state_dict(), _schedulers: this._schedulers.map((scheduler) => scheduler.state_dict()) };
  }
  override load_state_dict(state_dict: Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>): void {
    const { _schedulers: states, ...own } = (
      state_dict instanceof Map ? Object.fromEntries(state_dict) : state_dict
    ) as { _schedulers: Record<string, unknown>[] };
    super.load_state_dict(own);
    this._schedulers.forEach((scheduler, i) => scheduler.load_state_dict(states[i]!));
  }
}

const sequential = signature<[schedulers: readonly LRScheduler[], milestones: readonly number[], last_epoch: number]>()(
  "schedulers, milestones, last_epoch?",
);

/** One schedule after another, changing at the milestones. https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.SequentialLR.html */
export class SequentialLR extends Composite {
  _milestones: number[];
  constructor(optimizer: AnyOptimizer, ...args: CallOf<typeof sequential>) {
    const { schedulers, milestones, last_epoch = -1 } = sequential.bind("SequentialLR", args);
    check("SequentialLR", optimizer, schedulers);
    if (milestones.length !== schedulers.length - 1)
      throw new ValueError(
        "scheduler/milestones",
        `Sequential Schedulers expects number of schedulers provided to be one more than the number of milestone points, but got number of schedulers ${schedulers.length} and the number of milestones to be equal to ${milestones.length}.`,
      );
    super(optimizer, schedulers, last_epoch);
    this._milestones = [...milestones];
    this.last_epoch = last_epoch + 1;
    // Each schedule has set its first rates: undo that, and let the first one start.
    for (const group of this.groups) group.lr = group.initial_lr!;
    for (const scheduler of this._schedulers) scheduler.last_epoch--;
    const [first] = this._schedulers;
    first!._initial_step();
    this._last_lr = first!.get_last_lr();
  }
  override step(): void {
    this.hostEffect_(() => {
      this.last_epoch++;
      const at = countUpTo(this._milestones, this.last_epoch);
      const scheduler = this._schedulers[at]!;
      if (at > 0 && this._milestones[at - 1] === this.last_epoch) scheduler.step(0);
      else scheduler.step();
      this._last_lr = scheduler.get_last_lr();
    });
  }
}

/** All schedules at once: each changes what the others left. https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ChainedScheduler.html */
export class ChainedScheduler extends Composite {
  constructor(schedulers: Iterable<LRScheduler>, optimizer?: AnyOptimizer | null) {
    const list = [...schedulers];
    check("ChainedScheduler", optimizer ?? undefined, list);
    super(list[0]!.optimizer, list, -1);
    this.last_epoch = 0;
    this._last_lr = this.get_lr();
  }
  override step(): void {
    this.hostEffect_(() => {
      for (const scheduler of this._schedulers) scheduler.step();
      this._last_lr = this.get_lr();
    });
  }
}
