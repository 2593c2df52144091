/** log, log2, log10 and log1p: x = 2^k m with m in [sqrt 1/2, sqrt 2), and a polynomial in f = m - 1. */
import type { MathBuilder } from "./builder.ts";
import { fastTwoSum } from "./double-float.ts";
import { polynomial } from "./polynomial.ts";

const bitsOfSqrtHalf = 0x3f3504f3;
const bitsOfInfinity = 0x7f800000;
const smallestNormal = 2 ** -126;

/** ln 2 in two parts; the first has 15 bits, so its product with an exponent is exact. */
const ln2High = 0.693145751953125;
const ln2Low = 1.428606765330187e-6;

/** (log(1 + f) - f) / f^2 on the f above; the error relative to the logarithm is 2^-27.3. */
const logTail = [
  -0.5, 0.3333333, -0.25000823, 0.20001246, -0.166233, 0.14201382, -0.13160533, 0.12764166, -0.076363854,
];

/** Splits a positive finite x, subnormal or not, into 2^k (1 + f). Anything else gives finite nonsense. */
export function splitExponent<F, I, M>(b: MathBuilder<F, I, M>, x: F): { readonly k: I; readonly f: F } {
  const isSubnormal = b.lt(x, b.f32(smallestNormal));
  const normal = b.select(isSubnormal, b.mul(x, b.f32(2 ** 23)), x);
  const offset = b.iselect(isSubnormal, b.i32(bitsOfSqrtHalf + (23 << 23)), b.i32(bitsOfSqrtHalf));
  const shifted = b.isub(b.bitcastToInt(normal), offset);
  const mantissa = b.iadd(b.iand(shifted, b.i32(0x7fffff)), b.i32(bitsOfSqrtHalf));
  return { k: b.ishr(shifted, 23), f: b.sub(b.bitcastToFloat(mantissa), b.f32(1)) };
}

/** Puts in what every logarithm gives at 0, below 0, at infinity and for NaN. */
export function withLogarithmLimits<F, I, M>(b: MathBuilder<F, I, M>, x: F, value: F): F {
  const bits = b.bitcastToInt(x);
  const infinityOrNaN = b.select(b.ilt(bits, b.i32(bitsOfInfinity)), value, x);
  const zeroOrNegative = b.select(b.eq(x, b.f32(0)), b.f32(-Infinity), b.f32(NaN));
  return b.select(b.ilt(b.i32(0), bits), infinityOrNaN, zeroOrNegative);
}

/** The natural logarithm; 0.9 ulp. */
export function log<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  const { k: exponent, f } = splitExponent(b, x);
  const k = b.toFloat(exponent);
  const tail = b.madd(b.mul(f, f), polynomial(b, f, logTail), b.mul(k, b.f32(ln2Low)));
  return withLogarithmLimits(b, x, b.madd(k, b.f32(ln2High), b.add(f, tail)));
}

/** The base 2 logarithm; 1.3 ulp, exact for powers of two. */
export function log2<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  const { k, f } = splitExponent(b, x);
  const tail = b.mul(b.mul(f, f), polynomial(b, f, logTail));
  // (f + tail) log2(e) = f + (f (log2(e) - 1) + tail log2(e)): only the smaller parts meet a rounded constant.
  const rest = b.madd(f, b.f32(Math.LOG2E - 1), b.mul(tail, b.f32(Math.LOG2E)));
  return withLogarithmLimits(b, x, b.add(b.toFloat(k), b.add(f, rest)));
}

/** log10 of 2 in two parts; the first has 15 bits, so its product with an exponent is exact. */
const log10Of2High = 0.301025390625;
const log10Of2Low = 4.605038981195214e-6;

/** The base 10 logarithm; 1.3 ulp. */
export function log10<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  const { k: exponent, f } = splitExponent(b, x);
  const k = b.toFloat(exponent);
  const tail = b.madd(b.mul(f, f), b.mul(polynomial(b, f, logTail), b.f32(Math.LOG10E)), b.mul(k, b.f32(log10Of2Low)));
  // f log10(e) = f / 2 + f (log10(e) - 1/2): only the smaller part meets a rounded constant.
  const value = b.madd(f, b.f32(0.5), b.madd(f, b.f32(Math.LOG10E - 0.5), tail));
  return withLogarithmLimits(b, x, b.madd(k, b.f32(log10Of2High), value));
}

/** log(1 + x); 1.2 ulp. */
export function log1p<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  const value = log1pWithError(b, x, b.f32(0));
  // Below 2^-25 the result is x itself; this keeps -0.
  return b.select(b.lt(b.abs(x), b.f32(2 ** -25)), x, value);
}

/** log(1 + x + error) for an error far below x. Zero loses its sign. */
export function log1pWithError<F, I, M>(b: MathBuilder<F, I, M>, x: F, error: F): F {
  const one = b.f32(1);
  const sum = b.add(one, x);
  const { k: exponent, f: fromSum } = splitExponent(b, sum);
  // From x rather than from the rounded sum: (1 + x) 2^-k - 1 = x 2^-k + (2^-k - 1). From 2^25 on the sum is x.
  const scale = b.bitcastToFloat(b.isub(b.i32(127 << 23), b.ishl(exponent, 23)));
  const fromX = b.madd(x, scale, b.sub(scale, one));
  const isLarge = b.lt(b.f32(2 ** 25), x);
  const scaledError = b.select(isLarge, b.f32(0), b.mul(error, scale));
  const { high: f, low: rest } = fastTwoSum(b, b.select(isLarge, fromSum, fromX), scaledError);
  const k = b.toFloat(exponent);
  const tail = b.madd(b.mul(f, f), polynomial(b, f, logTail), b.madd(k, b.f32(ln2Low), rest));
  return withLogarithmLimits(b, sum, b.madd(k, b.f32(ln2High), b.add(f, tail)));
}
