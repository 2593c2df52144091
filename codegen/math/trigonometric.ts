/** sin, cos and tan: x = k pi/2 + r with |r| <= pi/4, a polynomial in r^2, and the quadrant k mod 4. */
import type { MathBuilder } from "./builder.ts";
import { fastTwoSum, leadingBits, twoSum } from "./double-float.ts";
import { polynomial } from "./polynomial.ts";
import { negateWhere } from "./sign.ts";

/**
 * pi/2 in four parts. The first has 12 bits and the second ends at 2^-24, so for a k of up to 11 bits subtracting
 * their multiples is exact; the third has 13 bits, so its product is, and only that subtraction really rounds.
 */
const exactHalfPiParts = [1.57080078125, -4.470348358154297e-6] as const;
const thirdHalfPiPart = 1.5894329408183694e-8;
const fourthHalfPiPart = -1.0746346554971943e-12;
/** The largest x whose k still has 11 bits; past it `reduceLargeAngle` takes over. */
const largestSmallAngle = 3200;

/** (sin r - r) / r^3 in r^2; the error relative to sin r is 2^-27.9. */
const sinTail = [-0.16666655, 0.008332187, -0.00019517886];
/** cos r in r^2; the error relative to cos r is 2^-33. */
const cosSeries = [1, -0.5, 0.041666646, -0.001388731, 0.000024432327];
/** (tan r - r) / r^3 in r^2; the error relative to tan r is 2^-29.5. */
const tanTail = [0.3333335, 0.13332671, 0.05405971, 0.021281071, 0.010842753, 0.0000768048, 0.0043841186];

interface ReducedAngle<F, I> {
  /** The angle less a multiple of pi/2. */
  readonly r: F;
  /** That multiple; only its last two bits are meaningful. */
  readonly quadrant: I;
  /** What rounding took from r. */
  readonly roundingOfR: () => F;
}

/** sin x; 1.7 ulp for every finite x. */
export function sin<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  // From |x| and with the sign put back, since reducing -0 would lose its sign.
  const { r, quadrant } = reduceAngle(b, b.abs(x));
  return negateWhere(b, sinOfQuadrant(b, r, quadrant), b.bitcastToInt(x));
}

/** cos x; 1.6 ulp for every finite x. */
export function cos<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  const { r, quadrant } = reduceAngle(b, b.abs(x));
  return sinOfQuadrant(b, r, b.iadd(quadrant, b.i32(1)));
}

/** tan x; 2 ulp for every finite x. */
export function tan<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  const { r, quadrant, roundingOfR } = reduceAngle(b, b.abs(x));
  const square = b.mul(r, r);
  // The derivative of tan reaches 2, which would double the rounding of r.
  const correction = roundingOfR();
  const tail = b.madd(b.mul(r, square), polynomial(b, square, tanTail), b.madd(correction, square, correction));
  const tangent = b.add(r, tail);
  // In odd quadrants -1 / (r + tail), the quotient corrected for its own rounding and for that of r + tail.
  const head = leadingBits(b, tangent);
  const rest = b.sub(tail, b.sub(head, r));
  const quotient = b.div(b.f32(-1), tangent);
  const quotientHead = leadingBits(b, quotient);
  const residual = b.madd(quotientHead, rest, b.madd(quotientHead, head, b.f32(1)));
  const cotangent = b.madd(quotient, residual, quotientHead);
  return negateWhere(b, b.select(isOdd(b, quadrant), cotangent, tangent), b.bitcastToInt(x));
}

function isOdd<F, I, M>(b: MathBuilder<F, I, M>, value: I): M {
  return b.ilt(b.ishl(value, 31), b.i32(0));
}

/** sin(r + quadrant pi/2). */
function sinOfQuadrant<F, I, M>(b: MathBuilder<F, I, M>, r: F, quadrant: I): F {
  const square = b.mul(r, r);
  const sine = b.madd(b.mul(r, square), polynomial(b, square, sinTail), r);
  const cosine = polynomial(b, square, cosSeries);
  return negateWhere(b, b.select(isOdd(b, quadrant), cosine, sine), b.ishl(quadrant, 30));
}

/** Reduces an x >= 0; infinity gives NaN. */
function reduceAngle<F, I, M>(b: MathBuilder<F, I, M>, x: F): ReducedAngle<F, I> {
  const { whole, biased } = b.roundScaled(x, 2 / Math.PI, 0);
  const lessMultiple = (rest: F, part: number): F => b.madd(whole, b.f32(-part), rest);
  const exactPart = exactHalfPiParts.reduce(lessMultiple, x);
  const nearlyExact = lessMultiple(exactPart, thirdHalfPiPart);
  const small = lessMultiple(nearlyExact, fourthHalfPiPart);
  const isLarge = b.lt(b.f32(largestSmallAngle), x);
  const [r, quadrant] = b.rare<readonly [F, I]>(isLarge, () => {
    const reduced = reduceLargeAngle(b, x);
    return [reduced.r, reduced.quadrant];
  }, [small, biased]);
  const roundingOfR = (): F => {
    const inThird = lessMultiple(b.sub(exactPart, nearlyExact), thirdHalfPiPart);
    const inFourth = lessMultiple(b.sub(nearlyExact, small), fourthHalfPiPart);
    return b.select(isLarge, b.f32(0), b.add(inThird, inFourth));
  };
  return { r, quadrant, roundingOfR };
}

/**
 * 2 / pi = sum of digit[i] 2^(-12 (i - 1)), with |digit| <= 2^11; a zero first, so that a window of eight digits can
 * start one place before the point. (Made with mpmath, by rounding what remains to 12 bits at a time.)
 */
const twoOverPiDigits = [
  0, 1, -1488, -1661, 1765, -444, 339, -1540, 629, 2002, -173, 1246, -1010, -1181, -1702, -1732, 1081, 66, -27,
];

/**
 * The reduction of Payne and Hanek for x >= 2^12, exact to about 2^-57: of the product x (2 / pi) only the digits
 * that matter modulo 4 are formed. x is two 12-bit halves, so each column of the product is exact.
 */
function reduceLargeAngle<F, I, M>(b: MathBuilder<F, I, M>, x: F): Omit<ReducedAngle<F, I>, "roundingOfR"> {
  const bits = b.bitcastToInt(x);
  // Drop the digits that contribute multiples of 4: floor((exponent - 1) / 12) of them, found bit by bit.
  let exponent = b.isub(b.ishr(bits, 23), b.i32(127 + 1));
  let digits = twoOverPiDigits.map((digit) => b.f32(digit));
  for (const step of [8, 4, 2, 1]) {
    const stays = b.ilt(exponent, b.i32(12 * step));
    exponent = b.iselect(stays, exponent, b.isub(exponent, b.i32(12 * step)));
    const wider = digits;
    digits = wider.slice(0, 7 + step).map((digit, index) => b.select(stays, digit, wider[index + step] ?? digit));
  }
  // The same mantissa with the exponent that is left, 13 to 24.
  const scaled = b.bitcastToFloat(b.ior(b.iand(bits, b.i32(0x7fffff)), b.ishl(b.iadd(exponent, b.i32(13 + 127)), 23)));
  const high = leadingBits(b, scaled);
  const low = b.sub(scaled, high);
  const highShifted = b.mul(high, b.f32(2 ** -12));
  const column = (index: number): F =>
    b.mul(b.madd(low, digits[index]!, b.mul(highShifted, digits[index + 1]!)), b.f32(2 ** (-12 * index)));

  const modulo4 = (value: F): F => b.madd(b.floor(b.mul(value, b.f32(0.25))), b.f32(-4), value);
  const first = modulo4(column(0));
  const second = modulo4(column(1));
  const third = column(2);
  const firstWhole = b.roundScaled(first, 1, 0).whole;
  const secondWhole = b.roundScaled(second, 1, 0).whole;
  const fraction = b.add(b.sub(first, firstWhole), b.sub(second, secondWhole));
  const thirdWhole = b.roundScaled(b.add(fraction, third), 1, 0).whole;
  const whole = b.add(b.add(firstWhole, secondWhole), thirdWhole);

  // The rest lies within 1/2 of a quadrant and may be as small as 2^-30, so the sum must keep every bit.
  const sum2 = twoSum(b, b.sub(fraction, thirdWhole), third);
  const sum3 = twoSum(b, sum2.high, column(3));
  const sum4 = twoSum(b, sum3.high, column(4));
  const lows = b.add(b.add(sum2.low, sum3.low), b.add(sum4.low, b.add(column(5), column(6))));
  const turn = fastTwoSum(b, sum4.high, lows);
  const turnHead = leadingBits(b, turn.high);
  const turnRest = b.add(b.sub(turn.high, turnHead), turn.low);
  const [halfPiHead] = exactHalfPiParts;
  const products = b.madd(turnHead, b.f32(Math.PI / 2 - halfPiHead), b.mul(turnRest, b.f32(Math.PI / 2)));
  const r = b.madd(turnHead, b.f32(halfPiHead), products);
  const nanIfInfinite = b.sub(x, x);
  return { r: b.add(r, nanIfInfinite), quadrant: b.roundScaled(whole, 1, 0).biased };
}
