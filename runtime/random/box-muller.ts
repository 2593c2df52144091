/**
 * The Box-Muller transform as PyTorch lays it out for 16 or more normals: in each block of 16 uniforms, the first eight
 * give radii and the last eight angles, and
 *
 *   radius = sqrt(-2 * log(1 - u[j]))      angle = 2 * pi * u[j + 8]
 *   out[j] = radius * cos(angle) * std + mean
 *   out[j + 8] = radius * sin(angle) * std + mean        for j in 0 .. 7
 *
 * PyTorch's float32 kernel (x86 with AVX2) computes all of it in float32, with Cephes' single-precision polynomials and
 * fused multiply-adds. So does `transformFloat32`, step by step, and its results are PyTorch's bit for bit: an exact
 * cosine would differ wherever it is near zero, since the rounding of the angle is most of the result there.
 * `fround(a * b + c)` is the fused multiply-add: in float64 the product is exact.
 */

export const blockSize = 16;
const half = blockSize / 2;
const fround = Math.fround;
const twoPi = fround(2 * Math.PI);
const sqrtHalf = fround(Math.SQRT1_2);

/** log(1 + x) = x - x^2 / 2 + x^3 * P(x) on [sqrt(1/2), sqrt(2)] - 1; P's coefficients, the highest power first. */
const log8 = fround(7.0376836292e-2);
const log7 = fround(-1.151461031e-1);
const log6 = fround(1.167699874e-1);
const log5 = fround(-1.2420140846e-1);
const log4 = fround(1.4249322787e-1);
const log3 = fround(-1.6668057665e-1);
const log2 = fround(2.0000714765e-1);
const log1 = fround(-2.4999993993e-1);
const log0 = fround(3.3333331174e-1);
/** log(2) = 0.693359375 - 2.12194440e-4: the first part times an exponent is exact. */
const ln2High = 0.693359375;
const ln2Low = fround(-2.1219444e-4);

/** pi / 4 in three parts, negated, whose leading ones times a small whole number are exact. */
const quarterPi1 = -0.78515625;
const quarterPi2 = -2.4187564849853515625e-4;
const quarterPi3 = fround(-3.774894977445941e-8);
const fourOverPi = fround(4 / Math.PI);
/** On [-pi/4, pi/4], z = x^2: sin(x) = x + x * z * S(z), cos(x) = 1 - z / 2 + z^2 * C(z). */
const sine2 = fround(-1.9515295891e-4);
const sine1 = fround(8.3321608736e-3);
const sine0 = fround(-1.6666654611e-1);
const cosine2 = fround(2.443315711809948e-5);
const cosine1 = fround(-1.388731625493765e-3);
const cosine0 = fround(4.166664568298827e-2);

/** Powers of two that bring k, with its leading bit at 31 - clz32(k), into [1/2, 1). */
const normalisers = Float64Array.from({ length: 33 }, (_, leadingZeros) => 2 ** (leadingZeros - 32));

/** log(k / 2^24) for a whole k of 1 to 2^24. Such fractions need no bit casts: clz32 finds the exponent. */
function logOfFraction(k: number): number {
  const zeros = Math.clz32(k);
  const significand = k * normalisers[zeros]!;
  const low = significand < sqrtHalf;
  const exponent = 8 - zeros - (low ? 1 : 0);
  const x = fround((low ? 2 * significand : significand) - 1);
  const z = fround(x * x);
  let y = fround(log8 * x + log7);
  y = fround(y * x + log6);
  y = fround(y * x + log5);
  y = fround(y * x + log4);
  y = fround(y * x + log3);
  y = fround(y * x + log2);
  y = fround(y * x + log1);
  y = fround(y * x + log0);
  y = fround(fround(y * x) * z + fround(exponent * ln2Low));
  y = fround(y - 0.5 * z);
  return fround(exponent * ln2High + fround(x + y));
}

/** Turns the 16 uniforms data[at ..] into normals in place. The uniforms are multiples of 2^-24. */
export function transformFloat32(data: Float32Array, at: number, mean: number, std: number): void {
  for (let j = at; j < at + half; j++) {
    const radius = fround(Math.sqrt(fround(-2 * logOfFraction(2 ** 24 - data[j]! * 2 ** 24))));
    const angle = fround(twoPi * data[j + half]!);
    // The nearest even multiple of pi / 4, and the rest.
    const octant = ((fround(angle * fourOverPi) | 0) + 1) & ~1;
    let x = fround(octant * quarterPi1 + angle);
    x = fround(octant * quarterPi2 + x);
    x = fround(octant * quarterPi3 + x);
    const z = fround(x * x);
    let cosine = fround(cosine2 * z + cosine1);
    cosine = fround(fround(cosine * z + cosine0) * z);
    cosine = fround(fround(cosine * z - 0.5 * z) + 1);
    let sine = fround(sine2 * z + sine1);
    sine = fround(fround(sine * z + sine0) * z);
    sine = fround(sine * x + x);
    // Each turn by pi / 2 takes (cos, sin) to (-sin, cos).
    const turned = (octant & 2) !== 0;
    const across = turned ? sine : cosine;
    const up = turned ? cosine : sine;
    const signedRadius = (octant & 4) === 0 ? radius : -radius;
    data[j] = fround(((octant + 2) & 4) === 0 ? radius * across : -radius * across) * std + mean;
    data[j + half] = fround(signedRadius * up) * std + mean;
  }
}

export function transformFloat64(data: Float64Array, at: number, mean: number, std: number): void {
  for (let j = at; j < at + half; j++) {
    const radius = Math.sqrt(-2 * Math.log(1 - data[j]!));
    const angle = 2 * Math.PI * data[j + half]!;
    data[j] = radius * Math.cos(angle) * std + mean;
    data[j + half] = radius * Math.sin(angle) * std + mean;
  }
}
