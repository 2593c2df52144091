/** The functions that JavaScript kernels call, by the names in codegen/js. Float results are rounded by the caller. */
import { digamma, erf, erfc, erfinv, lgamma } from "../../codegen/math/float64-library.ts";
import { bfloat16Bits, bfloat16Value, float16Bits, float16Value } from "../half-floats.ts";
import type { helperNames } from "../../codegen/js/emit-kernel.ts";

const scratch = new DataView(new ArrayBuffer(8));

/** Round half to even. */
export function nearest(x: number): number {
  if (!Number.isFinite(x) || Math.abs(x) >= 2 ** 52) return x;
  const low = Math.floor(x);
  const diff = x - low;
  const rounded = diff < 0.5 ? low : diff > 0.5 ? low + 1 : low % 2 === 0 ? low : low + 1;
  return rounded === 0 && (x < 0 || Object.is(x, -0)) ? -0 : rounded;
}

/** C's pow: JavaScript's differs for a base of +-1 with an infinite exponent, and for 1 ** NaN. */
function pow(x: number, y: number): number {
  if (x === 1 || (x === -1 && !Number.isFinite(y) && !Number.isNaN(y))) return 1;
  return x ** y;
}

const isNegative = (x: number): boolean => x < 0 || Object.is(x, -0);
const copysign = (x: number, y: number): number => (Number.isNaN(x) ? x : isNegative(x) === isNegative(y) ? x : -x);

function toInt32(x: number): number {
  if (Number.isNaN(x)) return 0;
  return x >= 2147483647 ? 2147483647 : x <= -2147483648 ? -2147483648 : Math.trunc(x) | 0;
}
function toInt64(x: number): bigint {
  if (Number.isNaN(x)) return 0n;
  if (x >= 2 ** 63) return 9223372036854775807n;
  if (x <= -(2 ** 63)) return -9223372036854775808n;
  return BigInt(Math.trunc(x));
}

export const library = {
  fround: Math.fround,
  imul: Math.imul,
  abs: Math.abs,
  sqrt: Math.sqrt,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  nearest,
  min: Math.min,
  max: Math.max,
  copysign,
  toInt32,
  toInt64,
  exp: Math.exp,
  exp2: (x: number) => 2 ** x,
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  atan2: Math.atan2,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
  erf,
  erfc,
  erfinv,
  lgamma,
  digamma,
  pow,
  bitcast_f32_i32: (x: number) => (scratch.setFloat32(0, x), scratch.getInt32(0)),
  bitcast_i32_f32: (x: number) => (scratch.setInt32(0, x), scratch.getFloat32(0)),
  bitcast_f64_i64: (x: number) => (scratch.setFloat64(0, x), scratch.getBigInt64(0)),
  bitcast_i64_f64: (x: bigint) => (scratch.setBigInt64(0, x), scratch.getFloat64(0)),
  narrow_int8: (x: number) => (x << 24) >> 24,
  narrow_int16: (x: number) => (x << 16) >> 16,
  narrow_uint8: (x: number) => x & 255,
  narrow_float16: (x: number) => float16Value(float16Bits(x)),
  narrow_bfloat16: (x: number) => bfloat16Value(bfloat16Bits(x)),
  load_float16: float16Value,
  load_bfloat16: bfloat16Value,
  store_float16: float16Bits,
  store_bfloat16: bfloat16Bits,
} satisfies Record<(typeof helperNames)[number], unknown>;
