/**
 * How `torch.utils.data` consumes a generator's stream, for samplers, splits and loaders that give PyTorch's order.
 *
 * A loader's iterator draws a base seed (`drawSeed`, two words) from its generator as soon as it is made, and a sampler
 * draws at its first element; so a shuffled epoch of the default generator takes two seeds, four words.
 */
import { CpuGenerator } from "./cpu-generator.ts";
import { badParameter } from "./errors.ts";
import { fillRandint } from "./integers.ts";
import { fillMultinomial } from "./multinomial.ts";
import { randperm } from "./permutation.ts";

/** `torch.empty((), dtype=torch.int64).random_()`: two words, a number of 63 bits. */
export function drawSeed(generator: CpuGenerator): bigint {
  return generator.random64() & 0x7fffffffffffffffn;
}

/** PyTorch draws indices with replacement in groups of this size. */
const replacementGroup = 32;

export interface RandomSamplerOptions {
  readonly replacement?: boolean;
  readonly num_samples?: number | undefined;
  /** Drawn from directly. Without it a seed is drawn from `ambient` and a generator of its own is used. */
  readonly generator?: CpuGenerator | undefined;
}

/** `RandomSampler`: the order of `n` elements. Draws at the first element and, for long sequences, as it goes. */
export function* randomSamplerIndices(
  n: number,
  ambient: CpuGenerator,
  { replacement = false, num_samples: samples = n, generator }: RandomSamplerOptions = {},
): Generator<number, void, undefined> {
  const source = generator ?? new CpuGenerator(drawSeed(ambient));
  if (replacement) {
    for (let left = samples; left > 0; left -= replacementGroup) {
      const group = new Float64Array(Math.min(left, replacementGroup));
      fillRandint(group, source, 0, n);
      yield* group;
    }
    return;
  }
  for (let round = 0; round < Math.floor(samples / n); round++) yield* randperm(n, source);
  // Drawn even when nothing of it is used, as in PyTorch: a caller's generator moves on.
  yield* randperm(n, source).subarray(0, samples % n);
}

/** The order of one shuffled epoch of `n` elements, by a generator seeded from `ambient`'s next seed. */
export function samplerPermutation(n: number, ambient: CpuGenerator): Int32Array {
  return randperm(n, new CpuGenerator(drawSeed(ambient)));
}

/** `SubsetRandomSampler`: a permutation drawn from the generator itself. */
export function subsetRandomIndices(indices: readonly number[], generator: CpuGenerator): number[] {
  return Array.from(randperm(indices.length, generator), (i) => indices[i]!);
}

/** `WeightedRandomSampler`: a multinomial of float64 weights, drawn from the generator itself. */
export function weightedRandomIndices(
  weights: readonly number[],
  samples: number,
  replacement: boolean,
  generator: CpuGenerator,
): Int32Array {
  const out = new Int32Array(samples);
  fillMultinomial(out, generator, Float64Array.from(weights), {
    rows: 1,
    categories: weights.length,
    samples,
    replacement,
  });
  return out;
}

/**
 * The lengths of `random_split`: as given if they sum to `n`; fractions that sum to 1 take floor(n * fraction) each and
 * what is left over goes one by one to the first ones.
 */
export function splitLengths(n: number, lengths: readonly number[]): number[] {
  const sum = lengths.reduce((total, length) => total + length, 0);
  if (Math.abs(sum - 1) > 1e-9) {
    if (sum !== n) throw badParameter("random_split", `lengths that sum to the dataset's length ${n}`, sum);
    return [...lengths];
  }
  if (lengths.some((fraction) => fraction < 0 || fraction > 1)) {
    throw badParameter("random_split", "fractions between 0 and 1", lengths.join(", "));
  }
  const counts = lengths.map((fraction) => Math.floor(n * fraction));
  const left = n - counts.reduce((total, count) => total + count, 0);
  for (let i = 0; i < left; i++) counts[i % counts.length]! += 1;
  return counts;
}

/** `random_split`: one permutation drawn from the generator itself (n - 1 words), cut into parts. */
export function splitIndices(n: number, lengths: readonly number[], generator: CpuGenerator): Int32Array[] {
  const counts = splitLengths(n, lengths);
  const order = randperm(n, generator);
  let end = 0;
  return counts.map((count) => order.slice(end, (end += count)));
}
