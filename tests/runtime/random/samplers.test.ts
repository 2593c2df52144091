import { expect, test } from "vitest";
import { CpuGenerator } from "../../../runtime/random/draws.ts";
import {
  drawSeed,
  randomSamplerIndices,
  samplerPermutation,
  splitIndices,
  splitLengths,
  subsetRandomIndices,
  weightedRandomIndices,
} from "../../../runtime/random/samplers.ts";
import { readCases } from "./oracle-format.ts";

interface DataCase {
  readonly kind: string;
  readonly seed?: number;
  readonly n: number;
  readonly lengths: readonly number[];
  readonly indices: readonly number[];
  readonly weights: readonly number[];
  readonly num_samples?: number;
  readonly replacement?: boolean;
  readonly batch_size: number;
  readonly out: unknown;
}

function batches(order: readonly number[], size: number): number[][] {
  return Array.from({ length: Math.ceil(order.length / size) }, (_, i) => order.slice(i * size, (i + 1) * size));
}

/** What each seeded kind of the oracle's `data` file gives; RandomSampler was recorded with a generator of its own. */
const kinds: Readonly<Record<string, (entry: DataCase, generator: CpuGenerator) => unknown>> = {
  random_split: ({ n, lengths }, generator) => splitIndices(n, lengths, generator).map((part) => Array.from(part)),
  RandomSampler: ({ n, replacement, num_samples }, generator) =>
    Array.from(
      randomSamplerIndices(n, new CpuGenerator(), { replacement: replacement ?? false, num_samples, generator }),
    ),
  SubsetRandomSampler: ({ indices }, generator) => subsetRandomIndices(indices, generator),
  WeightedRandomSampler: ({ weights, num_samples }, generator) =>
    Array.from(weightedRandomIndices(weights, num_samples!, true, generator)),
  "shuffled DataLoader": ({ n, batch_size }, generator) => {
    drawSeed(generator);
    return batches(Array.from(samplerPermutation(n, generator)), batch_size);
  },
  "shuffled DataLoader generator": ({ n, batch_size }, generator) => {
    drawSeed(generator);
    return batches([...randomSamplerIndices(n, new CpuGenerator(), { generator })], batch_size);
  },
};

const seeded = readCases<DataCase>("data").filter((entry) => entry.seed !== undefined);

test("the oracle's seeded cases are all known here", () => {
  expect(seeded.length).toBe(16);
});

test.each(seeded.map((entry) => [entry.kind, entry.seed, entry] as const))("%s, seed %i", (kind, seed, entry) => {
  expect(kinds[kind]!(entry, new CpuGenerator(seed))).toEqual(entry.out);
});

test("more samples than elements take further permutations", () => {
  const order = [...randomSamplerIndices(4, new CpuGenerator(0), { num_samples: 10 })];
  expect(order.length).toBe(10);
  expect(order.slice(0, 4).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
  expect(order.slice(4, 8).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
});

test("a sampler draws nothing before its first element is asked for", () => {
  const generator = new CpuGenerator(0);
  const indices = randomSamplerIndices(4, generator);
  const first = generator.random();
  expect(first).toBe(new CpuGenerator(0).random());
  indices.next();
  expect(generator.random()).not.toBe(new CpuGenerator(0).random());
});

test("split lengths: counts as given, fractions rounded down with the rest dealt out from the first", () => {
  expect(splitLengths(10, [7, 3])).toEqual([7, 3]);
  expect(splitLengths(11, [0.5, 0.3, 0.2])).toEqual([6, 3, 2]);
  expect(splitLengths(5, [1])).toEqual([5]);
  expect(() => splitLengths(10, [7, 4])).toThrow(/sum to the dataset's length 10, but got 11/);
});
