/**
 * erf and its relatives in float64. The Chebyshev series were computed with mpmath at 50 digits from the functions
 * themselves and cut where terms fall below 1e-18 of the largest.
 */
import { chebyshev } from "./chebyshev.ts";

/** erf(x) / x in 2 x^2 - 1, for |x| <= 1. */
export const erfSeries = [
  0.9754769393826541, -0.14226120510371365, 0.010035582187599796, -0.0005768764699767485, 2.741993125219606e-5,
  -1.1043175507344507e-6, 3.8488755420345036e-8, -1.1808582533875466e-9, 3.2334215826050907e-11, -7.991015947004549e-13,
  1.7990725113961456e-14, -3.718635487818693e-16, 7.103599003714253e-18,
];
/** (1 + 2 x) e^(x^2) erfc(x) for x >= 1/2, in (x - 3) / (x + 3) mapped from [-5/7, 1]. */
export const erfcSeries = [
  1.2131177209271748, -0.07225473646563542, -0.02632189276459184, 0.019186588533428105, -0.006682350310928109,
  0.0015522847050575515, -0.00023571658348154882, 1.5690562205135226e-5, 2.153875719667181e-6, -6.012574627859283e-7,
  1.3854950323746626e-8, 1.3575814484993745e-8, -1.3070972098097831e-9, -3.06373327557849e-10, 5.062873791614194e-11,
  8.050230187118965e-12, -1.74987484220058e-12, -2.6365750400882025e-13, 5.909950702659242e-14, 1.0548914766564293e-14,
  -1.9235530211488676e-15, -4.764157943707682e-16, 5.502036001020429e-17, 2.2407847347890268e-17,
];

/** e^(-x^2): the leading bits of x are squared exactly, since an error in x^2 would be an error in the result. */
function expOfMinusSquare(x: number): number {
  const head = Math.fround(x);
  return Math.exp(-head * head) * Math.exp(-(x - head) * (x + head));
}

/** e^(x^2) erfc(x) for x >= 1/2. */
function scaledErfc(x: number): number {
  if (x === Infinity) return 0;
  const t = ((x - 3) / (x + 3) + 5 / 7) * (7 / 6) - 1;
  return chebyshev(erfcSeries, t) / (1 + 2 * x);
}

/** The error function; relative error 5e-16. */
export function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude <= 1) return x * chebyshev(erfSeries, 2 * x * x - 1);
  const value = magnitude > 6 ? 1 : 1 - expOfMinusSquare(magnitude) * scaledErfc(magnitude);
  return Number.isNaN(x) ? NaN : Math.sign(x) * value;
}

/** 1 - erf(x), without cancellation; relative error 2e-15 where the result is normal. */
export function erfc(x: number): number {
  if (x < 0.5) return x < -6 ? 2 : 1 - erf(x);
  if (Number.isNaN(x)) return NaN;
  return x > 28 ? 0 : expOfMinusSquare(x) * scaledErfc(x);
}

/** A start for `invertErf`: Winitzki's formula, and the asymptotic one for tiny complements, where that fails. */
function roughInverse(complement: number): number {
  if (complement < 1e-4) {
    const logarithm = -Math.log(complement);
    return Math.sqrt(logarithm - Math.log(Math.PI * logarithm) / 2);
  }
  const logarithm = Math.log(complement * (2 - complement));
  const half = 2 / (Math.PI * 0.147) + logarithm / 2;
  return Math.sqrt(Math.sqrt(half * half - logarithm / 0.147) - half);
}

/** The x with erf(x) = y, for a y of at least 0 whose distance from 1 is `complement`. */
function invertErf(y: number, complement: number): number {
  let x = roughInverse(complement);
  // Halley's steps: each cubes the error.
  for (let step = 0; step < 3; step++) {
    const scale = expOfMinusSquare(x);
    const residual = complement < 0.4 ? complement / scale - scaledErfc(x) : (erf(x) - y) / scale;
    const newton = residual * (Math.sqrt(Math.PI) / 2);
    x -= newton / (1 + x * newton);
  }
  return x;
}

/** The inverse of erf: infinite at -1 and 1, NaN beyond; relative error 1e-15. */
export function erfinv(y: number): number {
  const magnitude = Math.abs(y);
  if (!(magnitude <= 1)) return NaN;
  if (magnitude === 1) return y * Infinity;
  if (magnitude < 1e-9) return y * (Math.sqrt(Math.PI) / 2);
  return Math.sign(y) * invertErf(magnitude, 1 - magnitude);
}
