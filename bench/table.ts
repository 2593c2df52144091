/** Rows of figures as lines of text. */
import { agrees } from "./generate.ts";
import type { Measurement, Timings } from "./measure.ts";
import type { Peak } from "../runtime/wasm/limits.ts";
import type { Reply } from "./peers/protocol.ts";
import type { Workload } from "./workloads/workload.ts";

const widths = [16, 10, 10, 10, 9, 12, 20] as const;
const line = (cells: readonly string[]): string =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[i]!))).join("");

export const header = (threads: number): string =>
  line(["workload", "ms", "cpu ms", "first ms", "kernels", "compile ms", threads === 1 ? "rate" : "x one thread"]);

/** The rate counts processor time, as the peak does. `alone`: on one thread, where there are several. */
export function row(workload: Workload, figures: Measurement, peak: Peak, alone: Measurement | null): string {
  const { ms_median, cpu_ms_median, first_ms, kernels, compile_ms } = figures;
  return line([
    workload.id,
    digits(ms_median),
    digits(cpu_ms_median),
    digits(first_ms),
    String(kernels),
    digits(compile_ms),
    alone === null ? rate(workload, cpu_ms_median, peak) : `${digits(alone.ms_minimum / figures.ms_minimum)}x`,
  ]);
}

/**
 * A peer's figures, and ours in proportion: above 1 ours takes less processor time, or, on several threads, less time:
 * those that wait for work take the processor's.
 */
export function peerRow(peer: string, reply: Exclude<Reply, { kind: "missing" }>, ours: Measurement | null): string {
  if (reply.kind === "failed") return `  ${peer.padEnd(14)}FAILED: ${reply.message.split("\n")[0]!}`;
  const { timings, check, threads } = reply;
  const time = (figures: Timings): number => (ours?.threads === 1 ? figures.cpu_ms_median : figures.ms_minimum);
  const ratio = ours === null ? "" : `${digits(time(timings) / time(ours))}x`;
  const verdict = ours === null ? "" : agrees(check, ours.check) ? "same result" : `DIFFERS: ${check.join(", ")}`;
  const { ms_median, cpu_ms_median, first_ms } = timings;
  const fewer = ours !== null && threads !== null && threads < ours.threads ? `, on ${threads} thread` : "";
  const cells = [`  ${peer}`, digits(ms_median), digits(cpu_ms_median), digits(first_ms), "", "", ratio];
  return `${line(cells)}  ${verdict}${fewer}`;
}

export const ceilings = (peak: Peak): string =>
  `one thread: ${digits(peak.gflops)} GFLOP/s (${peak.fused ? "fused multiply-add" : "multiply and add"}), ` +
  `copying ${digits(peak.copyGBs)} GB/s`;

function rate({ flops, bytes }: Workload, ms: number, peak: Peak): string {
  const [amount, unit, most] = flops === undefined ? [bytes, "GB/s", peak.copyGBs] : [flops, "GFLOP/s", peak.gflops];
  if (amount === undefined || ms === 0) return "";
  const value = amount / ms / 1e6;
  return `${digits(value)} ${unit} ${String(Math.round((100 * value) / most)).padStart(3)}%`;
}

/** Three digits that count. */
export function digits(value: number): string {
  if (value === 0) return "0";
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(decimals, 6));
}
