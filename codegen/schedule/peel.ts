/**
 * Cuts a loop where what it asks of its counter changes: a read of a padded array is inside the array for all
 * iterations but a few at the ends, and those in between need neither the question nor a clamped position.
 *
 * in:  a loop whose bounds are known
 * out: three loops over the same range: the middle one holds every comparison of its counter with a constant as true
 */
import type { Expr, Operation } from "../../ir/loop.ts";
import { constant, integer } from "../lower/expressions.ts";
import { copyLoopBody, mapStmt, mentions, type ForStmt } from "./statements.ts";

export interface Peeled {
  readonly before: ForStmt;
  readonly inside: ForStmt;
  readonly after: ForStmt;
}

/** Iterations from the first to the last, exclusive. */
type Span = readonly [first: number, last: number];

/** Fewer are not worth two more loops. */
const leastInside = 8;

/** Null where no comparison of the counter with a constant has one answer for most of the iterations. */
export function peel(loop: ForStmt): Peeled | null {
  const { start, end, step, name, body } = loop;
  if (step !== 1 || start.op !== "const" || end.op !== "const" || body.some((s) => s.kind === "for")) return null;
  const whole: Span = [Number(start.value), Number(end.value)];
  let [first, last] = whole;
  const narrow = (expr: Expr): Expr => {
    const span = heldIn(expr, name);
    if (span !== null) [first, last] = [Math.max(first, span[0]), Math.min(last, span[1])];
    return expr;
  };
  for (const statement of body) mapStmt(statement, narrow);
  if ((first === whole[0] && last === whole[1]) || last - first < Math.max(leastInside, (whole[1] - whole[0]) / 2))
    return null;
  const part = (suffix: string, from: number, to: number): ForStmt => ({
    ...loop,
    name: name + suffix,
    start: integer(from),
    end: integer(to),
    body: copyLoopBody(body, name, name + suffix, suffix),
  });
  const settle = (expr: Expr): Expr => settled(expr, name);
  const inside = body.map((statement) => mapStmt(statement, settle));
  return {
    before: part("_before", whole[0], first),
    inside: { ...loop, start: integer(first), end: integer(last), body: inside },
    after: part("_after", last, whole[1]),
  };
}

/** The iterations in which a comparison with a constant is true, or a bound changes nothing; null for anything else. */
function heldIn(expr: Expr, name: string): Span | null {
  if (!("args" in expr) || !mentions(expr, name)) return null;
  const [value, bound] = expr.args;
  if (bound?.op !== "const" || bound.type.kind !== "i32") return null;
  const line = lineOf(value!, name);
  if (line === null || line.slope <= 0) return null;
  const limit = Number(bound.value);
  const from = (least: number): number => Math.ceil((least - line.offset) / line.slope);
  const spans: Partial<Record<Operation, Span>> = {
    ge: [from(limit), Infinity],
    max: [from(limit), Infinity],
    gt: [from(limit + 1), Infinity],
    le: [-Infinity, from(limit + 1)],
    min: [-Infinity, from(limit + 1)],
    lt: [-Infinity, from(limit)],
  };
  return spans[expr.op] ?? null;
}

/** `slope * counter + offset`. */
function lineOf(expr: Expr, name: string): { readonly slope: number; readonly offset: number } | null {
  if (expr.op === "const") return { slope: 0, offset: Number(expr.value) };
  if (expr.op === "var") return expr.name === name ? { slope: 1, offset: 0 } : null;
  if (!("args" in expr) || expr.type.kind !== "i32") return null;
  const [a, b] = expr.args.map((arg) => lineOf(arg, name));
  if (!a || !b) return null;
  if (expr.op === "add") return { slope: a.slope + b.slope, offset: a.offset + b.offset };
  if (expr.op === "sub") return { slope: a.slope - b.slope, offset: a.offset - b.offset };
  if (expr.op !== "mul" || (a.slope !== 0 && b.slope !== 0)) return null;
  return { slope: a.slope * b.offset + b.slope * a.offset, offset: a.offset * b.offset };
}

/** The expression where all that `heldIn` knows of is held. Its parts are settled already. */
function settled(expr: Expr, name: string): Expr {
  if (!("args" in expr)) return expr;
  const [a, b] = expr.args as [Expr, Expr];
  // true && x == x, x && true == x, true ? x : y == x
  if (expr.op === "and" && isTrue(a)) return b;
  if (expr.op === "and" && isTrue(b)) return a;
  if (expr.op === "select" && isTrue(a)) return b;
  if (heldIn(expr, name) === null) return expr;
  return expr.op === "max" || expr.op === "min" ? a : constant("bool", 1);
}

const isTrue = (expr: Expr): boolean => expr.op === "const" && expr.type.kind === "bool" && Number(expr.value) === 1;
