/** What kernels took, by kernel: numbers, and the table that shows them. */
import { ArgumentError } from "../../ir/errors.ts";
import type { StepTime } from "../../runtime/profile.ts";
import type { Peak } from "../../runtime/wasm/limits.ts";

/** Runs of one kernel on one set of shapes. */
export interface KernelAverage {
  readonly key: string;
  readonly count: number;
  /** Milliseconds of processor time of all runs. */
  readonly cpu_time_total: number;
  /** Milliseconds of one run: the median. */
  readonly cpu_time: number;
  /** Of one run. */
  readonly flops: number;
  readonly bytes: number;
  readonly shapes: readonly string[];
  /** The user's lines: `file:line:column`. */
  readonly stack: readonly string[];
}

/** A kernel calls no other: its own time is all of its time. */
const sortable = ["cpu_time_total", "self_cpu_time_total", "cpu_time", "count", "flops", "bytes"] as const;

export interface TableOptions {
  /** What stands first: the most time, by default. */
  readonly sort_by?: (typeof sortable)[number];
  readonly row_limit?: number;
}

export function averagesOf(events: readonly StepTime[]): KernelAverage[] {
  const groups = new Map<string, StepTime[]>();
  for (const event of events) {
    const key = JSON.stringify([event.name, event.shapes, event.sites]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [event]);
    else group.push(event);
  }
  return [...groups.values()].map((group): KernelAverage => {
    const { name, flops, bytes, shapes, sites } = group[0]!;
    const times = group.map(({ calls, cpuMs }) => cpuMs / calls).sort((a, b) => a - b);
    return {
      key: name,
      count: group.reduce((sum, { calls }) => sum + calls, 0),
      cpu_time_total: group.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
      cpu_time: times[times.length >> 1]!,
      flops,
      bytes,
      shapes,
      stack: sites,
    };
  });
}

interface Column {
  readonly title: string;
  readonly width: number;
}
const columns: readonly Column[] = [
  { title: "kernel", width: 22 },
  { title: "calls", width: 7 },
  { title: "total ms", width: 10 },
  { title: "share", width: 8 },
  { title: "ms", width: 10 },
  { title: "GFLOP/s", width: 9 },
  { title: "GB/s", width: 8 },
  { title: "peak", width: 6 },
];

const cells = (values: readonly string[]): string =>
  values.map((value, i) => (i === 0 ? value.padEnd(columns[0]!.width) : value.padStart(columns[i]!.width))).join("");

/** `key_averages()`: a list, and a table of it. */
export class KernelTable extends Array<KernelAverage> {
  private readonly peak: () => Peak;

  constructor(averages: readonly KernelAverage[], peak: () => Peak) {
    super();
    this.push(...averages);
    this.peak = peak;
  }
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  /**
   * One line a kernel: calls, time, its share of all time, rates of one call, and the larger of its shares of what
   * this machine's one thread can do (multiply-adds in registers, `memory.copy`); then the user's lines and the operands.
   */
  table({ sort_by = "cpu_time_total", row_limit = 100 }: TableOptions = {}): string {
    if (!sortable.includes(sort_by))
      throw new ArgumentError(
        "profiler/sort-by",
        `table: sort_by has to be one of ${sortable.join(", ")}, got ${JSON.stringify(sort_by)}.`,
      );
    const order = sort_by === "self_cpu_time_total" ? "cpu_time_total" : sort_by;
    const total = this.total_average().cpu_time_total;
    const { gflops, copyGBs } = this.peak();
    const rows = [...this].sort((a, b) => b[order] - a[order]).slice(0, row_limit);
    const lines = rows.map((row) => {
      const rate = row.cpu_time > 0 ? row.flops / row.cpu_time / 1e6 : 0;
      const stream = row.cpu_time > 0 ? row.bytes / row.cpu_time / 1e6 : 0;
      const values = [
        row.key,
        String(row.count),
        row.cpu_time_total.toFixed(3),
        percent(row.cpu_time_total / total),
        row.cpu_time.toFixed(4),
        rate.toFixed(1),
        stream.toFixed(1),
        percent(Math.max(rate / gflops, stream / copyGBs), 0),
      ];
      return `${cells(values)}  ${[...row.stack.map(shortened), row.shapes.join(" ")].join("  ")}`.trimEnd();
    });
    const limits = `of one thread: ${gflops.toFixed(1)} GFLOP/s, copying ${copyGBs.toFixed(1)} GB/s`;
    return [cells(columns.map(({ title }) => title)), ...lines, `${total.toFixed(3)} ms in all; ${limits}`].join("\n");
  }

  total_average(): { readonly cpu_time_total: number; readonly count: number } {
    return {
      cpu_time_total: this.reduce((sum, row) => sum + row.cpu_time_total, 0),
      count: this.reduce((sum, row) => sum + row.count, 0),
    };
  }
}

const percent = (share: number, digits = 1): string =>
  Number.isFinite(share) ? `${(100 * share).toFixed(digits)}%` : "-";

/** The file's name, without its folders. */
const shortened = (site: string): string => site.slice(site.lastIndexOf("/") + 1);
