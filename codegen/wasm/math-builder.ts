/** The vocabulary of the float32 expansions as WebAssembly instructions, scalar or on four lanes. */
import { type MathBuilder, roundScaledByMagic } from "../math/builder.ts";
import type { Code, ValueType } from "./code.ts";
import type { FunctionBuilder } from "./module-builder.ts";
import type { Opcode } from "./opcodes.ts";

/** A local that is set once. */
export interface MathValue {
  readonly local: number;
  readonly type: ValueType;
  /** Known to have no bit set. */
  readonly isZero?: boolean;
}

export type WasmMathBuilder = MathBuilder<MathValue, MathValue, MathValue>;

/** Where the instructions go. Constants are set in the function's prologue. */
export interface MathTarget {
  readonly fn: FunctionBuilder;
  readonly code: Code;
  readonly relaxedSimd: boolean;
}

/** The instructions of one form by the builder's names. */
interface MathOpcodes {
  readonly float: ValueType;
  readonly integer: ValueType;
  readonly mask: ValueType;
  readonly add: Opcode;
  readonly sub: Opcode;
  readonly mul: Opcode;
  readonly div: Opcode;
  readonly sqrt: Opcode;
  readonly abs: Opcode;
  readonly neg: Opcode;
  readonly floor: Opcode;
  readonly lt: Opcode;
  readonly eq: Opcode;
  readonly and: Opcode;
  readonly or: Opcode;
  readonly xor: Opcode;
  readonly not: Opcode;
  readonly select: Opcode;
  readonly toFloat: Opcode;
  readonly iadd: Opcode;
  readonly isub: Opcode;
  readonly shl: Opcode;
  readonly shr: Opcode;
  readonly ilt: Opcode;
  readonly ieq: Opcode;
}

const scalarOpcodes: MathOpcodes = {
  float: "f32",
  integer: "i32",
  mask: "i32",
  add: "f32.add",
  sub: "f32.sub",
  mul: "f32.mul",
  div: "f32.div",
  sqrt: "f32.sqrt",
  abs: "f32.abs",
  neg: "f32.neg",
  floor: "f32.floor",
  lt: "f32.lt",
  eq: "f32.eq",
  and: "i32.and",
  or: "i32.or",
  xor: "i32.xor",
  not: "i32.eqz",
  select: "select",
  toFloat: "f32.convert_i32_s",
  iadd: "i32.add",
  isub: "i32.sub",
  shl: "i32.shl",
  shr: "i32.shr_s",
  ilt: "i32.lt_s",
  ieq: "i32.eq",
};

const vectorOpcodes: MathOpcodes = {
  float: "v128",
  integer: "v128",
  mask: "v128",
  add: "f32x4.add",
  sub: "f32x4.sub",
  mul: "f32x4.mul",
  div: "f32x4.div",
  sqrt: "f32x4.sqrt",
  abs: "f32x4.abs",
  neg: "f32x4.neg",
  floor: "f32x4.floor",
  lt: "f32x4.lt",
  eq: "f32x4.eq",
  and: "v128.and",
  or: "v128.or",
  xor: "v128.xor",
  not: "v128.not",
  select: "v128.bitselect",
  toFloat: "f32x4.convert_i32x4_s",
  iadd: "i32x4.add",
  isub: "i32x4.sub",
  shl: "i32x4.shl",
  shr: "i32x4.shr_s",
  ilt: "i32x4.lt_s",
  ieq: "i32x4.eq",
};

export function createWasmMathBuilder({ fn, code, relaxedSimd }: MathTarget, lanes: 1 | 4): WasmMathBuilder {
  const ops = lanes === 1 ? scalarOpcodes : vectorOpcodes;
  const { float, integer, mask } = ops;

  const keep = (type: ValueType): MathValue => {
    const local = fn.local(type);
    code.set(local);
    return { local, type };
  };
  const apply = (type: ValueType, name: Opcode, ...operands: readonly MathValue[]): MathValue => {
    for (const { local } of operands) code.get(local);
    code.op(name);
    return keep(type);
  };
  const shift = (name: Opcode, a: MathValue, count: number): MathValue => {
    code.get(a.local).i32(count).op(name);
    return keep(integer);
  };
  const vector = (values: ArrayBufferView<ArrayBuffer>, isZero: boolean): MathValue => ({
    local: fn.vectorConstant(values),
    type: "v128",
    isZero,
  });
  const f32 = (value: number): MathValue =>
    lanes === 4
      ? vector(new Float32Array(4).fill(value), Object.is(value, 0))
      : { local: fn.floatConstant("f32", value), type: "f32" };
  const i32 = (value: number): MathValue =>
    lanes === 4
      ? vector(new Int32Array(4).fill(value), value === 0)
      : { local: fn.constant(`i32 ${value}`, "i32", (prologue) => prologue.i32(value)), type: "i32" };
  const add = (a: MathValue, b: MathValue): MathValue => apply(float, ops.add, a, b);
  const sub = (a: MathValue, b: MathValue): MathValue => apply(float, ops.sub, a, b);
  const mul = (a: MathValue, b: MathValue): MathValue => apply(float, ops.mul, a, b);
  const madd = (a: MathValue, b: MathValue, c: MathValue): MathValue =>
    lanes === 4 && relaxedSimd ? apply(float, "f32x4.relaxed_madd", a, b, c) : add(mul(a, b), c);
  const lt = (a: MathValue, b: MathValue): MathValue => apply(mask, ops.lt, a, b);
  const select = (where: MathValue, whenTrue: MathValue, whenFalse: MathValue): MathValue => {
    // Bits that are taken or are none: one instruction, where choosing takes three.
    if (lanes === 4 && whenTrue.isZero === true) return apply(whenFalse.type, "v128.andnot", whenFalse, where);
    if (lanes === 4 && whenFalse.isZero === true) return apply(whenTrue.type, "v128.and", whenTrue, where);
    return apply(whenTrue.type, ops.select, whenTrue, whenFalse, where);
  };
  const sameBits = (a: MathValue, opcode: Opcode, type: ValueType): MathValue =>
    lanes === 4 ? a : apply(type, opcode, a);
  const bitcastToInt = (a: MathValue): MathValue => sameBits(a, "i32.reinterpret_f32", integer);

  return {
    f32,
    i32,
    add,
    sub,
    mul,
    madd,
    div: (a, b) => apply(float, ops.div, a, b),
    sqrt: (a) => apply(float, ops.sqrt, a),
    abs: (a) => apply(float, ops.abs, a),
    neg: (a) => apply(float, ops.neg, a),
    floor: (a) => apply(float, ops.floor, a),
    min: (a, b) => (lanes === 4 ? apply(float, "f32x4.pmin", a, b) : select(lt(b, a), b, a)),
    max: (a, b) => (lanes === 4 ? apply(float, "f32x4.pmax", a, b) : select(lt(a, b), b, a)),
    roundScaled: (a, scale, bias) => roundScaledByMagic({ f32, madd, sub, bitcastToInt }, a, scale, bias),
    lt,
    eq: (a, b) => apply(mask, ops.eq, a, b),
    and: (a, b) => apply(mask, ops.and, a, b),
    or: (a, b) => apply(mask, ops.or, a, b),
    not: (a) => apply(mask, ops.not, a),
    select,
    bitcastToInt,
    bitcastToFloat: (a) => sameBits(a, "f32.reinterpret_i32", float),
    toFloat: (a) => apply(float, ops.toFloat, a),
    iadd: (a, b) => apply(integer, ops.iadd, a, b),
    isub: (a, b) => apply(integer, ops.isub, a, b),
    iand: (a, b) => apply(integer, ops.and, a, b),
    ior: (a, b) => apply(integer, ops.or, a, b),
    ixor: (a, b) => apply(integer, ops.xor, a, b),
    ishl: (a, count) => shift(ops.shl, a, count),
    ishr: (a, count) => shift(ops.shr, a, count),
    ilt: (a, b) => apply(mask, ops.ilt, a, b),
    ieq: (a, b) => apply(mask, ops.ieq, a, b),
    iselect: select,
    rare(where, slow, fast) {
      const results = fast.map(({ local, type }): MathValue => {
        code.get(local);
        return keep(type);
      });
      code.get(where.local);
      if (lanes === 4) code.op("v128.any_true");
      code.open("if");
      const slowValues = slow();
      results.forEach((result, i) => {
        code.get(slowValues[i]!.local).get(result.local).get(where.local).op(ops.select).set(result.local);
      });
      code.op("end");
      return results as readonly MathValue[] as typeof fast;
    },
  };
}
