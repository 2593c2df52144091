/** Decisions read from a list of numbers, which fast-check makes and shrinks: 0 is the simplest decision everywhere. */
import fc from "fast-check";

export class Choices {
  private readonly numbers: readonly number[];
  private at = 0;
  constructor(numbers: readonly number[]) {
    this.numbers = numbers;
  }
  /** 0 ... limit - 1; zeros once the list is used up. */
  below(limit: number): number {
    return (this.numbers[this.at++] ?? 0) % limit;
  }
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
  /** True in one of `n` cases. */
  oneIn(n: number): boolean {
    return this.below(n) === n - 1;
  }
}

/** Programs are lists of instructions, each a list of decisions: dropping one keeps the others' meaning. */
export const instructionList = (maximum: number): fc.Arbitrary<number[][]> =>
  fc.noBias(
    fc.array(fc.array(fc.nat(9999), { minLength: 2, maxLength: 16, size: "max" }), {
      minLength: 1,
      maxLength: maximum,
      size: "max",
    }),
  );

/** How many graphs a test run tries. */
export const usualRuns = 200;

/** Runs asked for by `CRESSET_FUZZ=10000`, which also changes the seed; else the given number, always the same ones. */
export function fuzzParameters<T>(runs: number, seed: number): fc.Parameters<T> {
  const wanted = process.env["CRESSET_FUZZ"];
  const chosen = process.env["CRESSET_FUZZ_SEED"];
  if (wanted === undefined) return { numRuns: runs, seed, verbose: 0 };
  return { numRuns: Number(wanted), seed: chosen === undefined ? Math.trunc(Math.random() * 2 ** 31) : Number(chosen) };
}

/** Milliseconds that a fuzz test may take: no limit worth speaking of when many runs are asked for. */
export const fuzzTimeout = process.env["CRESSET_FUZZ"] === undefined ? 60_000 : 24 * 3600_000;

/** A fixed stream of numbers in [0, 1). */
export function randomStream(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
