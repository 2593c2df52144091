/** How many workgroups a phase runs, and how much memory they need between them. */
import type { BufferParam, Expr, LoopKernel } from "../../ir/loop.ts";
import { evaluate, type Bindings } from "./host.ts";
import { wordsOf } from "./memory.ts";
import type { GridAxis, GridLoop, Phase } from "./phases.ts";
import type { Home, Placement } from "./placement.ts";

/** A number parameter's value in a run. */
export type NumberValue = number | bigint;

/** Workgroups that run at once when each needs memory of its own; they then take several iterations each. */
const mostReservingGroups = 1024;
/** Words that the scratch of a kernel may take together. */
const mostReservedWords = 2 ** 24;

const extentOf = (axis: GridAxis, value: (expr: Expr) => number): number =>
  Math.max(0, Math.ceil((value(axis.end) - value(axis.start)) / axis.step));

const bindingsOf = (phase: Phase): Bindings => new Map(phase.lets.map((stmt) => [stmt.name, stmt.value]));

/** Workgroups that one loop would like. */
function groupsOf(kernel: LoopKernel, loop: GridLoop, value: (expr: Expr) => number): number {
  const iterations = loop.axes.reduce((product, axis) => product * extentOf(axis, value), 1);
  return loop.cooperative ? iterations : Math.ceil(iterations / kernel.workgroupSize);
}

/** The most workgroups that may run, because each has a piece of reserved memory; null when none is needed. */
export function groupLimit(kernel: LoopKernel, phase: Phase, homes: ReadonlyMap<string, Home>): number | null {
  if (phase.kind === "single") return null;
  let limit: number | null = null;
  for (const buffer of kernel.buffers) {
    const home = homes.get(buffer.name);
    if (home?.kind !== "reserved") continue;
    const fitting = Math.floor(mostReservedWords / (pieceWords(buffer) * ownersPerGroup(kernel, phase, home)));
    limit = Math.min(limit ?? mostReservingGroups, Math.max(1, fitting));
  }
  return limit;
}

/** A piece of reserved memory, kept aligned for vectors. */
export const pieceWords = (buffer: BufferParam): number => Math.ceil((wordsOf(buffer.dtype) * buffer.elements) / 4) * 4;

const ownersPerGroup = (kernel: LoopKernel, phase: Phase, home: Home & { kind: "reserved" }): number =>
  home.owner === "workgroup" ? 1 : groupSize(kernel, phase);

/** Serial code without lanes has one invocation. */
export const groupSize = (kernel: LoopKernel, phase: Phase): number =>
  phase.kind === "single" && !phase.cooperative ? 1 : kernel.workgroupSize;

export function reservedWords(kernel: LoopKernel, phase: Phase, placement: Placement, buffer: BufferParam): number {
  const home = placement.homes.get(buffer.name);
  if (home?.kind !== "reserved") return 0;
  const groups = groupLimit(kernel, phase, new Map([[buffer.name, home]])) ?? 1;
  return pieceWords(buffer) * ownersPerGroup(kernel, phase, home) * groups;
}

/** The workgroups of a phase: a number where it is the same in every run. */
export function countWorkgroups(
  kernel: LoopKernel,
  phase: Phase,
  placement: Placement,
): number | ((values: readonly NumberValue[]) => number) {
  if (phase.kind === "single") return 1;
  const bindings = bindingsOf(phase);
  const indexOf = new Map(kernel.numbers.map((number, i) => [number.name, i]));
  const limit = groupLimit(kernel, phase, placement.homes) ?? Infinity;
  const count = (read: (name: string) => number): number => {
    const value = (expr: Expr): number => evaluate(expr, bindings, read);
    const wanted = phase.loops.reduce((sum, loop) => sum + groupsOf(kernel, loop, value), 0);
    return Math.min(wanted, limit);
  };
  let depends = false;
  const fixed = count(() => {
    depends = true;
    return 0;
  });
  return depends ? (values) => count((name) => Number(values[indexOf.get(name)!]!)) : fixed;
}
