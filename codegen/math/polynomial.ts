import type { MathBuilder } from "./builder.ts";

/** Horner's rule, coefficients from the constant term up. Sums with mixed signs of zero may give either zero. */
export function polynomial<F, I, M>(b: MathBuilder<F, I, M>, x: F, coefficients: readonly number[]): F {
  const [highest = 0, ...rest] = coefficients.toReversed();
  return rest.reduce((sum, coefficient) => b.madd(sum, x, b.f32(coefficient)), b.f32(highest));
}

/** The same in pairs of terms, of which the processor computes several at a time; `square` is x². */
export function pairedPolynomial<F, I, M>(
  b: MathBuilder<F, I, M>,
  x: F,
  square: F,
  coefficients: readonly number[],
): F {
  const pairs: F[] = [];
  for (let i = 0; i < coefficients.length; i += 2) {
    const [even, odd] = coefficients.slice(i, i + 2) as [number, number?];
    pairs.push(odd === undefined ? b.f32(even) : b.madd(x, b.f32(odd), b.f32(even)));
  }
  return pairs.reduceRight((sum, pair) => b.madd(square, sum, pair));
}
