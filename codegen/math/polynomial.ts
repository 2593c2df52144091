import type { MathBuilder } from "./builder.ts";

/** Horner's rule, coefficients from the constant term up. Sums with mixed signs of zero may give either zero. */
export function polynomial<F, I, M>(b: MathBuilder<F, I, M>, x: F, coefficients: readonly number[]): F {
  const [highest = 0, ...rest] = coefficients.toReversed();
  return rest.reduce((sum, coefficient) => b.madd(sum, x, b.f32(coefficient)), b.f32(highest));
}
