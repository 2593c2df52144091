/** The fuzzer as the planted bugs meet it: graphs as in graphs.test.ts, until the first wrong one. */
import { jsDevice } from "../../runtime/js/device.ts";
import { createWasmDevice } from "../../runtime/wasm/device.ts";
import { usualRuns } from "./choices.ts";
import { fuzzGraphs } from "./fuzz-graphs.ts";
import { cpuDTypes } from "./graphs.ts";

export function findBug(): Promise<string | null> {
  const variants = [jsDevice(), createWasmDevice()].map((device) => ({ device, fusion: true }));
  // Some bugs show in one graph of hundreds.
  return fuzzGraphs(variants, cpuDTypes, { numRuns: 8 * usualRuns, seed: 2, endOnFailure: true });
}
