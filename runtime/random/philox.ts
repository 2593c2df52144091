/**
 * Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a random
 * function of a counter, so any element can be drawn without drawing the others. The reference for the WebGPU kernels,
 * and built from the same 32-bit steps: WGSL has no 64-bit product either.
 *
 * Where Cresset draws with it:
 *   key     = the generator's 64-bit seed: [low, high]
 *   counter = [offset low, offset high, index low, index high]
 * `offset` tells one draw of a generator from the next, and `index` numbers the groups of four words within a draw.
 * They have words of their own, so no two draws can meet and no carry crosses them.
 */
export type PhiloxBlock = readonly [number, number, number, number];
export type PhiloxKey = readonly [number, number];

const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
/** Weyl increments of the key: the golden ratio and sqrt(3) - 1, as fractions of 2^32. */
const keyStep0 = 0x9e3779b9;
const keyStep1 = 0xbb67ae85;
const rounds = 10;

/** The high 32 bits of the 64-bit product of two unsigned 32-bit numbers, from 16-bit halves. */
export function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const lowLow = Math.imul(aLow, bLow) >>> 0;
  const highLow = Math.imul(aHigh, bLow) >>> 0;
  const lowHigh = Math.imul(aLow, bHigh) >>> 0;
  // At most 0xfffe0001 + 0xffff, so no sum of these leaves 32 bits.
  const middle = highLow + (lowLow >>> 16);
  const carried = lowHigh + (middle & 0xffff);
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (carried >>> 16)) >>> 0;
}

/** Four unsigned 32-bit words, a function of the counter and the key alone. */
export function philox4x32(counter: PhiloxBlock, key: PhiloxKey): PhiloxBlock {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < rounds; round++) {
    const high0 = multiplyHigh(multiplier0, c0);
    const low0 = Math.imul(multiplier0, c0);
    const high1 = multiplyHigh(multiplier1, c2);
    const low1 = Math.imul(multiplier1, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + keyStep0) >>> 0;
    k1 = (k1 + keyStep1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The low and high words of an unsigned 64-bit number. */
export function splitWords(value: bigint): PhiloxKey {
  return [Number(value & 0xffffffffn), Number((value >> 32n) & 0xffffffffn)];
}

/** Group `index` of the draw at `offset`: words 4 * index to 4 * index + 3. */
export function philoxGroup(seed: bigint, offset: bigint, index: bigint): PhiloxBlock {
  return philox4x32([...splitWords(offset), ...splitWords(index)], splitWords(seed));
}

/** Words `start ..` of the draw at `offset`. */
export function philoxFill(out: Uint32Array, seed: bigint, offset: bigint, start = 0): void {
  for (let at = 0; at < out.length;) {
    const word = start + at;
    const group = philoxGroup(seed, offset, BigInt(Math.floor(word / 4)));
    for (let lane = word % 4; lane < 4 && at < out.length; lane++) out[at++] = group[lane]!;
  }
}
