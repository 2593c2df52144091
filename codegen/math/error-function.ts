/** erf, erfc and erfinv. */
import type { MathBuilder } from "./builder.ts";
import { fastTwoSum, twoProduct } from "./double-float.ts";
import { scaleByPowerOfTwo, splitExp } from "./exponential.ts";
import { log1pWithError } from "./logarithm.ts";
import { polynomial } from "./polynomial.ts";
import { negateWhere, oddExtension } from "./sign.ts";

/** erf(x) / x - 1 in x^2 for x <= 1.125; the error relative to erf x is 2^-27.2. */
const erfTail = [0.12837917, -0.37612602, 0.11283256, -0.026839225, 0.005160268, -0.00077659084, 0.00007063925];
/** 1 - erf x in (x - 2.5625) / 1.4375, for x in [1.125, 4]; the error relative to erf x is 2^-27.5. */
const erfComplement = [
  0.00029017005, -0.0022818898, 0.008405695, -0.01907346, 0.029336873, -0.031368744, 0.022370812, -0.008267332,
  -0.0023661137, 0.005637509, -0.0031364458, -0.0002973544, 0.0009998573, -0.00015461004, -0.000094956034,
];
/** (x + 1/2) e^(x^2) erfc(x) in (x - 2) / (x + 2), for x in [0.4, 10.2]; the relative error is 2^-26.9. */
const scaledErfc = [
  0.6384892, -0.046381906, -0.083015315, 0.08202509, -0.02710543, -0.0040096664, 0.004325131, 0.0005985318,
  -0.00062354037, -0.00014446826,
];
/** erfinv(x) / x - 1 in w - 3, where w = -log(1 - x^2), for w <= 6; the relative error is 2^-27.4. */
const erfinvMiddle = [
  0.623542, 0.2416304, -0.005738185, -0.00083619, 0.00019512266, -0.000012709836, -0.0000017747037, 4.485665e-7,
  -1.8446864e-8, -5.480576e-9, 6.295138e-10,
];
/** The same in sqrt(w) - 3, for w in [6, 16.1]; the relative error is 2^-26. */
const erfinvTail = [
  1.8329768, 1.0016755, 0.009443377, -0.007649425, 0.005715402, -0.0035354919, 0.0013401662, -0.00011166395,
  -0.00007085334,
];

/** The error function; 1.2 ulp. */
export function erf<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  const magnitude = b.abs(x);
  const near = b.madd(x, polynomial(b, b.mul(x, x), erfTail), x);
  // At 4 the complement is below half an ulp of 1.
  const t = b.madd(b.min(magnitude, b.f32(4)), b.f32(1 / 1.4375), b.f32(-2.5625 / 1.4375));
  const far = b.sub(b.f32(1), polynomial(b, t, erfComplement));
  return b.select(b.lt(magnitude, b.f32(1.125)), near, negateWhere(b, far, b.bitcastToInt(x)));
}

/** 1 - erf(x), without cancellation, down to subnormal results; 1.9 ulp. */
export function erfc<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  const magnitude = b.abs(x);
  const near = b.sub(b.sub(b.f32(1), x), b.mul(x, polynomial(b, b.mul(x, x), erfTail)));
  const bounded = b.min(magnitude, b.f32(10.2));
  const t = b.div(b.sub(bounded, b.f32(2)), b.add(bounded, b.f32(2)));
  const [constant = 0, ...rest] = scaledErfc;
  const numerator = fastTwoSum(b, b.f32(constant), b.mul(t, polynomial(b, t, rest)));
  const denominator = fastTwoSum(b, b.max(bounded, b.f32(0.5)), b.min(bounded, b.f32(0.5)));
  const quotient = b.div(numerator.high, denominator.high);
  const product = twoProduct(b, quotient, denominator.high);
  const remainder = b.sub(b.sub(numerator.high, product.high), product.low);
  const lows = b.sub(numerator.low, b.mul(quotient, denominator.low));
  // The quotient's relative error: what is left over, divided by the numerator, which lies within 7% of 0.605.
  const quotientError = b.mul(b.add(remainder, lows), b.f32(1 / 0.605));
  // e^(-x^2) with the square in two parts: a rounding of 100 would be an error of many ulp.
  const square = twoProduct(b, bounded, bounded);
  const { biased, fraction } = splitExp(b, b.neg(square.high), 254);
  const correction = b.sub(quotientError, square.low);
  const corrected = b.add(fraction, b.madd(correction, fraction, correction));
  const tail = scaleByPowerOfTwo(b, b.madd(quotient, corrected, quotient), biased);
  const far = b.select(b.lt(x, b.f32(0)), b.sub(b.f32(2), tail), tail);
  return b.select(b.lt(magnitude, b.f32(0.4)), near, far);
}

/** The inverse of erf: infinite at -1 and 1, NaN beyond; 1.9 ulp. */
export function erfinv<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  return oddExtension(b, x, (magnitude) => {
    const square = twoProduct(b, magnitude, magnitude);
    const w = b.neg(log1pWithError(b, b.neg(square.high), b.neg(square.low)));
    const middle = polynomial(b, b.sub(w, b.f32(3)), erfinvMiddle);
    const tail = polynomial(b, b.sub(b.sqrt(w), b.f32(3)), erfinvTail);
    const value = b.madd(magnitude, b.select(b.lt(w, b.f32(6)), middle, tail), magnitude);
    return b.select(b.eq(magnitude, b.f32(1)), b.f32(Infinity), value);
  });
}
