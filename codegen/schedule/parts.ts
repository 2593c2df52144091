/** The numbers by which a kernel in parts is told which to do, and where a part of a loop begins. */
import type { Expr, NumberParam, Operation, Stmt, Type } from "../../ir/loop.ts";
import { turnsOf } from "../../ir/loop-cost.ts";

type Loop = Extract<Stmt, { kind: "for" }>;

export const mostParts = 64;

const i32: Type = { kind: "i32", lanes: 1 };
const number = (name: string, range: readonly [number, number]): NumberParam => ({ name, kind: "i32", range });
/** The first part that is done, the one behind the last, and how many parts there are in all. */
export const partNumbers: readonly NumberParam[] = [
  number("firstPart", [0, mostParts - 1]),
  number("lastPart", [1, mostParts]),
  number("parts", [1, mostParts]),
];
export const [firstPart, lastPart, partCount] = partNumbers.map(({ name }): Expr => ({
  op: "param",
  type: i32,
  name,
})) as [Expr, Expr, Expr];

const integer = (value: number): Expr => ({ op: "const", type: i32, value });
const operation = (op: Operation, ...args: Expr[]): Expr => ({ op, type: i32, args });

/** Where a part of a loop begins: after the share of its turns. */
export function boundary({ start, end, step }: Loop, part: Expr): Expr {
  const turns = turnsExpr(start, end, step);
  const some = operation("mul", part, operation("div", turns, partCount));
  const done = operation("add", some, operation("min", part, operation("rem", turns, partCount)));
  const distance = step === 1 ? done : operation("mul", done, integer(step));
  return isZero(start) ? distance : operation("add", start, distance);
}

function turnsExpr(start: Expr, end: Expr, step: number): Expr {
  const known = turnsOf({ kind: "for", name: "", start, end, step, mode: "parallel", body: [] }, new Map());
  if (known !== null) return integer(known);
  const span = isZero(start) ? end : operation("sub", end, start);
  const turns = step === 1 ? span : operation("div", operation("add", span, integer(step - 1)), integer(step));
  return operation("max", turns, integer(0));
}

export const isZero = (expr: Expr): boolean => expr.op === "const" && Number(expr.value) === 0;
