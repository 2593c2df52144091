/**
 * The vocabulary in which float32 functions are expanded into basic arithmetic.
 *
 * An expansion (`exp`, `sin`, ...) is a generic function over a `MathBuilder`, so one text serves WebAssembly
 * scalars, WebAssembly SIMD, WGSL and JavaScript: `F` is the back end's float32 value (or vector), `I` its int32
 * value, `M` its truth value (or lane mask). A builder does float32 arithmetic, every operation rounded to
 * nearest-even; a back end whose numbers are wider rounds after each one (`Math.fround`).
 *
 * What expansions rely on, and therefore what a builder must keep:
 * - No reassociation, and subnormals are not flushed. Where a back end does either (WGSL may), accuracy is lost and
 *   nothing else: results at the ends of the range, and `pow`, `tan`, `erfc` and large angles, get worse.
 * - A comparison with NaN is false. Where a compiler may assume that there is no NaN (WGSL), a NaN argument may give a
 *   number; NaN results of ordinary arguments (the logarithm of -1) do not depend on it.
 * - `madd` may round once or twice, differently at each call; every stated error bound holds for both.
 * - Values are pure: a builder may share equal expressions, drop unused ones and hoist constants.
 */
export interface MathBuilder<F, I, M> {
  /** A constant, already a float32. Infinity and NaN occur: WGSL must make them from bits at run time. */
  f32(value: number): F;
  /** A constant in the signed range. */
  i32(value: number): I;

  add(a: F, b: F): F;
  sub(a: F, b: F): F;
  mul(a: F, b: F): F;
  div(a: F, b: F): F;
  /** `a * b + c`, fused or not. */
  madd(a: F, b: F, c: F): F;
  sqrt(a: F): F;
  abs(a: F): F;
  neg(a: F): F;
  /** Toward minus infinity. */
  floor(a: F): F;
  /** `b < a ? b : a` (pmin): a NaN in `a` passes through, so expansions clamp as `min(x, bound)`. */
  min(a: F, b: F): F;
  /** `a < b ? b : a` (pmax): a NaN in `a` passes through. */
  max(a: F, b: F): F;
  /**
   * Rounds `a * scale` to an integer n: to the nearest, but ties and products within rounding error of a tie may go
   * either way. `whole` is n; `biased` agrees with n + bias in its low 22 bits, the others are unspecified.
   * Holds while |a * scale| + |bias| < 2^21; beyond that (and for NaN) any values will do, but it must not trap.
   */
  roundScaled(a: F, scale: number, bias: number): RoundedInteger<F, I>;

  lt(a: F, b: F): M;
  eq(a: F, b: F): M;
  and(a: M, b: M): M;
  or(a: M, b: M): M;
  not(a: M): M;
  select(mask: M, whenTrue: F, whenFalse: F): F;

  /** The IEEE bits of a float32. */
  bitcastToInt(a: F): I;
  bitcastToFloat(a: I): F;
  /** The nearest float32 of a signed integer. */
  toFloat(a: I): F;
  iadd(a: I, b: I): I;
  isub(a: I, b: I): I;
  iand(a: I, b: I): I;
  ior(a: I, b: I): I;
  ixor(a: I, b: I): I;
  ishl(a: I, count: number): I;
  /** Arithmetic. */
  ishr(a: I, count: number): I;
  /** Signed. */
  ilt(a: I, b: I): M;
  ieq(a: I, b: I): M;
  iselect(mask: M, whenTrue: I, whenFalse: I): I;

  /**
   * `slow()` where `mask` holds, `fast` elsewhere, value by value. The mask is seldom true, so a back end with
   * branches should skip `slow` when no lane needs it. `slow` may use values made before the call; nothing made
   * inside it may be shared with code outside. Without branches: call `slow` and select.
   */
  rare<Values extends readonly (F | I)[]>(mask: M, slow: () => Values, fast: Values): Values;
}

export interface RoundedInteger<F, I> {
  readonly whole: F;
  readonly biased: I;
}

/** A float32 function of one argument, written in basic arithmetic. */
export type UnaryExpansion = <F, I, M>(b: MathBuilder<F, I, M>, x: F) => F;
/** A float32 function of two arguments, written in basic arithmetic. */
export type BinaryExpansion = <F, I, M>(b: MathBuilder<F, I, M>, x: F, y: F) => F;

/** 1.5 * 2^23: adding it leaves the rounded integer in the low bits of the mantissa. */
const roundingMagic = 12582912;

/**
 * `roundScaled` in three operations, for back ends that neither reassociate nor widen float arithmetic
 * (WebAssembly and JavaScript; in WGSL use `round`, since drivers simplify `(x + c) - c`).
 */
export function roundScaledByMagic<F, I, M>(
  b: Pick<MathBuilder<F, I, M>, "f32" | "madd" | "sub" | "bitcastToInt">,
  a: F,
  scale: number,
  bias: number,
): RoundedInteger<F, I> {
  const magic = b.f32(roundingMagic + bias);
  const shifted = b.madd(a, b.f32(scale), magic);
  return { whole: b.sub(shifted, magic), biased: b.bitcastToInt(shifted) };
}
