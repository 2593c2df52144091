/** Arithmetic that takes more than one instruction. Nothing here traps. */
import type { Code, FunctionRef } from "./code.ts";
import type { KernelContext } from "./context.ts";
import { rangeOf } from "./linear-form.ts";
import { scalarImport } from "./math-functions.ts";
import type { FunctionPool } from "./module-builder.ts";
import type { Opcode } from "./opcodes.ts";
import { perLane } from "./per-lane.ts";
import { argument, constant, formOf, isOperation, type OperationExpr } from "./types.ts";
import type { Expr } from "../../ir/loop.ts";

const zeroOf = (kind: "i32" | "i64"): number | bigint => (kind === "i64" ? 0n : 0);

/** Truncating integer division: x / 0 = 0, and the lowest integer over -1 is itself. */
export function divide(context: KernelContext, expr: OperationExpr): void {
  const { kind, lanes } = expr.type;
  if (emitByConstant(context, expr)) return;
  if (lanes > 1 || (kind !== "i32" && kind !== "i64")) {
    perLane(context, expr);
    return;
  }
  const dividend = argument(expr, 0);
  const divisor = argument(expr, 1);
  const { code } = context;
  if (isSafeDivisor(divisor)) {
    context.emit(dividend);
    const range = rangeOf(context, dividend);
    const unsigned = kind === "i32" && range !== null && range.low >= 0 && Number(constantValue(divisor)) > 0;
    const shift = Math.log2(Number(constantValue(divisor)));
    if (unsigned && Number.isInteger(shift)) code.i32(shift).op("i32.shr_u");
    else {
      context.emit(divisor);
      code.op(unsigned ? "i32.div_u" : `${kind}.div_s`);
    }
    return;
  }
  context.emit(dividend);
  context.withValue(dividend.type, (a) => {
    context.emit(divisor);
    context.withValue(divisor.type, (b) => {
      // For divisors 0 and -1 the quotient is the product.
      emitIsZeroOrMinusOne(context, b, kind);
      code.open("if", kind);
      context.emit(a);
      context.emit(b);
      code.op(`${kind}.mul`).op("else");
      context.emit(a);
      context.emit(b);
      code.op(`${kind}.div_s`).op("end");
    });
  });
}

function emitIsZeroOrMinusOne(context: KernelContext, value: Expr, kind: "i32" | "i64"): void {
  context.emit(value);
  if (kind === "i32") context.code.i32(1).op("i32.add").i32(1).op("i32.le_u");
  else context.code.i64(1n).op("i64.add").i64(1n).op("i64.le_u");
}

/** The upper halves of two vectors of 64-bit products. */
const upperHalves = [4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31];

/** Quotient or remainder of int32 lanes by a constant, which a product with its reciprocal gives; false for others. */
function emitByConstant(context: KernelContext, expr: OperationExpr): boolean {
  const [dividend, divisor] = [argument(expr, 0), argument(expr, 1)];
  if (formOf(expr.type) !== "i32x4" || !isOperation(divisor) || divisor.op !== "splat") return false;
  const by = Number(constantValue(argument(divisor, 0)));
  if (!(by > 1)) return false;
  const { code, fn } = context;
  const { factor, shift } = reciprocalOf(by);
  const factors = fn.vectorConstant(new Int32Array(4).fill(factor));
  context.emit(dividend);
  context.withValue(expr.type, (n) => {
    const get = (): Code => (context.emit(n), code);
    if (expr.op === "rem") get();
    for (const half of ["low", "high"] as const) get().get(factors).op(`i64x2.extmul_${half}_i32x4_s`);
    code.op("i8x16.shuffle").bytes(upperHalves);
    if (factor < 0) get().op("i32x4.add");
    code.i32(shift).op("i32x4.shr_s");
    // Rounded down so far: what is negative lacks one.
    get().i32(31).op("i32x4.shr_u").op("i32x4.add");
    if (expr.op === "rem")
      code
        .get(fn.vectorConstant(new Int32Array(4).fill(by)))
        .op("i32x4.mul")
        .op("i32x4.sub");
  });
  return true;
}

/**
 * n / by = floor(n factor / 2^(32 + shift)) for whole 0 <= n < 2^31, and one less than the quotient for negative n: the
 * least power of two for which rounding the factor up is too little to matter. A factor beyond 31 bits is 2^32 less.
 */
function reciprocalOf(by: number): { readonly factor: number; readonly shift: number } {
  const divisor = BigInt(by);
  for (let bits = 32n; ; bits++) {
    const factor = 2n ** bits / divisor + 1n;
    if (factor * divisor - 2n ** bits <= 2n ** (bits - 31n))
      return { factor: Number(BigInt.asIntN(32, factor)), shift: Number(bits - 32n) };
  }
}

const constantValue = (expr: Expr): number | bigint => (expr.op === "const" ? expr.value : Number.NaN);

function isSafeDivisor(expr: Expr): boolean {
  if (expr.op !== "const") return false;
  const value = Number(expr.value);
  return value !== 0 && value !== -1;
}

/** Remainder with the sign of the dividend; x % 0 = 0 for integers, C's fmod for floats. */
export function remainder(context: KernelContext, expr: OperationExpr): void {
  const { kind, lanes } = expr.type;
  if (emitByConstant(context, expr)) return;
  if (lanes > 1 || kind === "bool") {
    perLane(context, expr);
    return;
  }
  const dividend = argument(expr, 0);
  const divisor = argument(expr, 1);
  const { code } = context;
  context.emit(dividend);
  if (kind === "f32" || kind === "f64") {
    context.emit(divisor);
    code.call(kind === "f32" ? remainderOfFloats(context.pool) : scalarImport(context.pool, "fmod", 2));
    return;
  }
  if (isSafeDivisor(divisor)) {
    const range = rangeOf(context, dividend);
    const value = Number(constantValue(divisor));
    const unsigned = kind === "i32" && range !== null && range.low >= 0 && value > 0;
    if (unsigned && Number.isInteger(Math.log2(value))) code.i32(value - 1).op("i32.and");
    else {
      context.emit(divisor);
      code.op(unsigned ? "i32.rem_u" : `${kind}.rem_s`);
    }
    return;
  }
  // x % 1 = 0 is what 0 and -1 must give as well.
  context.emit(divisor);
  context.withValue(divisor.type, (b) => {
    context.emit(constant(divisor.type, kind === "i64" ? 1n : 1));
    context.emit(b);
    emitIsZeroOrMinusOne(context, b, kind);
    code.op("select").op(`${kind}.rem_s`);
  });
}

/** Larger quotients times a float32 are no float64. */
const largestQuotient = 2 ** 29;

/**
 * C's fmod of float32: what is left of the dividend when the divisor has been taken off as often as the quotient says,
 * which float64 holds exactly. The quotient may have been rounded up to a whole number: then once too often.
 */
function remainderOfFloats(pool: FunctionPool): FunctionRef {
  return pool.once("fmod f32", () => {
    const made = pool.createFunction(["f32", "f32"], ["f32"]);
    const [a, b, quotient, rest] = [made.local("f64"), made.local("f64"), made.local("f64"), made.local("f64")];
    const { body } = made;
    for (const [param, local] of [a, b].entries()) body.get(param).op("f32.abs").op("f64.promote_f32").set(local);
    body.get(a).get(b).op("f64.div").tee(quotient).f64(largestQuotient).op("f64.lt");
    body.get(b).f64(Infinity).op("f64.lt").op("i32.and").open("if", "f32");
    body.get(a).get(quotient).op("f64.trunc").get(b).op("f64.mul").op("f64.sub").tee(rest);
    body.get(rest).get(b).op("f64.add").get(rest).f64(0).op("f64.ge").op("select");
    body.op("f32.demote_f64").get(0).op("f32.copysign");
    body.op("else");
    for (const param of [0, 1]) body.get(param).op("f64.promote_f32");
    body
      .call(scalarImport(pool, "fmod", 2))
      .op("f32.demote_f64")
      .op("end");
    return made;
  });
}

/** neg and abs of scalars, min and max of scalars and of i64 vectors: through a comparison. */
export function integerMinMax(context: KernelContext, expr: OperationExpr): void {
  const { kind, lanes } = expr.type;
  if ((kind !== "i32" && kind !== "i64") || (lanes > 1 && kind === "i32")) {
    perLane(context, expr);
    return;
  }
  const zero = constant(expr.type, zeroOf(kind));
  const first = argument(expr, 0);
  if (expr.op === "neg") {
    context.emit({ op: "sub", type: expr.type, args: [zero, first] });
    return;
  }
  const bool = { kind: "bool", lanes } as const;
  context.emit(first);
  context.withValue(expr.type, (a) => {
    if (expr.op === "abs") {
      const negative: Expr = { op: "lt", type: bool, args: [a, zero] };
      const negated: Expr = { op: "sub", type: expr.type, args: [zero, a] };
      context.emit({ op: "select", type: expr.type, args: [negative, negated, a] });
      return;
    }
    context.emit(argument(expr, 1));
    context.withValue(expr.type, (b) => {
      const first: Expr = { op: expr.op === "min" ? "lt" : "gt", type: bool, args: [a, b] };
      context.emit({ op: "select", type: expr.type, args: [first, a, b] });
    });
  });
}

/** Rounding of an integer. */
export function fixedPoint(context: KernelContext, expr: OperationExpr): void {
  if (expr.type.kind === "bool") perLane(context, expr);
  else context.emit(argument(expr, 0));
}

/** a * b + c, fused where the machine does it. */
export function multiplyAdd(context: KernelContext, expr: OperationExpr): void {
  const [a, b, c] = [argument(expr, 0), argument(expr, 1), argument(expr, 2)];
  const form = formOf(expr.type);
  if (context.options.relaxedSimd && (form === "f32x4" || form === "f64x2")) {
    for (const arg of [a, b, c]) context.emit(arg);
    context.code.op(form === "f32x4" ? "f32x4.relaxed_madd" : "f64x2.relaxed_madd");
    return;
  }
  const product: Expr = { op: "mul", type: expr.type, args: [a, b] };
  context.emit({ op: "add", type: expr.type, args: [product, c] });
}

/** Shifts take the count modulo the width. A vector shifts by one count, or lane by lane. */
export function shiftBy(table: Readonly<Record<"i32" | "i64" | "i32x4" | "i64x2", Opcode>>) {
  return (context: KernelContext, expr: OperationExpr): void => {
    const form = formOf(expr.type);
    const count = argument(expr, 1);
    if (form === "i32" || form === "i64") {
      context.emit(argument(expr, 0));
      context.emit(count);
      context.code.op(table[form]);
      return;
    }
    const common = commonCount(count);
    if ((form !== "i32x4" && form !== "i64x2") || common === null) {
      perLane(context, expr);
      return;
    }
    context.emit(argument(expr, 0));
    context.emit(common);
    if (common.type.kind === "i64") context.code.op("i32.wrap_i64");
    context.code.op(table[form]);
  };
}

function commonCount(count: Expr): Expr | null {
  if (count.op === "const") return constant({ kind: "i32", lanes: 1 }, Number(count.value));
  if (isOperation(count) && count.op === "splat") return argument(count, 0);
  return null;
}
