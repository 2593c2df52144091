/**
 * Cuts a kernel into parts that threads may run at the same time, in any order, for the same result bit for bit.
 *
 * in:  a scheduled kernel for a CPU
 * out: the kernel with two more numbers, `firstPart` and `lastPart` (exclusive): a call does those parts of the range of
 *      each outermost parallel loop, and part 0 does what stands beside these loops. Null where that is not worth it, or
 *      where one statement of the kernel waits for another.
 *
 * What only names values or fills scratch memory is done in every part: scratch is a thread's own. A loop of few turns
 * is walked in every part, and the parallel loop inside it is cut.
 */
import type { Expr, LoopKernel, NumberParam, Operation, Stmt, Type } from "../../ir/loop.ts";
import { countInstructions, turnsOf } from "../../ir/loop-cost.ts";

export interface SplitKernel {
  readonly kernel: LoopKernel;
  readonly parts: number;
  /** Instructions of the whole kernel. */
  readonly instructions: number;
}

/** About four microseconds: less does not repay handing parts over, even to threads that spin. */
export const leastSharedInstructions = 12_000;
/** Parts of the least kernel, which take about a microsecond each: taking one costs some 30 ns. */
const leastParts = 4;
const mostParts = 64;
/** A loop of fewer turns is left whole when there is one inside that turns more often. */
const enoughTurns = 16;
/** What threads cannot share must be little, and so must what every part does again. */
const leastSharedFraction = 0.75;
const mostRepeatedFraction = 0.1;
/** Up to here the product of turns and parts stays a word. */
const largestProduct = 2 ** 30;

type Loop = Extract<Stmt, { kind: "for" }>;
const first = "firstPart";
const last = "lastPart";

/** `leastInstructions`: of a kernel that is cut. */
export function split(kernel: LoopKernel, leastInstructions = leastSharedInstructions): SplitKernel | null {
  const instructions = countInstructions(kernel.body);
  if (instructions < leastInstructions) return null;
  const wanted = Math.min(mostParts, Math.floor((leastParts * instructions) / leastInstructions));
  const most = new Splitting(kernel, wanted).run()?.mostTurns ?? 0;
  // No more parts than there are turns: empty ones cost time, too.
  const parts = Math.min(wanted, most);
  const cut = parts < 2 ? null : new Splitting(kernel, parts).run();
  if (cut === null || cut.shared < leastSharedFraction * instructions) return null;
  const number = (name: string, range: readonly [number, number]): NumberParam => ({ name, kind: "i32", range });
  const numbers = [...kernel.numbers, number(first, [0, parts - 1]), number(last, [1, parts])];
  return { kernel: { ...kernel, numbers, body: cut.body }, parts, instructions };
}

interface Cut {
  readonly body: readonly Stmt[];
  /** Instructions in loops that are cut. */
  readonly shared: number;
  /** Of these loops. */
  readonly mostTurns: number;
}

class Splitting {
  private shared = 0;
  private mostTurns = 0;
  private readonly kernel: LoopKernel;
  private readonly parts: number;
  private readonly argumentBuffers: ReadonlySet<string>;
  /** How often the statement being cut is run. */
  private repeats = 1;

  constructor(kernel: LoopKernel, parts: number) {
    this.kernel = kernel;
    this.parts = parts;
    this.argumentBuffers = new Set(kernel.buffers.filter(({ scope }) => scope === "argument").map(({ name }) => name));
  }

  /** Null where the kernel's statements are not independent, or too much of them is done in every part. */
  run(): Cut | null {
    if (this.repeatsMuch(this.kernel.body)) return null;
    const body = this.body(this.kernel.body);
    return body && { body, shared: this.shared, mostTurns: this.mostTurns };
  }

  /** Null where the statements are not independent. */
  private body(statements: readonly Stmt[]): Stmt[] | null {
    const effects = statements.map((statement) => effectsOf(statement, this.argumentBuffers));
    if (effects.some(({ assigned }) => assigned.size > 0) || haveConflict(statements, effects)) return null;
    const result: Stmt[] = [];
    for (const [i, statement] of statements.entries()) {
      if (effects[i]!.writes.size === 0) {
        result.push(statement);
        continue;
      }
      const loop = statement.kind === "for" && statement.mode === "parallel" ? this.loop(statement) : null;
      if (loop !== null) result.push(loop);
      else {
        const condition = operation("eq", bool, firstPart, integer(0));
        result.push({ kind: "if", condition, then: [statement], else: [] });
      }
    }
    return result;
  }

  /** Null for a loop of one turn or an unknown number of them. */
  private loop(loop: Loop): Stmt | null {
    const turns = turnsOf(loop);
    if (turns === null) return null;
    if (turns < enoughTurns && mostTurnsInside(loop) > turns && !this.repeatsMuch(loop.body)) {
      this.repeats *= turns;
      const inside = this.body(loop.body);
      this.repeats /= turns;
      if (inside !== null) return { ...loop, mode: "serial", body: inside };
    }
    if (turns < 2) return null;
    this.shared += this.repeats * countInstructions([loop]);
    this.mostTurns = Math.max(this.mostTurns, turns);
    return { ...loop, start: this.boundary(loop, turns, firstPart), end: this.boundary(loop, turns, lastPart) };
  }

  /** Whether cutting the loops among these statements has every part do much that is needed once. */
  private repeatsMuch(statements: readonly Stmt[]): boolean {
    const repeated = statements.filter((statement) => effectsOf(statement, this.argumentBuffers).writes.size === 0);
    return this.parts * countInstructions(repeated) > mostRepeatedFraction * countInstructions(statements);
  }

  /** Where a part of a loop begins: after the share of its turns. */
  private boundary({ start, step }: Loop, turns: number, part: Expr): Expr {
    const { parts } = this;
    const done =
      turns * parts <= largestProduct
        ? operation("div", i32, operation("mul", i32, part, integer(turns)), integer(parts))
        : operation("min", i32, operation("mul", i32, part, integer(Math.ceil(turns / parts))), integer(turns));
    const distance = step === 1 ? done : operation("mul", i32, done, integer(step));
    return start.op === "const" && Number(start.value) === 0 ? distance : operation("add", i32, start, distance);
  }
}

/** Of the parallel loops that stand directly in a loop. */
const mostTurnsInside = ({ body }: Loop): number =>
  Math.max(0, ...body.map((s) => (s.kind === "for" && s.mode === "parallel" ? (turnsOf(s) ?? 0) : 0)));

interface Effects {
  /** Argument buffers. */
  readonly reads: ReadonlySet<string>;
  readonly writes: ReadonlySet<string>;
  /** Variables that were declared outside the statement. */
  readonly assigned: ReadonlySet<string>;
}

function effectsOf(root: Stmt, argumentBuffers: ReadonlySet<string>): Effects {
  const reads = new Set<string>();
  const writes = new Set<string>();
  const assigned = new Set<string>();
  const declared = new Set<string>();
  const inExpr = (expr: Expr): void => {
    if (expr.op === "load") {
      if (argumentBuffers.has(expr.buffer)) reads.add(expr.buffer);
      inExpr(expr.index);
    } else if ("args" in expr) expr.args.forEach(inExpr);
  };
  const inStmt = (s: Stmt): void => {
    switch (s.kind) {
      case "let":
      case "declare":
        declared.add(s.name);
        return inExpr(s.value);
      case "assign":
        if (!declared.has(s.name)) assigned.add(s.name);
        return inExpr(s.value);
      case "store":
        if (argumentBuffers.has(s.buffer)) writes.add(s.buffer);
        inExpr(s.index);
        return inExpr(s.value);
      case "if":
        inExpr(s.condition);
        s.then.forEach(inStmt);
        return s.else.forEach(inStmt);
      case "for":
        inExpr(s.start);
        inExpr(s.end);
        return s.body.forEach(inStmt);
      case "while":
        inExpr(s.condition);
        return s.body.forEach(inStmt);
      case "fence":
      case "barrier":
    }
  };
  inStmt(root);
  return { reads, writes, assigned };
}

/** Whether a statement reads what another writes. A loop's vector part and its scalar rest are one loop. */
function haveConflict(statements: readonly Stmt[], effects: readonly Effects[]): boolean {
  return effects.some(({ writes }, i) =>
    effects.some(
      ({ reads }, k) =>
        i !== k && [...writes].some((buffer) => reads.has(buffer)) && !isRest(statements[i]!, statements[k]!),
    ),
  );
}

function isRest(a: Stmt, b: Stmt): boolean {
  if (a.kind !== "for" || b.kind !== "for") return false;
  return a.mode !== b.mode && (a.name === `${b.name}_rest` || b.name === `${a.name}_rest`);
}

const i32: Type = { kind: "i32", lanes: 1 };
const bool: Type = { kind: "bool", lanes: 1 };
const firstPart: Expr = { op: "param", type: i32, name: first };
const lastPart: Expr = { op: "param", type: i32, name: last };
const integer = (value: number): Expr => ({ op: "const", type: i32, value });
const operation = (op: Operation, type: Type, ...args: Expr[]): Expr => ({ op, type, args });
