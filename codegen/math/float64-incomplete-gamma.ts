/** The regularised incomplete gamma functions in float64. */
import { erfc } from "./float64-error-function.ts";
import { lgamma, lgamma1p, stirlingCorrection } from "./float64-gamma.ts";

/**
 * Temme's uniform expansion: row k holds the Taylor coefficients of C_k(eta), for |eta| <= 0.36 and a >= 200 to 1e-18.
 * Computed with mpmath from d[k][n] = gamma[k] d[0][n] + (n + 2) d[k - 1][n + 2], where d[0] is the series of
 * 1 / (lambda - 1) - 1 / eta and gamma[k] are the coefficients of 1 / (scaled gamma function).
 */
const temmeRows: readonly (readonly number[])[] = [
  [
    -0.3333333333333333, 0.08333333333333333, -0.014814814814814815, 0.0011574074074074073, 0.0003527336860670194,
    -0.0001787551440329218, 3.919263178522438e-5, -2.185448510679992e-6, -1.85406221071516e-6, 8.296711340953087e-7,
    -1.7665952736826078e-7, 6.707853543401498e-9, 1.0261809784240309e-8, -4.382036018453353e-9, 9.14769958223679e-10,
    -2.5514193994946248e-11, -5.830772132550426e-11,
  ],
  [
    -0.001851851851851852, -0.003472222222222222, 0.0026455026455026454, -0.0009902263374485596, 0.00020576131687242798,
    -4.018775720164609e-7, -1.8098550334489977e-5, 7.64916091608111e-6, -1.6120900894563446e-6, 4.647127802807434e-9,
    1.378633446915721e-7, -5.752545603517705e-8, 1.1951628599778148e-8, -1.7543241719747647e-11, -1.0091543710600413e-9,
  ],
  [
    0.004133597883597883, -0.0026813271604938273, 0.0007716049382716049, 2.0093878600823047e-6, -0.0001073665322636516,
    5.2923448829120125e-5, -1.2760635188618728e-5, 3.423578734096138e-8, 1.3721957309062934e-6, -6.298992138380055e-7,
    1.4280614206064242e-7, -2.0477098421990866e-10, -1.409252991086752e-8,
  ],
  [
    0.0006494341563786008, 0.00022947209362139917, -0.0004691894943952557, 0.00026772063206283885,
    -7.561801671883977e-5, -2.396505113867297e-7, 1.1082654115347302e-5, -5.6749528269915965e-6, 1.4230900732435883e-6,
  ],
  [
    -0.0008618882909167117, 0.0007840392217200666, -0.0002990724803031902, -1.4638452578843418e-6, 6.641498215465122e-5,
    -3.968365047179435e-5, 1.1375726970678419e-5,
  ],
  [
    -0.00033679855336635813, -6.972813758365857e-5, 0.0002772753244959392, -0.00019932570516188847,
    6.797780477937208e-5,
  ],
  [0.0005313079364639922, -0.0005921664373536939],
];

/** d - log(1 + d), without cancellation near 0. */
function excessOverLog1p(d: number): number {
  if (Math.abs(d) > 0.5) return d - Math.log1p(d);
  // With s = d / (2 + d), log(1 + d) = 2 atanh(s) and d - 2 s = s d.
  const s = d / (2 + d);
  const square = s * s;
  let power = s * square;
  let sum = 0;
  for (let odd = 3; Math.abs(power) > 1e-19 * Math.abs(sum); odd += 2) {
    sum += power / odd;
    power *= square;
  }
  return s * d - 2 * sum;
}

/** x^a e^-x / gamma(a + 1). */
function leadingFactor(a: number, x: number): number {
  if (a < 10) {
    // gamma(a + 1) directly where it is small: the logarithm would lose digits.
    if (a <= 2) return Math.exp(a * Math.log(x) - x - lgamma1p(a));
    return Math.exp(a * Math.log(x) - x - lgamma(a + 1));
  }
  const distance = (x - a) / a;
  return Math.exp(-a * excessOverLog1p(distance) - stirlingCorrection(a)) / Math.sqrt(2 * Math.PI * a);
}

/** P by its power series; for x < a + 1 or so. */
function lowerBySeries(a: number, x: number): number {
  const factor = leadingFactor(a, x);
  if (factor === 0) return 0;
  let term = 1;
  let sum = 1;
  for (let denominator = a + 1; term > sum * 1e-17; denominator++) {
    term *= x / denominator;
    sum += term;
  }
  return factor * sum;
}

/** Q by its continued fraction (Lentz's method); for x > a and x > 1. */
function upperByFraction(a: number, x: number): number {
  const factor = leadingFactor(a, x) * a;
  if (factor === 0) return 0;
  let denominator = x + 1 - a;
  let c = Infinity;
  let d = 1 / denominator;
  let fraction = d;
  for (let index = 1; index < 1e6; index++) {
    const numerator = index * (a - index);
    denominator += 2;
    d = 1 / (numerator * d + denominator);
    c = denominator + numerator / c;
    const ratio = c * d;
    fraction *= ratio;
    if (Math.abs(ratio - 1) < 2e-16) break;
  }
  return factor * fraction;
}

/** Q for small x and a below about 1, where 1 - P would cancel. */
function upperBySeries(a: number, x: number): number {
  let term = 1;
  let sum = 0;
  for (let index = 1; Math.abs(term) > 1e-18 * Math.abs(sum); index++) {
    term *= -x / index;
    sum += (a * term) / (a + index);
  }
  const exponent = a * Math.log(x) - lgamma1p(a);
  return -Math.expm1(exponent) - Math.exp(exponent) * sum;
}

/** P (`side` -1) or Q (`side` 1) for a large a and x near it. */
function byTemme(a: number, x: number, side: 1 | -1): number {
  const distance = (x - a) / a;
  const halfEtaSquare = excessOverLog1p(distance);
  const eta = Math.sign(distance) * Math.sqrt(2 * halfEtaSquare);
  let sum = 0;
  for (const row of temmeRows.toReversed()) sum = sum / a + row.reduceRight((total, entry) => total * eta + entry, 0);
  const remainder = (Math.exp(-a * halfEtaSquare) / Math.sqrt(2 * Math.PI * a)) * sum;
  return erfc(side * eta * Math.sqrt(a / 2)) / 2 + side * remainder;
}

/** Whichever of P and Q can be had directly; the other is 1 less it. */
function direct(a: number, x: number): { readonly value: number; readonly isUpper: boolean } {
  if (x > 1.1)
    return x < a ? { value: lowerBySeries(a, x), isUpper: false } : { value: upperByFraction(a, x), isUpper: true };
  // For small x, P is about x^a / gamma(a + 1): take Q directly where P exceeds a half.
  const lowerIsSmall = x <= 0.5 ? -0.4 / Math.log(x) < a : 1.1 * x < a;
  return lowerIsSmall ? { value: lowerBySeries(a, x), isUpper: false } : { value: upperBySeries(a, x), isUpper: true };
}

function incomplete(a: number, x: number, side: 1 | -1): number {
  const whole = side === 1 ? 1 : 0; // the value at x = 0
  if (!(a >= 0 && x >= 0)) return NaN;
  if (a === 0) return x > 0 ? 1 - whole : NaN;
  if (x === 0) return whole;
  if (a === Infinity) return x === Infinity ? NaN : whole;
  if (x === Infinity) return 1 - whole;
  if (a > 200 && Math.abs(x - a) < a * Math.min(0.3, 4.5 / Math.sqrt(a))) return byTemme(a, x, side);
  const { value, isUpper } = direct(a, x);
  return isUpper === (side === 1) ? value : 1 - value;
}

/** P(a, x), the regularised lower incomplete gamma function. */
export function igamma(a: number, x: number): number {
  return incomplete(a, x, -1);
}

/** Q(a, x) = 1 - P(a, x), without cancellation. */
export function igammac(a: number, x: number): number {
  return incomplete(a, x, 1);
}
