/** cast, bitcast and narrow. */
import type { Kind } from "../../ir/loop.ts";
import type { Code } from "./code.ts";
import type { KernelContext } from "./context.ts";
import { roundToBfloat16, roundToFloat16 } from "./half.ts";
import type { Opcode } from "./opcodes.ts";
import { perLane } from "./per-lane.ts";
import { argument, describe, formOf, type OperationExpr } from "./types.ts";

/** Scalar conversions, from and to; those to bool compare with zero and are made below. */
const casts: Readonly<Record<Kind, Readonly<Record<Exclude<Kind, "bool">, readonly Opcode[]>>>> = {
  f32: {
    f32: [],
    f64: ["f64.promote_f32"],
    i32: ["i32.trunc_sat_f32_s"],
    i64: ["i64.trunc_sat_f32_s"],
  },
  f64: {
    f32: ["f32.demote_f64"],
    f64: [],
    i32: ["i32.trunc_sat_f64_s"],
    i64: ["i64.trunc_sat_f64_s"],
  },
  i32: { f32: ["f32.convert_i32_s"], f64: ["f64.convert_i32_s"], i32: [], i64: ["i64.extend_i32_s"] },
  i64: { f32: ["f32.convert_i64_s"], f64: ["f64.convert_i64_s"], i32: ["i32.wrap_i64"], i64: [] },
  bool: { f32: ["f32.convert_i32_u"], f64: ["f64.convert_i32_u"], i32: [], i64: ["i64.extend_i32_u"] },
};

/** Converts the scalar on the stack. */
export function emitScalarCast(code: Code, from: Kind, to: Kind): void {
  if (to !== "bool") {
    for (const op of casts[from][to]) code.op(op);
    return;
  }
  switch (from) {
    case "bool":
      return;
    case "i32":
      code.i32(0).op("i32.ne");
      return;
    case "i64":
      code.i64(0n).op("i64.ne");
      return;
    case "f32":
      code.f32(0).op("f32.ne");
      return;
    case "f64":
      code.f64(0).op("f64.ne");
  }
}

export function cast(context: KernelContext, expr: OperationExpr): void {
  const value = argument(expr, 0);
  const from = formOf(value.type);
  const to = formOf(expr.type);
  const { code } = context;
  if (expr.type.lanes === 1 && value.type.lanes === 1) {
    context.emit(value);
    emitScalarCast(code, value.type.kind, expr.type.kind);
    return;
  }
  if (value.type.lanes !== expr.type.lanes) {
    context.fail("cast-width", `cannot cast ${describe(value.type)} to ${describe(expr.type)}`);
  }
  const zero = (): void => void code.get(context.fn.vectorConstant(new Int32Array(4)));
  if (from === to) context.emit(value);
  else if (from === "f32x4" && to === "i32x4") {
    context.emit(value);
    code.op("i32x4.trunc_sat_f32x4_s");
  } else if (from === "i32x4" && to === "f32x4") {
    context.emit(value);
    code.op("f32x4.convert_i32x4_s");
  } else if (to === "mask4" || to === "mask2") {
    context.emit(value);
    zero();
    const different: Partial<Record<typeof from, Opcode>> = {
      f32x4: "f32x4.ne",
      i32x4: "i32x4.ne",
      f64x2: "f64x2.ne",
      i64x2: "i64x2.ne",
    };
    code.op(different[from]!);
  } else if (from === "mask4" || from === "mask2") {
    context.emit(value);
    const one: Partial<Record<typeof to, ArrayBufferView<ArrayBuffer>>> = {
      f32x4: new Float32Array(4).fill(1),
      i32x4: new Int32Array(4).fill(1),
      f64x2: new Float64Array(2).fill(1),
      i64x2: new BigInt64Array(2).fill(1n),
    };
    code.get(context.fn.vectorConstant(one[to]!)).op("v128.and");
  } else perLane(context, expr);
}

/** The same bits as another kind. */
const bitcasts: Partial<Record<Kind, Partial<Record<Kind, readonly Opcode[]>>>> = {
  f32: { f32: [], i32: ["i32.reinterpret_f32"] },
  i32: { i32: [], f32: ["f32.reinterpret_i32"] },
  f64: { f64: [], i64: ["i64.reinterpret_f64"] },
  i64: { i64: [], f64: ["f64.reinterpret_i64"] },
};

export function bitcast(context: KernelContext, expr: OperationExpr): void {
  const value = argument(expr, 0);
  const ops = bitcasts[value.type.kind]?.[expr.type.kind];
  if (ops === undefined) {
    context.fail("bitcast", `cannot take the bits of ${describe(value.type)} as ${describe(expr.type)}`);
  }
  context.emit(value);
  if (expr.type.lanes === 1) for (const op of ops) context.code.op(op);
}

/** Brings a register to the values that `memory` can hold. */
export function narrow(context: KernelContext, expr: OperationExpr): void {
  const { code } = context;
  const { lanes } = expr.type;
  const signExtend = (bits: number): void => {
    code.i32(32 - bits).op(lanes === 1 ? "i32.shl" : "i32x4.shl");
    code.i32(32 - bits).op(lanes === 1 ? "i32.shr_s" : "i32x4.shr_s");
  };
  context.emit(argument(expr, 0));
  switch (expr.memory) {
    case "int8":
      if (lanes === 1) code.op("i32.extend8_s");
      else signExtend(8);
      return;
    case "int16":
      if (lanes === 1) code.op("i32.extend16_s");
      else signExtend(16);
      return;
    case "uint8":
      if (lanes === 1) code.i32(0xff).op("i32.and");
      else code.get(context.fn.vectorConstant(new Int32Array(4).fill(0xff))).op("v128.and");
      return;
    case "float16":
      roundToFloat16(context, lanes);
      return;
    case "bfloat16":
      roundToBfloat16(context, lanes);
      return;
    default:
      return; // Registers of the other types hold nothing else.
  }
}
