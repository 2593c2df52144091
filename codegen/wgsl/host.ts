/**
 * Integer expressions that the host evaluates too: the bounds of the loops that become the grid. They consist of
 * constants, number parameters, and top-level `let`s of such.
 */
import { IrError } from "../../ir/errors.ts";
import type { Expr } from "../../ir/loop.ts";
import { someExpr } from "./analysis.ts";

export type Bindings = ReadonlyMap<string, Expr>;
/** A number parameter's value for this run. */
export type ReadNumber = (name: string) => number;

const evaluators = new Map<string, (...args: number[]) => number>([
  ["add", (a, b) => (a + b) | 0],
  ["sub", (a, b) => (a - b) | 0],
  ["mul", (a, b) => Math.imul(a, b)],
  ["div", (a, b) => (b === 0 ? 0 : (a / b) | 0)],
  ["rem", (a, b) => (b === 0 ? 0 : (a % b) | 0)],
  ["neg", (a) => -a | 0],
  ["abs", (a) => Math.abs(a) | 0],
  ["min", (a, b) => Math.min(a, b)],
  ["max", (a, b) => Math.max(a, b)],
  ["and", (a, b) => a & b],
  ["or", (a, b) => a | b],
  ["xor", (a, b) => a ^ b],
  ["shl", (a, b) => a << b],
  ["shr", (a, b) => a >> b],
  ["ushr", (a, b) => (a >>> b) | 0],
  ["eq", (a, b) => (a === b ? 1 : 0)],
  ["ne", (a, b) => (a === b ? 0 : 1)],
  ["lt", (a, b) => (a < b ? 1 : 0)],
  ["le", (a, b) => (a <= b ? 1 : 0)],
  ["gt", (a, b) => (a > b ? 1 : 0)],
  ["ge", (a, b) => (a >= b ? 1 : 0)],
  ["select", (condition, a, b) => (condition ? a : b)],
]);

const isInteger = (expr: Expr): boolean =>
  expr.type.lanes === 1 && (expr.type.kind === "i32" || expr.type.kind === "bool");

/** Whether `evaluate` can do it, given the top-level `let`s before it. */
export function isHostValue(root: Expr, lets: Bindings): boolean {
  return !someExpr(root, (expr) => {
    if (!isInteger(expr)) return true;
    if (expr.op === "const" || expr.op === "param") return false;
    if (expr.op !== "var") return !evaluators.has(expr.op);
    const value = lets.get(expr.name);
    return value === undefined || !isHostValue(value, lets);
  });
}

export function evaluate(expr: Expr, lets: Bindings, read: ReadNumber): number {
  if (expr.op === "const") return Number(expr.value);
  if (expr.op === "param") return read(expr.name);
  if (expr.op === "var") return evaluate(lets.get(expr.name)!, lets, read);
  const evaluator = evaluators.get(expr.op);
  if (expr.op === "load" || evaluator === undefined) {
    throw new IrError("wgsl/host-value", `${expr.op} cannot be evaluated before the kernel runs.`);
  }
  return evaluator(...expr.args.map((arg) => evaluate(arg, lets, read)));
}
