/** Distances in units in the last place. */
import type { ElementArray } from "./oracle-format.ts";

/** The places of floats on a line where neighbours are one apart. */
function placesOf(values: Float32Array | Float64Array): bigint[] {
  const signed =
    values instanceof Float32Array
      ? Array.from(new Int32Array(values.slice().buffer), BigInt)
      : Array.from(new BigInt64Array(values.slice().buffer));
  const signBit = values instanceof Float32Array ? 1n << 31n : 1n << 63n;
  return signed.map((bits) => (bits < 0n ? -(bits + signBit) : bits));
}

/** The largest distance between two arrays: in ulps for floats; 0 or Infinity for the rest. */
export function largestDistance(actual: ElementArray, expected: ElementArray): number {
  if (actual.length !== expected.length || actual.constructor !== expected.constructor) return Infinity;
  if (!(actual instanceof Float32Array || actual instanceof Float64Array)) {
    return actual.every((value, i) => value === expected[i]) ? 0 : Infinity;
  }
  const places = placesOf(actual);
  let largest = 0;
  for (const [i, place] of placesOf(expected as Float32Array | Float64Array).entries()) {
    const distance = place - places[i]!;
    largest = Math.max(largest, Number(distance < 0n ? -distance : distance));
  }
  return largest;
}
