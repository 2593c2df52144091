/** How a workload is timed: a first call by itself, warm-up, then samples of about two milliseconds. */
import { useThreads } from "./threads.ts";
import type { Workload } from "./workloads/workload.ts";

export interface Measurement extends Timings {
  readonly workload: string;
  readonly device: string;
  readonly threads: number;
  readonly kernels: number;
  readonly compile_ms: number;
  readonly compile_count: number;
  readonly peak_bytes: number;
  readonly check: readonly number[];
}

export interface MeasureOptions {
  readonly device: string;
  readonly threads: number;
  /** Milliseconds of samples. */
  readonly budget: number;
}

const sampleMs = 2;
const warmUpShare = 0.3;

/** Figures of repeated calls, apart from what was computed. */
export interface Timings {
  readonly ms_median: number;
  readonly ms_minimum: number;
  /** Processor time of all the process's threads: on a shared machine the figure that wall time is not. */
  readonly cpu_ms_median: number;
  /** The first call: recording, compiling, the first touch of memory. */
  readonly first_ms: number;
  readonly samples: number;
}

export async function measure(workload: Workload, options: MeasureOptions): Promise<Measurement> {
  const { device, threads, budget } = options;
  if (device === "cpu") await useThreads(threads);
  const work = workload.prepare(device);
  const timings = await measureCalls(() => work.run(), { budget, repetitions: workload.repetitions ?? 1 });
  const { kernels, compileMs, compileCount, peakBytes } = work.statistics;
  return {
    workload: workload.id,
    device,
    threads,
    ...timings,
    kernels,
    compile_ms: compileMs,
    compile_count: compileCount,
    peak_bytes: peakBytes,
    check: await work.check(),
  };
}

type Call = () => void | Promise<void>;

/** `repetitions`: how often one call does the work; the figures, but for the first call's, are for one. */
export async function measureCalls(
  call: Call,
  { budget, repetitions = 1 }: { readonly budget: number; readonly repetitions?: number },
): Promise<Timings> {
  const first = await timeCalls(call, 1);
  const slow = first.ms > 2 * budget;

  let warmCalls = 0;
  let warmMs = 0;
  const [leastCalls, leastMs] = slow ? [1, 0] : [3, warmUpShare * budget];
  while (warmCalls < leastCalls || warmMs < leastMs) {
    const calls = warmCalls < 3 ? 1 : callsFor(warmMs / warmCalls);
    warmMs += (await timeCalls(call, calls)).ms;
    warmCalls += calls;
  }

  const calls = callsFor(warmMs / warmCalls);
  const samples: Timing[] = [];
  let spent = 0;
  while (spent < budget || samples.length < (warmMs / warmCalls > 2 * budget ? 1 : 5)) {
    const sample = await timeCalls(call, calls);
    spent += sample.ms;
    samples.push({ ms: sample.ms / calls / repetitions, cpuMs: sample.cpuMs / calls / repetitions });
  }
  return {
    ms_median: median(samples.map(({ ms }) => ms)),
    ms_minimum: Math.min(...samples.map(({ ms }) => ms)),
    cpu_ms_median: median(samples.map(({ cpuMs }) => cpuMs)),
    first_ms: first.ms,
    samples: samples.length,
  };
}

interface Timing {
  readonly ms: number;
  readonly cpuMs: number;
}

async function timeCalls(call: Call, calls: number): Promise<Timing> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (let i = 0; i < calls; i++) {
    // A promise is waited for only where there is one: a turn of the event loop would count as work.
    const pending = call();
    if (pending !== undefined) await pending;
  }
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { ms, cpuMs: (user + system) / 1000 };
}

const callsFor = (callMs: number): number => Math.max(1, Math.round(sampleMs / Math.max(callMs, 1e-6)));

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
