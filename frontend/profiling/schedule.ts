/** Which steps of a program a profile measures. https://docs.pytorch.org/docs/stable/profiler.html#torch.profiler.schedule */
import { ArgumentError } from "../../ir/errors.ts";
import { withSite } from "../site.ts";
import { warnOnce } from "../warnings.ts";

/** What a profile does during a step. https://docs.pytorch.org/docs/stable/profiler.html#torch.profiler.ProfilerAction */
export const ProfilerAction = { NONE: 0, WARMUP: 1, RECORD: 2, RECORD_AND_SAVE: 3 } as const;
export type ProfilerAction = (typeof ProfilerAction)[keyof typeof ProfilerAction];

/** What is measured. https://docs.pytorch.org/docs/stable/profiler.html#torch.profiler.ProfilerActivity */
export const ProfilerActivity = { CPU: 0, CUDA: 2 } as const;
export type ProfilerActivity = (typeof ProfilerActivity)[keyof typeof ProfilerActivity];

/** What is measured here: kernels on CPU devices. */
export const supported_activities = (): ReadonlySet<ProfilerActivity> => new Set([ProfilerActivity.CPU]);

/** What to do during the step of that number, counted from 0. */
export type ProfilerSchedule = (step: number) => ProfilerAction;

/** In steps. */
export interface ScheduleOptions {
  /** At the start of each cycle: nothing is measured. */
  readonly wait: number;
  /** Then: measured, and thrown away, so that what is compiled for measuring is no part of the times. */
  readonly warmup: number;
  /** Then: measured and kept. */
  readonly active: number;
  /** How many cycles; 0: until the profile is stopped. */
  readonly repeat?: number;
  /** Before the first cycle. */
  readonly skip_first?: number;
  /** Not 0: the first cycle does not wait. */
  readonly skip_first_wait?: number;
}

/**
 * `wait` steps without measuring, `warmup` that are thrown away, `active` that are kept, and again from the start.
 * @throws ArgumentError when there would be nothing to measure, or a number is negative
 * @see https://docs.pytorch.org/docs/stable/profiler.html#torch.profiler.schedule
 */
export function schedule(options: ScheduleOptions): ProfilerSchedule {
  const { wait, warmup, active, repeat = 0, skip_first = 0, skip_first_wait = 0 } = options;
  return withSite(() => {
    const counts = [wait, warmup, active, repeat, skip_first];
    if (!counts.every((count) => Number.isInteger(count) && count >= 0) || active === 0)
      throw new ArgumentError(
        "profiler/schedule",
        `schedule: Invalid profiler schedule arguments. Got wait=${wait} (need >= 0), warmup=${warmup} (need >= 0), active=${active} (need > 0), repeat=${repeat} (need >= 0), skip_first=${skip_first} (need >= 0).`,
      );
    if (warmup === 0) warnOnce("schedule: Profiler won't be using warmup, this can skew profiler results.");
    const length = wait + warmup + active;
    return (step) => {
      if (step < skip_first) return ProfilerAction.NONE;
      const since = step - skip_first + (skip_first_wait === 0 ? 0 : wait);
      if (repeat > 0 && since >= repeat * length) return ProfilerAction.NONE;
      const place = since % length;
      if (place < wait) return ProfilerAction.NONE;
      if (place < wait + warmup) return ProfilerAction.WARMUP;
      return place < length - 1 ? ProfilerAction.RECORD : ProfilerAction.RECORD_AND_SAVE;
    };
  });
}

/** Whether what happens during a step is kept. */
export const isKept = (action: ProfilerAction): boolean =>
  action === ProfilerAction.RECORD || action === ProfilerAction.RECORD_AND_SAVE;
