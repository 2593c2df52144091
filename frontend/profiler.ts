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
import { chromeTrace, type ChromeTrace, type Region } from "./profiling/chrome-trace.ts";
import { averagesOf, KernelTable } from "./profiling/table.ts";
import { watchRuns } from "./watch-runs.ts";

export { KernelTable, type KernelAverage, type TableOptions } from "./profiling/table.ts";
export type { ChromeTrace };

export interface ProfileOptions {
  /** Notes the user's line of every operation: what runs is recorded and compiled again, once. */
  readonly with_stack?: boolean;
}

/** One run of one kernel. */
export interface KernelEvent extends StepTime {
  /** Of which program. */
  readonly program: string;
}

const running = new Set<Profile>();
let peak: Peak | null = null;

class Profile implements Disposable {
  private readonly kernels: KernelEvent[] = [];
  private readonly regions: Region[] = [];
  private readonly withStack: boolean;
  private stopWatching: (() => void) | null = null;

  constructor({ with_stack = false }: ProfileOptions = {}) {
    this.withStack = with_stack;
  }

  /** Starts to measure, or goes on. */
  start(): this {
    if (this.stopWatching !== null) return this;
    this.stopWatching = watchRuns((program, times) => {
      for (const time of times) this.kernels.push({ ...time, program: program.name });
    });
    running.add(this);
    updateSites();
    return this;
  }

  stop(): this {
    this.stopWatching?.();
    this.stopWatching = null;
    running.delete(this);
    updateSites();
    return this;
  }

  get wantsSites(): boolean {
    return this.withStack;
  }

  /** What `record_function` marked. */
  note(region: Region): void {
    this.regions.push(region);
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

  /** Writes `chrome_trace()` to a file; only where there are files. */
  export_chrome_trace(path: string): void {
    const host = (globalThis as { process?: { getBuiltinModule?(name: "node:fs"): FileSystem } }).process;
    const files = host?.getBuiltinModule?.("node:fs");
    if (files === undefined)
      throw new ArgumentError(
        "profiler/no-files",
        "export_chrome_trace: there are no files here",
        "Take the object that chrome_trace() returns, and keep it as JSON.",
      );
    files.writeFileSync(path, JSON.stringify(this.chrome_trace()));
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}
export type profile = Profile;

interface FileSystem {
  writeFileSync(path: string, text: string): void;
}

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
