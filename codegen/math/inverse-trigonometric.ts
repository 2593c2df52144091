/** asin, acos, atan and atan2. */
import type { MathBuilder } from "./builder.ts";
import { fastTwoSum } from "./double-float.ts";
import { polynomial } from "./polynomial.ts";
import { isNaNByBits, negateWhere, oddExtension } from "./sign.ts";

/** pi/2 and pi as float32 and what that leaves. */
const halfPi = { high: 1.5707963705062866, low: -4.371139000186243e-8 };
const pi = { high: 2 * halfPi.high, low: 2 * halfPi.low };

/** (asin s - s) / s^3 in s^2 for s <= 1/2; the error relative to asin s is 2^-27.6. */
const asinTail = [0.16666752, 0.074953064, 0.045469772, 0.02418077, 0.04216643];
/** (atan t - t) / t^3 in t^2 for t <= 1; error 2^-27.6 of atan t (the last term is nudged so that atan 1 rounds well). */
const atanTail = [
  -0.333333, 0.1999853, -0.14264016, 0.10950881, -0.08399314, 0.05788165, -0.0310974, 0.010868988, -0.0017828985,
];

/** asin of |x| as `angle + correction`, where past 1/2 the angle is that of asin's complement: pi/2 - 2 asin(s). */
function asinParts<F, I, M>(
  b: MathBuilder<F, I, M>,
  magnitude: F,
): { readonly isLarge: M; readonly angle: F; readonly correction: F } {
  const isLarge = b.lt(b.f32(0.5), magnitude);
  const halfComplement = b.madd(magnitude, b.f32(-0.5), b.f32(0.5)); // exact where it is used; NaN in sqrt past 1
  const square = b.select(isLarge, halfComplement, b.mul(magnitude, magnitude));
  const root = b.sqrt(halfComplement);
  const angle = b.select(isLarge, b.add(root, root), magnitude);
  return { isLarge, angle, correction: b.mul(b.mul(angle, square), polynomial(b, square, asinTail)) };
}

/** asin x; 1.3 ulp. */
export function asin<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  return oddExtension(b, x, (magnitude) => {
    const { isLarge, angle, correction } = asinParts(b, magnitude);
    const complement = fastTwoSum(b, b.f32(halfPi.high), b.neg(angle));
    const rest = b.sub(b.add(complement.low, b.f32(halfPi.low)), correction);
    return b.select(isLarge, b.add(complement.high, rest), b.add(angle, correction));
  });
}

/** acos x; 1.3 ulp. */
export function acos<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  const { isLarge, angle, correction } = asinParts(b, b.abs(x));
  // pi/2 - asin x in the middle, 2 asin s at the right end, pi - 2 asin s at the left one.
  const isNegative = b.lt(x, b.f32(0));
  const atEnd = (left: number): F => b.select(isNegative, b.f32(left), b.f32(0));
  const baseHigh = b.select(isLarge, atEnd(pi.high), b.f32(halfPi.high));
  const baseLow = b.select(isLarge, atEnd(pi.low), b.f32(halfPi.low));
  const isAdded = b.select(isLarge, b.neg(x), x);
  const bits = b.bitcastToInt(isAdded);
  const signedAngle = negateWhere(b, angle, bits);
  const signedCorrection = negateWhere(b, correction, bits);
  return b.sub(b.sub(baseHigh, signedAngle), b.sub(signedCorrection, baseLow));
}

/** base + atan(ratio) or base - atan(ratio), for a ratio in [0, 1]. */
function addArctangent<F, I, M>(b: MathBuilder<F, I, M>, base: { high: F; low: F }, ratio: F, signBits: I): F {
  const square = b.mul(ratio, ratio);
  const signed = negateWhere(b, ratio, signBits);
  const correction = b.madd(b.mul(signed, square), polynomial(b, square, atanTail), base.low);
  return b.add(b.add(base.high, signed), correction);
}

/** atan x; 1.4 ulp. */
export function atan<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  const one = b.f32(1);
  return oddExtension(b, x, (magnitude) => {
    const isLarge = b.lt(one, magnitude);
    const ratio = b.div(b.min(magnitude, one), b.max(magnitude, one));
    const base = {
      high: b.select(isLarge, b.f32(halfPi.high), b.f32(0)),
      low: b.select(isLarge, b.f32(halfPi.low), b.f32(0)),
    };
    return addArctangent(b, base, ratio, b.iselect(isLarge, b.i32(1 << 31), b.i32(0)));
  });
}

/** The angle of the point (x, y), as C has it for zeros and infinities; 1.7 ulp. */
export function atan2<F, I, M>(b: MathBuilder<F, I, M>, y: F, x: F): F {
  const width = b.abs(x);
  const height = b.abs(y);
  const isSteep = b.lt(width, height);
  const smaller = b.min(width, height);
  const larger = b.max(width, height);
  // 0 / 0 counts as 0 and infinity / infinity as 1.
  const atOrigin = b.select(b.eq(larger, b.f32(0)), b.f32(0), b.div(smaller, larger));
  const ratio = b.select(b.eq(smaller, b.f32(Infinity)), b.f32(1), atOrigin);
  const xBits = b.bitcastToInt(x);
  const isLeft = b.ilt(xBits, b.i32(0));
  const baseOf = (steep: number, left: number): F =>
    b.select(isSteep, b.f32(steep), b.select(isLeft, b.f32(left), b.f32(0)));
  const base = { high: baseOf(halfPi.high, pi.high), low: baseOf(halfPi.low, pi.low) };
  const signBits = b.ixor(xBits, b.iselect(isSteep, b.i32(1 << 31), b.i32(0)));
  const angle = negateWhere(b, addArctangent(b, base, ratio, signBits), b.bitcastToInt(y));
  return b.select(b.or(isNaNByBits(b, x), isNaNByBits(b, y)), b.f32(NaN), angle);
}
