/**
 * `bernoulli` and the masks of dropout: 1 where a uniform of [0, 1) is below the probability.
 *
 *   bernoulli_(p), dropout      two words an element, whatever the dtype: a float64 uniform against p
 *   bernoulli(probabilities)    the probabilities' dtype decides: two words for float64, else one word, a float32
 *                               uniform against the probability as float32
 */
import { ValueError } from "../../ir/errors.ts";
import type { CpuGenerator } from "./cpu-generator.ts";
import {
  chunkSize,
  type DrawArray,
  type DrawDType,
  dtypeOf,
  type FloatArray,
  type FloatDType,
  floatDTypeOf,
  roundingOf,
  storeValues,
} from "./element.ts";
import { badParameter } from "./errors.ts";
import { unitFloat32, unitFloat64 } from "./uniform.ts";

const words = new Int32Array(2 * chunkSize);
const values = new Float64Array(chunkSize);

/** Words an element of `bernoulli_(p)` and of a dropout mask takes. */
export const bernoulliWordsPerElement = 2;

/** Words an element of `bernoulli(probabilities)` takes. */
export const bernoulliTensorWordsPerElement = (probabilities: FloatDType): 1 | 2 =>
  probabilities === "float64" ? 2 : 1;

function fillTwoValued(
  out: DrawArray,
  generator: CpuGenerator,
  probability: number,
  whenTrue: number,
  dtype: DrawDType,
): void {
  const threshold = probability * 2 ** 53;
  const high = Math.floor(threshold / 2 ** 32);
  const low = threshold - high * 2 ** 32;
  const levels = [0, whenTrue];
  const target = out instanceof Float32Array ? out : values;
  for (let start = 0; start < out.length; start += chunkSize) {
    const count = Math.min(chunkSize, out.length - start);
    const at = target === out ? start : 0;
    generator.fillWords(words, 0, 2 * count);
    for (let i = 0; i < count; i++) {
      // The sign of a difference, since a branch would be taken at random; the low word decides between equals, seldom.
      const upper = words[2 * i]! & 0x1fffff;
      let below = (upper - high) >>> 31;
      if (upper === high) below = words[2 * i + 1]! >>> 0 < low ? 1 : 0;
      target[at + i] = levels[below]!;
    }
    if (target !== out) storeValues(out, dtype, start, values, count);
  }
}

/** `bernoulli_(p)`. Consumes two words an element. */
export function fillBernoulli(out: DrawArray, generator: CpuGenerator, p = 0.5, dtype: DrawDType = dtypeOf(out)): void {
  if (!(p >= 0 && p <= 1)) throw badParameter("bernoulli_", "p to be in [0, 1]", `p=${p}`);
  fillTwoValued(out, generator, p, 1, dtype);
}

/**
 * `bernoulli(probabilities)` and `bernoulli_(probabilities)`; float16 and bfloat16 probabilities come widened to
 * float32. Consumes one word an element, two for float64 probabilities.
 * @throws ValueError at the first probability outside [0, 1], after drawing the elements before it.
 */
export function fillBernoulliFrom(
  out: DrawArray,
  generator: CpuGenerator,
  probabilities: Float32Array | Float64Array,
  dtype: DrawDType = dtypeOf(out),
): void {
  const wide = probabilities instanceof Float64Array;
  for (let start = 0; start < out.length; start += chunkSize) {
    const length = Math.min(chunkSize, out.length - start);
    let count = 0;
    while (count < length && probabilities[start + count]! >= 0 && probabilities[start + count]! <= 1) count++;
    generator.fillWords(words, 0, wide ? 2 * count : count);
    for (let i = 0; i < count; i++) {
      const unit = wide ? unitFloat64(words[2 * i]!, words[2 * i + 1]!) : unitFloat32(words[i]!);
      // The difference rounds up to 1 or to 0, without a branch that would be taken at random.
      values[i] = Math.ceil(probabilities[start + i]! - unit) + 0;
    }
    storeValues(out, dtype, start, values, count);
    if (count < length)
      throw new ValueError(
        "random/parameter",
        `bernoulli: Expected p_in >= 0 && p_in <= 1 to be true, but got false: p=${probabilities[start + count]} at ${start + count}.`,
      );
  }
}

/** What a kept element is multiplied by in `dropout(p)`: 1 / (1 - p) as the dtype's division gives it. */
export function dropoutScale(p: number, dtype: FloatDType): number {
  return roundingOf[dtype](1 / (dtype === "float64" ? 1 - p : Math.fround(1 - p)));
}

/**
 * The factors of `dropout(p)` in training: 0, or 1 / (1 - p) with probability 1 - p. Consumes two words an element; none
 * if p is 0 (all ones) or 1 (all zeros), where PyTorch does not draw.
 */
export function fillDropoutMask(
  out: FloatArray,
  generator: CpuGenerator,
  p = 0.5,
  dtype: FloatDType = floatDTypeOf(out),
): void {
  if (!(p >= 0 && p <= 1)) throw badParameter("dropout", "a probability between 0 and 1", p);
  if (p === 1) {
    out.fill(0);
  } else if (p === 0) {
    values.fill(1);
    for (let start = 0; start < out.length; start += chunkSize) {
      storeValues(out, dtype, start, values, Math.min(chunkSize, out.length - start));
    }
  } else {
    fillTwoValued(out, generator, 1 - p, dropoutScale(p, dtype), dtype);
  }
}
