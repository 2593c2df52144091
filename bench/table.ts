/** Rows of figures as lines of text. */
import { agrees } from "./generate.ts";
import type { Measurement } from "./measure.ts";
import type { Peak } from "../runtime/wasm/limits.ts";
import type { Reply } from "./peers/protocol.ts";
import type { Workload } from "./workloads/workload.ts";

const widths = [16, 10, 10, 10, 8, 10, 16] as const;
const line = (cells: readonly string[]): string =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[i]!))).join("");

export const header = line(["workload", "ms", "cpu ms", "first ms", "kernels", "compile ms", "rate"]);

/** The rate counts processor time, as the peak does. */
export function row(workload: Workload, figures: Measurement, peak: Peak): string {
  const { ms_median, cpu_ms_median, first_ms, kernels, compile_ms } = figures;
  return line([
    workload.id,
    digits(ms_median),
    digits(cpu_ms_median),
    digits(first_ms),
    String(kernels),
    digits(compile_ms),
    rate(workload, cpu_ms_median, peak),
  ]);
}

/** A peer's figures, and ours in proportion: above 1 ours takes less processor time. */
export function peerRow(peer: string, reply: Exclude<Reply, { kind: "missing" }>, ours: Measurement | null): string {
  if (reply.kind === "failed") return `  ${peer.padEnd(14)}FAILED: ${reply.message.split("\n")[0]!}`;
  const { timings, check } = reply;
  const ratio = ours === null ? "" : `${digits(timings.cpu_ms_median / ours.cpu_ms_median)}x`;
  const verdict = ours === null ? "" : agrees(check, ours.check) ? "same result" : `DIFFERS: ${check.join(", ")}`;
  const { ms_median, cpu_ms_median, first_ms } = timings;
  return `${line([`  ${peer}`, digits(ms_median), digits(cpu_ms_median), digits(first_ms), "", "", ratio])}  ${verdict}`;
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
