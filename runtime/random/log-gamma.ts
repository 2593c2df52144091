/**
 * The logarithm of the gamma function for arguments of at least 1, by Stirling's series, and what that series adds to
 * Stirling's formula: enough for the acceptance tests of the rejection samplers.
 */

/** B(2k) / (2k (2k - 1)), the coefficients of x^(1 - 2k). */
const series = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156];
const seriesFrom = 10;
const halfLogTwoPi = Math.log(2 * Math.PI) / 2;

function correction(x: number): number {
  const z = 1 / (x * x);
  let sum = 0;
  for (let i = series.length - 1; i >= 0; i--) sum = sum * z + series[i]!;
  return sum / x;
}

/** log(gamma(x)), x >= 1, to about 1e-15. */
export function logGamma(x: number): number {
  let shifted = x;
  let product = 1;
  while (shifted < seriesFrom) product *= shifted++;
  return (shifted - 0.5) * Math.log(shifted) - shifted + halfLogTwoPi + correction(shifted) - Math.log(product);
}

/** log(k!) for the small k, less Stirling's formula at k + 1: exact values where three terms of the series are not enough. */
const smallTails = Array.from({ length: 10 }, (_, k) => {
  const x = k + 1;
  return logGamma(x) - ((x - 0.5) * Math.log(x) - x + halfLogTwoPi);
});

/** log(k!) - [(k + 1/2) log(k + 1) - (k + 1) + log(2 pi) / 2], for whole k >= 0. */
export function stirlingTail(k: number): number {
  const small = smallTails[k];
  if (small !== undefined) return small;
  const x = k + 1;
  const square = x * x;
  return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / x;
}
