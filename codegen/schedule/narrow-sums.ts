/**
 * Sums that are wider than what they take, in the width of what they take: what a loop must be before its iterations
 * can run side by side in vectors. Long ones are then summed in blocks (`cascade.ts`).
 *
 * in:  a body; float64 variables that it declares as zero, adds float32 values to, and reads only as float32
 * out: the same body with those variables in float32
 */
import type { Expr, Stmt } from "../../ir/loop.ts";
import { constant, typeOf } from "../lower/expressions.ts";
import { mapStmt, readsOfEach, visitExprs, visitStmts } from "./statements.ts";

const isVariable = (expr: Expr | undefined, names: ReadonlySet<string>): boolean =>
  expr?.op === "var" && names.has(expr.name);

export function narrowSums(body: readonly Stmt[]): Stmt[] {
  const names = new Set<string>();
  visitStmts(body, (s) => {
    if (s.kind === "declare" && s.value.op === "const" && s.value.type.kind === "f64") names.add(s.name);
  });
  keepNarrow(body, names);
  return body.map((statement) => narrow(statement, names));
}

/** Leaves the names of which every read is their own sum's, or rounds them to float32. */
function keepNarrow(body: readonly Stmt[], names: Set<string>): void {
  if (names.size === 0) return;
  const expected = new Map<string, number>();
  const expect = (name: string): unknown => expected.set(name, (expected.get(name) ?? 0) + 1);
  visitStmts(body, (s) => {
    if (s.kind !== "assign" || !names.has(s.name)) return;
    if (isWideSum(s.value, s.name)) expect(s.name);
    else names.delete(s.name);
  });
  visitExprs(body, (expr) => {
    if (expr.op !== "cast" || expr.type.kind !== "f32") return;
    const [read] = expr.args;
    if (read?.op === "var" && names.has(read.name)) expect(read.name);
  });
  for (const [name, count] of readsOfEach(body, names)) if (count !== (expected.get(name) ?? 0)) names.delete(name);
}

/** `name + float64(value)` of a float32 value. */
export const isWideSum = (value: Expr, name: string): boolean =>
  value.op === "add" &&
  value.type.kind === "f64" &&
  isVariable(value.args[0], new Set([name])) &&
  value.args[1]!.op === "cast" &&
  value.args[1]!.args[0]!.type.kind === "f32";

function narrow(statement: Stmt, names: ReadonlySet<string>): Stmt {
  const inBody = (body: readonly Stmt[]): Stmt[] => body.map((inner) => narrow(inner, names));
  const read = (expr: Expr): Expr =>
    expr.op === "cast" && expr.type.kind === "f32" && isVariable(expr.args[0], names)
      ? { ...expr.args[0]!, type: typeOf("f32") }
      : expr;
  switch (statement.kind) {
    case "declare":
      return names.has(statement.name) ? { ...statement, value: constant("f32", 0) } : mapStmt(statement, read);
    case "assign": {
      if (!names.has(statement.name) || !("args" in statement.value)) return mapStmt(statement, read);
      const [total, wide] = statement.value.args as [Expr, Expr & { args: readonly Expr[] }];
      const value: Expr = { op: "add", type: typeOf("f32"), args: [{ ...total, type: typeOf("f32") }, wide.args[0]!] };
      return mapStmt({ ...statement, value }, read);
    }
    case "for":
      return { ...statement, body: inBody(statement.body) };
    case "while":
      return { ...mapStmt(statement, read), body: inBody(statement.body) } as Stmt;
    case "if":
      return { ...mapStmt(statement, read), then: inBody(statement.then), else: inBody(statement.else) } as Stmt;
    default:
      return mapStmt(statement, read);
  }
}
