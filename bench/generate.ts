/**
 * The inputs of the workloads: a 32-bit linear congruential generator, so that every program in every language measures
 * the same bits. The top 24 bits of each state make a number.
 */

/** Uniform float32 in [-scale, scale), or in [0, scale) where `positive`. */
export function generate(
  seed: number,
  count: number,
  { scale = 1, positive = false }: { readonly scale?: number; readonly positive?: boolean } = {},
): Float32Array {
  const next = generator(seed);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const unit = next() / 2 ** 24;
    values[i] = (positive ? unit : unit * 2 - 1) * scale;
  }
  return values;
}

/** Integers from 0 to limit - 1. */
export function generateIntegers(seed: number, count: number, limit: number): Int32Array {
  const next = generator(seed);
  const values = new Int32Array(count);
  for (let i = 0; i < count; i++) values[i] = next() % limit;
  return values;
}

/** Draws of 24 bits. */
function generator(seed: number): () => number {
  let state = Math.imul(seed, 2654435761) >>> 0;
  const advance = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
  for (let i = 0; i < 4; i++) advance();
  return () => advance() >>> 8;
}

/** The mean of the absolute values. */
export function meanMagnitude(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += Math.abs(values[i]!);
  return total / values.length;
}

/** What identifies an output: its first, middle and last element and its mean magnitude. */
export const fingerprint = (values: ArrayLike<number>): number[] => [
  values[0]!,
  values[values.length >> 1]!,
  values[values.length - 1]!,
  meanMagnitude(values),
];

/** Whether two programs' fingerprints are of the same computation in float32. */
export function agrees(actual: readonly number[], expected: readonly number[]): boolean {
  return (
    actual.length === expected.length &&
    actual.every((value, i) => Math.abs(value - expected[i]!) <= 2e-3 * Math.abs(expected[i]!) + 1e-8)
  );
}
