/** erf, erfc and erfinv. */
import type { MathBuilder } from "./builder.ts";
import { fastTwoSum, twoProduct } from "./double-float.ts";
import { scaleByPowerOfTwo, splitExp } from "./exponential.ts";
import { log1pOfSum } from "./logarithm.ts";
import { polynomial } from "./polynomial.ts";
import { negateWhere, oddExtension } from "./sign.ts";

/** erf(x) / x - 1 in x^2 for x <= 1.15; the error relative to erf x is 2^-26.1. */
const erfTail = [0.12837915, -0.3761256, 0.112829454, -0.026829667, 0.005146302, -0.0007669514, 0.000068111076];
/** (1 - erf x)^(-1/8) in x for x >= 1.14: the eighth root needs only half the terms. 1 - erf x is off by 2^-27.2. */
const erfcRoot = [0.9922377, 0.17767401, 0.015535968, 0.10775183, -0.053197645, 0.02480704, -0.005350699, 0.0006522077];
/** (x + 1/2) e^(x^2) erfc(x) in (x - 2) / (x + 2), for x in [0.4, 10.2]; the relative error is 2^-26.9. */
const scaledErfc = [
  0.6384892, -0.046381906, -0.083015315, 0.08202509, -0.02710543, -0.0040096664, 0.004325131, 0.0005985318,
  -0.00062354037, -0.00014446826,
];
/** erfinv(x) / x - 1 in w - 1, where w = -log(1 - x^2), for w <= 6; the relative error is 2^-27.1. */
const erfinvMiddle = [
  0.1273744, 0.2478329, 0.004250731, -0.002376486, 0.000100083256, 0.000038384336, -0.00000433321, -6.390809e-7,
  1.9021584e-7, -1.7617314e-8, 6.0572586e-10,
];
/** The same in sqrt(w) - 3, for w in [6, 16.1]; the relative error is 2^-26. */
const erfinvTail = [
  1.8329768, 1.0016755, 0.009443377, -0.007649425, 0.005715402, -0.0035354919, 0.0013401662, -0.00011166395,
  -0.00007085334,
];

/** The error function; 1.9 ulp. */
export function erf<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  const magnitude = b.abs(x);
  const near = b.madd(x, polynomial(b, b.mul(x, x), erfTail), x);
  const root = polynomial(b, magnitude, erfcRoot);
  const square = b.mul(root, root);
  const fourth = b.mul(square, square);
  const far = b.add(b.f32(1), b.div(b.f32(-1), b.mul(fourth, fourth)));
  return b.select(b.lt(magnitude, b.f32(1.15)), near, negateWhere(b, far, b.bitcastToInt(x)));
}

/** 1 - erf(x), without cancellation, down to subnormal results; 1.8 ulp. */
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

/** The inverse of erf: infinite at -1 and 1, NaN beyond; 2 ulp. */
export function erfinv<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  return oddExtension(b, x, (magnitude) => {
    const square = twoProduct(b, magnitude, magnitude);
    const w = b.neg(log1pOfSum(b, b.neg(square.high), b.neg(square.low)));
    const middle = polynomial(b, b.sub(w, b.f32(1)), erfinvMiddle);
    const tail = polynomial(b, b.sub(b.sqrt(w), b.f32(3)), erfinvTail);
    const value = b.madd(magnitude, b.select(b.lt(w, b.f32(6)), middle, tail), magnitude);
    return b.select(b.eq(magnitude, b.f32(1)), b.f32(Infinity), value);
  });
}
