/** tanh, sinh, cosh and their inverses: polynomials near 0, exponentials and logarithms beyond. */
import type { MathBuilder } from "./builder.ts";
import { twoProduct, twoSum, type DoubleFloat } from "./double-float.ts";
import { expInRange, splitExp } from "./exponential.ts";
import { log1p, log1pOfSum } from "./logarithm.ts";
import { polynomial } from "./polynomial.ts";
import { oddExtension } from "./sign.ts";

/** (tanh x - x) / x^3 in x^2 for x <= 0.9; the error relative to tanh x is 2^-29.8. */
const tanhTail = [-0.33333322, 0.13332981, -0.053929474, 0.021664092, -0.008265454, 0.0025834232, -0.0004557081];
/** (sinh x - x) / x^3 in x^2 for x <= 1; the error relative to sinh x is 2^-31.6. */
const sinhTail = [0.16666667, 0.0083333105, 0.00019842896, 0.0000027822132];
/** (asinh x - x) / x^3 in x^2 for x <= 1/2; the error relative to asinh x is 2^-29.6. */
const asinhTail = [-0.16666643, 0.074986406, -0.04438296, 0.02816108, -0.013223541];
/** (atanh x - x) / x^3 in x^2 for x <= 1/2; the error relative to atanh x is 2^-29.4. */
const atanhTail = [0.33333302, 0.20002453, 0.14223784, 0.1181641, 0.051603124, 0.17638059];

/** x + x^3 tail(x^2). */
function oddPolynomial<F, I, M>(b: MathBuilder<F, I, M>, x: F, tail: readonly number[]): F {
  const square = b.mul(x, x);
  return b.madd(b.mul(square, polynomial(b, square, tail)), x, x);
}

/** tanh x; 1.1 ulp. */
export function tanh<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  return oddExtension(b, x, (magnitude) => {
    const small = oddPolynomial(b, magnitude, tanhTail);
    // 1 - 2 / (e^2x + 1); from 9.1 on that is 1.
    const bounded = b.min(magnitude, b.f32(9.1));
    const { biased, fraction } = splitExp(b, b.add(bounded, bounded), 127);
    const power = b.bitcastToFloat(b.ishl(biased, 23));
    const one = b.f32(1);
    const large = b.add(one, b.div(b.f32(-2), b.madd(fraction, power, b.add(power, one))));
    return b.select(b.lt(magnitude, b.f32(0.9)), small, large);
  });
}

/** e^|x| / 2, which is finite as far as sinh and cosh are. */
function halfExp<F, I, M>(b: MathBuilder<F, I, M>, magnitude: F): F {
  return expInRange(b, b.min(magnitude, b.f32(90)), -1);
}

/** sinh x; 1.6 ulp. */
export function sinh<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  return oddExtension(b, x, (magnitude) => {
    const half = halfExp(b, magnitude);
    const large = b.sub(half, b.div(b.f32(0.25), half));
    return b.select(b.lt(magnitude, b.f32(1)), oddPolynomial(b, magnitude, sinhTail), large);
  });
}

/** cosh x; 1.5 ulp. */
export function cosh<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  const half = halfExp(b, b.abs(x));
  return b.add(half, b.div(b.f32(0.25), half));
}

/** sqrt(high + low) - high's own root is refined by its residual. */
function sqrtOfSum<F, I, M>(b: MathBuilder<F, I, M>, { high, low }: DoubleFloat<F>): DoubleFloat<F> {
  const root = b.sqrt(high);
  const square = twoProduct(b, root, root);
  const residual = b.add(b.sub(b.sub(high, square.high), square.low), low);
  const correction = b.div(b.mul(residual, b.f32(0.5)), root);
  return { high: root, low: b.select(b.eq(root, b.f32(0)), b.f32(0), correction) };
}

/** Past this x, x^2 + 1 and x^2 - 1 are x^2 and the inverses are log 2x. */
const inverseIsLogarithm = 2 ** 25;

/** log(1 + a + b.high + b.low), or log 2x for a large x. */
function inverseHyperbolic<F, I, M>(b: MathBuilder<F, I, M>, x: F, left: F, right: DoubleFloat<F>): F {
  const sum = twoSum(b, left, right.high);
  const isLarge = b.lt(b.f32(inverseIsLogarithm), x);
  const error = b.select(isLarge, b.f32(0), b.add(sum.low, right.low));
  const value = log1pOfSum(b, b.select(isLarge, x, sum.high), error);
  return b.add(value, b.select(isLarge, b.f32(Math.LN2), b.f32(0)));
}

/** asinh x; 1 ulp. */
export function asinh<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  return oddExtension(b, x, (magnitude) => {
    // log(1 + (x + (sqrt(1 + x^2) - 1))), all but the logarithm in double precision.
    const square = twoProduct(b, magnitude, magnitude);
    const sum = twoSum(b, b.f32(1), square.high);
    const root = sqrtOfSum(b, { high: sum.high, low: b.add(sum.low, square.low) });
    const lessOne = twoSum(b, root.high, b.f32(-1));
    const right = { high: lessOne.high, low: b.add(lessOne.low, root.low) };
    const value = inverseHyperbolic(b, magnitude, magnitude, right);
    return b.select(b.lt(magnitude, b.f32(0.5)), oddPolynomial(b, magnitude, asinhTail), value);
  });
}

/** acosh x; 1.7 ulp. */
export function acosh<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  // With t = x - 1, which is exact near 1: log(1 + (t + sqrt(t (t + 2)))).
  const t = b.sub(x, b.f32(1));
  const sum = twoSum(b, t, b.f32(2));
  const product = twoProduct(b, t, sum.high);
  const root = sqrtOfSum(b, { high: product.high, low: b.madd(t, sum.low, product.low) });
  return b.select(b.lt(x, b.f32(1)), b.f32(NaN), inverseHyperbolic(b, x, t, root));
}

/** atanh x; 1.1 ulp. */
export function atanh<F, I, M>(b: MathBuilder<F, I, M>, x: F): F {
  return oddExtension(b, x, (magnitude) => {
    const ratio = b.div(b.add(magnitude, magnitude), b.sub(b.f32(1), magnitude));
    const large = b.mul(log1p(b, ratio), b.f32(0.5));
    return b.select(b.lt(magnitude, b.f32(0.5)), oddPolynomial(b, magnitude, atanhTail), large);
  });
}
