/**
 * Watching the compiler at work: every flag of the library. docs/debugging.md shows them in use. The environment is read
 * by `cresset` (debug-environment.ts).
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
import type { Node } from "../ir/graph.ts";
import type { KernelGraph } from "../ir/kernel-graph.ts";
import type { LoopKernel } from "../ir/loop.ts";
import type { Program } from "../ir/program.ts";
import type { Device, DeviceName, Executable } from "../runtime/device.ts";
import { during } from "./scope.ts";

/** What a pass left, by level of the IR. */
export type Stage =
  /** `primitive`: composites are decomposed already. */
  | { readonly level: "graph"; readonly roots: readonly Node[]; readonly primitive: boolean }
  | { readonly level: "kernels"; readonly graph: KernelGraph }
  | { readonly level: "loops"; readonly kernels: readonly LoopKernel[] }
  /** `placed`: temporaries have their places, and the program can run. */
  | { readonly level: "program"; readonly program: Program; readonly device: DeviceName; readonly placed: boolean };

export interface DebugFlags {
  /** 0 to 6: each level adds to the ones below it. */
  readonly debug: number;
  readonly verify: boolean;
  /** The file that the page is written to; null for none. */
  readonly viz: string | null;
}

/** What acts on the flags (debug-watch.ts): a page that cannot switch them on has no such code. */
export interface DebugTools {
  watch(pass: string, stage: Stage, flags: DebugFlags): void;
  putDevice(name: DeviceName): void;
}
let tools: DebugTools | null = null;
export function useTools(given: DebugTools): void {
  tools = given;
}

let flags: DebugFlags = { debug: 0, verify: false, viz: null };
export const debugFlags = (): DebugFlags => flags;
export function setFlags(given: DebugFlags): void {
  flags = given;
}

/** Sets flags while `run` runs (an asynchronous one: until its promise settles). */
export function withFlags<T>(changes: Partial<DebugFlags>, run: () => T): T {
  const before = flags;
  flags = { ...flags, ...changes };
  return during(run, () => {
    flags = before;
  });
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
  if (flags.debug >= 3 || flags.verify || flags.viz !== null) tools?.watch(pass, stage, flags);
  for (const observer of observers) observer(pass, stage);
}

/** A device has been opened. */
export function noteDevice(name: DeviceName): void {
  if (flags.debug >= 1) tools?.putDevice(name);
}

type Wrap = (device: Device, executable: Executable, print: boolean) => Executable;
let wrap: Wrap | null = null;
/** From now on programs are prepared so that their runs can be watched (watch-runs.ts). */
export function wrapExecutables(given: Wrap): void {
  wrap = given;
}

/** Generates code for a program; its runs are timed kernel by kernel while somebody watches (`watchRuns`, `debug: 2`). */
export function prepareProgram(device: Device, program: Program): Executable {
  const executable = device.prepare(program);
  return device.synchronous && wrap !== null ? wrap(device, executable, flags.debug >= 2) : executable;
}
