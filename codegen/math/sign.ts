/** Work on the sign bit. */
import type { MathBuilder } from "./builder.ts";

/** `value`, negated where `bits` are those of a negative float (-0 and negative NaN included). */
export function negateWhere<F, I, M>(b: MathBuilder<F, I, M>, value: F, bits: I): F {
  return b.bitcastToFloat(b.ixor(b.bitcastToInt(value), b.iand(bits, b.i32(1 << 31))));
}

/** Evaluates an odd function from its value at |x|; this keeps the sign of zero. */
export function oddExtension<F, I, M>(b: MathBuilder<F, I, M>, x: F, valueAtMagnitude: (magnitude: F) => F): F {
  return negateWhere(b, valueAtMagnitude(b.abs(x)), b.bitcastToInt(x));
}

/** Whether a float is NaN, told from its bits. */
export function isNaNByBits<F, I, M>(b: MathBuilder<F, I, M>, x: F): M {
  return b.ilt(b.i32(0x7f800000), b.iand(b.bitcastToInt(x), b.i32(0x7fffffff)));
}
