/** Vector operations that WebAssembly lacks, computed lane by lane through the scalar rule. */
import { scalarOf, describe, type OperationExpr } from "./types.ts";
import type { Expr, Type } from "../../ir/loop.ts";
import type { KernelContext } from "./context.ts";
import type { Opcode } from "./opcodes.ts";

export function perLane(context: KernelContext, expr: OperationExpr): void {
  const { type } = expr;
  if (type.lanes === 1) {
    const taken = expr.args.map((arg) => describe(arg.type)).join(", ");
    context.fail("operand-kind", `${expr.op} does not take (${taken})`);
  }
  withOperands(context, expr.args, [], (args) => {
    joinLanes(context, type, (lane) => {
      const scalars = args.map((arg) => (arg.type.lanes === 1 ? arg : laneOf(arg, lane)));
      context.emit({ ...expr, type: scalarOf(type), args: scalars });
    });
  });
}

export const laneOf = (vector: Expr, lane: number): Expr => ({
  op: "extract",
  type: scalarOf(vector.type),
  args: [vector],
  lane,
});

/** Evaluates the operands once, to temporaries. */
function withOperands(
  context: KernelContext,
  rest: readonly Expr[],
  done: readonly Expr[],
  use: (args: readonly Expr[]) => void,
): void {
  const [next, ...others] = rest;
  if (next === undefined) {
    use(done);
    return;
  }
  if (next.op === "const") {
    withOperands(context, others, [...done, next], use);
    return;
  }
  context.emit(next);
  context.withValue(next.type, (value) => withOperands(context, others, [...done, value], use));
}

/** Makes a vector of scalars that `emitLane` puts on the stack one after the other. */
export function joinLanes(context: KernelContext, type: Type, emitLane: (lane: number) => void): void {
  const { code } = context;
  const [first, replace] = laneInstructions(type);
  for (let lane = 0; lane < type.lanes; lane++) {
    emitLane(lane);
    if (type.kind === "bool") scalarToMaskLane(context, type.lanes);
    if (lane === 0) code.op(first);
    else code.lane(replace, lane);
  }
}

/** 0 or 1 becomes 0 or -1, as wide as a lane of the mask. */
export function scalarToMaskLane(context: KernelContext, lanes: number): void {
  const { code } = context;
  if (lanes === 2) code.op("i64.extend_i32_u").i64(-1n).op("i64.mul");
  else code.i32(-1).op("i32.mul");
}

/** The splat and the replace-lane instruction of a vector type. */
export function laneInstructions({ kind, lanes }: Type): readonly [Opcode, Opcode] {
  switch (kind) {
    case "f32":
      return ["f32x4.splat", "f32x4.replace_lane"];
    case "f64":
      return ["f64x2.splat", "f64x2.replace_lane"];
    case "i64":
      return ["i64x2.splat", "i64x2.replace_lane"];
    case "i32":
      return ["i32x4.splat", "i32x4.replace_lane"];
    case "bool":
      return lanes === 2 ? ["i64x2.splat", "i64x2.replace_lane"] : ["i32x4.splat", "i32x4.replace_lane"];
  }
}
