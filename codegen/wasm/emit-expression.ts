/** Puts the value of an expression on the stack. */
import type { Expr } from "../../ir/loop.ts";
import type { KernelContext } from "./context.ts";
import { emitLoad } from "./memory-access.ts";
import { rules } from "./operations.ts";
import { isOperation, valueTypeOf } from "./types.ts";
import { emitConstant } from "./vectors.ts";

export function emitExpression(context: KernelContext, expr: Expr): void {
  if (isOperation(expr)) {
    const level = context.levelOf(expr);
    if (level < context.depth && !isConstantSplat(expr)) {
      const key = `value ${context.idOf(expr)}`;
      const local = context.hoist(key, level, valueTypeOf(expr.type), () => context.emit(expr));
      context.code.get(local);
      return;
    }
    rules[expr.op](context, expr);
    return;
  }
  switch (expr.op) {
    case "const":
      emitConstant(context, expr.type, expr.value);
      return;
    case "var":
      context.code.get(context.variable(expr.name).local);
      return;
    case "param": {
      const local = context.params.get(expr.name);
      if (local === undefined) context.fail("unknown-number", `there is no number ${expr.name}`);
      context.code.get(local);
      return;
    }
    case "load":
      emitLoad(context, expr);
  }
}

/** A vector constant has a local of its own. */
const isConstantSplat = (expr: Expr): boolean =>
  isOperation(expr) && expr.op === "splat" && expr.args[0]?.op === "const";
