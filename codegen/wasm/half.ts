/**
 * float16 and bfloat16 in float32 registers, by bit manipulation. Each function replaces the value on the stack, in
 * scalar or four-lane form.
 */
import type { ValueType } from "./code.ts";
import type { KernelContext } from "./context.ts";
import type { Opcode } from "./opcodes.ts";

/** One text for both forms: the instructions by what they do to 32-bit lanes. */
interface Bits {
  readonly type: ValueType;
  readonly integer: ValueType;
  readonly float: ValueType;
  readonly and: Opcode;
  readonly or: Opcode;
  readonly add: Opcode;
  readonly shl: Opcode;
  readonly shr: Opcode;
  readonly greaterEqual: Opcode;
  readonly less: Opcode;
  readonly select: Opcode;
  readonly multiply: Opcode;
  readonly plus: Opcode;
  readonly minus: Opcode;
  readonly asFloat: Opcode | null;
  readonly asBits: Opcode | null;
}

const scalar: Bits = {
  type: "i32",
  integer: "i32",
  float: "f32",
  and: "i32.and",
  or: "i32.or",
  add: "i32.add",
  shl: "i32.shl",
  shr: "i32.shr_u",
  greaterEqual: "i32.ge_s",
  less: "i32.lt_s",
  select: "select",
  multiply: "f32.mul",
  plus: "f32.add",
  minus: "f32.sub",
  asFloat: "f32.reinterpret_i32",
  asBits: "i32.reinterpret_f32",
};

const vector: Bits = {
  type: "v128",
  integer: "v128",
  float: "v128",
  and: "v128.and",
  or: "v128.or",
  add: "i32x4.add",
  shl: "i32x4.shl",
  shr: "i32x4.shr_u",
  greaterEqual: "i32x4.ge_s",
  less: "i32x4.lt_s",
  select: "v128.bitselect",
  multiply: "f32x4.mul",
  plus: "f32x4.add",
  minus: "f32x4.sub",
  asFloat: null,
  asBits: null,
};

const infinityBits = 0x7f800000;
const quietNan = 0x7fc00000;
const signBit = -0x80000000;

/** Writes one conversion step by step; every method acts on the top of the stack. */
class Writer {
  readonly ops: Bits;
  readonly context: KernelContext;

  constructor(context: KernelContext, lanes: number) {
    this.context = context;
    this.ops = lanes === 1 ? scalar : vector;
  }

  op(name: Opcode | null): this {
    if (name !== null) this.context.code.op(name);
    return this;
  }
  get(local: number): this {
    this.context.code.get(local);
    return this;
  }
  tee(local: number): this {
    this.context.code.tee(local);
    return this;
  }
  int(value: number): this {
    if (this.ops === scalar) this.context.code.i32(value);
    else this.get(this.context.fn.vectorConstant(new Int32Array(4).fill(value)));
    return this;
  }
  float(value: number): this {
    if (this.ops === scalar) this.context.code.f32(value);
    else this.get(this.context.fn.vectorConstant(new Float32Array(4).fill(value)));
    return this;
  }
  shift(name: "shl" | "shr", count: number): this {
    this.context.code.i32(count);
    return this.op(this.ops[name]);
  }
}

/** float16 bits to float32: the exponent is moved by multiplying with 2^112, which also scales subnormals. */
export function float16ToFloat32(context: KernelContext, lanes: number): void {
  const w = new Writer(context, lanes);
  const { ops } = w;
  context.withTemporary(ops.integer, (bits) => {
    w.tee(bits)
      .int(0x7fff)
      .op(ops.and)
      .shift("shl", 13)
      .op(ops.asFloat)
      .float(2 ** 112)
      .op(ops.multiply)
      .op(ops.asBits);
    w.int(infinityBits).int(0);
    w.get(bits).int(0x7fff).op(ops.and).int(0x7c00).op(ops.greaterEqual).op(ops.select).op(ops.or);
    w.get(bits).int(0x8000).op(ops.and).shift("shl", 16).op(ops.or).op(ops.asFloat);
  });
}

/** float32 that is a float16 value already, to float16 bits. */
export function float32ToFloat16(context: KernelContext, lanes: number): void {
  const w = new Writer(context, lanes);
  const { ops } = w;
  w.op(ops.asBits);
  context.withTemporary(ops.integer, (bits) => {
    context.withTemporary(ops.integer, (magnitude) => {
      w.tee(bits).int(0x7fffffff).op(ops.and).tee(magnitude);
      // Scaling by 2^-112 puts the exponent where float16 has it, subnormals included.
      w.op(ops.asFloat)
        .float(2 ** -112)
        .op(ops.multiply)
        .op(ops.asBits)
        .shift("shr", 13);
      const finiteLimit = 0x47800000;
      w.int(0x7c00)
        .int(0x7e00)
        .get(magnitude)
        .int(infinityBits + 1)
        .op(ops.less)
        .op(ops.select);
      w.get(magnitude).int(finiteLimit).op(ops.less).op(ops.select);
      w.get(bits).shift("shr", 16).int(0x8000).op(ops.and).op(ops.or);
    });
  });
}

/** Rounds a float32 to the nearest float16 value, ties to even; the result stays a float32. */
export function roundToFloat16(context: KernelContext, lanes: number): void {
  const w = new Writer(context, lanes);
  const { ops } = w;
  w.op(ops.asBits);
  context.withTemporary(ops.integer, (bits) => {
    context.withTemporary(ops.integer, (magnitude) => {
      context.withTemporary(ops.integer, (rounded) => {
        w.tee(bits).int(0x7fffffff).op(ops.and).tee(magnitude);
        // Thirteen bits go: add half of the last place that stays, less one unless that place is odd.
        w.get(magnitude).shift("shr", 13).int(1).op(ops.and).int(0xfff).op(ops.add).op(ops.add);
        w.int(~0x1fff).op(ops.and).tee(rounded);
        // 65536 and more overflow to infinity.
        w.int(infinityBits).get(rounded).int(0x47800000).op(ops.less).op(ops.select).tee(rounded);
        // Below 2^-14 the last place is 2^-24, whatever the exponent: that of the floats in [0.5, 1).
        w.get(magnitude).op(ops.asFloat).float(0.5).op(ops.plus).float(0.5).op(ops.minus).op(ops.asBits);
        w.get(magnitude).int(0x38800000).op(ops.greaterEqual).op(ops.select);
        w.int(quietNan)
          .get(magnitude)
          .int(infinityBits + 1)
          .op(ops.less)
          .op(ops.select);
        w.get(bits).int(signBit).op(ops.and).op(ops.or).op(ops.asFloat);
      });
    });
  });
}

/** bfloat16 bits are the upper half of a float32. */
export function bfloat16ToFloat32(context: KernelContext, lanes: number): void {
  const w = new Writer(context, lanes);
  w.shift("shl", 16).op(w.ops.asFloat);
}

/** float32 that is a bfloat16 value already, to bfloat16 bits. */
export function float32ToBfloat16(context: KernelContext, lanes: number): void {
  const w = new Writer(context, lanes);
  w.op(w.ops.asBits).shift("shr", 16);
}

/** Rounds a float32 to the nearest bfloat16 value, ties to even; the result stays a float32. */
export function roundToBfloat16(context: KernelContext, lanes: number): void {
  const w = new Writer(context, lanes);
  const { ops } = w;
  w.op(ops.asBits);
  context.withTemporary(ops.integer, (bits) => {
    w.tee(bits).get(bits).shift("shr", 16).int(1).op(ops.and).int(0x7fff).op(ops.add).op(ops.add);
    w.int(-0x10000).op(ops.and);
    w.int(quietNan)
      .get(bits)
      .int(0x7fffffff)
      .op(ops.and)
      .int(infinityBits + 1)
      .op(ops.less)
      .op(ops.select);
    w.op(ops.asFloat);
  });
}
