/**
 * Long sums in blocks: one running sum of n numbers loses digits in proportion to n, so a block is summed from zero and
 * then added to the total. The order depends on the loop alone, never on how many threads run it.
 *
 * Sums that are wider than what they take (float64 of float32, where the device has it) need none of this.
 *
 * in:  a kernel of scalar loops
 * out: the same kernel; loops that add more than `blockLength` numbers to one variable are two loops
 */
import type { Expr, LoopKernel, Stmt, Type } from "../../ir/loop.ts";
import { apply, constant, integer, typeOf, variable } from "../lower/expressions.ts";
import { assignedFromOutside, readsOfEach, renameVariables, visitStmts, type ForStmt } from "./statements.ts";

const i32 = typeOf("i32");

/** Numbers that are added to one variable from zero. */
export const blockLength = 512;
/** As many again as make blocks and block totals alike, for sums that are longer than the square of that. */
const lengthOfBlocks = (count: number): number => Math.max(blockLength, Math.ceil(Math.sqrt(count)));

export interface CascadeOptions {
  /** Sizes may vary: the form of the code must not depend on them. */
  readonly dynamic: boolean;
  /** Invocations that share a lane loop. */
  readonly lanes: number;
}

export function cascade(kernel: LoopKernel, dynamic: boolean): LoopKernel {
  return { ...kernel, body: cascadeBody(kernel.body, { dynamic, lanes: kernel.workgroupSize }) };
}

export const cascadeBody = (body: readonly Stmt[], options: CascadeOptions): Stmt[] =>
  body.map((statement) => {
    switch (statement.kind) {
      case "for":
        return cascadeLoop(statement, options);
      case "while":
        return { ...statement, body: cascadeBody(statement.body, options) };
      case "if":
        return { ...statement, then: cascadeBody(statement.then, options), else: cascadeBody(statement.else, options) };
      default:
        return statement;
    }
  });

function cascadeLoop(loop: ForStmt, options: CascadeOptions): Stmt {
  const sums = loop.mode === "parallel" ? [] : sumsOf(loop.body);
  const inside = (): Stmt => ({ ...loop, body: cascadeBody(loop.body, options) });
  if (sums.length === 0) return inside();
  const innermost = !loop.body.some((s) => s.kind === "for" && sumsOf(s.body).length > 0);
  const unit = loop.step * (loop.mode === "lane" ? options.lanes : 1);
  if (options.dynamic) return innermost ? split(loop, sums, blockLength * unit) : inside();
  const own = additions(loop, options.lanes);
  const each = Math.max(1, additionsIn(loop.body, options.lanes));
  const wanted = lengthOfBlocks(own * each);
  if (own * each <= wanted) return loop;
  return innermost || each < wanted / 2 ? split(loop, sums, Math.ceil(wanted / each) * unit) : inside();
}

/** Iterations of one invocation, as far as they are known. */
function additions(loop: ForStmt, lanes: number): number {
  const { start, end, step, mode } = loop;
  if (start.op !== "const" || end.op !== "const") return 1;
  return Math.ceil((Number(end.value) - Number(start.value)) / (mode === "lane" ? lanes * step : step));
}

/** The most that a body and the loops in it add to one of the sums. */
const additionsIn = (body: readonly Stmt[], lanes: number): number =>
  Math.max(
    1,
    ...sumsOf(body).map(({ count }) => count),
    ...body.map((s) =>
      s.kind === "for" && sumsOf(s.body).length > 0 ? additions(s, lanes) * additionsIn(s.body, lanes) : 1,
    ),
  );

interface Sum {
  readonly name: string;
  readonly type: Type;
  /** Statements that add to it. */
  readonly count: number;
}

/** What is known of a body: outer loops ask again. */
const knownSums = new WeakMap<readonly Stmt[], readonly Sum[]>();

/** Variables from outside that a body only adds floats to. */
function sumsOf(body: readonly Stmt[]): readonly Sum[] {
  let sums = knownSums.get(body);
  if (sums === undefined) knownSums.set(body, (sums = findSums(body)));
  return sums;
}

function findSums(body: readonly Stmt[]): Sum[] {
  const assigned = assignedFromOutside(body);
  const added = new Map<string, { type: Type; count: number }>();
  const others = new Set<string>();
  visitStmts(body, (s) => {
    if (s.kind !== "assign" || !assigned.has(s.name)) return;
    if (isSum(s.name, s.value)) added.set(s.name, { type: s.value.type, count: (added.get(s.name)?.count ?? 0) + 1 });
    else others.add(s.name);
  });
  for (const name of others) added.delete(name);
  const reads = readsOfEach(body, added.keys());
  return [...added]
    .filter(([name, { count }]) => reads.get(name) === count)
    .map(([name, { type, count }]) => ({ name, type, count }));
}

/** `name + value`, or `a * b + name`, of floats that are no wider than the values. */
function isSum(name: string, value: Expr): boolean {
  if (value.type.kind !== "f32" && value.type.kind !== "f64") return false;
  if (value.op !== "add" && value.op !== "madd") return false;
  const total = value.op === "add" ? value.args[0]! : value.args[2]!;
  const isWide = value.args.some((arg) => arg.op === "cast" && arg.args[0]!.type.kind === "f32");
  return total.op === "var" && total.name === name && !isWide;
}

/** Blocks of `length`, each summed from zero. */
function split(loop: ForStmt, sums: readonly Sum[], length: number): ForStmt {
  const block = `${loop.name}_block`;
  const stop = `${loop.name}_stop`;
  const part = (name: string): string => `${name}_of_${loop.name}`;
  const next = apply("add", i32, variable(block, i32), integer(length));
  const zero = ({ kind, lanes }: Type): Expr =>
    lanes === 1 ? constant(kind, 0) : apply("splat", typeOf(kind, lanes), constant(kind, 0));
  return {
    ...loop,
    name: block,
    step: length,
    mode: "serial",
    body: [
      ...sums.map(({ name, type }): Stmt => ({ kind: "declare", name: part(name), value: zero(type) })),
      { kind: "let", name: stop, value: apply("min", i32, loop.end, next) },
      {
        ...loop,
        start: variable(block, i32),
        end: variable(stop, i32),
        body: renameVariables(loop.body, new Map(sums.map(({ name }) => [name, part(name)]))),
      },
      ...sums.map(({ name, type }): Stmt => ({
        kind: "assign",
        name,
        value: apply("add", type, variable(name, type), variable(part(name), type)),
      })),
    ],
  };
}
