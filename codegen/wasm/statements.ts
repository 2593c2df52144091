/** The parts of a statement. */
import type { Expr, Stmt } from "../../ir/loop.ts";
import { isOperation } from "./types.ts";

/** The expressions that a statement itself evaluates, in order. */
export function expressionsOf(statement: Stmt): readonly Expr[] {
  switch (statement.kind) {
    case "let":
    case "declare":
    case "assign":
      return [statement.value];
    case "store":
      return [statement.index, statement.value];
    case "for":
      return [statement.start, statement.end];
    case "if":
    case "while":
      return [statement.condition];
    case "fence":
      return [statement.counter];
    case "barrier":
      return [];
  }
}

/** The statement with other expressions in the places of those that `expressionsOf` gives. */
export function withExpressions(statement: Stmt, expressions: readonly Expr[]): Stmt {
  const [first, second] = expressions;
  switch (statement.kind) {
    case "let":
    case "declare":
    case "assign":
      return { ...statement, value: first! };
    case "store":
      return { ...statement, index: first!, value: second! };
    case "for":
      return { ...statement, start: first!, end: second! };
    case "if":
    case "while":
      return { ...statement, condition: first! };
    case "fence":
      return { ...statement, counter: first! };
    case "barrier":
      return statement;
  }
}

export function operandsOf(expr: Expr): readonly Expr[] {
  if (expr.op === "load") return [expr.index];
  return isOperation(expr) ? expr.args : [];
}

export function withOperands(expr: Expr, operands: readonly Expr[]): Expr {
  if (expr.op === "load") return { ...expr, index: operands[0]! };
  return isOperation(expr) ? { ...expr, args: operands } : expr;
}
