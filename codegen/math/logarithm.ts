/** log, log2, log10 and log1p: x = 2^k m with m in [sqrt 1/2, sqrt 2), and a polynomial in f = m - 1. */
import type { MathBuilder } from "./builder.ts";
import { fastTwoSum } from "./double-float.ts";
import { polynomial } from "./polynomial.ts";

const bitsOfSqrtHalf = 0x3f3504f3;
const bitsOfInfinity = 0x7f800000;
/** Of 2^25, from where 1 + x is x. */
const bitsOfLargeSum = 0x4c000000;

/** ln 2 in two parts; the first has 15 bits, so its product with an exponent is exact. */
const ln2High = 0.693145751953125;
const ln2Low = 1.428606765330187e-6;

/** (log(1 + f) - f) / f^2 on the f above; the error relative to the logarithm is 2^-27.3. */
const logTail = [
  -0.5, 0.3333333, -0.25000823, 0.20001246, -0.166233, 0.14201382, -0.13160533, 0.12764166, -0.076363854,
];

interface SplitFloat<F, I> {
  readonly k: I;
  readonly f: F;
}

/** Splits a positive, finite, normal x into 2^k (1 + f). Anything else gives finite nonsense. */
function splitNormal<F, I, M>(b: MathBuilder<F, I, M>, x: F, offset: I = b.i32(bitsOfSqrtHalf)): SplitFloat<F, I> {
  const shifted = b.isub(b.bitcastToInt(x), offset);
  const mantissa = b.iadd(b.iand(shifted, b.i32(0x7fffff)), b.i32(bitsOfSqrtHalf));
  return { k: b.ishr(shifted, 23), f: b.sub(b.bitcastToFloat(mantissa), b.f32(1)) };
}

/** The same for any positive finite x, subnormal or not. */
export function splitPositive<F, I, M>(b: MathBuilder<F, I, M>, x: F): SplitFloat<F, I> {
  const isSubnormal = b.lt(x, b.f32(2 ** -126));
  const offset = b.iselect(isSubnormal, b.i32(bitsOfSqrtHalf + (23 << 23)), b.i32(bitsOfSqrtHalf));
  return splitNormal(b, b.select(isSubnormal, b.mul(x, b.f32(2 ** 23)), x), offset);
}

/** A logarithm by its formula for a split argument, with what every logarithm gives at 0, infinity and so on. */
function logarithmOfAny<F, I, M>(b: MathBuilder<F, I, M>, x: F, formula: (split: SplitFloat<F, I>) => F): F {
  const bits = b.bitcastToInt(x);
  const infinityOrNaN = b.select(b.ilt(bits, b.i32(bitsOfInfinity)), formula(splitPositive(b, x)), x);
  const zeroOrNegative = b.select(b.eq(x, b.f32(0)), b.f32(-Infinity), b.f32(NaN));
  return b.select(b.ilt(b.i32(0), bits), infinityOrNaN, zeroOrNegative);
}

/** Whether x is anything but a positive normal number below the one with `endBits`: one unsigned comparison. */
function isUnusual<F, I, M>(b: MathBuilder<F, I, M>, x: F, endBits: number): M {
  const smallestNormal = 1 << 23;
  const signedMinimum = 2 ** 31;
  const distance = b.iadd(b.bitcastToInt(x), b.i32(signedMinimum - smallestNormal));
  return b.ilt(b.i32(endBits - smallestNormal - signedMinimum - 1), distance);
}

/** The same, with the care that unusual arguments need spent only on them. */
function logarithm<F, I, M>(b: MathBuilder<F, I, M>, x: F, formula: (split: SplitFloat<F, I>) => F): F {
  const [value] = b.rare<readonly [F]>(isUnusual(b, x, bitsOfInfinity), () => [logarithmOfAny(b, x, formula)], [
    formula(splitNormal(b, x)),
  ]);
  return value;
}

/** k ln 2 + log(1 + f + rest), for a rest far below f. */
function naturalLogarithm<F, I, M>(b: MathBuilder<F, I, M>, { k: exponent, f }: SplitFloat<F, I>, rest?: F): F {
  const k = b.toFloat(exponent);
  const linear = rest === undefined ? b.mul(k, b.f32(ln2Low)) : b.madd(k, b.f32(ln2Low), rest);
  const tail = b.madd(b.mul(f, f), polynomial(b, f, logTail), linear);
  return b.madd(k, b.f32(ln2High), b.add(f, tail));
}

/** The natural logarithm; 1 ulp. */
export function log<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  return logarithm(b, x, (split) => naturalLogarithm(b, split));
}

/** The base 2 logarithm; 1.5 ulp, exact for powers of two. */
export function log2<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  return logarithm(b, x, ({ k, f }) => {
    const tail = b.mul(b.mul(f, f), polynomial(b, f, logTail));
    // (f + tail) log2(e) = f + (f (log2(e) - 1) + tail log2(e)): only the smaller parts meet a rounded constant.
    const rest = b.madd(f, b.f32(Math.LOG2E - 1), b.mul(tail, b.f32(Math.LOG2E)));
    return b.add(b.toFloat(k), b.add(f, rest));
  });
}

/** log10 of 2 in two parts; the first has 15 bits, so its product with an exponent is exact. */
const log10Of2High = 0.301025390625;
const log10Of2Low = 4.605038981195214e-6;

/** The base 10 logarithm; 1.1 ulp. */
export function log10<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  return logarithm(b, x, ({ k: exponent, f }) => {
    const k = b.toFloat(exponent);
    const series = b.mul(polynomial(b, f, logTail), b.f32(Math.LOG10E));
    const tail = b.madd(b.mul(f, f), series, b.mul(k, b.f32(log10Of2Low)));
    // f log10(e) = f / 2 + f (log10(e) - 1/2): only the smaller part meets a rounded constant.
    const value = b.madd(f, b.f32(0.5), b.madd(f, b.f32(Math.LOG10E - 0.5), tail));
    return b.madd(k, b.f32(log10Of2High), value);
  });
}

/** log(1 + x); 1.6 ulp. */
export function log1p<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  const signOfX = b.iand(b.bitcastToInt(x), b.i32(1 << 31));
  // The sign is that of x; for -0 the sum has lost it.
  return b.bitcastToFloat(b.ior(b.bitcastToInt(log1pOfSum(b, x)), signOfX));
}

/** log(1 + x + error) for an error far below x. Zero loses its sign. */
export function log1pOfSum<F, I, M>(b: MathBuilder<F, I, M>, x: F, error?: F): F {
  const one = b.f32(1);
  const sum = b.add(one, x);
  const shifted = b.isub(b.bitcastToInt(sum), b.i32(bitsOfSqrtHalf));
  const k = b.ishr(shifted, 23);
  // From x rather than from the rounded sum: f = (1 + x) 2^-k - 1 = x 2^-k + (2^-k - 1).
  const scale = b.bitcastToFloat(b.isub(b.i32(127 << 23), b.ishl(k, 23)));
  const rough = b.madd(x, scale, b.sub(scale, one));
  const value = (): F => {
    if (error === undefined) return naturalLogarithm(b, { k, f: rough });
    const { high: f, low: rest } = fastTwoSum(b, rough, b.mul(error, scale));
    return naturalLogarithm(b, { k, f }, rest);
  };
  const [result] = b.rare<readonly [F]>(
    isUnusual(b, sum, bitsOfLargeSum),
    () => [logarithmOfAny(b, sum, (split) => naturalLogarithm(b, split))],
    [value()],
  );
  return result;
}
