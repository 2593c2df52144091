/**
 * Gives names to subexpressions that a statement uses more than once, and to the inner parts of very deep ones.
 *
 * in:  statements whose expressions may be graphs: one object in several places
 * out: equivalent statements whose expressions are trees of bounded depth, so that emission is linear in their size
 *      and may recurse
 * Cost: O(nodes + edges). Loads are moved no further than to the front of their own statement.
 */
import type { Expr, Stmt } from "../../ir/loop.ts";
import { expressionsOf, operandsOf, withExpressions, withOperands } from "./statements.ts";
import { isOperation } from "./types.ts";

const depthLimit = 128;
/** Index arithmetic up to this depth is repeated rather than named, since it mostly goes into addresses. */
const cheapIndexDepth = 4;

export function shareSubexpressions(body: readonly Stmt[]): readonly Stmt[] {
  return new Sharer().statements(body);
}

class Sharer {
  private count = 0;

  statements(body: readonly Stmt[]): readonly Stmt[] {
    return body.flatMap((statement) => this.statement(statement));
  }

  private statement(statement: Stmt): readonly Stmt[] {
    const inner = this.withInner(statement);
    // A loop's condition is evaluated again and again: nothing can be put in front of it.
    if (inner.kind === "while") return [inner];
    const roots = expressionsOf(inner);
    const met = new Set<Expr>();
    if (roots.every((root) => isTree(root, met, depthLimit))) return [inner];
    const plan = planOf(roots);
    if (plan === null) return [inner];
    const lets: Stmt[] = [];
    const replaced = this.rebuild(plan, lets);
    return [
      ...lets,
      withExpressions(
        inner,
        roots.map((root) => replaced.get(root)!),
      ),
    ];
  }

  private withInner(statement: Stmt): Stmt {
    switch (statement.kind) {
      case "for":
      case "while":
        return { ...statement, body: this.statements(statement.body) };
      case "if":
        return { ...statement, then: this.statements(statement.then), else: this.statements(statement.else) };
      default:
        return statement;
    }
  }

  private rebuild({ order, uses }: Plan, lets: Stmt[]): Map<Expr, Expr> {
    const replaced = new Map<Expr, Expr>();
    const depths = new Map<Expr, number>();
    for (const expr of order) {
      const operands = operandsOf(expr).map((operand) => replaced.get(operand)!);
      const depth = 1 + Math.max(0, ...operands.map((operand) => depths.get(operand) ?? 0));
      const rebuilt = operands.length === 0 ? expr : withOperands(expr, operands);
      if (depth > depthLimit || (uses.get(expr)! > 1 && isWorthNaming(expr, depth))) {
        const name = `$shared${this.count++}`;
        lets.push({ kind: "let", name, value: rebuilt });
        replaced.set(expr, { op: "var", type: expr.type, name });
      } else {
        replaced.set(expr, rebuilt);
        depths.set(rebuilt, depth);
      }
    }
    return replaced;
  }
}

/** Whether no operation is in two places, as in most statements, and none is too deep. */
function isTree(expr: Expr, met: Set<Expr>, levels: number): boolean {
  const operands = operandsOf(expr);
  if (operands.length === 0) return true;
  if (levels === 0 || met.has(expr)) return false;
  met.add(expr);
  return operands.every((operand) => isTree(operand, met, levels - 1));
}

interface Plan {
  /** Every node once, operands before users. */
  readonly order: readonly Expr[];
  readonly uses: ReadonlyMap<Expr, number>;
}

/** Null when the expressions can stay as they are. */
function planOf(roots: readonly Expr[]): Plan | null {
  const order: Expr[] = [];
  const uses = new Map<Expr, number>();
  const depths = new Map<Expr, number>();
  let needed = false;
  const pending = [...roots].reverse();
  for (let expr = pending.at(-1); expr !== undefined; expr = pending.at(-1)) {
    const operands = operandsOf(expr);
    const count = uses.get(expr);
    if (count === undefined) {
      uses.set(expr, 1);
      if (operands.length > 0) {
        for (const operand of operands) pending.push(operand);
        continue;
      }
    }
    pending.pop();
    // One that was met before, but has no depth yet, is the one whose operands have just been walked.
    const known = depths.get(expr);
    if (known === undefined) {
      let depth = 1;
      for (const operand of operands) depth = Math.max(depth, 1 + depths.get(operand)!);
      depths.set(expr, depth);
      order.push(expr);
      needed ||= depth > depthLimit;
    } else {
      uses.set(expr, count! + 1);
      needed ||= isWorthNaming(expr, known);
    }
  }
  return needed ? { order, uses } : null;
}

function isWorthNaming(expr: Expr, depth: number): boolean {
  if (expr.op === "load") return true;
  if (!isOperation(expr) || (expr.op === "splat" && expr.args[0]?.op === "const")) return false;
  return expr.type.kind !== "i32" || expr.type.lanes > 1 || depth > cheapIndexDepth;
}
