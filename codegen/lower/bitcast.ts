/** Reinterpreting bits between types of equal size, narrow types living in wider registers. */
import { dtypeBytes, isFloat, type DType } from "../../ir/dtype.ts";
import { IrError } from "../../ir/errors.ts";
import type { Expr, Operation } from "../../ir/loop.ts";
import { apply, constant, convert, integer, kindOf, narrowed, select, typeOf } from "./expressions.ts";

const f32 = typeOf("f32");
const i32 = typeOf("i32");
const bool = typeOf("bool");
const on = (op: Operation, a: Expr, b: number): Expr => apply(op, op === "ge" ? bool : i32, a, integer(b));

/** A register value of type `from` as the value of type `to` that has the same bits. `name` binds what is used twice. */
export function reinterpret(value: Expr, from: DType, to: DType, name: (value: Expr) => Expr): Expr {
  if (dtypeBytes(from) !== dtypeBytes(to)) throw new IrError("ir/bitcast", `bitcast of ${from} to ${to}`);
  if (from === to) return value;
  if (dtypeBytes(from) >= 4) return apply("bitcast", typeOf(kindOf(to)), value);
  const bits = isFloat(from) ? halfBits(name(value), from, name) : convert(value, from, "int32");
  return isFloat(to) ? halfValue(name(bits), to, name) : narrowed(convert(bits, "int32", to), to);
}

/** The pattern of a half-precision value (already rounded) in the low bits of an integer. */
function halfBits(value: Expr, dtype: DType, name: (value: Expr) => Expr): Expr {
  if (dtype === "bfloat16") return on("shr", apply("bitcast", i32, value), 16);
  const sign = on("and", on("shr", apply("bitcast", i32, value), 16), 0x8000);
  const magnitude = name(apply("abs", f32, value));
  // Scaled so that float16's smallest exponent is float32's: subnormals then line up too.
  const scaled = apply("mul", f32, magnitude, constant("f32", 2 ** -112));
  const finite = on("shr", apply("bitcast", i32, scaled), 13);
  const isNaN = apply("ne", bool, value, value);
  const isLarge = apply("gt", bool, magnitude, constant("f32", 65504));
  const special = select(isNaN, integer(0x7e00), integer(0x7c00));
  return apply("or", i32, sign, select(apply("or", bool, isNaN, isLarge), special, finite));
}

function halfValue(pattern: Expr, dtype: DType, name: (value: Expr) => Expr): Expr {
  if (dtype === "bfloat16") return apply("bitcast", f32, on("shl", pattern, 16));
  const magnitude = name(on("and", pattern, 0x7fff));
  const finite = apply("mul", f32, apply("bitcast", f32, on("shl", magnitude, 13)), constant("f32", 2 ** 112));
  const special = apply("bitcast", f32, on("or", on("shl", on("and", magnitude, 0x3ff), 13), 0x7f800000));
  const value = select(on("ge", magnitude, 0x7c00), special, finite);
  const isNegative = apply("ne", bool, on("and", pattern, 0x8000), integer(0));
  const named = name(value);
  return select(isNegative, apply("neg", f32, named), named);
}
