/** Every draw takes the words that it documents, and its values follow from those words by the documented formula. */
import { expect, test } from "vitest";
import * as random from "../../../runtime/random/draws.ts";

const { CpuGenerator } = random;
const scratch = (count: number): Uint32Array => {
  const words = new Uint32Array(count);
  new CpuGenerator(1).fillWords(words);
  return words;
};

/** Words that `draw` takes from a generator, found by the word that comes next. */
function taken(draw: (generator: random.CpuGenerator) => void): number {
  const generator = new CpuGenerator(1);
  draw(generator);
  return scratch(20_000).indexOf(generator.random());
}

const sizes = [1, 2, 15, 16, 17, 40, 1500];
const floatArrays = [
  ["float32", (n: number) => new Float32Array(n)],
  ["float64", (n: number) => new Float64Array(n)],
  ["float16", (n: number) => new Uint16Array(n)],
  ["bfloat16", (n: number) => new Uint16Array(n)],
] as const;

for (const [dtype, make] of floatArrays) {
  test.each(sizes)(`uniform and normal of %i ${dtype} take their words`, (n) => {
    expect(taken((g) => random.fillUniform(make(n), g, 0, 1, dtype))).toBe(random.uniformWordCount(n, dtype));
    expect(taken((g) => random.fillNormal(make(n), g, 0, 1, dtype))).toBe(random.normalWordCount(n, dtype));
  });

  test(`the draws of one formula take theirs, ${dtype}`, () => {
    const n = 1100;
    expect(taken((g) => random.fillExponential(make(n), g, 1, dtype))).toBe(2 * n);
    expect(taken((g) => random.fillCauchy(make(n), g, 0, 1, dtype))).toBe(2 * n);
    expect(taken((g) => random.fillGeometric(make(n), g, 0.5, dtype))).toBe(2 * n);
    expect(taken((g) => random.fillLogNormal(make(n), g, 0, 1, dtype))).toBe(2 * n);
    expect(taken((g) => random.fillBernoulli(make(n), g, 0.5, dtype))).toBe(random.bernoulliWordsPerElement * n);
    expect(taken((g) => random.fillDropoutMask(make(n), g, 0.5, dtype))).toBe(random.bernoulliWordsPerElement * n);
  });
}

test("a cached normal saves a pair its words", () => {
  const second = (n: number): number =>
    taken((g) => {
      random.fillNormal(new Float32Array(1), g);
      random.fillNormal(new Float32Array(n), g);
    });
  for (const n of [1, 2, 5, 15, 16]) expect(second(n)).toBe(4 + random.normalWordCount(n, "float32", true));
});

test("integers take one word, or two for a range of 2^28 and more", () => {
  const count = (to: number): number => taken((g) => random.fillRandint(new Float64Array(6), g, 0, to));
  expect([2 ** 27, 2 ** 28 - 1, 2 ** 28, 2 ** 32, 2 ** 40].map(count)).toEqual([6, 6, 12, 12, 12]);
  expect(taken((g) => random.fillRandom(new Int32Array(6), g))).toBe(6);
  expect(taken((g) => random.fillRandom(new Float32Array(6), g))).toBe(6);
  expect(taken((g) => random.fillRandom(new BigInt64Array(6), g))).toBe(12);
  expect(taken((g) => random.fillRandom(new Float64Array(6), g))).toBe(12);
  expect(taken((g) => random.fillRandomFullRange(new Float32Array(6), g))).toBe(12);
});

test("a permutation takes n - 1 words", () => {
  for (const n of [0, 1, 2, 100, 2000]) {
    expect(taken((g) => random.fillRandperm(new Int32Array(n), g))).toBe(random.randpermWordCount(n));
  }
});

test("probabilities decide the words of bernoulli(probabilities)", () => {
  expect(taken((g) => random.fillBernoulliFrom(new Float64Array(9), g, new Float32Array(9)))).toBe(9);
  expect(taken((g) => random.fillBernoulliFrom(new Float32Array(9), g, new Float64Array(9)))).toBe(18);
});

test("a dropout of probability 0 or 1 takes none", () => {
  expect(taken((g) => random.fillDropoutMask(new Float32Array(9), g, 0))).toBe(0);
  expect(taken((g) => random.fillDropoutMask(new Float32Array(9), g, 1))).toBe(0);
});

test("multinomial takes two words a category in a race, two a sample otherwise", () => {
  const weights = new Float32Array(2 * 7).fill(1);
  for (const [samples, replacement] of [
    [3, false],
    [1, true],
    [5, true],
  ] as const) {
    const shape = { rows: 2, categories: 7, samples, replacement };
    const out = new Int32Array(2 * samples);
    expect(taken((g) => random.fillMultinomial(out, g, weights, shape))).toBe(random.multinomialWordCount(shape));
  }
});

test("float32 uniforms are their words' low 24 bits", () => {
  const out = new Float32Array(1300);
  random.fillUniform(out, new CpuGenerator(1));
  expect(Array.from(out)).toEqual(Array.from(scratch(out.length), random.unitFloat32));
});

test("float64 uniforms are the low 53 bits of two words", () => {
  const out = new Float64Array(1300);
  random.fillUniform(out, new CpuGenerator(1));
  const words = scratch(2 * out.length);
  expect(Array.from(out)).toEqual(Array.from(out, (_, i) => random.unitFloat64(words[2 * i]!, words[2 * i + 1]!)));
});

test.each([16, 17, 31, 32, 40, 1001])("the uniforms named for each of %i normals are those it is made of", (n) => {
  const out = new Float64Array(n);
  random.fillNormal(out, new CpuGenerator(1), 3, 2);
  const uniforms = new Float64Array(n + 16);
  random.fillUniform(uniforms, new CpuGenerator(1));
  for (let i = 0; i < n; i++) {
    const { radius, angle, sine } = random.normalUniformsOf(i, n);
    const turn = (sine ? Math.sin : Math.cos)(2 * Math.PI * uniforms[angle]!);
    expect(out[i]).toBeCloseTo(Math.sqrt(-2 * Math.log(1 - uniforms[radius]!)) * turn * 2 + 3, 12);
  }
});
