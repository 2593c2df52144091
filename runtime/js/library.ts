/** The functions that JavaScript kernels call, by the names in codegen/js. Float results are rounded by the caller. */
import { digamma, erf, erfc, erfinv, lgamma } from "../../codegen/math/float64-library.ts";
import type { helperNames } from "../../codegen/js/emit-kernel.ts";

const scratch = new DataView(new ArrayBuffer(8));

/** Round half to even. */
function nearest(x: number): number {
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

/** The bits of the float16 nearest to a number (half to even). */
export function float16Bits(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  if (Number.isNaN(value)) return sign | 0x7e00;
  const magnitude = Math.abs(Math.fround(value));
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | nearest(magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  const scale = 2 ** (exponent > 15 ? 15 : exponent);
  const power = magnitude < scale ? exponent - 1 : exponent;
  const mantissa = nearest((magnitude / 2 ** power) * 1024);
  return sign | (((power + 15) << 10) + (mantissa - 1024));
}
export function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
/** The bits of the bfloat16 nearest to a number (half to even). */
export function bfloat16Bits(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}
export function bfloat16Value(bits: number): number {
  scratch.setUint32(0, (bits & 0xffff) << 16);
  return scratch.getFloat32(0);
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
