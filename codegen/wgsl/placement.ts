/** Decides where the buffers of one phase live: in which memory, and whether as vectors of four words. */
import type { BufferParam, Expr, LoopKernel, Stmt } from "../../ir/loop.ts";
import { AlignmentFacts, laneFacts, visitAll, type LaneFacts } from "./analysis.ts";
import { wordsOf } from "./memory.ts";
import { bytesOf, registerScratchElements, type Phase } from "./phases.ts";

export type Home =
  /** Passed in. */
  | { readonly kind: "argument" }
  /** `var<workgroup>`. */
  | { readonly kind: "workgroup" }
  /** A variable of each invocation. */
  | { readonly kind: "registers" }
  /** Memory reserved by the program, a piece for each running workgroup or invocation. */
  | { readonly kind: "reserved"; readonly owner: "workgroup" | "invocation" };

export interface Placement {
  readonly homes: ReadonlyMap<string, Home>;
  readonly lanes: LaneFacts;
}

/** Everything that the phase runs, for analysis. */
export const phaseStatements = (phase: Phase): readonly Stmt[] =>
  phase.kind === "grid" ? [...phase.lets, ...phase.loops.flatMap((loop) => loop.body)] : [...phase.lets, ...phase.body];

export const isCooperativePhase = (phase: Phase): boolean =>
  phase.kind === "grid" ? phase.loops.some((loop) => loop.cooperative) : phase.cooperative;

export function placeBuffers(kernel: LoopKernel, phase: Phase, workgroupBytesLimit: number): Placement {
  const statements = phaseStatements(phase);
  const scratch = kernel.buffers.flatMap(({ name, scope }) => (scope === "scratch" ? [name] : []));
  const lanes = laneFacts(statements, new Set(scratch));
  const touched = new Set<string>();
  const shared = new Set<string>();
  const access = (buffer: string, index: Expr): void => {
    touched.add(buffer);
    if (lanes.varies(index)) shared.add(buffer);
  };
  visitAll(
    statements,
    (stmt) => {
      if (stmt.kind !== "store") return;
      access(stmt.buffer, stmt.index);
      if (lanes.divergent.has(stmt)) shared.add(stmt.buffer);
    },
    (expr) => {
      if (expr.op === "load") access(expr.buffer, expr.index);
    },
  );

  const homes = new Map<string, Home>();
  for (const { name, scope } of kernel.buffers) if (scope === "argument") homes.set(name, { kind: "argument" });
  const cooperative = isCooperativePhase(phase);
  const shares: BufferParam[] = [];
  for (const buffer of kernel.buffers) {
    if (buffer.scope === "argument" || !touched.has(buffer.name)) continue;
    if (buffer.scope === "workgroup" || (cooperative && shared.has(buffer.name))) shares.push(buffer);
    else if (buffer.elements <= registerScratchElements) homes.set(buffer.name, { kind: "registers" });
    else homes.set(buffer.name, { kind: "reserved", owner: "invocation" });
  }
  // What is small is most likely used most, and in tree reductions.
  let workgroupBytes = 0;
  for (const buffer of shares.sort((a, b) => bytesOf(a) - bytesOf(b))) {
    workgroupBytes += bytesOf(buffer);
    const fits = workgroupBytes <= workgroupBytesLimit;
    homes.set(buffer.name, fits ? { kind: "workgroup" } : { kind: "reserved", owner: "workgroup" });
  }
  return { homes, lanes };
}

/**
 * Groups of buffers that can be typed as vectors: in each there is an aligned access to four neighbours, and every
 * store and every access to four is such a one. `groupOf` names a buffer's group (a heap, or the buffer alone).
 */
export function vectorGroups(
  kernel: LoopKernel,
  phase: Phase,
  homes: Placement["homes"],
  groupOf: (buffer: string) => string,
): ReadonlySet<string> {
  const statements = phaseStatements(phase);
  const alignment = new AlignmentFacts();
  alignment.bindAll(phase.lets);
  const axes = phase.kind === "grid" ? phase.loops.flatMap((loop) => loop.axes) : [];
  for (const axis of axes) alignment.bindLoop(axis.name, axis.start, axis.step);
  alignment.bindAll(statements);
  const words = new Map(kernel.buffers.map((buffer) => [buffer.name, wordsOf(buffer.dtype)]));
  const wanted = new Set<string>();
  const barred = new Set<string>();
  const access = (buffer: string, index: Expr, lanes: number, isStore: boolean): void => {
    const group = groupOf(buffer);
    const home = homes.get(buffer);
    // Pieces of invocations are interleaved: neighbours there belong to others.
    if (home?.kind === "reserved" && home.owner === "invocation") barred.add(group);
    else if (lanes === 4 && words.get(buffer) === 1 && alignment.of(index) === 4) wanted.add(group);
    else if (lanes === 4 || isStore) barred.add(group);
  };
  visitAll(
    statements,
    (stmt) => {
      if (stmt.kind === "store") access(stmt.buffer, stmt.index, stmt.value.type.lanes, true);
    },
    (expr) => {
      if (expr.op === "load") access(expr.buffer, expr.index, expr.type.lanes, false);
    },
  );
  return new Set([...wanted].filter((group) => !barred.has(group)));
}
