/**
 * What kernels that share code have in common: a kernel as a list of whole numbers, without the values of its literals,
 * which are listed beside it. Two kernels with equal lists are equal but for literals.
 */
import type { Expr, LoopKernel, Stmt, Type } from "../ir/loop.ts";
import { mapStmt, visitExprs, visitStmts } from "./schedule/statements.ts";

export type Literal = Extract<Expr, { op: "const" }>;

export interface KernelForm {
  readonly tokens: readonly number[];
  /** In the order in which `withLiterals` meets them. */
  readonly literals: readonly Literal[];
}

/** Numbers that stand for names, operations and whatever else a kernel is written with. */
const tokenOf = new Map<string | number | boolean | undefined, number>();
function token(word: string | number | boolean | undefined): number {
  let found = tokenOf.get(word);
  if (found === undefined) tokenOf.set(word, (found = tokenOf.size));
  return found;
}

/** Truth values and vectors belong to the form. */
const isLiteral = ({ type }: Literal): boolean => type.lanes === 1 && type.kind !== "bool";

export function formOf({ body }: LoopKernel): KernelForm {
  const tokens: number[] = [];
  const literals: Literal[] = [];
  const type = ({ kind, lanes }: Type): void => void tokens.push(token(kind), lanes);
  const visit = (expr: Expr): void => {
    tokens.push(token(expr.op));
    type(expr.type);
    switch (expr.op) {
      case "const":
        if (isLiteral(expr)) literals.push(expr);
        else tokens.push(token(String(expr.value)));
        return;
      case "var":
      case "param":
        tokens.push(token(expr.name));
        return;
      case "load":
        tokens.push(token(expr.buffer));
        visit(expr.index);
        return;
      default:
        tokens.push(token(expr.memory), token(expr.lane), expr.args.length);
        for (const arg of expr.args) visit(arg);
    }
  };
  const all = (statements: readonly Stmt[]): void => {
    tokens.push(statements.length);
    for (const statement of statements) each(statement);
  };
  const each = (statement: Stmt): void => {
    tokens.push(token(statement.kind));
    switch (statement.kind) {
      case "let":
      case "declare":
      case "assign":
        tokens.push(token(statement.name));
        visit(statement.value);
        return;
      case "for":
        tokens.push(token(statement.name), token(statement.step), token(statement.mode));
        visit(statement.start);
        visit(statement.end);
        all(statement.body);
        return;
      case "if":
        visit(statement.condition);
        all(statement.then);
        all(statement.else);
        return;
      case "while":
        visit(statement.condition);
        all(statement.body);
        return;
      case "store":
        tokens.push(token(statement.buffer));
        visit(statement.index);
        visit(statement.value);
        return;
      case "fence":
        tokens.push(token(statement.never));
        visit(statement.counter);
        return;
      case "barrier":
    }
  };
  all(body);
  return { tokens, literals };
}

/** Whether two kernels are equal but for literals. */
export function sameForm({ tokens: a }: KernelForm, { tokens: b }: KernelForm): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A body with other expressions in place of its literals, by their places in the form. */
export function withLiterals(body: readonly Stmt[], replace: (literal: Literal, place: number) => Expr): Stmt[] {
  let next = 0;
  const changed = (expr: Expr): Expr => (expr.op === "const" && isLiteral(expr) ? replace(expr, next++) : expr);
  return body.map((statement) => mapStmt(statement, changed));
}

/** About how much memory a kernel takes: statements and expressions, each with the words that it is written with. */
export function kernelWeight({ body }: LoopKernel): number {
  let parts = 0;
  visitStmts(body, () => void parts++);
  visitExprs(body, () => void parts++);
  return wordsOfPart * parts;
}
const wordsOfPart = 5;
