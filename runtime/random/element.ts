/**
 * How drawn numbers become elements of each dtype, as PyTorch's conversions do: float16 and bfloat16 by way of float32,
 * integers by truncation and wrapping. Draws fill scratch chunks of float64 and store them here.
 */
import type { DType } from "../../ir/dtype.ts";
import { bfloat16Bits, float16Bits, roundBfloat16, roundFloat16 } from "../half-floats.ts";
import { badArray } from "./errors.ts";

export type DrawDType = Exclude<DType, "complex64" | "complex128">;
export type FloatDType = "float32" | "float64" | "float16" | "bfloat16";

/** Storage of any real dtype: float16 and bfloat16 as bit patterns in a Uint16Array, bool as bytes. */
export type DrawArray =
  Float32Array | Float64Array | Uint16Array | Int8Array | Uint8Array | Int16Array | Int32Array | BigInt64Array;
export type FloatArray = Float32Array | Float64Array | Uint16Array;

/** The dtype that an array's class stands for; a Uint16Array says nothing of its dtype, which must then be passed. */
export function dtypeOf(out: DrawArray): DrawDType {
  if (out instanceof Int8Array) return "int8";
  if (out instanceof Uint8Array) return "uint8";
  if (out instanceof Int16Array) return "int16";
  if (out instanceof Int32Array) return "int32";
  if (out instanceof BigInt64Array) return "int64";
  return floatDTypeOf(out);
}

export function floatDTypeOf(out: FloatArray): FloatDType {
  if (out instanceof Float32Array) return "float32";
  if (out instanceof Float64Array) return "float64";
  throw badArray("dtype", "a Uint16Array may hold float16 or bfloat16; pass the dtype.");
}

/** Bits of a significand, the hidden one included (C++'s numeric_limits::digits): integers up to 2^digits are exact. */
export const significandBits: Readonly<Record<FloatDType, number>> = {
  float32: 24,
  float64: 53,
  float16: 11,
  bfloat16: 8,
};

/** The rounding of a dtype, on values. */
export const roundingOf: Readonly<Record<FloatDType, (value: number) => number>> = {
  float32: Math.fround,
  float64: (value) => value,
  float16: roundFloat16,
  bfloat16: roundBfloat16,
};

/** Writes values[0 .. count) to out[start ..] as `dtype`. Integers take whole values of magnitude up to 2^53. */
export function storeValues(
  out: DrawArray,
  dtype: DrawDType,
  start: number,
  values: Float64Array | Float32Array,
  count: number,
): void {
  if (out instanceof BigInt64Array) {
    // Halves written separately: a bigint for each element would cost ten times as much.
    const halves = new Int32Array(out.buffer, out.byteOffset, out.length * 2);
    for (let i = 0; i < count; i++) {
      const value = Math.trunc(values[i]!);
      halves[2 * (start + i)] = value;
      halves[2 * (start + i) + 1] = Math.floor(value / 2 ** 32);
    }
  } else if (out instanceof Uint16Array) {
    const bitsOf = dtype === "bfloat16" ? bfloat16Bits : float16Bits;
    for (let i = 0; i < count; i++) out[start + i] = bitsOf(values[i]!);
  } else if (dtype === "bool") {
    for (let i = 0; i < count; i++) out[start + i] = values[i] === 0 ? 0 : 1;
  } else if (out instanceof Float32Array) {
    for (let i = 0; i < count; i++) out[start + i] = values[i]!;
  } else {
    for (let i = 0; i < count; i++) out[start + i] = values[i]!;
  }
}

export const chunkSize = 1024;
const chunkValues = new Float64Array(chunkSize);

/** out[i] = next() as `dtype`, in order: for draws whose cost is in the drawing. */
export function fillWith(out: DrawArray, dtype: DrawDType, next: (index: number) => number): void {
  for (let start = 0; start < out.length; start += chunkSize) {
    const count = Math.min(chunkSize, out.length - start);
    for (let i = 0; i < count; i++) chunkValues[i] = next(start + i);
    storeValues(out, dtype, start, chunkValues, count);
  }
}
