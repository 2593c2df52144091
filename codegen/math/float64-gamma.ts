/**
 * log-gamma, its derivatives and the Hurwitz zeta function in float64. The Chebyshev series were computed with mpmath
 * at 50 digits and cut where terms fall below 1e-18 of the largest.
 */
import { chebyshev } from "./chebyshev.ts";

/** log(gamma(x)) / ((x - 1) (x - 2)) in x - 2, for x in [1, 3]. */
export const lgammaSeries = [
  0.44148902545501423, -0.11119580321752523, 0.01951044826068884, -0.003922461463025264, 0.0008478989895953857,
  -0.00019153855341365593, 4.454470184975607e-5, -1.05728743735943e-5, 2.5474336873408417e-6, -6.208535880776316e-7,
  1.5268677399071546e-7, -3.782637660291326e-8, 9.428100823624284e-9, -2.361999702184645e-9, 5.943541905817546e-10,
  -1.501312977072867e-10, 3.8050196458110534e-11, -9.672485299656325e-12, 2.465348198355661e-12, -6.298868140791711e-13,
  1.6128460030283787e-13, -4.137949206814042e-14, 1.0635701227757898e-14, -2.7382420786652826e-15,
  7.060670507214892e-16, -1.8232177141662118e-16, 4.714169006756272e-17, -1.2204107319639856e-17,
  3.1630451661790255e-18, -8.206746544166728e-19,
];
/** digamma(x) / (x - root) in 2 x - 3, for x in [1, 2]. */
export const digammaSeries = [
  0.983570260441567, -0.2270640863346444, 0.03336889902393011, -0.005320077271596548, 0.0008788656937820505,
  -0.00014773492650606044, 2.5060543468359146e-5, -4.2721034029993324e-6, 7.302769272465923e-7, -1.2502886813559594e-7,
  2.1425009322359472e-8, -3.673295918565179e-9, 6.299717236108931e-10, -1.080593028883266e-10, 1.853735192053638e-11,
  -3.18023536582553e-12, 5.456147570322795e-13, -9.360993131036438e-14, 1.606064636295075e-14, -2.7555431377438815e-15,
  4.727736178601912e-16, -8.11148420346509e-17, 1.391707769474154e-17, -2.3877901082188625e-18,
];
/** The positive zero of digamma, in two parts. */
export const digammaRoot = 1.4616321449683622;
export const digammaRootRest = 9.549995429965697e-17;

export const halfLogOfTwoPi = 0.9189385332046728;
/** B(2k) / (2k (2k - 1)): Stirling's series for log-gamma in odd powers of 1 / x. */
export const stirlingSeries = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400];
/** B(2k) / (2k): the series for digamma in even powers of 1 / x. */
export const digammaTail = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12, -3617 / 8160];

function horner(coefficients: readonly number[], x: number): number {
  return coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);
}

/** sin(pi x), with the multiple of pi removed exactly. */
function sinPi(x: number): number {
  const r = x - 2 * Math.round(x / 2);
  return Math.abs(r) <= 0.25 ? Math.sin(Math.PI * r) : Math.sign(r) * Math.cos(Math.PI * (Math.abs(r) - 0.5));
}

/** log(gamma(x)) less its leading terms, for x >= 10. */
function stirlingCorrection(x: number): number {
  return horner(stirlingSeries, 1 / (x * x)) / x;
}

/** log(gamma(1 + x)) for x in [0, 2], accurate near the zeros at 0 and 1. */
function lgamma1p(x: number): number {
  return x * (x - 1) * chebyshev(lgammaSeries, x - 1);
}

/** log |gamma(x)|: infinite at 0, -1, -2, ...; relative error 1e-15 for x > 0, absolute for x < 0. */
export function lgamma(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (!Number.isFinite(x)) return Infinity;
  if (x <= 0) {
    if (Number.isInteger(x)) return Infinity;
    if (x > -1e-20) return -Math.log(-x);
    return Math.log(Math.PI / Math.abs(x * sinPi(x))) - lgamma(-x);
  }
  if (x < 1) return x < 1e-20 ? -Math.log(x) : lgamma1p(x) - Math.log(x);
  if (x <= 3) return (x - 1) * (x - 2) * chebyshev(lgammaSeries, x - 2);
  if (x < 10) {
    let product = 1;
    let reduced = x;
    while (reduced > 3) product *= --reduced;
    return Math.log(product) + lgamma(reduced);
  }
  // (x - 1/2) log x - x, grouped so that nothing cancels.
  return (x - 0.5) * (Math.log(x) - 1) + (halfLogOfTwoPi - 0.5 + stirlingCorrection(x));
}

/** The derivative of log-gamma. As PyTorch has it: -inf at 0, inf at -0, NaN at the negative integers. */
export function digamma(x: number): number {
  if (x === 0) return Object.is(x, -0) ? Infinity : -Infinity;
  if (x < 0) {
    if (Number.isInteger(x) || x === -Infinity) return NaN;
    const fraction = x - Math.round(x);
    return digamma(1 - x) - Math.PI / Math.tan(Math.PI * fraction);
  }
  if (x < 1) return digamma(1 + x) - 1 / x;
  if (x <= 2) return (x - digammaRoot - digammaRootRest) * chebyshev(digammaSeries, 2 * x - 3);
  let shifted = x;
  let sum = 0;
  while (shifted < 10) sum += 1 / shifted++;
  const square = 1 / (shifted * shifted);
  return Math.log(shifted) - 0.5 / shifted - square * horner(digammaTail, square) - sum;
}
