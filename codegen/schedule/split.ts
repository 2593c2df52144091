/**
 * Cuts a kernel into parts that threads may run at the same time, in any order, for the same result bit for bit.
 *
 * in:  a scheduled kernel for a CPU
 * out: the kernel with three more numbers, `firstPart`, `lastPart` (exclusive) and `parts`: a call does those of so many
 *      parts of the range of each outermost parallel loop, and part 0 does what stands beside these loops. Null where
 *      that is not worth it, or where one statement of the kernel waits for another.
 *
 * What only names values or fills scratch memory is done in every part: scratch is a thread's own. A loop of few turns
 * is walked in every part, and the parallel loop inside it is cut.
 *
 * Where sizes are numbers of the kernel, it is cut as its typical sizes suggest; how many parts it has, and whether
 * threads share it at all, is known for each program.
 */
import type { Expr, LoopKernel, Stmt, Type } from "../../ir/loop.ts";
import { countInstructions, turnsOf, type Values } from "../../ir/loop-cost.ts";
import { jobOf, leastSharedInstructions, partsFor, typicalValues, withLets, type CutLoop, type Job } from "./jobs.ts";
import { boundary, firstPart, lastPart, mostParts, partNumbers } from "./parts.ts";

export interface SplitKernel {
  readonly kernel: LoopKernel;
  /** Of the kernel, where its numbers have such values. */
  readonly jobOf: (values: Values) => Job;
}

/** A loop of fewer turns is left whole when there is one inside that turns more often. */
const enoughTurns = 16;
/** What threads cannot share must be little, and so must what every part does again. */
const leastSharedFraction = 0.75;
const mostRepeatedFraction = 0.1;

type Loop = Extract<Stmt, { kind: "for" }>;

/** `leastInstructions`: of a kernel that is cut. */
export function split(kernel: LoopKernel, leastInstructions = leastSharedInstructions): SplitKernel | null {
  const typical = typicalValues(kernel);
  const instructions = countInstructions(kernel.body, typical);
  const isSized = typical.size > 0;
  if (instructions < leastInstructions && !isSized) return null;
  const most = isSized ? mostParts : partsFor(instructions, leastInstructions);
  const cut = new Splitting(kernel, typical, most).run();
  if (cut === null || cut.shared < leastSharedFraction * instructions) return null;
  const job = jobOf(kernel.body, cut.loops, leastInstructions);
  if (!isSized && job(typical).parts < 2) return null;
  return { kernel: { ...kernel, numbers: [...kernel.numbers, ...partNumbers], body: cut.body }, jobOf: job };
}

interface Cut {
  readonly body: readonly Stmt[];
  /** Instructions in loops that are cut. */
  readonly shared: number;
  readonly loops: readonly CutLoop[];
}

class Splitting {
  private shared = 0;
  private readonly loops: CutLoop[] = [];
  private readonly kernel: LoopKernel;
  private readonly typical: Values;
  private readonly parts: number;
  private readonly argumentBuffers: ReadonlySet<string>;
  /** How often the statement being cut is run. */
  private repeats = 1;

  /** `parts`: how many there may be. */
  constructor(kernel: LoopKernel, typical: Values, parts: number) {
    this.kernel = kernel;
    this.typical = typical;
    this.parts = parts;
    this.argumentBuffers = new Set(kernel.buffers.filter(({ scope }) => scope === "argument").map(({ name }) => name));
  }

  /** Null where the kernel's statements are not independent, or too much of them is done in every part. */
  run(): Cut | null {
    if (this.repeatsMuch(this.kernel.body, this.typical)) return null;
    const body = this.body(this.kernel.body, []);
    return body && { body, shared: this.shared, loops: this.loops };
  }

  /** Null where the statements are not independent. `before`: what stands before them. */
  private body(statements: readonly Stmt[], before: readonly Stmt[]): Stmt[] | null {
    const effects = statements.map((statement) => effectsOf(statement, this.argumentBuffers));
    if (effects.some(({ assigned }) => assigned.size > 0) || haveConflict(statements, effects)) return null;
    const result: Stmt[] = [];
    for (const [i, statement] of statements.entries()) {
      if (effects[i]!.writes.size === 0) {
        result.push(statement);
        continue;
      }
      if (statement.kind === "if") {
        const cut = this.branches(statement, [...before, ...statements.slice(0, i)]);
        if (cut !== null) {
          result.push(cut);
          continue;
        }
      }
      const isParallel = statement.kind === "for" && statement.mode === "parallel";
      const loop = isParallel ? this.loop(statement, [...before, ...statements.slice(0, i)]) : null;
      if (loop !== null) result.push(loop);
      else {
        const condition: Expr = { op: "eq", type: bool, args: [firstPart, zero] };
        result.push({ kind: "if", condition, then: [statement], else: [] });
      }
    }
    return result;
  }

  /** Null where the statements of one are not independent. */
  private branches(choice: Extract<Stmt, { kind: "if" }>, before: readonly Stmt[]): Stmt | null {
    const then = this.body(choice.then, before);
    const otherwise = then && this.body(choice.else, before);
    return otherwise && { ...choice, then, else: otherwise };
  }

  /** Null for a loop of one turn or an unknown number of them. */
  private loop(loop: Loop, before: readonly Stmt[]): Stmt | null {
    const values = withLets(before, this.typical);
    const turns = turnsOf(loop, values);
    if (turns === null) return null;
    if (turns < enoughTurns && mostTurnsInside(loop, values) > turns && !this.repeatsMuch(loop.body, values)) {
      this.repeats *= turns;
      const inside = this.body(loop.body, before);
      this.repeats /= turns;
      if (inside !== null) return { ...loop, mode: "serial", body: inside };
    }
    if (turns < 2 && this.typical.size === 0) return null;
    this.shared += this.repeats * countInstructions([loop], values);
    this.loops.push({ loop, before });
    return { ...loop, start: boundary(loop, firstPart), end: boundary(loop, lastPart) };
  }

  /** Whether cutting the loops among these statements has every part do much that is needed once. */
  private repeatsMuch(statements: readonly Stmt[], values: Values): boolean {
    const repeated = statements.filter((statement) => effectsOf(statement, this.argumentBuffers).writes.size === 0);
    const cost = (some: readonly Stmt[]): number => countInstructions(some, values);
    return this.parts * cost(repeated) > mostRepeatedFraction * cost(statements);
  }
}

/** Of the parallel loops that stand directly in a loop. */
const mostTurnsInside = ({ body }: Loop, outer: Values): number => {
  const values = withLets(body, outer);
  return Math.max(0, ...body.map((s) => (s.kind === "for" && s.mode === "parallel" ? (turnsOf(s, values) ?? 0) : 0)));
};

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

const bool: Type = { kind: "bool", lanes: 1 };
const zero: Expr = { op: "const", type: { kind: "i32", lanes: 1 }, value: 0 };
