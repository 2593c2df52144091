/** lgamma and digamma. */
import type { MathBuilder } from "./builder.ts";
import { log } from "./logarithm.ts";
import { polynomial } from "./polynomial.ts";

/** lgamma(x) / ((x - 1) (x - 2)) in x - 2, for x in [1, 3]; the relative error is 2^-25.4. */
const lgammaMiddle = [
  0.42278433, -0.10031728, 0.03296558, -0.012384926, 0.0049918317, -0.0021022712, 0.00094367476, -0.00042517157,
  0.00013125458, -0.00005277034, 0.000077949655, -0.000038618662,
];
/** x (lgamma(x) - Stirling's formula) in 1 / x^2, for x >= 3; the error relative to lgamma x is 2^-27. */
const stirlingTail = [0.08333327, -0.0027728083, 0.00069723115];
/** digamma(x) / (x - its zero) in x - 2, for x in [1, 3]; the relative error is 2^-24.7. */
const digammaMiddle = [
  0.7853075, -0.2607387, 0.10899987, -0.04955902, 0.023452485, -0.011272445, 0.005510265, -0.002963094, 0.0014914231,
  -0.00032394414, 0.00013932861, -0.00040965824, 0.00021233015,
];
/** x^2 (log x - 1 / (2 x) - digamma(x)) in 1 / x^2, for x >= 3; the error relative to digamma x is 2^-27. */
const digammaTail = [0.083332606, -0.008291668, 0.0032649257];
/** The positive zero of digamma, in two parts. */
const digammaZero = { high: 1.4616321325302124, low: 1.243815006546356e-8 };

/** (sin(pi r) / (pi r) - 1) / r^2 in r^2 for |r| <= 1/2; the error relative to the sine is 2^-27.6. */
const sinPiTail = [-1.6449335, 0.8117187, -0.19046289, 0.024756864];
/** cos(pi r) in r^2 for |r| <= 1/2; the error is 2^-29.8. */
const cosPiSeries = [1, -4.934802, 4.0587053, -1.3351616, 0.23468377, -0.023963872];

/** x less the nearest integer, for x >= 0; NaN for infinity. */
function centeredFraction<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  const fraction = b.sub(x, b.floor(x));
  return b.select(b.lt(b.f32(0.5), fraction), b.sub(fraction, b.f32(1)), fraction);
}

/** sin(pi r) / pi. */
function sinPiOverPi<F, I, M>(b: MathBuilder<F, I, M>, r: F): F {
  const square = b.mul(r, r);
  return b.madd(b.mul(r, square), polynomial(b, square, sinPiTail), r);
}

/**
 * log |gamma(x)|, infinite at 0, -1, -2, ...; 5 ulp for x > 0. For x < 0 the error is 1e-6 of the result or of 1,
 * whichever is more: near the zeros there it is relative to the terms that cancel. `negative`: what a back end has there.
 */
export function lgamma<F, I, M>(b: MathBuilder<F, I, M>, x: F, negative?: () => F): F {
  const one = b.f32(1);
  const magnitude = b.abs(x);
  const isBelowOne = b.lt(magnitude, one);
  const logarithm = log(b, magnitude);
  // Below 1 this is lgamma(1 + |x|), whose factors |x| and |x| - 1 are exact.
  const lessOne = b.sub(magnitude, one);
  const upper = b.select(isBelowOne, magnitude, lessOne);
  const lower = b.select(isBelowOne, lessOne, b.sub(magnitude, b.f32(2)));
  const middle = b.mul(b.mul(upper, lower), polynomial(b, lower, lgammaMiddle));
  // (x - 1/2) log x - x + log(2 pi) / 2, grouped so that little cancels.
  const reciprocal = b.div(one, magnitude);
  const tail = b.mul(reciprocal, polynomial(b, b.mul(reciprocal, reciprocal), stirlingTail));
  const constant = b.add(tail, b.f32(0.5 * Math.log(2 * Math.PI) - 0.5));
  const large = b.madd(b.sub(magnitude, b.f32(0.5)), b.sub(logarithm, one), constant);
  const shifted = b.select(b.lt(magnitude, b.f32(3)), middle, large);
  const positive = b.sub(shifted, b.select(isBelowOne, logarithm, b.f32(0)));
  const [value] = b.rare<readonly [F]>(
    b.lt(x, b.f32(0)),
    () => {
      if (negative !== undefined) return [negative()];
      // gamma(-x) gamma(x) = -pi / (x sin(pi x)); below 1, x is already in `shifted`.
      const sine = b.abs(sinPiOverPi(b, centeredFraction(b, magnitude)));
      const product = b.mul(sine, b.select(isBelowOne, one, magnitude));
      // At the poles, where the other term may have overflowed as well.
      const isPole = b.eq(sine, b.f32(0));
      return [b.select(isPole, b.f32(Infinity), b.neg(b.add(log(b, product), shifted)))];
    },
    [positive],
  );
  return b.select(b.eq(magnitude, b.f32(Infinity)), magnitude, value);
}

/**
 * The derivative of lgamma: -inf at 0, inf at -0 and NaN at -1, -2, ... as in PyTorch; 3 ulp for x > 0. For x < 0 the
 * error is 1e-6 of the result or of the larger of the two terms that cancel near its zeros.
 */
export function digamma<F, I, M>(b: MathBuilder<F, I, M>, x: F, negative?: () => F): F {
  const one = b.f32(1);
  const zero = b.f32(0);
  const magnitude = b.abs(x);
  const isBelowOne = b.lt(x, one);
  // From 1 on x itself; between 0 and 1 from digamma(1 + x), below 0 from digamma(1 - x).
  const argument = b.select(isBelowOne, b.add(one, magnitude), x);
  const fromZero = b.sub(b.sub(argument, b.f32(digammaZero.high)), b.f32(digammaZero.low));
  const middle = b.mul(fromZero, polynomial(b, b.sub(argument, b.f32(2)), digammaMiddle));
  const reciprocal = b.div(one, argument);
  const tail = b.madd(reciprocal, polynomial(b, b.mul(reciprocal, reciprocal), digammaTail), b.f32(0.5));
  const large = b.sub(log(b, argument), b.mul(reciprocal, tail));
  const base = b.select(b.lt(argument, b.f32(3)), middle, large);
  const positive = b.sub(base, b.select(isBelowOne, b.div(one, x), zero));
  const [value] = b.rare<readonly [F]>(
    b.lt(x, zero),
    () => {
      if (negative !== undefined) return [negative()];
      const r = centeredFraction(b, magnitude);
      const cotangent = b.div(polynomial(b, b.mul(r, r), cosPiSeries), sinPiOverPi(b, r));
      return [b.select(b.eq(r, zero), b.f32(NaN), b.add(base, cotangent))];
    },
    [positive],
  );
  return value;
}
