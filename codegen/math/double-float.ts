/**
 * Numbers of about 48 bits as unevaluated sums of two float32 values. Products are made exact by cutting a factor
 * to 12 bits, never by a fused multiply-add, so results are the same whether `madd` is fused or not.
 */
import type { MathBuilder } from "./builder.ts";

export interface DoubleFloat<F> {
  readonly high: F;
  readonly low: F;
}

/** The leading 12 bits of a float: the product of two such values is exact. */
export function leadingBits<F, I, M>(b: MathBuilder<F, I, M>, a: F): F {
  return b.bitcastToFloat(b.iand(b.bitcastToInt(a), b.i32(~0xfff)));
}

/** a + b, exactly. */
export function twoSum<F, I, M>(b: MathBuilder<F, I, M>, left: F, right: F): DoubleFloat<F> {
  const high = b.add(left, right);
  const rightPart = b.sub(high, left);
  const leftPart = b.sub(high, rightPart);
  return { high, low: b.add(b.sub(left, leftPart), b.sub(right, rightPart)) };
}

/** a + b, exactly, when |left| >= |right| or left is 0. */
export function fastTwoSum<F, I, M>(b: MathBuilder<F, I, M>, left: F, right: F): DoubleFloat<F> {
  const high = b.add(left, right);
  return { high, low: b.sub(right, b.sub(high, left)) };
}

/** a * b, exactly while neither overflow nor a subnormal occurs. */
export function twoProduct<F, I, M>(b: MathBuilder<F, I, M>, left: F, right: F): DoubleFloat<F> {
  const high = b.mul(left, right);
  const leftHigh = leadingBits(b, left);
  const leftLow = b.sub(left, leftHigh);
  const rightHigh = leadingBits(b, right);
  const rightLow = b.sub(right, rightHigh);
  // Each product below is exact, so a fused operation changes nothing.
  const first = b.sub(b.mul(leftHigh, rightHigh), high);
  const second = b.madd(leftLow, rightHigh, b.madd(leftHigh, rightLow, first));
  return { high, low: b.madd(leftLow, rightLow, second) };
}
