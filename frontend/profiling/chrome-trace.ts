/** Events in the trace format of Chrome, which Perfetto opens: https://ui.perfetto.dev */
import type { StepTime } from "../../runtime/profile.ts";

/** A named stretch of time. */
export interface Region {
  readonly name: string;
  readonly startMs: number;
  readonly ms: number;
}

interface TraceEvent {
  readonly name: string;
  /** Complete: with a beginning and a duration, in microseconds. */
  readonly ph: "X";
  readonly ts: number;
  readonly dur: number;
  readonly pid: number;
  readonly tid: number;
  readonly cat: "kernel" | "user_annotation";
  readonly args: Readonly<Record<string, unknown>>;
}
interface NameEvent {
  readonly name: "thread_name";
  readonly ph: "M";
  readonly pid: number;
  readonly tid: number;
  readonly args: { readonly name: string };
}

export interface ChromeTrace {
  readonly displayTimeUnit: "ms";
  readonly traceEvents: readonly (TraceEvent | NameEvent)[];
}

const process = 1;
const rows = { regions: 1, kernels: 2 } as const;
const microseconds = (ms: number): number => ms * 1000;

export function chromeTrace(kernels: readonly StepTime[], regions: readonly Region[]): ChromeTrace {
  const named = (tid: number, name: string): NameEvent => ({
    name: "thread_name",
    ph: "M",
    pid: process,
    tid,
    args: { name },
  });
  const place = ({ startMs, ms }: Region): Pick<TraceEvent, "ph" | "ts" | "dur" | "pid"> => ({
    ph: "X",
    ts: microseconds(startMs),
    dur: microseconds(ms),
    pid: process,
  });
  return {
    displayTimeUnit: "ms",
    traceEvents: [
      named(rows.regions, "program"),
      named(rows.kernels, "kernels"),
      ...regions.map((region): TraceEvent => ({
        ...place(region),
        name: region.name,
        tid: rows.regions,
        cat: "user_annotation",
        args: {},
      })),
      ...kernels.map((kernel): TraceEvent => ({
        ...place(kernel),
        name: kernel.name,
        tid: rows.kernels,
        cat: "kernel",
        args: {
          calls: kernel.calls,
          processor_ms: kernel.cpuMs,
          flops: kernel.flops,
          bytes: kernel.bytes,
          operands: kernel.shapes,
          lines: kernel.sites,
        },
      })),
    ],
  };
}
