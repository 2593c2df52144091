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

/** sum over k >= 0 of (q + k) ** -s for every s and q, where it has no value as PyTorch has it. */
export function zetaOf(g: GraphBuilder, s: Node, q: Node): Node {
  const [floor, ceiling] = (["floor", "ceil"] as const).map((name) => g.unary(name, q)) as [Node, Node];
  const above = g.gt(q, 0);
  const isPole = g.and(g.not(above), g.eq(q, floor));
  const isBelow = g.not(g.or(above, isPole));
  // The bases above zero start at the distance from the whole number below, those below zero at the distance from the
  // one above and end before 1 - q.
  const positive = hurwitzZeta(g, s, g.where(isBelow, g.sub(q, floor), g.where(above, q, 1)));
  const [nearest, beyond] = [g.sub(ceiling, q), g.sub(1, q)].map((x) => hurwitzZeta(g, s, g.where(isBelow, x, 1)));
  const half = g.mul(s, 0.5);
  const isWhole = (x: Node): Node => g.eq(x, g.unary("floor", x));
  const sign = g.where(isWhole(half), g.full([], 1, s.dtype), g.where(isWhole(s), g.full([], -1, s.dtype), NaN));
  // In this order, in which what odd exponents cancel is cancelled first.
  const below = g.sub(g.add(positive, g.mul(sign, nearest!)), g.mul(sign, beyond!));
  const value = g.where(isPole, Infinity, g.where(isBelow, below, positive));
  return g.where(g.eq(s, 1), Infinity, g.where(g.lt(s, 1), NaN, value));
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
