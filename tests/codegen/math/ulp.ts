/** Measuring float32 results against float64 references, in units of the reference's last float32 place. */

const overflow = 2 ** 128;

/** The spacing of float32 values at `value`: 2^-149 at zero and below the normal range. */
function unitInLastPlace(value: number): number {
  const magnitude = Math.abs(value);
  if (magnitude < 2 ** -126) return 2 ** -149;
  const exponent = Math.floor(Math.log2(magnitude));
  const corrected =
    2 ** exponent > magnitude ? exponent - 1 : 2 ** (exponent + 1) <= magnitude ? exponent + 1 : exponent;
  return 2 ** (Math.min(corrected, 127) - 23);
}

/** The error of `actual`; infinity counts as 2^128, and what should be NaN must be NaN. */
export function ulpError(actual: number, expected: number): number {
  if (Number.isNaN(actual) || Number.isNaN(expected)) {
    return Number.isNaN(actual) === Number.isNaN(expected) ? 0 : Infinity;
  }
  const bounded = (value: number): number => Math.min(Math.max(value, -overflow), overflow);
  return Math.abs(bounded(actual) - bounded(expected)) / unitInLastPlace(expected);
}

/** A small reproducible generator of numbers in [0, 1) (a multiplicative congruence modulo 2^31 - 1). */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return (state - 1) / 2147483646;
  };
}

/** `perExponent` random values of every exponent and sign, subnormals included, and the ends of each binade. */
export function sampleAllExponents(perExponent: number, random: () => number): Float32Array {
  const perBinade = perExponent + 2;
  const bits = new Int32Array(2 * 255 * perBinade);
  let next = 0;
  for (let exponent = 0; exponent < 255; exponent++) {
    for (let index = 0; index < perBinade; index++) {
      const mantissa = index === 0 ? 0 : index === 1 ? 0x7fffff : Math.floor(random() * 0x800000);
      bits[next++] = (exponent << 23) | mantissa;
      bits[next++] = (exponent << 23) | mantissa | (1 << 31);
    }
  }
  return new Float32Array(bits.buffer);
}

/** `count` values spread evenly, with jitter, over an interval. */
export function sampleInterval(low: number, high: number, count: number, random: () => number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => low + ((index + random()) / count) * (high - low));
}

/** The 2 * `radius` + 1 floats around `center`. */
export function sampleAround(center: number, radius: number): Float32Array {
  const values = new Float32Array(2 * radius + 1);
  const bits = new Int32Array(values.buffer);
  values[0] = center;
  const middle = bits[0]!;
  for (let offset = -radius; offset <= radius; offset++) bits[offset + radius] = middle + offset;
  return values;
}
