/** Facts about a kernel's expressions and statements that decide how they are laid out on the GPU. */
import type { Expr, Stmt } from "../../ir/loop.ts";

/** The expressions directly inside an expression. */
export function operands(expr: Expr): readonly Expr[] {
  if (expr.op === "const" || expr.op === "var" || expr.op === "param") return [];
  if (expr.op === "load") return [expr.index];
  return expr.args;
}

/** Every part of an expression, once although it may be shared. */
export function visitExpr(root: Expr, visit: (expr: Expr) => void): void {
  const seen = new Set<Expr>();
  const pending = [root];
  for (let expr = pending.pop(); expr !== undefined; expr = pending.pop()) {
    if (seen.has(expr)) continue;
    seen.add(expr);
    visit(expr);
    pending.push(...operands(expr));
  }
}

export function someExpr(root: Expr, holds: (expr: Expr) => boolean): boolean {
  let found = false;
  visitExpr(root, (expr) => (found ||= holds(expr)));
  return found;
}

/** The expressions that a statement itself evaluates, those of statements inside it left out. */
export function expressionsOf(stmt: Stmt): readonly Expr[] {
  switch (stmt.kind) {
    case "let":
    case "declare":
    case "assign":
      return [stmt.value];
    case "for":
      return [stmt.start, stmt.end];
    case "if":
    case "while":
      return [stmt.condition];
    case "store":
      return [stmt.index, stmt.value];
    case "fence":
      return [stmt.counter];
    case "barrier":
      return [];
  }
}

export function childrenOf(stmt: Stmt): readonly Stmt[] {
  if (stmt.kind === "for" || stmt.kind === "while") return stmt.body;
  if (stmt.kind === "if") return [...stmt.then, ...stmt.else];
  return [];
}

/** Every statement, outer ones first. */
export function visitStmts(body: readonly Stmt[], visit: (stmt: Stmt) => void): void {
  for (const stmt of body) {
    visit(stmt);
    visitStmts(childrenOf(stmt), visit);
  }
}

export function visitAll(body: readonly Stmt[], onStmt: (stmt: Stmt) => void, onExpr: (expr: Expr) => void): void {
  visitStmts(body, (stmt) => {
    onStmt(stmt);
    for (const expr of expressionsOf(stmt)) visitExpr(expr, onExpr);
  });
}

/** Buffers that the statements read, and those that they write. */
export function accesses(body: readonly Stmt[]): { readonly reads: Set<string>; readonly writes: Set<string> } {
  const reads = new Set<string>();
  const writes = new Set<string>();
  visitAll(
    body,
    (stmt) => {
      if (stmt.kind === "store") writes.add(stmt.buffer);
    },
    (expr) => {
      if (expr.op === "load") reads.add(expr.buffer);
    },
  );
  return { reads, writes };
}

/** Whether the invocations of a workgroup share the work of one iteration, instead of taking one each. */
export function isCooperative(body: readonly Stmt[], workgroupBuffers: ReadonlySet<string>): boolean {
  let found = false;
  visitAll(
    body,
    (stmt) => {
      found ||= stmt.kind === "barrier" || (stmt.kind === "for" && stmt.mode === "lane");
      found ||= stmt.kind === "store" && workgroupBuffers.has(stmt.buffer);
    },
    (expr) => {
      found ||= expr.op === "local_index" || (expr.op === "load" && workgroupBuffers.has(expr.buffer));
    },
  );
  return found;
}

export interface LaneFacts {
  /** Whether the value may differ between the invocations of one workgroup. */
  varies(expr: Expr): boolean;
  /** Statements that not every invocation runs, or that each runs for iterations of its own. */
  readonly divergent: ReadonlySet<Stmt>;
}

/**
 * Which values differ between a workgroup's invocations: those that come from `local_index` and `lane` loops.
 * `scratch` names the buffers of which every invocation may have a copy of its own.
 */
export function laneFacts(body: readonly Stmt[], scratch: ReadonlySet<string>): LaneFacts {
  const varying = new Set<string>();
  const varyingBuffers = new Set<string>();
  const divergent = new Set<Stmt>();
  const varies = (root: Expr): boolean =>
    someExpr(
      root,
      (expr) =>
        expr.op === "local_index" ||
        (expr.op === "var" && varying.has(expr.name)) ||
        (expr.op === "load" && varyingBuffers.has(expr.buffer)),
    );
  let before = -1;
  const pass = (stmts: readonly Stmt[], inDivergent: boolean): void => {
    for (const stmt of stmts) {
      if (inDivergent) divergent.add(stmt);
      switch (stmt.kind) {
        case "let":
        case "declare":
          if (varies(stmt.value)) varying.add(stmt.name);
          break;
        case "assign":
          if (inDivergent || varies(stmt.value)) varying.add(stmt.name);
          break;
        case "for": {
          const bounds = varies(stmt.start) || varies(stmt.end);
          if (stmt.mode === "lane" || bounds) varying.add(stmt.name);
          pass(stmt.body, inDivergent || stmt.mode === "lane" || bounds);
          break;
        }
        case "if":
          pass(stmt.then, inDivergent || varies(stmt.condition));
          pass(stmt.else, inDivergent || varies(stmt.condition));
          break;
        case "while":
          pass(stmt.body, inDivergent || varies(stmt.condition));
          break;
        case "store":
          if (scratch.has(stmt.buffer) && (inDivergent || varies(stmt.value))) varyingBuffers.add(stmt.buffer);
          break;
        default:
      }
    }
  };
  // Assignments in a loop reach expressions before them, so repeat until nothing is added.
  while (before !== varying.size + varyingBuffers.size) {
    before = varying.size + varyingBuffers.size;
    pass(body, false);
  }
  return { varies, divergent };
}

/** Variables that may hold a float product: compilers could fuse the rounding away in a sum that takes one. */
export function productVariables(body: readonly Stmt[]): ReadonlySet<string> {
  const products = new Set<string>();
  visitStmts(body, (stmt) => {
    if (stmt.kind !== "let" && stmt.kind !== "declare" && stmt.kind !== "assign") return;
    if (isProduct(stmt.value, products)) products.add(stmt.name);
  });
  return products;
}

export function isProduct(expr: Expr, products: ReadonlySet<string>): boolean {
  if (expr.type.kind !== "f32") return false;
  if (expr.op === "var") return products.has(expr.name);
  return expr.op === "mul" || (expr.op === "neg" && isProduct(expr.args[0]!, products));
}

/** The largest power of two (at most 4) that is known to divide an index. */
export type Alignment = 1 | 2 | 4;

/** What divides the integer expressions of some statements. */
export class AlignmentFacts {
  private readonly variables = new Map<string, Alignment>();

  /** Learns from every `let` and `for`, in order. An assigned variable keeps alignment 1. */
  bindAll(body: readonly Stmt[]): void {
    visitStmts(body, (stmt) => {
      if (stmt.kind === "let") this.bind(stmt.name, this.of(stmt.value));
      if (stmt.kind === "for") this.bindLoop(stmt.name, stmt.start, stmt.step);
    });
  }

  bindLoop(name: string, start: Expr, step: number): void {
    this.bind(name, smaller(this.of(start), ofNumber(step)));
  }

  private bind(name: string, alignment: Alignment): void {
    this.variables.set(name, smaller(alignment, this.variables.get(name) ?? 4));
  }

  of(expr: Expr, depth = 0): Alignment {
    // Real indices are shallow; deep expressions may share parts, and would be walked again and again.
    if (depth > 16) return 1;
    const of = (part: Expr): Alignment => this.of(part, depth + 1);
    switch (expr.op) {
      case "const":
        return ofNumber(Number(expr.value));
      case "var":
        return this.variables.get(expr.name) ?? 1;
      case "add":
      case "sub":
      case "min":
      case "max":
        return smaller(of(expr.args[0]!), of(expr.args[1]!));
      case "select":
        return smaller(of(expr.args[1]!), of(expr.args[2]!));
      case "neg":
        return of(expr.args[0]!);
      case "mul":
        return ofNumber(of(expr.args[0]!) * of(expr.args[1]!));
      case "shl": {
        const count = expr.args[1]!;
        return count.op === "const" ? ofNumber(of(expr.args[0]!) * 2 ** (Number(count.value) & 31)) : 1;
      }
      default:
        return 1;
    }
  }
}

const smaller = (a: Alignment, b: Alignment): Alignment => (a < b ? a : b);
const ofNumber = (value: number): Alignment => (value % 4 === 0 ? 4 : value % 2 === 0 ? 2 : 1);
