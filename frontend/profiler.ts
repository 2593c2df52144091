/// <reference lib="esnext.disposable" preserve="true" />
/**
 * `torch.profiler`: where the time goes, kernel by kernel. While a profile runs, programs on CPU devices run one kernel
 * at a time, which is slower than the whole; the times are the kernels' own, of the processor.
 * https://docs.pytorch.org/docs/stable/profiler.html
 */
import { ArgumentError } from "../ir/errors.ts";
import type { StepTime } from "../runtime/profile.ts";
import { measurePeak, type Peak } from "../runtime/wasm/limits.ts";
import { during } from "./scope.ts";
import { noteSites } from "./site.ts";
import { writeTrace } from "./profiling/files.ts";
import {
  isKept,
  ProfilerAction,
  ProfilerActivity,
  supported_activities,
  type ProfilerSchedule,
} from "./profiling/schedule.ts";
import { chromeTrace, type ChromeTrace, type Region } from "./profiling/chrome-trace.ts";
import { averagesOf, KernelTable } from "./profiling/table.ts";
import { watchRuns } from "./watch-runs.ts";

export { tensorboard_trace_handler, type TraceHandlerOptions } from "./profiling/files.ts";
export {
  ProfilerAction,
  ProfilerActivity,
  schedule,
  supported_activities,
  type ProfilerSchedule,
  type ScheduleOptions,
} from "./profiling/schedule.ts";
export { KernelTable, type KernelAverage, type TableOptions } from "./profiling/table.ts";
export type { ChromeTrace };

export interface ProfileOptions {
  /** Notes the user's line of every operation: what runs is recorded and compiled again, once. */
  readonly with_stack?: boolean;
  /** What is measured. Only kernels on CPU devices can be: without `CPU`, what `record_function` marks is all there is. */
  readonly activities?: Iterable<ProfilerActivity> | null;
  /** Which steps are measured; by itself everything is. `step()` tells that the next one begins. */
  readonly schedule?: ProfilerSchedule | null;
  /** Called at the end of each cycle of the schedule, and when a profile stops that was measuring. */
  readonly on_trace_ready?: ((prof: Profile) => void) | null;
  /** Without effect, as the next ones: shapes, operations and bytes are always noted. */
  readonly record_shapes?: boolean;
  readonly profile_memory?: boolean;
  readonly with_flops?: boolean;
  readonly with_modules?: boolean;
}

/** One run of one kernel; of a loop with very many turns, several. */
export interface KernelEvent extends StepTime {
  /** Of which program. */
  readonly program: string;
}

const running = new Set<Profile>();
let peak: Peak | null = null;

class Profile implements Disposable {
  private kernels: KernelEvent[] = [];
  private regions: Region[] = [];
  private readonly options: ProfileOptions;
  private readonly measuresKernels: boolean;
  private stopWatching: (() => void) | null = null;
  private action: ProfilerAction = ProfilerAction.NONE;
  private stepStartMs = 0;
  /** The number of the current step. */
  step_num = 0;

  constructor(options: ProfileOptions = {}) {
    this.options = options;
    const activities = new Set(options.activities ?? supported_activities());
    if (activities.size === 0)
      throw new ArgumentError("profiler/activities", "profile: No valid profiler activities found.");
    this.measuresKernels = activities.has(ProfilerActivity.CPU);
  }

  private actionOf(step: number): ProfilerAction {
    return this.options.schedule?.(step) ?? ProfilerAction.RECORD;
  }

  /** Starts to measure, or goes on. */
  start(): this {
    if (!running.has(this)) this.enter(this.actionOf(this.step_num));
    return this;
  }

  stop(): this {
    if (!running.has(this)) return this;
    this.endStep();
    const wasKept = isKept(this.action);
    this.leave();
    if (wasKept) this.options.on_trace_ready?.(this);
    return this;
  }

  /** The next step of the schedule begins. */
  step(): void {
    if (!running.has(this)) return;
    this.endStep();
    this.step_num++;
    const [last, next] = [this.action, this.actionOf(this.step_num)];
    if (last === ProfilerAction.RECORD_AND_SAVE) {
      this.leave();
      this.options.on_trace_ready?.(this);
    }
    this.enter(next);
  }

  /** Measures, or not, as the action says. A new cycle starts with nothing. */
  private enter(action: ProfilerAction): void {
    const isCycle = this.options.schedule != null && isKept(action) && !isKept(this.action);
    if (isCycle) [this.kernels, this.regions] = [[], []];
    this.action = action;
    this.stepStartMs = performance.now();
    running.add(this);
    const isWatched = action !== ProfilerAction.NONE && this.measuresKernels;
    if (!isWatched) this.endWatch();
    else
      this.stopWatching ??= watchRuns((program, times) => {
        if (isKept(this.action)) for (const time of times) this.kernels.push({ ...time, program: program.name });
      });
    updateSites();
  }

  private leave(): void {
    this.endWatch();
    this.action = ProfilerAction.NONE;
    running.delete(this);
    updateSites();
  }

  private endWatch(): void {
    this.stopWatching?.();
    this.stopWatching = null;
  }

  /** A step of a schedule is a stretch of the trace. */
  private endStep(): void {
    if (this.options.schedule == null) return;
    const ms = performance.now() - this.stepStartMs;
    this.note({ name: `ProfilerStep#${this.step_num}`, startMs: this.stepStartMs, ms });
  }

  get wantsSites(): boolean {
    return this.options.with_stack === true && this.action !== ProfilerAction.NONE;
  }

  /** What `record_function` marked. */
  note(region: Region): void {
    if (isKept(this.action)) this.regions.push(region);
  }

  /** Every kernel that ran, in order. */
  events(): readonly KernelEvent[] {
    return this.kernels;
  }

  /** Runs of the same kernel on the same shapes (and for the same lines) together; `.table()` prints them. */
  key_averages(): KernelTable {
    return new KernelTable(averagesOf(this.kernels), () => (peak ??= measurePeak()));
  }

  /** The events in the format that Perfetto and Chrome's tracing open. */
  chrome_trace(): ChromeTrace {
    return chromeTrace(this.kernels, this.regions);
  }

  /** Writes `chrome_trace()` to a file, compressed where its name ends in `.gz`; only where there are files. */
  export_chrome_trace(path: string): void {
    writeTrace(path, JSON.stringify(this.chrome_trace()));
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}
export type profile = Profile;

function updateSites(): void {
  noteSites([...running].some((each) => each.wantsSites));
}

/**
 * Measures what runs while it is on.
 *
 * `profile({ with_stack: true }, (prof) => ...)` measures the function and returns its profile (of an asynchronous one
 * its promise); `using prof = torch.profiler.profile()` measures until it is disposed of.
 */
export function profile(options?: ProfileOptions): Profile;
export function profile(body: (prof: Profile) => Promise<unknown>): Promise<Profile>;
export function profile(body: (prof: Profile) => unknown): Profile;
export function profile(options: ProfileOptions, body: (prof: Profile) => Promise<unknown>): Promise<Profile>;
export function profile(options: ProfileOptions, body: (prof: Profile) => unknown): Profile;
export function profile(
  first: ProfileOptions | ((prof: Profile) => unknown) = {},
  second?: (prof: Profile) => unknown,
): Profile | Promise<Profile> {
  const [options, body] = typeof first === "function" ? [{}, first] : [first, second];
  const prof = new Profile(options).start();
  if (body === undefined) return prof;
  const result = during(
    () => body(prof),
    () => prof.stop(),
  );
  return result instanceof Promise ? result.then(() => prof) : prof;
}

/** Names a stretch of time in the trace: what `body` does. */
export function record_function<T>(name: string, body: () => T): T {
  const startMs = performance.now();
  return during(body, () => {
    const region = { name, startMs, ms: performance.now() - startMs };
    for (const each of running) each.note(region);
  });
}
