/**
 * What the tests hold the library to: `baseline.json` counts the checks that passed, by file and device,
 * `passed-calls.json` those of operators by function or method, for the table of operators, and `known-failures.json` lists the checks that fail although their operator exists, each with its reason.
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { DeviceName } from "./adapter.ts";
import { EVERYTHING, type FileResult, type Selection } from "./suite.ts";

/** passed, by file and device. */
export type Baseline = Record<string, Partial<Record<DeviceName, number>>>;

/** How many calls of a function or method passed, by device. */
export type PassedCalls = Partial<Record<DeviceName, Record<string, number>>>;

export interface KnownFailure {
  file: string;
  /** The case's id and the check's label, as the runner prints them. */
  check: string;
  /** All devices, unless it says which. */
  devices?: DeviceName[];
  reason: string;
}

const BASELINE = new URL("baseline.json", import.meta.url);
const PASSED_CALLS = new URL("passed-calls.json", import.meta.url);
const KNOWN_FAILURES = new URL("known-failures.json", import.meta.url);

/** The devices that are tested, and every how manyth case: a software WebGPU adapter is slow. */
export const TESTED_DEVICES: readonly { device: DeviceName; selection: Selection }[] = [
  { device: "cpu", selection: EVERYTHING },
  { device: "cpu:js", selection: EVERYTHING },
  { device: "webgpu", selection: { ...EVERYTHING, every: 16 } },
];

export function readBaseline(): Baseline {
  return JSON.parse(readFileSync(BASELINE, "utf8")) as Baseline;
}

/** Takes these results as the new baseline of their files and devices. They must be of the tested selections. */
export function writeBaseline(results: readonly FileResult[]): void {
  const baseline = readBaseline();
  for (const { file, device, total } of results) (baseline[file] ??= {})[device] = total.passed;
  const sorted = Object.fromEntries(Object.entries(baseline).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(BASELINE, `${JSON.stringify(sorted, null, 2)}\n`);
}

export function readPassedCalls(): PassedCalls {
  return JSON.parse(readFileSync(PASSED_CALLS, "utf8")) as PassedCalls;
}

/** The calls of all files, added up. */
export function passedCalls(results: readonly FileResult[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const result of results)
    for (const [callee, count] of result.passedCalls) sums[callee] = (sums[callee] ?? 0) + count;
  return Object.fromEntries(Object.entries(sums).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Takes these results, which must be of all files, as what the table of operators says. */
export function writePassedCalls(results: readonly FileResult[]): void {
  const calls: PassedCalls = {};
  for (const { device } of TESTED_DEVICES) calls[device] = passedCalls(results.filter((r) => r.device === device));
  writeFileSync(PASSED_CALLS, `${JSON.stringify(calls, null, 2)}\n`);
}

export function readKnownFailures(): KnownFailure[] {
  return JSON.parse(readFileSync(KNOWN_FAILURES, "utf8")) as KnownFailure[];
}
