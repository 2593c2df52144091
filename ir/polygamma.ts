/** Derivatives of the gamma function's logarithm, made of primitives: the zeta function behind them. */
import type { GraphBuilder } from "./builder.ts";
import type { Node } from "./graph.ts";

/** (2k)! / B_2k for k = 1, 2, ..: the divisors of Euler and Maclaurin's correction. */
const divisors = [12, -720, 30240, -1209600, 47900160, -1307674368000 / 691, 74724249600, -2950130727918.164];
/** Terms summed one by one before the correction takes over. */
const direct = 12;

/** sum over k >= 0 of (q + k) ** -s, for s > 1 and q > 0. */
export function hurwitzZeta(g: GraphBuilder, s: Node, q: Node): Node {
  const power = (base: Node): Node => g.pow(base, g.neg(s));
  let sum = power(q);
  for (let k = 1; k < direct; k++) sum = g.add(sum, power(g.add(q, k)));
  const end = g.add(q, direct);
  const last = power(end);
  sum = g.add(sum, g.add(g.div(g.pow(end, g.sub(1, s)), g.sub(s, 1)), g.mul(last, 0.5)));
  // Factor by factor: the product of those above the line alone grows without bound while `last` vanishes.
  let term = g.mul(s, g.div(last, end));
  for (let k = 0; k < divisors.length; k++) {
    sum = g.add(sum, g.div(term, divisors[k]!));
    for (const step of [2 * k + 1, 2 * k + 2]) term = g.mul(term, g.div(g.add(s, step), end));
  }
  // Far out all terms but the first vanish.
  return g.where(g.eq(q, Infinity), 0, sum);
}

/** The derivative of digamma; by reflection below one half. */
export function trigamma(g: GraphBuilder, x: Node): Node {
  // The zeta function's divisors are out of half floats' range.
  if (x.dtype === "float16" || x.dtype === "bfloat16") return g.cast(trigamma(g, g.cast(x, "float32")), x.dtype);
  // PyTorch takes the sine of the rounded angle, which keeps the poles finite; derivatives need the exact distance.
  const value = reflected(g, x, x);
  return x.requiresGrad && g.gradEnabled
    ? g.withHistory(g.detach(value), reflected(g, x, g.sub(x, g.unary("nearest", x))))
    : value;
}

/** pi^2 / sin(pi * angle)^2 - trigamma(1 - x) below one half, where `angle` differs from x by a whole number. */
function reflected(g: GraphBuilder, x: Node, angle: Node): Node {
  const low = g.lt(x, 0.5);
  const value = hurwitzZeta(g, g.full([], 2, x.dtype), g.where(low, g.sub(1, x), x));
  const sine = g.unary("sin", g.mul(angle, Math.PI));
  return g.where(low, g.sub(g.div(Math.PI * Math.PI, g.mul(sine, sine)), value), value);
}

/** The n-th derivative of digamma, for whole n > 0. */
export function polygammaOf(g: GraphBuilder, n: number, x: Node): Node {
  if (n === 0) return g.unary("digamma", x);
  if (n === 1) return trigamma(g, x);
  let factorial = 1;
  for (let k = 2; k <= n; k++) factorial *= k;
  // Poles lie at the whole numbers below one; between them the first terms are summed by themselves.
  const order = g.full([], n + 1, x.dtype);
  const shift = 16;
  const low = g.lt(x, 0.5);
  let below = g.full([], 0, x.dtype);
  for (let k = 0; k < shift; k++) below = g.add(below, g.div(1, integerPower(g, g.add(x, k), n + 1)));
  const value = g.where(
    low,
    g.add(below, hurwitzZeta(g, order, g.where(low, g.add(x, shift), 1))),
    hurwitzZeta(g, order, g.where(low, 1, x)),
  );
  return g.mul(value, (n % 2 === 1 ? 1 : -1) * factorial);
}

function integerPower(g: GraphBuilder, x: Node, n: number): Node {
  let result = x;
  for (let i = 1; i < n; i++) result = g.mul(result, x);
  return result;
}
