/**
 * Mathematical functions. On float32 they are expanded into basic arithmetic, scalar or four lanes at a time; those of
 * float64 are imported from JavaScript, and so is what an expansion is too coarse for.
 */
import type { Expr, Operation } from "../../ir/loop.ts";
import { Provided } from "../../ir/provided.ts";
import * as exponential from "../math/exponential.ts";
import * as hyperbolic from "../math/hyperbolic.ts";
import * as inverseTrigonometric from "../math/inverse-trigonometric.ts";
import * as logarithm from "../math/logarithm.ts";
import * as power from "../math/power.ts";
import * as trigonometric from "../math/trigonometric.ts";
import type { FunctionRef } from "./code.ts";
import type { KernelContext } from "./context.ts";
import { isSpecial, type HostFunctionName, type MathOperation, type SpecialOperation } from "./host-functions.ts";
import { createWasmMathBuilder, type MathTarget, type MathValue, type WasmMathBuilder } from "./math-builder.ts";
import type { FunctionPool } from "./module-builder.ts";
import { perLane } from "./per-lane.ts";
import { argument, constant, describe, type OperationExpr, valueTypeOf } from "./types.ts";

/** The module that imported functions belong to. */
export const hostModule = "env";

/** The host's function of each lane. */
export type Host = (name: HostFunctionName, x: MathValue) => MathValue;

export interface Expansion {
  readonly write: (builder: WasmMathBuilder, x: MathValue, y: MathValue, host: Host) => MathValue;
  /** Short enough to be repeated where it is used, which saves the call and keeps its constants in locals. */
  readonly inline?: boolean;
}

export const unary = (write: (builder: WasmMathBuilder, x: MathValue) => MathValue, inline = false): Expansion => ({
  write: (builder, x) => write(builder, x),
  inline,
});

const expansions: Readonly<Record<Exclude<MathOperation, SpecialOperation>, Expansion>> = {
  exp: unary(exponential.exp, true),
  exp_nonpositive: unary(exponential.expNonpositive, true),
  exp2: unary(exponential.exp2, true),
  expm1: unary(exponential.expm1, true),
  log: unary(logarithm.log, true),
  log2: unary(logarithm.log2, true),
  log10: unary(logarithm.log10),
  log1p: unary(logarithm.log1p, true),
  sin: unary(trigonometric.sin),
  cos: unary(trigonometric.cos),
  tan: unary(trigonometric.tan),
  asin: unary(inverseTrigonometric.asin),
  acos: unary(inverseTrigonometric.acos),
  atan: unary(inverseTrigonometric.atan),
  atan2: { write: inverseTrigonometric.atan2 },
  sinh: unary(hyperbolic.sinh),
  cosh: unary(hyperbolic.cosh),
  tanh: unary(hyperbolic.tanh, true),
  asinh: unary(hyperbolic.asinh),
  acosh: unary(hyperbolic.acosh),
  atanh: unary(hyperbolic.atanh),
  sigmoid: unary(exponential.sigmoid, true),
  pow: { write: power.pow },
};

export type SpecialExpansions = Readonly<Record<SpecialOperation, Expansion>>;
export const specialExpansions = new Provided<SpecialExpansions>("special-functions");

const expansionOf = (name: MathOperation): Expansion =>
  isSpecial(name) ? specialExpansions.value[name] : expansions[name];

/** A function of float64 numbers that the host provides. */
export function scalarImport(pool: FunctionPool, name: HostFunctionName, arity: number): FunctionRef {
  return pool.importFunction(hostModule, name, new Array<"f64">(arity).fill("f64"), ["f64"]);
}

/** The rule of a mathematical operation. */
export const mathFunction =
  (name: MathOperation) =>
  (context: KernelContext, expr: OperationExpr): void => {
    const { kind, lanes } = expr.type;
    if (kind !== "f32" && kind !== "f64") {
      context.fail("operand-kind", `${expr.op} does not take ${describe(expr.type)}`);
    }
    if (kind === "f32") {
      expand(context, expr, expansionOf(name));
      return;
    }
    if (lanes > 1) {
      perLane(context, expr);
      return;
    }
    if (name === "sigmoid") {
      context.emit(sigmoidOf(argument(expr, 0)));
      return;
    }
    const { code } = context;
    for (const arg of expr.args) context.emit(arg);
    code.call(scalarImport(context.pool, name === "exp_nonpositive" ? "exp" : name, expr.args.length));
  };

/** V8 calls `Math.exp` without leaving its own code, but not a function of ours. */
function sigmoidOf(x: Expr): Expr {
  const { type } = x;
  const one = constant(type, 1);
  const apply = (op: Operation, ...args: Expr[]): Expr => ({ op, type, args });
  return apply("div", one, apply("add", one, apply("exp", apply("neg", x))));
}

function expand(context: KernelContext, expr: OperationExpr, { write, inline }: Expansion): void {
  const { pool, options, fn, code } = context;
  const lanes = expr.type.lanes === 1 ? 1 : 4;
  const type = valueTypeOf(expr.type);
  const apply = (target: MathTarget, operands: readonly MathValue[]): void => {
    const [x, y = x] = operands;
    target.code.get(write(createWasmMathBuilder(target, lanes), x!, y!, hostOf(pool, target, lanes)).local);
  };
  for (const arg of expr.args) context.emit(arg);
  if (inline === true) {
    const locals = expr.args.map((): MathValue => ({ local: fn.local(type), type }));
    for (const { local } of locals.toReversed()) code.set(local);
    apply({ fn, code, relaxedSimd: options.relaxedSimd }, locals);
    return;
  }
  const key = `${expr.op} x${lanes}`;
  const ref = pool.once(key, () => {
    const made = pool.createFunction(
      expr.args.map(() => type),
      [type],
    );
    const params = expr.args.map((_, local): MathValue => ({ local, type }));
    apply({ fn: made, code: made.body, relaxedSimd: options.relaxedSimd }, params);
    return made;
  });
  code.call(ref);
}

const hostOf =
  (pool: FunctionPool, { fn, code }: MathTarget, lanes: 1 | 4): Host =>
  (name, { local, type }) => {
    const result = fn.local(type);
    for (let lane = 0; lane < lanes; lane++) {
      if (lane > 0) code.get(result);
      code.get(local);
      if (lanes === 4) code.lane("f32x4.extract_lane", lane);
      code
        .op("f64.promote_f32")
        .call(scalarImport(pool, name, 1))
        .op("f32.demote_f64");
      if (lanes === 4 && lane === 0) code.op("f32x4.splat");
      if (lane > 0) code.lane("f32x4.replace_lane", lane);
      code.set(result);
    }
    return { local: result, type };
  };
