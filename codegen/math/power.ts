/** pow: 2^(y log2 |x|) with the logarithm to 34 bits relative, and C's rules for signs, zeros, infinities and NaN. */
import type { MathBuilder } from "./builder.ts";
import { fastTwoSum, twoProduct, twoSum, type DoubleFloat } from "./double-float.ts";
import { exp2OfSum } from "./exponential.ts";
import { splitPositive } from "./logarithm.ts";
import { polynomial } from "./polynomial.ts";
import { isNaNByBits, negateWhere } from "./sign.ts";

/** ((atanh(s) / s - 1) / s^2 - 1/3) / s^2 in s^2 for |s| <= 0.1716; the error relative to atanh s is 2^-36.8. */
const atanhTail = [0.20000076, 0.14273544, 0.11709884];
const third = { high: 0.3333333432674408, low: -9.934107758624577e-9 };
const twoOverLn2 = { high: 2.885390043258667, low: 3.851926067000022e-8 };

/** log2 of a positive finite x in double precision: k + (2 / ln 2) atanh(s) with s = (m - 1) / (m + 1). */
function log2InDouble<F, I, M>(b: MathBuilder<F, I, M>, x: F): DoubleFloat<F> {
  const { k, f } = splitPositive(b, x);
  const denominator = fastTwoSum(b, b.f32(2), f);
  const reciprocal = b.div(b.f32(1), denominator.high);
  const s = b.mul(f, reciprocal);
  const product = twoProduct(b, s, denominator.high);
  const remainder = b.sub(b.sub(b.sub(f, product.high), product.low), b.mul(s, denominator.low));
  const sLow = b.mul(remainder, reciprocal);
  // atanh(s) = s (1 + w) with w = s^2 / 3 + s^4 tail(s^2).
  const square = twoProduct(b, s, s);
  const squareLow = b.madd(b.add(s, s), sLow, square.low);
  const w = twoProduct(b, square.high, b.f32(third.high));
  const tail = b.madd(square.high, polynomial(b, square.high, atanhTail), b.f32(third.low));
  const wLow = b.add(w.low, b.madd(squareLow, b.f32(third.high), b.mul(square.high, tail)));
  const excess = twoProduct(b, s, w.high);
  const rough = fastTwoSum(b, s, excess.high);
  const roughLow = b.add(b.add(rough.low, excess.low), b.madd(s, wLow, b.madd(sLow, w.high, sLow)));
  const arc = fastTwoSum(b, rough.high, roughLow);
  const scaled = twoProduct(b, arc.high, b.f32(twoOverLn2.high));
  const scaledLow = b.madd(arc.low, b.f32(twoOverLn2.high), b.madd(arc.high, b.f32(twoOverLn2.low), scaled.low));
  const total = twoSum(b, b.toFloat(k), scaled.high);
  return { high: total.high, low: b.add(total.low, scaledLow) };
}

/** x to the power of y, as C's pow; 1.3 ulp. */
export function pow<F, I, M>(b: MathBuilder<F, I, M>, x: F, y: F): F {
  const zero = b.f32(0);
  const one = b.f32(1);
  const infinity = b.f32(Infinity);
  const magnitude = b.abs(x);
  const logarithm = log2InDouble(b, magnitude);
  // |log2 x| is at least 2^-24 unless x is 1, so larger exponents change nothing.
  const exponent = b.max(b.min(y, b.f32(2 ** 40)), b.f32(-(2 ** 40)));
  const product = twoProduct(b, exponent, logarithm.high);
  const power = exp2OfSum(b, product.high, b.madd(exponent, logarithm.low, product.low));

  const isWhole = b.eq(b.floor(y), y);
  const half = b.mul(y, b.f32(0.5));
  const isOdd = b.and(isWhole, b.not(b.eq(b.floor(half), half)));
  const isUndefined = b.and(b.lt(x, zero), b.not(isWhole));
  const finite = b.select(isUndefined, b.f32(NaN), power);
  // 0 and infinity, to any positive power, are themselves; to a negative one, each other.
  const isZero = b.eq(magnitude, zero);
  const isLimit = b.or(isZero, b.eq(magnitude, infinity));
  const isInverted = b.lt(y, zero);
  const ofZero = b.select(isInverted, infinity, zero);
  const ofInfinity = b.select(isInverted, zero, infinity);
  const unsigned = b.select(isLimit, b.select(isZero, ofZero, ofInfinity), finite);
  const signed = negateWhere(b, unsigned, b.iselect(isOdd, b.bitcastToInt(x), b.i32(0)));
  const hasNaN = b.or(isNaNByBits(b, x), isNaNByBits(b, y));
  return b.select(b.or(b.eq(x, one), b.eq(y, zero)), one, b.select(hasNaN, b.f32(NaN), signed));
}
