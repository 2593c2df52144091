/** W11 and W12: how soon a first result is there, and how much a page loads for it. */
import { measureBundles } from "./bundle.ts";
import { measureColdStarts } from "./cold.ts";
import { measurePeer, peerNames } from "./peers/index.ts";
import { digits } from "./table.ts";

export interface StartOptions {
  readonly peers: boolean;
  readonly budget: number;
}

export interface StartWorkload {
  readonly id: string;
  /** Lines that say what was measured, as they come. */
  measure(options: StartOptions): AsyncIterable<StartRow>;
}
export interface StartRow {
  readonly workload: string;
  readonly library: string;
  readonly value: number;
  readonly unit: "ms" | "bytes";
  readonly note: string;
}

export const startRow = ({ workload, library, value, unit, note }: StartRow): string =>
  `${workload.padEnd(16)}${library.padEnd(26)}${digits(value).padStart(12)} ${unit.padEnd(6)}${note}`;

async function* coldStarts({ peers }: StartOptions): AsyncIterable<StartRow> {
  const starts = await measureColdStarts(["empty", "cresset", ...(peers ? peerNames : [])]);
  for (const { library, ms_median, cpu_ms_median, printed } of starts) {
    const note = `${digits(cpu_ms_median)} ms of processor time${Number.isNaN(printed) ? "" : `; printed ${printed}`}`;
    yield { workload: "W11_cold", library, value: ms_median, unit: "ms", note };
  }
}

async function* bundles({ peers }: StartOptions): AsyncIterable<StartRow> {
  for (const [library, value] of await measureBundles(peers))
    yield { workload: "W11_bundle", library, value, unit: "bytes", note: "gzip -9" };
}

async function* firstCalls({ peers, budget }: StartOptions): AsyncIterable<StartRow> {
  for (const id of ["W7_gpt", "W9_lstm"]) {
    for (const library of ["cresset", ...(peers ? peerNames : [])] as const) {
      const reply = await measurePeer(library, { id, budget, repetitions: 1, threads: 1 });
      if (reply.kind === "missing") continue;
      const measured = reply.kind === "measured";
      yield {
        workload: `W12 ${id}`,
        library,
        value: measured ? reply.timings.first_ms : Number.NaN,
        unit: "ms",
        note: measured ? `first call; then ${digits(reply.timings.ms_median)} ms` : reply.message.split("\n")[0]!,
      };
    }
  }
}

export const startWorkloads: readonly StartWorkload[] = [
  { id: "W11_cold", measure: coldStarts },
  { id: "W11_bundle", measure: bundles },
  { id: "W12", measure: firstCalls },
];
