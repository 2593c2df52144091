/**
 * Runs the cases of one file on one device and counts.
 *
 * out: passed, failed and not implemented, by operator; every failure with its reason
 * Holds: a check that throws is counted, and never stops the run; between two cases the event loop turns, so that the
 * garbage collector can finish what the last case left.
 */
import { setImmediate } from "node:timers/promises";
import { hasMethod, type Adapter, type DeviceName } from "./adapter.ts";
import { readCases } from "./format.ts";
import { kindOf } from "./kinds/index.ts";
import type { Check } from "./kinds/kind.ts";
import { isNotImplemented, messageOf } from "./not-implemented.ts";

export interface Tally {
  passed: number;
  failed: number;
  notImplemented: number;
}

export interface Failure {
  operator: string;
  /** The case's id and the check's label: what known-failures.json names. */
  check: string;
  reason: string;
}

export interface FileResult {
  file: string;
  device: DeviceName;
  total: Tally;
  operators: Map<string, Tally>;
  /** How many calls of a function or method gave PyTorch's answer. */
  passedCalls: Map<string, number>;
  failures: Failure[];
  /** What was absent, with how many checks needed it. */
  absent: Map<string, number>;
  seconds: number;
}

export interface Selection {
  /** Matched against "operator id". */
  operators?: RegExp | undefined;
  /** The dtype an operator case was sampled for. */
  dtype?: string | undefined;
  callKinds: ReadonlySet<string>;
  /** At most this many cases a file. */
  max: number;
  /** Only every n-th case. */
  every: number;
}

export const EVERYTHING: Selection = { callKinds: new Set(), max: Infinity, every: 1 };

export function emptyTally(): Tally {
  return { passed: 0, failed: 0, notImplemented: 0 };
}

export function addTally(into: Tally, from: Tally): void {
  into.passed += from.passed;
  into.failed += from.failed;
  into.notImplemented += from.notImplemented;
}

/** What names a case: its id where it has one, else its place in the file. */
function caseName(file: string, index: number, record: unknown): string {
  const { id } = record as { id?: unknown };
  return typeof id === "string" ? id : `${file}/${index}`;
}

export async function runFile(
  adapter: Adapter,
  directory: string,
  file: string,
  selection: Selection,
): Promise<FileResult> {
  const started = performance.now();
  const kind = kindOf(file);
  const { device } = adapter;
  const result: FileResult = {
    file,
    device,
    total: emptyTally(),
    operators: new Map(),
    passedCalls: new Map(),
    failures: [],
    absent: new Map(),
    seconds: 0,
  };
  let cases = 0;
  adapter.activate();
  for (const { index, record } of readCases(directory, file, (i) => i % selection.every === 0)) {
    const operator = kind.operator(record);
    const name = caseName(file, index, record);
    if (!isSelected(selection, `${operator} ${name}`, record)) continue;
    if (++cases > selection.max) break;
    for (const check of kind.checks(record, { adapter, callKinds: selection.callKinds, directory })) {
      // What is drawn does not depend on which cases ran before.
      if (hasMethod(adapter.torch, "manual_seed")) adapter.apply(adapter.torch, "manual_seed", 0);
      await count(result, operator, `${name} ${check.label}`, check);
    }
    await setImmediate();
  }
  result.seconds = (performance.now() - started) / 1000;
  return result;
}

function isSelected({ operators, dtype }: Selection, name: string, record: unknown): boolean {
  if (operators !== undefined && !operators.test(name)) return false;
  const { dtype: own } = record as { dtype?: unknown };
  return dtype === undefined || typeof own !== "string" || own === dtype;
}

async function count(result: FileResult, operator: string, name: string, check: Check): Promise<void> {
  let tally = result.operators.get(operator);
  if (tally === undefined) result.operators.set(operator, (tally = emptyTally()));
  let reason: string | null;
  try {
    reason = await check.run();
  } catch (error) {
    if (isNotImplemented(error)) {
      const what = messageOf(error);
      result.absent.set(what, (result.absent.get(what) ?? 0) + 1);
      tally.notImplemented++;
      result.total.notImplemented++;
      return;
    }
    reason = `threw ${messageOf(error)}`;
  }
  if (reason === null) {
    tally.passed++;
    result.total.passed++;
    const { callee } = check;
    if (callee !== undefined) result.passedCalls.set(callee, (result.passedCalls.get(callee) ?? 0) + 1);
  } else {
    tally.failed++;
    result.total.failed++;
    result.failures.push({ operator, check: name, reason });
  }
}
