/** How loop IR types and constants are written in WGSL. An i64 is two u32 words, the low one first. */
import { IrError } from "../../ir/errors.ts";
import type { Kind, Type } from "../../ir/loop.ts";

/** The WGSL names of one vector width; helper functions are written once over them. */
export interface Width {
  readonly lanes: 1 | 4;
  readonly F: string;
  readonly I: string;
  readonly U: string;
  readonly B: string;
  /** Appended to the names of helper functions. */
  readonly suffix: string;
}

export const scalar: Width = { lanes: 1, F: "f32", I: "i32", U: "u32", B: "bool", suffix: "" };
export const vector: Width = {
  lanes: 4,
  F: "vec4<f32>",
  I: "vec4<i32>",
  U: "vec4<u32>",
  B: "vec4<bool>",
  suffix: "_x4",
};

export function widthOf(type: Type): Width {
  if (type.lanes === 1) return scalar;
  if (type.lanes === 4 && type.kind !== "i64") return vector;
  throw new IrError("wgsl/lanes", `WGSL kernels have 1 or 4 lanes (1 for i64), got ${type.kind} x ${type.lanes}.`);
}

export function typeName(type: Type): string {
  const width = widthOf(type);
  return kindNames(width)[type.kind]();
}

const kindNames = (width: Width) =>
  ({
    f32: () => width.F,
    i32: () => width.I,
    bool: () => width.B,
    i64: () => "vec2<u32>",
    f64: () => {
      throw new IrError("wgsl/float64", "WebGPU has no float64; the frontend refuses it at the call.");
    },
  }) satisfies Record<Kind, () => string>;

const bitsView = new DataView(new ArrayBuffer(8));

export function floatBits(value: number): number {
  bitsView.setFloat32(0, value);
  return bitsView.getUint32(0);
}

const hex = (word: number): string => `0x${(word >>> 0).toString(16)}u`;

/** The two words of an integer as int64. */
export function int64Words(value: number | bigint): readonly [number, number] {
  const bits = BigInt.asUintN(64, typeof value === "bigint" ? value : BigInt(Math.trunc(value)));
  return [Number(bits & 0xffffffffn), Number(bits >> 32n)];
}

export function floatLiteral(value: number): string {
  const rounded = Math.fround(value);
  // The compiler must not know that it is NaN or infinite: it would refuse it, or fold what follows.
  if (!Number.isFinite(rounded)) return `bitcast<f32>(${hex(floatBits(rounded))} | P.zero)`;
  const isPlain = rounded === 0 ? !Object.is(rounded, -0) : Math.abs(rounded) >= 2 ** -126;
  if (!isPlain) return `bitcast<f32>(${hex(floatBits(rounded))})`;
  return rounded < 0 ? `(${rounded}f)` : `${rounded}f`;
}

export function intLiteral(value: number | bigint): string {
  const wrapped = Number(BigInt.asIntN(32, BigInt(value)));
  if (wrapped === -(2 ** 31)) return "i32(-2147483648)";
  return wrapped < 0 ? `(${wrapped}i)` : `${wrapped}i`;
}

/**
 * A float result as an operand that keeps its rounding. WGSL lets compilers fuse a product into a sum, and reassociate;
 * a value that comes from bits, in a way known only at run time, they must take as it is.
 */
export const roundedFloat = (text: string, { F, U }: Width): string =>
  `bitcast<${F}>(bitcast<${U}>(${text}) | ${U}(P.zero))`;

/** A constant that WGSL may fold. */
export function literal(type: Type, value: number | bigint): string {
  const one = scalarLiteral(type.kind, value);
  return type.lanes === 1 ? one : `${typeName(type)}(${one})`;
}

function scalarLiteral(kind: Kind, value: number | bigint): string {
  if (kind === "f32") return floatLiteral(Number(value));
  if (kind === "i32") return intLiteral(value);
  if (kind === "bool") return Number(value) !== 0 ? "true" : "false";
  const [low, high] = int64Words(value);
  return `vec2<u32>(${hex(low)}, ${hex(high)})`;
}

/**
 * The same constant as a value that only the run knows. WGSL evaluates an expression of constants when the shader is
 * made, and refuses the shader when that overflows; the IR's arithmetic wraps, or gives infinity.
 */
export function opaqueLiteral(type: Type, value: number | bigint): string {
  const one = opaqueScalar(type.kind, value);
  return type.lanes === 1 ? one : `${typeName(type)}(${one})`;
}

function opaqueScalar(kind: Kind, value: number | bigint): string {
  if (kind === "f32") return `bitcast<f32>(${hex(floatBits(Number(value)))} | P.zero)`;
  if (kind === "i32") return `bitcast<i32>(${hex(Number(BigInt.asUintN(32, BigInt(value))))} | P.zero)`;
  if (kind === "bool") return Number(value) !== 0 ? "(P.zero == 0u)" : "(P.zero != 0u)";
  return scalarLiteral(kind, value);
}
