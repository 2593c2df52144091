/** Bounds of integer expressions of the loop IR, as far as constants and loops give them; null where nothing is known. */
import type { Expr } from "../loop.ts";

export interface Interval {
  readonly min: number;
  readonly max: number;
  /** Values are `min` and so many more each; 1 where it is not stated. */
  readonly stride?: number;
  /** With another variable it adds up to less than that: the counter of a part of a loop, beside where that begins. */
  readonly beside?: { readonly name: string; readonly below: number };
}

const exactly = (value: number): Interval => ({ min: value, max: value });
const hull = (values: readonly number[]): Interval => ({ min: Math.min(...values), max: Math.max(...values) });
const corners = (a: Interval, b: Interval, f: (x: number, y: number) => number): Interval =>
  hull([f(a.min, b.min), f(a.min, b.max), f(a.max, b.min), f(a.max, b.max)]);

export function intervalOf(expr: Expr, variables: ReadonlyMap<string, Interval | null>): Interval | null {
  if (expr.type.kind !== "i32" || expr.type.lanes !== 1) return null;
  if (expr.op === "const") return exactly(Number(expr.value));
  if (expr.op === "var") return variables.get(expr.name) ?? null;
  if (!("args" in expr)) return null;
  const [a, b] = expr.args.map((arg) => intervalOf(arg, variables));
  switch (expr.op) {
    case "add":
      return a && b ? { min: a.min + b.min, max: Math.min(a.max + b.max, mostTogether(expr.args, variables)) } : null;
    case "sub":
      return a && b ? { min: a.min - b.max, max: a.max - b.min } : null;
    case "mul":
      return a && b ? corners(a, b, (x, y) => x * y) : null;
    case "div":
      return a && b && b.min > 0 ? corners(a, b, (x, y) => Math.trunc(x / y)) : null;
    case "rem":
      return a && b && b.min > 0 && b.min === b.max && a.min >= 0 ? { min: 0, max: Math.min(a.max, b.max - 1) } : null;
    case "min":
      return a && b ? { min: Math.min(a.min, b.min), max: Math.min(a.max, b.max) } : null;
    case "max":
      return a && b ? { min: Math.max(a.min, b.min), max: Math.max(a.max, b.max) } : null;
    case "and":
      return a && b && a.min === a.max && b.min === b.max ? exactly(a.min & b.min) : null;
    default:
      return null;
  }
}

function mostTogether([a, b]: readonly Expr[], variables: ReadonlyMap<string, Interval | null>): number {
  if (a?.op !== "var" || b?.op !== "var") return Infinity;
  const most = (one: string, other: string): number => {
    const beside = variables.get(one)?.beside;
    return beside?.name === other ? beside.below - 1 : Infinity;
  };
  return Math.min(most(a.name, b.name), most(b.name, a.name));
}

/** What a loop's counter is beside, where it goes to the end of a part of another loop, `min(length, count - from)`. */
export function besideOf(end: Expr): Pick<Interval, "beside"> {
  const left = end.op === "min" ? end.args[1] : undefined;
  const [count, from] = left?.op === "sub" ? left.args : [];
  return count?.op === "const" && from?.op === "var" ? { beside: { name: from.name, below: Number(count.value) } } : {};
}
