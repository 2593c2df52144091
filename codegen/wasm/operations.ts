/** One rule for each operation of the loop IR: how its value is put on the stack. */
import type { Kind, Operation } from "../../ir/loop.ts";
import type { KernelContext } from "./context.ts";
import { cast, bitcast, narrow } from "./conversions.ts";
import { emitAgainstConstant } from "./extremes.ts";
import { mathFunction } from "./math-functions.ts";
import type { Opcode } from "./opcodes.ts";
import { divide, fixedPoint, integerMinMax, multiplyAdd, remainder, shiftBy } from "./arithmetic.ts";
import { perLane } from "./per-lane.ts";
import { argument, describe, type Form, formOf, type OperationExpr } from "./types.ts";
import { extract, join, ramp, reduce, splat } from "./vectors.ts";

export type Rule = (context: KernelContext, expr: OperationExpr) => void;

/** The instructions of an operation whose operands are pushed in order; the first operand's form selects. */
type Direct = Partial<Record<Form, readonly Opcode[]>>;

/** `otherwise` takes the forms without an entry. Vectors left over are computed lane by lane. */
function direct(table: Direct, otherwise: Rule = perLane): Rule {
  return (context, expr) => {
    const ops = table[formOf(argument(expr, 0).type)];
    if (ops === undefined) {
      otherwise(context, expr);
      return;
    }
    for (const arg of expr.args) context.emit(arg);
    for (const op of ops) context.code.op(op);
  };
}

const masks = (...ops: Opcode[]): Direct => ({ mask4: ops, mask2: ops });
const floats = <
  Name extends
    | "add"
    | "sub"
    | "mul"
    | "div"
    | "min"
    | "max"
    | "sqrt"
    | "abs"
    | "neg"
    | "floor"
    | "ceil"
    | "trunc"
    | "nearest"
    | "eq"
    | "ne"
    | "lt"
    | "le"
    | "gt"
    | "ge",
>(
  name: Name,
) =>
  ({
    f32: [`f32.${name}`],
    f64: [`f64.${name}`],
    f32x4: [`f32x4.${name}`],
    f64x2: [`f64x2.${name}`],
  }) satisfies Direct;
const integers = <Name extends "add" | "sub" | "mul" | "eq" | "ne">(name: Name) =>
  ({ i32: [`i32.${name}`], i64: [`i64.${name}`], i32x4: [`i32x4.${name}`], i64x2: [`i64x2.${name}`] }) satisfies Direct;
const signed = <Name extends "lt" | "le" | "gt" | "ge">(name: Name) =>
  ({
    i32: [`i32.${name}_s`],
    i64: [`i64.${name}_s`],
    i32x4: [`i32x4.${name}_s`],
    i64x2: [`i64x2.${name}_s`],
  }) satisfies Direct;
const bitwise = <Name extends "and" | "or" | "xor">(name: Name) =>
  ({
    i32: [`i32.${name}`],
    i64: [`i64.${name}`],
    bool: [`i32.${name}`],
    i32x4: [`v128.${name}`],
    i64x2: [`v128.${name}`],
    ...masks(`v128.${name}`),
  }) satisfies Direct;

/** Rounding leaves an integer alone. */
const rounding = (name: "floor" | "ceil" | "trunc" | "nearest"): Rule => direct(floats(name), fixedPoint);

function extreme(table: Direct): Rule {
  const full = direct(table, integerMinMax);
  return (context, expr) => {
    if (!emitAgainstConstant(context, expr)) full(context, expr);
  };
}

const reduction =
  (operation: Operation): Rule =>
  (context, expr) =>
    reduce(context, expr, operation);

export const rules = {
  add: direct({ ...floats("add"), ...integers("add") }),
  sub: direct({ ...floats("sub"), ...integers("sub") }),
  mul: direct({ ...floats("mul"), ...integers("mul") }),
  div: direct(floats("div"), divide),
  rem: remainder,
  neg: direct({ ...floats("neg"), i32x4: ["i32x4.neg"], i64x2: ["i64x2.neg"] }, integerMinMax),
  abs: direct({ ...floats("abs"), i32x4: ["i32x4.abs"], i64x2: ["i64x2.abs"] }, integerMinMax),
  sqrt: direct(floats("sqrt")),
  floor: rounding("floor"),
  ceil: rounding("ceil"),
  trunc: rounding("trunc"),
  nearest: rounding("nearest"),
  min: extreme({ ...floats("min"), bool: ["i32.and"], i32x4: ["i32x4.min_s"], ...masks("v128.and") }),
  max: extreme({ ...floats("max"), bool: ["i32.or"], i32x4: ["i32x4.max_s"], ...masks("v128.or") }),
  madd: multiplyAdd,
  copysign: direct({ f32: ["f32.copysign"], f64: ["f64.copysign"] }, copysign),

  and: direct(bitwise("and")),
  or: direct(bitwise("or")),
  xor: direct(bitwise("xor")),
  not: direct({ bool: ["i32.eqz"], i32x4: ["v128.not"], i64x2: ["v128.not"], ...masks("v128.not") }, invert),
  shl: shiftBy({ i32: "i32.shl", i64: "i64.shl", i32x4: "i32x4.shl", i64x2: "i64x2.shl" }),
  shr: shiftBy({ i32: "i32.shr_s", i64: "i64.shr_s", i32x4: "i32x4.shr_s", i64x2: "i64x2.shr_s" }),
  ushr: shiftBy({ i32: "i32.shr_u", i64: "i64.shr_u", i32x4: "i32x4.shr_u", i64x2: "i64x2.shr_u" }),

  eq: direct({ ...floats("eq"), ...integers("eq"), bool: ["i32.eq"], ...masks("v128.xor", "v128.not") }),
  ne: direct({ ...floats("ne"), ...integers("ne"), bool: ["i32.ne"], ...masks("v128.xor") }),
  lt: direct({ ...floats("lt"), ...signed("lt"), bool: ["i32.lt_s"], mask4: ["i32x4.gt_s"], mask2: ["i64x2.gt_s"] }),
  le: direct({ ...floats("le"), ...signed("le"), bool: ["i32.le_s"], mask4: ["i32x4.ge_s"], mask2: ["i64x2.ge_s"] }),
  gt: direct({ ...floats("gt"), ...signed("gt"), bool: ["i32.gt_s"], mask4: ["i32x4.lt_s"], mask2: ["i64x2.lt_s"] }),
  ge: direct({ ...floats("ge"), ...signed("ge"), bool: ["i32.ge_s"], mask4: ["i32x4.le_s"], mask2: ["i64x2.le_s"] }),
  select,

  cast,
  bitcast,
  narrow,

  exp: mathFunction("exp"),
  exp_nonpositive: mathFunction("exp_nonpositive"),
  exp2: mathFunction("exp2"),
  expm1: mathFunction("expm1"),
  log: mathFunction("log"),
  log2: mathFunction("log2"),
  log10: mathFunction("log10"),
  log1p: mathFunction("log1p"),
  sin: mathFunction("sin"),
  cos: mathFunction("cos"),
  tan: mathFunction("tan"),
  asin: mathFunction("asin"),
  acos: mathFunction("acos"),
  atan: mathFunction("atan"),
  atan2: mathFunction("atan2"),
  sinh: mathFunction("sinh"),
  cosh: mathFunction("cosh"),
  tanh: mathFunction("tanh"),
  asinh: mathFunction("asinh"),
  acosh: mathFunction("acosh"),
  atanh: mathFunction("atanh"),
  sigmoid: mathFunction("sigmoid"),
  erf: mathFunction("erf"),
  erfc: mathFunction("erfc"),
  erfinv: mathFunction("erfinv"),
  lgamma: mathFunction("lgamma"),
  digamma: mathFunction("digamma"),
  pow: mathFunction("pow"),

  splat,
  ramp,
  join,
  extract,
  reduce_add: reduction("add"),
  reduce_mul: reduction("mul"),
  reduce_max: reduction("max"),
  reduce_min: reduction("min"),
  local_index: (context) => context.fail("workgroup", "local_index exists on WebGPU only"),
} satisfies Record<Operation, Rule>;

function select(context: KernelContext, expr: OperationExpr): void {
  const condition = argument(expr, 0);
  context.emit(argument(expr, 1));
  context.emit(argument(expr, 2));
  context.emit(condition);
  if (condition.type.lanes === 1) context.code.op("select");
  else context.code.op("v128.bitselect");
}

/** The sign bit of the second operand, the rest of the first. */
function copysign(context: KernelContext, expr: OperationExpr): void {
  const { kind, lanes } = expr.type;
  if (lanes === 1) context.fail("operand-kind", `copysign does not take ${describe(expr.type)}`);
  context.emit(argument(expr, 1));
  context.emit(argument(expr, 0));
  const signs = kind === "f32" ? new Int32Array(4).fill(-0x80000000) : new BigInt64Array(2).fill(-(2n ** 63n));
  context.code.get(context.fn.vectorConstant(signs)).op("v128.bitselect");
}

function invert(context: KernelContext, expr: OperationExpr): void {
  const ones: Partial<Record<Kind, () => void>> = {
    i32: () => context.code.i32(-1).op("i32.xor"),
    i64: () => context.code.i64(-1n).op("i64.xor"),
  };
  const write = ones[expr.type.kind];
  if (write === undefined) return context.fail("operand-kind", `not does not take ${describe(expr.type)}`);
  context.emit(argument(expr, 0));
  write();
}
