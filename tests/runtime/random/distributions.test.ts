/** Draws for which the oracle has few or no cases: their moments, their limits, and the functions beneath them. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  CpuGenerator,
  dropoutScale,
  fillBernoulli,
  fillBernoulliFrom,
  fillBinomial,
  fillCauchy,
  fillDirichlet,
  fillDropoutMask,
  fillExponential,
  fillGeometric,
  fillLogNormal,
  fillMultinomial,
  fillNormal,
  fillPoisson,
  fillStandardGamma,
  fillUniform,
} from "../../../runtime/random/draws.ts";
import { fusedMultiplyAdd } from "../../../runtime/random/fused.ts";
import { logGamma, stirlingTail } from "../../../runtime/random/log-gamma.ts";

const count = 20_000;

/** By how many standard errors a sample's mean and variance miss what they should be. */
function missOf(values: ArrayLike<number>, mean: number, variance: number): number {
  const n = values.length;
  const list = Array.from(values);
  const actualMean = list.reduce((sum, value) => sum + value, 0) / n;
  const actualVariance = list.reduce((sum, value) => sum + (value - actualMean) ** 2, 0) / n;
  const fourth = list.reduce((sum, value) => sum + (value - actualMean) ** 4, 0) / n;
  return Math.max(
    Math.abs(actualMean - mean) / Math.sqrt(variance / n),
    Math.abs(actualVariance - variance) / Math.sqrt((fourth - variance ** 2) / n),
  );
}

const filled = (fill: (out: Float64Array) => void): Float64Array => {
  const out = new Float64Array(count);
  fill(out);
  return out;
};
const constant = (value: number): Float64Array => new Float64Array(count).fill(value);

test("continuous draws have their means and variances", () => {
  const g = new CpuGenerator(1);
  expect(
    missOf(
      filled((out) => fillUniform(out, g, -1, 3)),
      1,
      16 / 12,
    ),
  ).toBeLessThan(5);
  expect(
    missOf(
      filled((out) => fillNormal(out, g, 2, 3)),
      2,
      9,
    ),
  ).toBeLessThan(5);
  expect(
    missOf(
      filled((out) => fillExponential(out, g, 4)),
      1 / 4,
      1 / 16,
    ),
  ).toBeLessThan(5);
  expect(
    missOf(
      filled((out) => fillLogNormal(out, g, 0, 0.25)),
      Math.exp(0.03125),
      0.0687,
    ),
  ).toBeLessThan(5);
  expect(
    missOf(
      filled((out) => fillGeometric(out, g, 0.3)),
      1 / 0.3,
      0.7 / 0.09,
    ),
  ).toBeLessThan(5);
  const cauchy = filled((out) => fillCauchy(out, g, 5, 2)).toSorted();
  expect(cauchy[count / 2]).toBeCloseTo(5, 0);
});

test.each([0.3, 4, 9.99, 10, 250])("poisson of rate %d", (rate) => {
  expect(
    missOf(
      filled((out) => fillPoisson(out, new CpuGenerator(2), constant(rate))),
      rate,
      rate,
    ),
  ).toBeLessThan(5);
});

test.each([
  [5, 0.3],
  [40, 0.6],
  [100, 0.3],
  [1000, 0.9],
  [7, 0.5],
])("binomial of %i trials at %d", (trials, p) => {
  const variance = trials * p * (1 - p);
  const draw = (out: Float32Array | Float64Array): void =>
    fillBinomial(out, new CpuGenerator(3), constant(trials), constant(p));
  expect(missOf(filled(draw), trials * p, variance)).toBeLessThan(5);
  const single = new Float32Array(count);
  draw(single);
  expect(missOf(single, trials * p, variance)).toBeLessThan(5);
});

test("binomial's limits need no words", () => {
  const out = new Float64Array(4);
  const generator = new CpuGenerator(3);
  fillBinomial(out, generator, Float64Array.of(0, 9, 9, 9), Float64Array.of(0.5, 0, 1, NaN));
  expect(Array.from(out)).toEqual([0, 0, 9, NaN]);
  expect(generator.random()).toBe(new CpuGenerator(3).random());
});

test.each([0.2, 1, 3.5, 60])("gamma of shape %d", (shape) => {
  expect(
    missOf(
      filled((out) => fillStandardGamma(out, new CpuGenerator(4), constant(shape))),
      shape,
      shape,
    ),
  ).toBeLessThan(5);
});

test("dirichlet rows sum to one", () => {
  const out = new Float64Array(300);
  const concentration = Float64Array.from({ length: 300 }, (_, i) => [0.5, 1, 8][i % 3]!);
  fillDirichlet(out, new CpuGenerator(5), concentration, 3);
  for (let row = 0; row < 300; row += 3) expect(out[row]! + out[row + 1]! + out[row + 2]!).toBeCloseTo(1, 14);
  expect(
    missOf(
      out.filter((_, i) => i % 3 === 2),
      8 / 9.5,
      ((8 / 9.5) * (1.5 / 9.5)) / 10.5,
    ),
  ).toBeLessThan(5);
});

test("bernoulli and dropout keep the share they are asked for", () => {
  const g = new CpuGenerator(6);
  expect(
    missOf(
      filled((out) => fillBernoulli(out, g, 0.3)),
      0.3,
      0.21,
    ),
  ).toBeLessThan(5);
  expect(
    missOf(
      filled((out) => fillBernoulliFrom(out, g, constant(0.9))),
      0.9,
      0.09,
    ),
  ).toBeLessThan(5);
  const mask = new Float32Array(count);
  fillDropoutMask(mask, g, 0.2);
  expect(new Set(mask)).toEqual(new Set([0, 1.25]));
  expect(missOf(mask, 1, 0.25)).toBeLessThan(5);
});

test("a dropout's factor is rounded as the dtype's division rounds", () => {
  expect(dropoutScale(0.1, "float64")).toBe(1 / 0.9);
  expect(dropoutScale(0.1, "float32")).toBe(Math.fround(1 / Math.fround(0.9)));
  expect(dropoutScale(0.1, "float16")).toBe(1.111328125);
  const mask = new Uint16Array(4);
  fillDropoutMask(mask, new CpuGenerator(0), 0, "float16");
  expect(Array.from(mask)).toEqual([0x3c00, 0x3c00, 0x3c00, 0x3c00]);
});

test("probabilities outside [0, 1] are refused", () => {
  const out = new Float32Array(1);
  const g = new CpuGenerator(0);
  expect(() => fillBernoulli(out, g, 1.5)).toThrow(/p to be in \[0, 1\], but got p=1.5/);
  expect(() => fillBernoulliFrom(out, g, Float32Array.of(-0.5))).toThrow(/p_in >= 0 && p_in <= 1/);
  expect(() => fillDropoutMask(out, g, NaN)).toThrow(/between 0 and 1/);
  expect(() => fillGeometric(out, g, 1)).toThrow(/p to be in \(0, 1\)/);
  expect(() => fillPoisson(out, g, Float32Array.of(-1))).toThrow(/invalid Poisson rate/);
});

test("multinomial draws categories by weight, and each once without replacement", () => {
  const weights = Float32Array.of(1, 0, 3, 6, 9, 0, 0, 1);
  const replaced = new Int32Array(2 * count);
  fillMultinomial(replaced, new CpuGenerator(7), weights, {
    rows: 2,
    categories: 4,
    samples: count,
    replacement: true,
  });
  const share = (row: number, category: number): number =>
    replaced.subarray(row * count, (row + 1) * count).filter((value) => value === category).length / count;
  for (const [category, expected] of [0.1, 0, 0.3, 0.6].entries()) expect(share(0, category)).toBeCloseTo(expected, 1);
  expect([share(1, 1), share(1, 2)]).toEqual([0, 0]);
  const once = new Int32Array(6);
  fillMultinomial(once, new CpuGenerator(7), weights, { rows: 2, categories: 4, samples: 3, replacement: false });
  expect(Array.from(once.subarray(0, 3)).toSorted((a, b) => a - b)).toEqual([0, 2, 3]);
  expect(new Set(once.subarray(3, 5))).toEqual(new Set([0, 3]));
});

test("weights that are no distribution are refused", () => {
  const attempt =
    (weights: number[], samples = 1) =>
    (): void =>
      fillMultinomial(new Int32Array(samples), new CpuGenerator(0), Float32Array.from(weights), {
        rows: 1,
        categories: weights.length,
        samples,
        replacement: false,
      });
  expect(attempt([0, 0])).toThrow(/sum of probabilities <= 0/);
  expect(attempt([1, -1])).toThrow(/element < 0/);
  expect(attempt([1, Infinity])).toThrow(/inf/);
  expect(attempt([1, 1], 3)).toThrow(/without replacement/);
});

test("logGamma is the logarithm of the factorial", () => {
  let logFactorial = 0;
  for (let k = 1; k <= 200; k++) {
    expect(logGamma(k)).toBeCloseTo(logFactorial, 12);
    logFactorial += Math.log(k);
  }
  expect(stirlingTail(0)).toBeCloseTo(0.0810614667953272, 14);
  expect(stirlingTail(9)).toBeCloseTo(0.00833056343336287, 13);
  expect(stirlingTail(10)).toBeCloseTo(logGamma(11) - (10.5 * Math.log(11) - 11 + Math.log(2 * Math.PI) / 2), 10);
});

/** a * b + c rounded once, in whole multiples of 2^-220. */
function exactMultiplyAdd(a: number, b: number, c: number): number {
  const scaled = (x: number, bits: number): bigint => {
    const whole = BigInt(x * 2 ** 53);
    return whole << BigInt(bits - 53);
  };
  const sum = scaled(a, 110) * scaled(b, 110) + scaled(c, 220);
  const magnitude = sum < 0n ? -sum : sum;
  const shift = BigInt(Math.max(0, magnitude.toString(2).length - 62));
  // Sixty-two bits and a sticky one: Number() then rounds correctly.
  const kept = (magnitude >> shift) * 2n + ((magnitude >> shift) << shift === magnitude ? 0n : 1n);
  return Math.sign(Number(sum)) * Number(kept) * 2 ** (Number(shift) - 221);
}

test("fusedMultiplyAdd rounds once", () => {
  expect(fusedMultiplyAdd(1 + 2 ** -30, 1 - 2 ** -30, -1)).toBe(-(2 ** -60));
  expect(fusedMultiplyAdd(0, 3, 5)).toBe(5);
  expect(fusedMultiplyAdd(2 ** 1000, 4, 1)).toBe(2 ** 1002);
  const fraction = fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 }).map((n) => n * 2 ** -53);
  fc.assert(
    fc.property(fraction, fraction, fraction, (a, b, c) => {
      expect(fusedMultiplyAdd(a, b, c)).toBe(exactMultiplyAdd(a, b, c) + 0);
    }),
    { numRuns: 500 },
  );
});
