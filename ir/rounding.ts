/** What a number becomes when it is stored as an element: rounded to the type's floats, wrapped to its integers. */
import type { DType } from "./dtype.ts";
import { IrError } from "./errors.ts";

/** A value as JavaScript holds it: bigint for int64, 0 or 1 for bool, else a number. */
export type Element = number | bigint;

const integerBits = { int8: 8, int16: 16, int32: 32, int64: 64, uint8: 8 } as const;
/** Bits of the fraction, and the exponent of the smallest normal number. */
const halfFormats = {
  float16: { fraction: 10, smallest: -14, largest: 65504 },
  bfloat16: { fraction: 7, smallest: -126, largest: (2 - 2 ** -7) * 2 ** 127 },
} as const;

/** Floats to the nearest (ties to even, by way of float32 for the half types); whole numbers modulo the type's range. */
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
      return BigInt.asIntN(64, BigInt(value));
    case "uint8":
      return Number(BigInt.asUintN(8, BigInt(value)));
    case "int8":
    case "int16":
    case "int32": {
      const small = typeof value === "number" && value === (value | 0) && dtype === "int32";
      return small ? value | 0 : Number(BigInt.asIntN(integerBits[dtype], BigInt(value)));
    }
    case "complex64":
    case "complex128":
      throw new IrError("ir/complex", "a complex element is two numbers");
  }
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
