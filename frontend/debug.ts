/**
 * Watching the compiler at work: every flag of the library. docs/debugging.md shows them in use.
 *
 * | Flag        | Environment          | What it does                                                            |
 * | ----------- | -------------------- | ----------------------------------------------------------------------- |
 * | `debug: 1`  | `DEBUG=1`            | prints the devices, as they are opened                                   |
 * | `debug: 2`  | `DEBUG=2`            | and the time and bytes of every kernel (CPU devices: one step at a time) |
 * | `debug: 3`  | `DEBUG=3`            | and the groups of nodes that share a kernel                              |
 * | `debug: 4`  | `DEBUG=4`            | and the generated source                                                 |
 * | `debug: 5`  | `DEBUG=5`            | and the graph, the kernels or the program after each pass                |
 * | `debug: 6`  | `DEBUG=6`            | and each rewrite                                                         |
 * | `verify`    | `VERIFY=1`           | checks the IR after every pass, and names the pass that broke it         |
 * | `viz`       | `VIZ=1`, `VIZ=a.html` | writes a page with the graph before and after each pass                 |
 */
import type { Program } from "../ir/program.ts";
import type { Device, DeviceName, Executable } from "../runtime/device.ts";
import { watchable } from "./watch-runs.ts";
import { putDevice, watch, type DebugFlags, type Stage } from "./debug-watch.ts";

export type { DebugFlags, Stage };

interface Environment {
  readonly DEBUG: string | undefined;
  readonly VERIFY: string | undefined;
  readonly VIZ: string | undefined;
}
const isOn = (text: string | undefined): boolean => text !== undefined && text !== "" && text !== "0";

function flagsFrom({ DEBUG, VERIFY, VIZ }: Partial<Environment>): DebugFlags {
  return {
    // Other programs read words from DEBUG.
    debug: DEBUG !== undefined && /^[0-6]$/.test(DEBUG) ? Number(DEBUG) : 0,
    verify: isOn(VERIFY),
    viz: VIZ === undefined || !isOn(VIZ) ? null : VIZ === "1" ? "cresset.html" : VIZ,
  };
}

let flags = flagsFrom(typeof process === "undefined" ? {} : process.env);
export const debugFlags = (): DebugFlags => flags;

/** Sets flags while `run` runs (an asynchronous one: until its promise settles). */
export function debugging<T>(changes: Partial<DebugFlags>, run: () => T): T {
  const before = flags;
  const restore = (): void => {
    flags = before;
  };
  flags = { ...flags, ...changes };
  let result: T;
  try {
    result = run();
  } catch (error) {
    restore();
    throw error;
  }
  if (result instanceof Promise) return result.finally(restore) as T;
  restore();
  return result;
}

type PassObserver = (pass: string, stage: Stage) => void;
const observers = new Set<PassObserver>();

/** Calls `observer` with what every pass leaves, until the returned function is called. */
export function onPass(observer: PassObserver): () => void {
  observers.add(observer);
  return () => observers.delete(observer);
}

/**
 * Shows what a pass left to whoever watches.
 * @throws IrError naming the pass when what it left is not well formed (VERIFY=1)
 */
export function observePass(pass: string, stage: Stage): void {
  if (flags.debug >= 3 || flags.verify || flags.viz !== null) watch(pass, stage, flags);
  for (const observer of observers) observer(pass, stage);
}

/** A device has been opened. */
export function noteDevice(name: DeviceName): void {
  if (flags.debug >= 1) putDevice(name);
}

/** Generates code for a program; its runs are timed kernel by kernel while somebody watches (`watchRuns`, `debug: 2`). */
export function prepareProgram(device: Device, program: Program): Executable {
  const executable = device.prepare(program);
  return device.synchronous ? watchable(device, executable, flags.debug >= 2) : executable;
}
