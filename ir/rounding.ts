/** What a number becomes when it is stored as an element: rounded to the type's floats, wrapped to its integers. */
import type { DType } from "./dtype.ts";
import { IrError } from "./errors.ts";

/** A value as JavaScript holds it: bigint for int64, 0 or 1 for bool, else a number. */
export type Element = number | bigint;

/** Bits of the fraction, and the exponent of the smallest normal number. */
const halfFormats = {
  float16: { fraction: 10, smallest: -14, largest: 65504 },
  bfloat16: { fraction: 7, smallest: -126, largest: (2 - 2 ** -7) * 2 ** 127 },
} as const;

/**
 * Floats to the nearest (ties to even, by way of float32 for the half types); integers without what is behind the point,
 * modulo the type's range. Literals, numbers in slots and the interpreter's elements all come from here.
 */
export function roundToDType(value: Element, dtype: DType): Element {
  switch (dtype) {
    case "float64":
      return Number(value);
    case "float32":
      return roundToFloat32(value);
    case "float16":
    case "bfloat16":
      return roundToHalf(roundToFloat32(value), dtype);
    case "bool":
      return Number(value) === 0 ? 0 : 1;
    case "int64":
      return wideInteger(value);
    case "int32":
      return word(value);
    case "int16":
      return (word(value) << 16) >> 16;
    case "int8":
      return (word(value) << 24) >> 24;
    case "uint8":
      return word(value) & 0xff;
    case "complex64":
    case "complex128":
      throw new IrError("ir/complex", "a complex element is two numbers");
  }
}

const word = (value: Element): number => (typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : value | 0);

/** NaN gives 0; a float that lies outside the range gives its nearest end. */
function wideInteger(value: Element): bigint {
  if (typeof value === "bigint") return BigInt.asIntN(64, value);
  if (Number.isNaN(value)) return 0n;
  if (Math.abs(value) < 2 ** 63) return BigInt(Math.trunc(value));
  return value < 0 ? -(2n ** 63n) : 2n ** 63n - 1n;
}

/** One rounding also from integers that float64 does not hold: what falls off is kept as a last odd bit. */
function roundToFloat32(value: Element): number {
  if (typeof value === "number") return Math.fround(value);
  const low = value & 0x7ffn;
  return Math.abs(Number(value)) < 2 ** 53
    ? Math.fround(Number(value))
    : Math.fround(Number((value >> 11n) | (low === 0n ? 0n : 1n)) * 2048);
}

function roundToHalf(value: number, dtype: keyof typeof halfFormats): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const { fraction, smallest, largest } = halfFormats[dtype];
  const exponent = Math.max(smallest, exponentOf(Math.abs(value)));
  const quantum = 2 ** (exponent - fraction);
  const rounded = roundHalfToEven(value / quantum) * quantum;
  return Math.abs(rounded) > largest ? Math.sign(value) * Infinity : rounded;
}

/** floor(log2(x)) of a positive float32, exactly. */
function exponentOf(x: number): number {
  let exponent = Math.floor(Math.log2(x));
  if (2 ** exponent > x) exponent--;
  else if (2 ** (exponent + 1) <= x) exponent++;
  return exponent;
}

export function roundHalfToEven(x: number): number {
  if (!Number.isFinite(x) || Math.abs(x) >= 2 ** 52) return x;
  const low = Math.floor(x);
  const above = x - low;
  const rounded = above < 0.5 || (above === 0.5 && low % 2 === 0) ? low : low + 1;
  return rounded === 0 && (x < 0 || Object.is(x, -0)) ? -0 : rounded;
}
