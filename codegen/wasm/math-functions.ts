/** Mathematical functions: imported from JavaScript, on float64. */
import type { Kind } from "../../ir/loop.ts";
import type { FunctionRef } from "./code.ts";
import type { KernelContext } from "./context.ts";
import type { ModuleBuilder } from "./module-builder.ts";
import { perLane } from "./per-lane.ts";
import { describe, type OperationExpr } from "./types.ts";

/** The module that imported functions belong to. */
export const hostModule = "env";

/** A function of float64 numbers that the host provides. */
export function scalarImport(module: ModuleBuilder, name: string, arity: number): FunctionRef {
  return module.importFunction(hostModule, name, new Array<"f64">(arity).fill("f64"), ["f64"]);
}

export function mathFunction(context: KernelContext, expr: OperationExpr): void {
  const { kind, lanes } = expr.type;
  if (lanes > 1) {
    perLane(context, expr);
    return;
  }
  const isFloat: Partial<Record<Kind, true>> = { f32: true, f64: true };
  if (isFloat[kind] === undefined) context.fail("operand-kind", `${expr.op} does not take ${describe(expr.type)}`);
  const { code } = context;
  for (const arg of expr.args) {
    context.emit(arg);
    if (kind === "f32") code.op("f64.promote_f32");
  }
  code.call(scalarImport(context.module, expr.op, expr.args.length));
  if (kind === "f32") code.op("f32.demote_f64");
}
