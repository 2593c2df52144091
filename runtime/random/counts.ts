/**
 * `poisson` and `binomial`: counts by inversion where few are expected, by transformed rejection (Hoermann 1993) where
 * many are. Each trial takes float64 uniforms of two words, so the words consumed depend on the values drawn. What is
 * decided from rates and probabilities is computed in their dtype where PyTorch does so.
 */
import { ValueError } from "../../ir/errors.ts";
import type { CpuGenerator } from "./cpu-generator.ts";
import { type FloatArray, type FloatDType, fillWith, floatDTypeOf } from "./element.ts";
import { logGamma, stirlingTail } from "./log-gamma.ts";

const manyExpected = 10;

/**
 * One Poisson count of this rate.
 *   rate = 0       0; no words
 *   rate < 10      uniforms are multiplied until the product is at most exp(-rate): two words a step
 *   rate >= 10     Hoermann's PTRS: four words a trial
 */
export function drawPoisson(generator: CpuGenerator, rate: number): number {
  if (!(rate >= 0))
    throw new ValueError(
      "random/parameter",
      `poisson: invalid Poisson rate, expected rate to be non-negative, got ${rate}.`,
    );
  if (rate === 0) return 0;
  if (rate < manyExpected) {
    const limit = Math.exp(-rate);
    let count = 0;
    for (let product = generator.uniform(); product > limit; product *= generator.uniform()) count++;
    return count;
  }
  const logRate = Math.log(rate);
  const b = 0.931 + 2.53 * Math.sqrt(rate);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const acceptBelow = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = generator.uniform() - 0.5;
    const v = generator.uniform();
    const distance = 0.5 - Math.abs(u);
    const count = Math.floor(((2 * a) / distance + b) * u + rate + 0.43);
    if (distance >= 0.07 && v <= acceptBelow) return count;
    if (count < 0 || (distance < 0.013 && v > distance)) continue;
    const density = Math.log(v) + Math.log(inverseAlpha) - Math.log(a / (distance * distance) + b);
    if (density <= -rate + count * logRate - logGamma(count + 1)) return count;
  }
}

/** `poisson(rates)`, element by element. */
export function fillPoisson(
  out: FloatArray,
  generator: CpuGenerator,
  rates: Float32Array | Float64Array,
  dtype: FloatDType = floatDTypeOf(out),
): void {
  fillWith(out, dtype, (i) => drawPoisson(generator, rates[i]!));
}

/** Sums geometric waiting times log(u) / log(1 - p) until they pass `count`: two words each. */
function drawBinomialByInversion(generator: CpuGenerator, count: number, logFailure: number): number {
  let successes = 0;
  let trials = 0;
  for (;;) {
    trials += Math.ceil(Math.log(generator.uniform()) / logFailure);
    if (trials > count) return successes;
    successes++;
  }
}

/** Hoermann's BTRS, for p <= 1/2 and count * p >= 10: four words a trial. */
function drawBinomialByRejection(
  generator: CpuGenerator,
  count: number,
  p: number,
  round: (value: number) => number,
): number {
  const expected = round(count * p);
  const deviation = round(Math.sqrt(round(expected * round(1 - p))));
  const b = 1.15 + 2.53 * deviation;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const centre = expected + 0.5;
  const acceptBelow = 0.92 - 4.2 / b;
  const odds = round(p / round(1 - p));
  const alpha = (2.83 + 5.1 / b) * deviation;
  const mode = Math.floor(round(round(count + 1) * p));
  for (;;) {
    const u = generator.uniform() - 0.5;
    const v = generator.uniform();
    const distance = 0.5 - Math.abs(u);
    const k = round(Math.floor(((2 * a) / distance + b) * u + centre));
    if (k < 0 || k > count) continue;
    if (distance >= 0.07 && v <= acceptBelow) return k;
    const rest = round(round(count - k) + 1);
    const bound =
      (mode + 0.5) * Math.log((mode + 1) / (odds * (count - mode + 1))) +
      round(count + 1) * Math.log((count - mode + 1) / rest) +
      (k + 0.5) * Math.log((odds * rest) / round(k + 1)) +
      (stirlingTail(mode) + stirlingTail(count - mode) - stirlingTail(k) - stirlingTail(count - k));
    if (Math.log((v * alpha) / (a / (distance * distance) + b)) <= bound) return k;
  }
}

/** One binomial count; `round` is the rounding of the parameters' dtype. */
export function drawBinomial(
  generator: CpuGenerator,
  count: number,
  p: number,
  round: (value: number) => number = (value) => value,
): number {
  if (count <= 0 || p <= 0) return 0;
  if (p >= 1) return count;
  if (Number.isNaN(p) || Number.isNaN(count)) return NaN;
  const rarer = p <= 0.5 ? p : round(1 - p);
  const drawn =
    round(count * rarer) >= manyExpected
      ? drawBinomialByRejection(generator, count, rarer, round)
      : drawBinomialByInversion(generator, count, round(Math.log1p(-rarer)));
  return p <= 0.5 ? drawn : round(count - drawn);
}

/** `binomial(counts, probabilities)`, element by element; float32 or float64, as PyTorch has it. */
export function fillBinomial(
  out: Float32Array | Float64Array,
  generator: CpuGenerator,
  counts: Float32Array | Float64Array,
  probabilities: Float32Array | Float64Array,
): void {
  const dtype = floatDTypeOf(out);
  const round = dtype === "float32" ? Math.fround : (value: number): number => value;
  fillWith(out, dtype, (i) => drawBinomial(generator, counts[i]!, probabilities[i]!, round));
}
