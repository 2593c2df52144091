/** Walks over loop IR that schedules share: renaming, replacing, and what a body assigns. */
import type { Expr, Stmt } from "../../ir/loop.ts";

export type ForStmt = Extract<Stmt, { kind: "for" }>;

/** The expression with every part rebuilt, innermost first; `change` is given each. */
export function mapExpr(expr: Expr, change: (expr: Expr) => Expr): Expr {
  if (expr.op === "load") return change({ ...expr, index: mapExpr(expr.index, change) });
  if ("args" in expr) return change({ ...expr, args: expr.args.map((arg) => mapExpr(arg, change)) });
  return change(expr);
}

/** The statement with every expression changed by `change`, and every name that it binds or assigns by `rename`. */
export function mapStmt(
  s: Stmt,
  change: (expr: Expr) => Expr,
  rename: (name: string) => string = (name) => name,
): Stmt {
  const inExpr = (expr: Expr): Expr => mapExpr(expr, change);
  const inBody = (body: readonly Stmt[]): Stmt[] => body.map((inner) => mapStmt(inner, change, rename));
  switch (s.kind) {
    case "let":
    case "declare":
    case "assign":
      return { ...s, name: rename(s.name), value: inExpr(s.value) };
    case "store":
      return { ...s, index: inExpr(s.index), value: inExpr(s.value) };
    case "for":
      return { ...s, name: rename(s.name), start: inExpr(s.start), end: inExpr(s.end), body: inBody(s.body) };
    case "if":
      return { ...s, condition: inExpr(s.condition), then: inBody(s.then), else: inBody(s.else) };
    case "while":
      return { ...s, condition: inExpr(s.condition), body: inBody(s.body) };
    case "fence":
      return { ...s, counter: inExpr(s.counter) };
    case "barrier":
      return s;
  }
}

/** Visits each statement, outer ones first. */
export function visitStmts(body: readonly Stmt[], visit: (statement: Stmt) => void): void {
  for (const statement of body) {
    visit(statement);
    if (statement.kind === "for" || statement.kind === "while") visitStmts(statement.body, visit);
    if (statement.kind === "if") {
      visitStmts(statement.then, visit);
      visitStmts(statement.else, visit);
    }
  }
}

/** Replaces a variable that the statement does not bind. */
export const replaceVariable = (statement: Stmt, name: string, by: Expr): Stmt =>
  mapStmt(statement, (expr) => (expr.op === "var" && expr.name === name ? by : expr));

/** The body with other names for what it assigns and reads. */
export const renameVariables = (body: readonly Stmt[], names: ReadonlyMap<string, string>): Stmt[] => {
  const rename = (name: string): string => names.get(name) ?? name;
  return body.map((statement) =>
    mapStmt(statement, (expr) => (expr.op === "var" ? { ...expr, name: rename(expr.name) } : expr), rename),
  );
};

/** A copy of a loop's body under another loop variable, with fresh names for all that it binds. */
export function copyLoopBody(body: readonly Stmt[], from: string, to: string, suffix: string): Stmt[] {
  const names = new Map([[from, to]]);
  visitStmts(body, (s) => {
    if (s.kind === "let" || s.kind === "declare" || s.kind === "for") names.set(s.name, s.name + suffix);
  });
  return renameVariables(body, names);
}

/** Variables from outside that a body assigns. */
export function assignedFromOutside(body: readonly Stmt[]): Set<string> {
  const bound = new Set<string>();
  const assigned = new Set<string>();
  visitStmts(body, (s) => {
    if (s.kind === "let" || s.kind === "declare") bound.add(s.name);
    if (s.kind === "assign") assigned.add(s.name);
  });
  return new Set([...assigned].filter((name) => !bound.has(name)));
}

export function mentions(expr: Expr, name: string): boolean {
  if (expr.op === "var") return expr.name === name;
  if (expr.op === "load") return mentions(expr.index, name);
  return "args" in expr && expr.args.some((arg) => mentions(arg, name));
}

/** Visits every expression of the statements and of those inside them, outer ones first. */
export function visitExprs(body: readonly Stmt[], visit: (expr: Expr) => void): void {
  const inside = (expr: Expr): void => {
    visit(expr);
    if (expr.op === "load") inside(expr.index);
    else if ("args" in expr) for (const arg of expr.args) inside(arg);
  };
  visitStmts(body, (s) => {
    switch (s.kind) {
      case "let":
      case "declare":
      case "assign":
        return inside(s.value);
      case "store":
        inside(s.index);
        return inside(s.value);
      case "for":
        inside(s.start);
        return inside(s.end);
      case "if":
      case "while":
        return inside(s.condition);
      case "fence":
        return inside(s.counter);
      case "barrier":
    }
  });
}

/** How often a body reads a variable. */
export const readsOf = (body: readonly Stmt[], name: string): number => readsOfEach(body, [name]).get(name)!;

/** How often a body reads each of some variables. */
export function readsOfEach(body: readonly Stmt[], names: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>([...names].map((name) => [name, 0]));
  if (counts.size === 0) return counts;
  visitExprs(body, (expr) => {
    if (expr.op !== "var") return;
    const count = counts.get(expr.name);
    if (count !== undefined) counts.set(expr.name, count + 1);
  });
  return counts;
}
