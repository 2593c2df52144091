/**
 * `uniform_(from, to)` and `rand`: x * (to - from) + from, where x is the low significand bits of a word as a fraction.
 *
 *   float32   1 word  w         x = (w mod 2^24) / 2^24
 *   float64   2 words h, l      x = ((h * 2^32 + l) mod 2^53) / 2^53
 *
 * float16 and bfloat16 are float32's values, rounded at the end. What is rounded up to `to` becomes `from`.
 */
import type { CpuGenerator } from "./cpu-generator.ts";
import { chunkSize, type FloatArray, type FloatDType, floatDTypeOf, roundingOf, storeValues } from "./element.ts";
import { badParameter } from "./errors.ts";
import { fusedMultiplyAdd } from "./fused.ts";

const largest: Readonly<Record<FloatDType, number>> = {
  float32: (2 - 2 ** -23) * 2 ** 127,
  float64: Number.MAX_VALUE,
  float16: 65504,
  bfloat16: (2 - 2 ** -7) * 2 ** 127,
};

export const uniformWordsPerElement = (dtype: FloatDType): 1 | 2 => (dtype === "float64" ? 2 : 1);

/** Words that `fillUniform` takes for `count` elements. */
export const uniformWordCount = (count: number, dtype: FloatDType): number => count * uniformWordsPerElement(dtype);

/** A word as a float32 in [0, 1). */
export const unitFloat32 = (word: number): number => (word & 0xffffff) * 2 ** -24;

/** Two words, the high one first, as a float64 in [0, 1). */
export const unitFloat64 = (high: number, low: number): number =>
  ((high & 0x1fffff) * 2 ** 32 + (low >>> 0)) * 2 ** -53;

const words = new Int32Array(2 * chunkSize);
const values = new Float64Array(chunkSize);

/**
 * Fills `out` with uniform values of [from, to). Consumes one word an element, two for float64.
 * x * (to - from) + from is rounded once, as by a fused multiply-add: PyTorch's kernels are built with it. (For float32
 * a float64 sum stands in for it: the product is exact there.)
 */
export function fillUniform(
  out: FloatArray,
  generator: CpuGenerator,
  from = 0,
  to = 1,
  dtype: FloatDType = floatDTypeOf(out),
): void {
  const limit = largest[dtype];
  if (!(Math.abs(from) <= limit && Math.abs(to) <= limit)) {
    throw badParameter("uniform_", `from and to to be finite in ${dtype}`, `[${from}, ${to})`);
  }
  if (from > to) throw badParameter("uniform_", "to return a [from, to) range", `from=${from} > to=${to}`, "found");
  if (!(to - from <= limit)) {
    throw badParameter("uniform_", `to - from <= the largest ${dtype}`, `from=${from} and to=${to}`);
  }
  if (out instanceof Float64Array) {
    fillFloat64(out, generator, from, to);
    return;
  }
  // A half type's bounds are not rounded to it.
  const [base, end] = [Math.fround(from), Math.fround(to)];
  if (out instanceof Float32Array) fillFloat32(out, generator, base, end);
  else fillHalf(out, generator, base, end, dtype);
}

function fillFloat32(out: Float32Array, generator: CpuGenerator, from: number, to: number): void {
  const scale = Math.fround(to - from) * 2 ** -24;
  for (let start = 0; start < out.length; start += chunkSize) {
    const count = Math.min(chunkSize, out.length - start);
    generator.fillWords(words, 0, count);
    for (let i = 0; i < count; i++) {
      const value = Math.fround((words[i]! & 0xffffff) * scale + from);
      out[start + i] = value === to ? from : value;
    }
  }
}

function fillFloat64(out: Float64Array, generator: CpuGenerator, from: number, to: number): void {
  const range = to - from;
  for (let start = 0; start < out.length; start += chunkSize) {
    const count = Math.min(chunkSize, out.length - start);
    generator.fillWords(words, 0, 2 * count);
    for (let i = 0; i < count; i++) {
      const unit = ((words[2 * i]! & 0x1fffff) * 2 ** 32 + (words[2 * i + 1]! >>> 0)) * 2 ** -53;
      const value = from === 0 ? unit * range : fusedMultiplyAdd(unit, range, from);
      out[start + i] = value === to ? from : value;
    }
  }
}

function fillHalf(out: Uint16Array, generator: CpuGenerator, from: number, to: number, dtype: FloatDType): void {
  const scale = Math.fround(to - from) * 2 ** -24;
  const round = roundingOf[dtype];
  const [first, end] = [round(from), round(to)];
  for (let start = 0; start < out.length; start += chunkSize) {
    const count = Math.min(chunkSize, out.length - start);
    generator.fillWords(words, 0, count);
    for (let i = 0; i < count; i++) {
      const value = round((words[i]! & 0xffffff) * scale + from);
      values[i] = value === end ? first : value;
    }
    storeValues(out, dtype, start, values, count);
  }
}

/**
 * The slopes of `rrelu(lower, upper)` in training: 1 where x is positive or NaN, else uniform in [lower, upper) of two
 * words, computed in float64 from bounds and to a result that are rounded to the array's type.
 */
export function fillSlopes(
  out: Float32Array | Float64Array,
  generator: CpuGenerator,
  x: Float32Array | Float64Array,
  lower: number,
  upper: number,
): void {
  const round = roundingOf[floatDTypeOf(out)];
  const [from, range] = [round(lower), round(upper) - round(lower)];
  for (let i = 0; i < out.length; i++) out[i] = x[i]! <= 0 ? fusedMultiplyAdd(generator.uniform(), range, from) : 1;
}
