/** exp, exp2, expm1 and sigmoid: x = n ln 2 + r, a polynomial in r, and two powers of two whose product is 2^n. */
import type { MathBuilder } from "./builder.ts";
import { fastTwoSum } from "./double-float.ts";
import { pairedPolynomial, polynomial } from "./polynomial.ts";

const log2OfE = 1.4426950408889634;
/** ln 2 in two parts; the first has 15 bits, so its product with an n of up to 9 bits, and the difference, are exact. */
const ln2High = 0.693145751953125;
const ln2Low = 1.428606765330187e-6;

/** Above it the result is infinity, and n would leave the range that `scaleByPowerOfTwo` covers. */
const expHighest = 89;
/** Below it the result is 0. */
const expLowest = -104;

/** (e^r - 1 - r) / r^2 on |r| <= ln(2) / 2; the error relative to e^r is 2^-28.2. */
const expTail = [0.49999994, 0.16666521, 0.041668274, 0.008368683, 0.0013820049];
/** (2^r - 1) / r on |r| <= 1/2; the error relative to 2^r is 2^-28.3. */
const exp2Tail = [0.6931472, 0.24022646, 0.055503603, 0.0096187135, 0.0013390651, 0.00015264476];

/** The sum of two exponent biases: an integer biased by it splits into two exponent fields. */
const doubleBias = 254;

/**
 * value * 2^n with one rounding, for |n| <= 250 given as n + 254 in the low bits: 2^n is split into two powers so
 * that neither leaves the float range when the result is subnormal or nearly overflows. NaN stays NaN; for n = -254
 * both powers are 0.
 */
export function scaleByPowerOfTwo<F, I, M>(b: MathBuilder<F, I, M>, value: F, biased: I): F {
  const firstScale = b.ishl(b.ishr(biased, 1), 23);
  const secondScale = b.isub(b.ishl(biased, 23), firstScale);
  return b.mul(b.mul(value, b.bitcastToFloat(firstScale)), b.bitcastToFloat(secondScale));
}

/** e^x = 2^n (1 + fraction), for x within the bounds above (or NaN). */
export function splitExp<F, I, M>(
  b: MathBuilder<F, I, M>,
  x: F,
  bias: number,
): { readonly biased: I; readonly fraction: F } {
  const { whole, biased } = b.roundScaled(x, log2OfE, bias);
  const r = b.madd(whole, b.f32(-ln2Low), b.madd(whole, b.f32(-ln2High), x));
  const square = b.mul(r, r);
  return { biased, fraction: b.madd(square, pairedPolynomial(b, r, square, expTail), r) };
}

/** e^x * 2^shift, for such an x. */
export function expInRange<F, I, M>(b: MathBuilder<F, I, M>, x: F, shift = 0): F {
  const { biased, fraction } = splitExp(b, x, doubleBias + shift);
  return scaleByPowerOfTwo(b, b.add(fraction, b.f32(1)), biased);
}

/**
 * x, but for numbers so low that e^x is 0: those come where the power of two is 0 itself. A product that vanishes takes
 * processors a hundred cycles, and those of masked scores do.
 */
const noLowerThan = <F, I, M>(b: MathBuilder<F, I, M>, x: F, exponent: number): F =>
  b.max(x, b.f32(exponent / log2OfE - 0.05));

/** e^x; 1.1 ulp, subnormal results included. */
export function exp<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  return expInRange(b, noLowerThan(b, b.min(x, b.f32(expHighest)), -doubleBias));
}

/** e^x for x <= 0; 1.1 ulp, subnormal results included. */
export function expNonpositive<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  // 2^n lies 2^64 higher, where no n leaves the float range: the last product alone rounds to a subnormal.
  const raised = 64;
  const bias = 127 + raised;
  const { biased, fraction } = splitExp(b, noLowerThan(b, x, -bias), bias);
  const power = b.bitcastToFloat(b.ishl(biased, 23));
  return b.mul(b.mul(b.add(fraction, b.f32(1)), power), b.f32(2 ** -raised));
}

/** 2^x; 1.1 ulp, exact for whole x. */
export function exp2<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  const { whole, biased, bounded } = roundExponent(b, x);
  return scaledExp2(b, b.sub(bounded, whole), biased);
}

/** 2^(high + low) for a low far below high; beyond the float range low is ignored. */
export function exp2OfSum<F, I, M>(b: MathBuilder<F, I, M>, high: F, low: F): F {
  const { whole, biased, bounded } = roundExponent(b, high);
  const boundedLow = b.max(b.min(low, b.f32(2 ** -10)), b.f32(-(2 ** -10)));
  return scaledExp2(b, b.add(b.sub(bounded, whole), boundedLow), biased);
}

function roundExponent<F, I, M>(b: MathBuilder<F, I, M>, x: F): { bounded: F; whole: F; biased: I } {
  // Far below the float range both powers of two are 0: a product that vanishes takes long.
  const bounded = b.max(b.min(x, b.f32(129)), b.f32(-doubleBias));
  return { bounded, ...b.roundScaled(bounded, 1, doubleBias) };
}

/** 2^(r + n) for |r| <= 1/2 and n given as n + 254. */
function scaledExp2<F, I, M>(b: MathBuilder<F, I, M>, r: F, biased: I): F {
  return scaleByPowerOfTwo(b, b.madd(r, polynomial(b, r, exp2Tail), b.f32(1)), biased);
}

/** e^x - 1; 1.6 ulp. */
export function expm1<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  const clamped = b.max(b.min(x, b.f32(expHighest)), b.f32(-18));
  const { biased, fraction } = splitExp(b, clamped, 126);
  // Half the result: 2^n alone would overflow at n = 128.
  const scale = b.bitcastToFloat(b.ishl(biased, 23));
  const half = b.madd(fraction, scale, b.sub(scale, b.f32(0.5)));
  // Below 2^-25 the result is x itself; this keeps -0 and the last bit of subnormals.
  return b.select(b.lt(b.abs(x), b.f32(2 ** -25)), x, b.add(half, half));
}

/** 1 / (1 + e^-x); 1.8 ulp, subnormal results included. */
export function sigmoid<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  const bounded = b.max(b.min(b.neg(x), b.f32(-expLowest)), b.f32(-60));
  // The denominator times 2^-25, since e^104 itself would overflow; the quotient alone rounds to a subnormal.
  const { biased, fraction } = splitExp(b, bounded, 127 - 25);
  const power = b.bitcastToFloat(b.ishl(biased, 23));
  const scale = b.f32(2 ** -25);
  const sum = fastTwoSum(b, power, scale);
  // A quotient that vanishes takes as long as a product that does.
  const above = b.select(b.lt(x, b.f32(expLowest)), b.f32(0), scale);
  return b.div(above, b.add(b.madd(fraction, power, sum.low), sum.high));
}
