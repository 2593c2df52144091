/**
 * Cuts a kernel into phases: what one dispatch can do. A phase is a set of grid loops, which run beside each other, or
 * a piece of serial code. Dispatches run one after another and see each other's writes.
 */
import type { BufferParam, Expr, LoopKernel, Stmt } from "../../ir/loop.ts";
import { accesses, isCooperative, someExpr, visitStmts } from "./analysis.ts";
import { isHostValue, type Bindings } from "./host.ts";
import { wordsOf } from "./memory.ts";

export interface GridAxis {
  readonly name: string;
  readonly start: Expr;
  readonly end: Expr;
  readonly step: number;
}

/** Perfectly nested parallel loops, whose iterations are numbered together. */
export interface GridLoop {
  readonly axes: readonly GridAxis[];
  readonly body: readonly Stmt[];
  /** One workgroup an iteration; otherwise one invocation an iteration. */
  readonly cooperative: boolean;
}

export type Let = Stmt & { readonly kind: "let" | "declare" };

export type Phase =
  | { readonly kind: "grid"; readonly lets: readonly Let[]; readonly loops: readonly GridLoop[] }
  /** One workgroup when cooperative, else one invocation. */
  | {
      readonly kind: "single";
      readonly lets: readonly Let[];
      readonly body: readonly Stmt[];
      readonly cooperative: boolean;
    };

/** A scratch buffer of up to so many elements is held in registers. */
export const registerScratchElements = 64;

export function splitPhases(kernel: LoopKernel, workgroupBytesLimit: number): readonly Phase[] {
  const workgroupBuffers = namesOf(kernel.buffers, (buffer) => buffer.scope === "workgroup");
  const workgroupBytes = kernel.buffers.reduce(
    (sum, buffer) => sum + (buffer.scope === "workgroup" ? bytesOf(buffer) : 0),
    0,
  );
  // These may need memory of the program's, which is sized for the workgroups of one loop.
  const bigLocals = namesOf(kernel.buffers, (buffer) =>
    buffer.scope === "scratch"
      ? buffer.elements > registerScratchElements
      : buffer.scope === "workgroup" && workgroupBytes > workgroupBytesLimit,
  );
  const argumentNames = namesOf(kernel.buffers, (buffer) => buffer.scope === "argument");
  const assigned = new Set<string>();
  visitStmts(kernel.body, (stmt) => {
    if (stmt.kind === "assign") assigned.add(stmt.name);
  });
  const { writes } = accesses(kernel.body);
  const whole: Phase = {
    kind: "single",
    lets: [],
    body: kernel.body,
    cooperative: isCooperative(kernel.body, workgroupBuffers),
  };

  const phases: Phase[] = [];
  const lets: Let[] = [];
  const bindings = new Map<string, Expr>();
  for (const stmt of kernel.body) {
    if (stmt.kind === "assign") return [whole];
    if (stmt.kind === "let" || stmt.kind === "declare") {
      // Only what every dispatch computes alike can be computed by each of them.
      const readsWritten = someExpr(stmt.value, (expr) => expr.op === "load" && writes.has(expr.buffer));
      if (readsWritten || assigned.has(stmt.name)) return [whole];
      lets.push(stmt);
      bindings.set(stmt.name, stmt.value);
      continue;
    }
    if (stmt.kind === "fence") continue;
    const loop = gridLoop(stmt, bindings, workgroupBuffers);
    const last = phases.at(-1);
    if (loop === null) {
      const body = last?.kind === "single" ? [...last.body, stmt] : [stmt];
      if (last?.kind === "single") phases.pop();
      phases.push({ kind: "single", lets: [...lets], body, cooperative: isCooperative(body, workgroupBuffers) });
    } else if (last?.kind === "grid" && canRunBeside(last.loops, loop, argumentNames, bigLocals)) {
      phases[phases.length - 1] = { kind: "grid", lets: [...lets], loops: [...last.loops, loop] };
    } else {
      phases.push({ kind: "grid", lets: [...lets], loops: [loop] });
    }
  }
  return phases;
}

/** In workgroup memory. */
export const bytesOf = (buffer: BufferParam): number => 4 * wordsOf(buffer.dtype) * buffer.elements;

function namesOf(buffers: readonly BufferParam[], holds: (buffer: BufferParam) => boolean): ReadonlySet<string> {
  return new Set(buffers.filter(holds).map((buffer) => buffer.name));
}

/** The statement as a grid loop, or null when it is none: not parallel, or of a size that only the GPU would know. */
function gridLoop(stmt: Stmt, lets: Bindings, workgroupBuffers: ReadonlySet<string>): GridLoop | null {
  const axes: GridAxis[] = [];
  let body: readonly Stmt[] = [stmt];
  for (;;) {
    const only: Stmt | undefined = body.length === 1 ? body[0] : undefined;
    if (only?.kind !== "for" || only.mode !== "parallel") break;
    if (!isHostValue(only.start, lets) || !isHostValue(only.end, lets)) break;
    axes.push({ name: only.name, start: only.start, end: only.end, step: only.step });
    body = only.body;
  }
  return axes.length === 0 ? null : { axes, body, cooperative: isCooperative(body, workgroupBuffers) };
}

function canRunBeside(
  loops: readonly GridLoop[],
  added: GridLoop,
  argumentNames: ReadonlySet<string>,
  bigLocals: ReadonlySet<string>,
): boolean {
  const inner = accesses(added.body);
  if ([...inner.reads, ...inner.writes].some((name) => bigLocals.has(name))) return false;
  return loops.every((loop) => {
    const outer = accesses(loop.body);
    if ([...outer.reads, ...outer.writes].some((name) => bigLocals.has(name))) return false;
    // Small scratch is an array a loop kind: register copies of each invocation, or shared.
    const shares = [...inner.writes].some((name) => !argumentNames.has(name) && outer.writes.has(name));
    if (shares && loop.cooperative !== added.cooperative) return false;
    const meets = (a: Set<string>, b: Set<string>) => [...a].some((name) => argumentNames.has(name) && b.has(name));
    return !meets(inner.writes, outer.writes) && !meets(inner.writes, outer.reads) && !meets(inner.reads, outer.writes);
  });
}
