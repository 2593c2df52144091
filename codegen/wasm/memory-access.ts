/** Loads and stores: from each memory type to its register kind and back, scalar and vector. */
import type { DType } from "../../ir/dtype.ts";
import { type Expr, registerKind, type Stmt } from "../../ir/loop.ts";
import { emitAddress } from "./addressing.ts";
import type { KernelContext } from "./context.ts";
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "./half.ts";
import type { Opcode } from "./opcodes.ts";
import { describe, type LoadExpr } from "./types.ts";

type RealDType = keyof typeof registerKind;

interface Access {
  readonly load: Opcode;
  readonly store: Opcode;
  /** One load that fills every lane with the same element. */
  readonly loadSplat?: Opcode;
  /** What follows a load or precedes a store, on the value at the top of the stack. */
  readonly widen?: (context: KernelContext, lanes: number) => void;
  readonly narrow?: (context: KernelContext, lanes: number) => void;
  /** The same for vectors, whose elements fill less than 128 bits of memory. */
  readonly vector: VectorAccess;
}

/** How many bits a vector takes in memory decides the instructions. */
type VectorAccess =
  | { readonly bits: 128 }
  | { readonly bits: 64; readonly load: Opcode }
  | { readonly bits: 32; readonly widen: readonly Opcode[] };

const accesses = {
  float32: { load: "f32.load", store: "f32.store", loadSplat: "v128.load32_splat", vector: { bits: 128 } },
  float64: { load: "f64.load", store: "f64.store", loadSplat: "v128.load64_splat", vector: { bits: 128 } },
  int32: { load: "i32.load", store: "i32.store", loadSplat: "v128.load32_splat", vector: { bits: 128 } },
  int64: { load: "i64.load", store: "i64.store", loadSplat: "v128.load64_splat", vector: { bits: 128 } },
  int16: { load: "i32.load16_s", store: "i32.store16", vector: { bits: 64, load: "v128.load16x4_s" } },
  float16: {
    load: "i32.load16_u",
    store: "i32.store16",
    widen: float16ToFloat32,
    narrow: float32ToFloat16,
    vector: { bits: 64, load: "v128.load16x4_u" },
  },
  bfloat16: {
    load: "i32.load16_u",
    store: "i32.store16",
    widen: bfloat16ToFloat32,
    narrow: float32ToBfloat16,
    vector: { bits: 64, load: "v128.load16x4_u" },
  },
  int8: {
    load: "i32.load8_s",
    store: "i32.store8",
    vector: { bits: 32, widen: ["i16x8.extend_low_i8x16_s", "i32x4.extend_low_i16x8_s"] },
  },
  uint8: {
    load: "i32.load8_u",
    store: "i32.store8",
    vector: { bits: 32, widen: ["i16x8.extend_low_i8x16_u", "i32x4.extend_low_i16x8_u"] },
  },
  bool: {
    load: "i32.load8_u",
    store: "i32.store8",
    // A lane mask is 0 or -1.
    vector: { bits: 32, widen: ["i16x8.extend_low_i8x16_u", "i32x4.extend_low_i16x8_u", "i32x4.neg"] },
  },
} satisfies Record<RealDType, Access>;

function accessOf(context: KernelContext, dtype: DType): Access {
  if (dtype === "complex64" || dtype === "complex128") {
    return context.fail("complex", `${dtype} memory must be addressed by its parts`);
  }
  return accesses[dtype];
}

export function emitLoad(context: KernelContext, expr: LoadExpr): void {
  const buffer = context.buffer(expr.buffer);
  const { dtype } = buffer.param;
  const access = accessOf(context, dtype);
  checkKind(context, dtype, expr);
  const offset = emitAddress(context, buffer, expr.index);
  const { code } = context;
  const { lanes } = expr.type;
  const { vector } = access;
  if (lanes === 1) {
    code.memory(access.load, offset);
    access.widen?.(context, 1);
  } else if (dtype === "bool" && lanes === 2) {
    code.memory("v128.load16_splat", offset);
    for (const op of accesses.bool.vector.widen) code.op(op);
    code.op("i64x2.extend_low_i32x4_s");
  } else if (vector.bits === 128) {
    code.memory("v128.load", offset);
  } else if (vector.bits === 64) {
    code.memory(vector.load, offset);
    access.widen?.(context, lanes);
  } else {
    code.memory("v128.load32_zero", offset);
    for (const op of vector.widen) code.op(op);
  }
}

/** Loads one element to all lanes, or gives false when there is no instruction for it. */
export function emitLoadSplat(context: KernelContext, load: LoadExpr): boolean {
  const buffer = context.buffer(load.buffer);
  const { loadSplat } = accessOf(context, buffer.param.dtype);
  if (loadSplat === undefined) return false;
  checkKind(context, buffer.param.dtype, load);
  const offset = emitAddress(context, buffer, load.index);
  context.code.memory(loadSplat, offset);
  return true;
}

export function emitStore(context: KernelContext, stmt: Extract<Stmt, { readonly kind: "store" }>): void {
  const buffer = context.buffer(stmt.buffer);
  const { dtype } = buffer.param;
  const access = accessOf(context, dtype);
  const { value } = stmt;
  const { lanes } = value.type;
  checkKind(context, dtype, value);
  const offset = emitAddress(context, buffer, stmt.index);
  const { code } = context;
  if (lanes === 1) {
    context.emit(value);
    access.narrow?.(context, 1);
    code.memory(access.store, offset);
  } else if (dtype === "bool" && lanes === 2) {
    context.emit(value);
    storeTwoBools(context, offset);
  } else if (access.vector.bits === 128) {
    context.emit(value);
    code.memory("v128.store", offset);
  } else {
    context.emit(value);
    access.narrow?.(context, lanes);
    const { bits } = access.vector;
    // A lane mask, 0 or -1, is stored as 0 or 1.
    packAndStore(context, bits, dtype === "bool" ? 1 : 2 ** (bits / 4) - 1, offset);
  }
}

/** Stores the `kept` bits of four 32-bit lanes as `bits` bits; address and vector are on the stack. */
function packAndStore(context: KernelContext, bits: 32 | 64, kept: number, offset: number): void {
  const { code } = context;
  code.get(context.fn.vectorConstant(new Int32Array(4).fill(kept))).op("v128.and");
  context.withTemporary("v128", (wide) => {
    code.tee(wide).get(wide).op("i16x8.narrow_i32x4_u");
    if (bits === 64) code.memory("v128.store64_lane", offset).byte(0);
    else code.tee(wide).get(wide).op("i8x16.narrow_i16x8_u").memory("v128.store32_lane", offset).byte(0);
  });
}

/** Address and mask are on the stack. */
function storeTwoBools({ code, fn }: KernelContext, offset: number): void {
  const ones = new Int32Array(4).fill(1);
  code.get(fn.vectorConstant(ones)).op("v128.and").get(fn.vectorConstant(ones)).op("i8x16.shuffle").bytes(everyEighth);
  code.memory("v128.store16_lane", offset).byte(0);
}

const everyEighth = Uint8Array.from({ length: 16 }, (_, i) => (i % 2) * 8);

function checkKind(context: KernelContext, dtype: DType, expr: Expr): void {
  const kind = dtype in registerKind ? registerKind[dtype as RealDType] : undefined;
  if (kind !== expr.type.kind) {
    context.fail("memory-kind", `${dtype} memory holds ${kind ?? "pairs"}, but the value is ${describe(expr.type)}`);
  }
}
