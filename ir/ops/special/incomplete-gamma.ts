/** The regularised incomplete gamma functions. */
import { type GraphBuilder, isNode } from "../../builder.ts";
import { isIntegral } from "../../dtype.ts";
import { NotImplementedError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp, recordOperator } from "../../operator.ts";
import { recordRoutine } from "../../routines/index.ts";
import { broadcastShapes } from "../../shape.ts";
import { checkBroadcast, inFloat32, operand, range, resultType } from "../support.ts";
import { temmeRows } from "./temme.ts";
import { unsupported } from "../../unsupported.ts";
import { anyCastable } from "../out-types.ts";

/** d - log(1 + d), without cancellation near 0. */
function excessOverLog1p(g: GraphBuilder, d: Node): Node {
  // With s = d / (2 + d), log(1 + d) = 2 atanh(s) and d - 2 s = s d.
  const isNear = g.le(g.abs(d), 0.5);
  const near = g.where(isNear, d, 0);
  const s = g.div(near, g.add(near, 2));
  const square = g.mul(s, s);
  const odd = range(17).reduceRight(
    (sum: Node, k) => g.add(g.mul(sum, square), 1 / (2 * k + 3)),
    g.full([], 0, d.dtype),
  );
  const series = g.sub(g.mul(s, near), g.mul(g.mul(g.mul(s, square), odd), 2));
  return g.where(isNear, series, g.sub(d, g.log1p(g.where(isNear, 1, d))));
}

/** log gamma(a + 1) = (a + 1/2) log a - a + log(2 pi) / 2 + this, for a >= 10. */
const stirlingSeries = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156];
function stirlingCorrection(g: GraphBuilder, a: Node): Node {
  const inverse = g.div(1, a);
  const square = g.mul(inverse, inverse);
  const sum = stirlingSeries.reduceRight((rest: Node, c) => g.add(g.mul(rest, square), c), g.full([], 0, a.dtype));
  return g.mul(sum, inverse);
}

/** x^a e^-x / gamma(a + 1). */
function leadingFactor(g: GraphBuilder, a: Node, x: Node): Node {
  const isSmall = g.lt(a, 10);
  const low = g.where(isSmall, a, 1);
  const small = g.exp(g.sub(g.sub(g.mul(low, g.log(x)), x), g.unary("lgamma", g.add(low, 1))));
  const high = g.where(isSmall, 10, a);
  const exponent = g.add(g.mul(high, excessOverLog1p(g, g.div(g.sub(x, high), high))), stirlingCorrection(g, high));
  const large = g.div(g.exp(g.neg(exponent)), g.sqrt(g.mul(high, 2 * Math.PI)));
  return g.where(isSmall, small, large);
}

/** Q for x <= 1.1 and a below about 1, where 1 - P would cancel. */
function upperBySeries(g: GraphBuilder, a: Node, x: Node): Node {
  let sum = g.full([], 0, x.dtype);
  let sign = -1;
  let factorial = 1;
  let power = x;
  for (let k = 1; k <= 20; k++) {
    factorial *= k;
    sum = g.add(sum, g.div(g.mul(g.mul(a, power), sign / factorial), g.add(a, k)));
    power = g.mul(power, x);
    sign = -sign;
  }
  const exponent = g.sub(g.mul(a, g.log(x)), g.unary("lgamma", g.add(a, 1)));
  return g.sub(g.neg(g.unary("expm1", exponent)), g.mul(g.exp(exponent), sum));
}

/** P or Q for a large a and x near it, by Temme's uniform expansion. */
function byTemme(g: GraphBuilder, a: Node, x: Node, upper: boolean): Node {
  const distance = g.div(g.sub(x, a), a);
  const halfSquare = excessOverLog1p(g, distance);
  const eta = g.binary("copysign", g.sqrt(g.mul(halfSquare, 2)), distance);
  const zero = g.full([], 0, x.dtype);
  const row = (entries: readonly number[]): Node =>
    entries.reduceRight((sum: Node, entry) => g.add(g.mul(sum, eta), entry), zero);
  const sum = temmeRows.reduceRight((rest: Node, entries) => g.add(g.div(rest, a), row(entries)), zero);
  const size = g.div(g.exp(g.neg(g.mul(a, halfSquare))), g.sqrt(g.mul(a, 2 * Math.PI)));
  const remainder = g.mul(size, sum);
  const argument = g.mul(eta, g.sqrt(g.mul(a, 0.5)));
  const half = (z: Node): Node => g.mul(g.unary("erfc", z), 0.5);
  return upper ? g.add(half(argument), remainder) : g.sub(half(g.neg(argument)), remainder);
}

/** P(a, x), or Q(a, x) = 1 - P(a, x), each without cancellation. */
function incompleteGamma(g: GraphBuilder, order: Node, argument: Node, upper: boolean): Node {
  const inside = g.and(
    g.and(g.gt(order, 0), g.lt(order, Infinity)),
    g.and(g.gt(argument, 0), g.lt(argument, Infinity)),
  );
  const [a, x] = [g.where(inside, order, 1), g.where(inside, argument, 1)];

  const reach = g.binary("min", g.full([], 0.3, x.dtype), g.div(4.5, g.sqrt(a)));
  const isUniform = g.and(g.gt(a, 200), g.lt(g.abs(g.sub(x, a)), g.mul(a, reach)));
  const isLarge = g.gt(x, 1.1);
  // For small x, P is about x^a / gamma(a + 1): Q is taken directly where P exceeds a half.
  const smallX = g.where(isLarge, 1, x);
  const lowerIsLess = g.where(
    g.le(smallX, 0.5),
    g.lt(g.div(-0.4, g.log(g.where(g.le(smallX, 0.5), smallX, 0.5))), a),
    g.lt(g.mul(smallX, 1.1), a),
  );
  const byFraction = g.and(isLarge, g.ge(x, a));
  const isLower = g.where(isLarge, g.lt(x, a), lowerIsLess);

  const direct = g.not(isUniform);
  const [sum, fraction] = gammaSums(g, a, x, g.and(isLower, direct), g.and(byFraction, direct));
  const factor = leadingFactor(g, a, x);
  const smallA = g.where(g.or(isLarge, isLower), 1, a);
  const value = g.where(
    isLower,
    g.mul(factor, sum),
    g.where(byFraction, g.mul(g.mul(factor, a), fraction), upperBySeries(g, smallA, smallX)),
  );
  const found = g.where(upper ? isLower : g.not(isLower), g.sub(1, value), value);
  const [farA, farX] = [g.where(isUniform, a, 400), g.where(isUniform, x, 400)];
  const within = g.where(isUniform, byTemme(g, farA, farX, upper), found);
  return g.where(inside, within, atEdges(g, order, argument, upper));
}

/** What the routine gives where a sum or a fraction is wanted, at places where they end at once elsewhere. */
function gammaSums(g: GraphBuilder, a: Node, x: Node, wantsSum: Node, wantsFraction: Node): readonly [Node, Node] {
  const shape = broadcastShapes(a.shape, x.shape)!;
  const run = (upper: boolean, wanted: Node, idle: number): Node => {
    const argument = g.expandTo(g.where(wanted, x, idle), shape);
    return recordRoutine(g, { name: "gamma_sum", upper }, [g.expandTo(g.where(wanted, a, 1), shape), argument])[0]!;
  };
  return [run(false, wantsSum, 0), run(true, wantsFraction, 100)];
}

/** Where an argument is zero, infinite, negative or NaN: in PyTorch's order, by which NaN beside infinity has a value. */
function atEdges(g: GraphBuilder, a: Node, x: Node, upper: boolean): Node {
  const [atZero, atInfinity] = (upper ? [1, 0] : [0, 1]).map((value) => g.full([], value, x.dtype)) as [Node, Node];
  const isInfinite = (y: Node): Node => g.eq(y, Infinity);
  const far = g.where(isInfinite(a), g.where(isInfinite(x), NaN, atZero), g.where(isInfinite(x), atInfinity, NaN));
  const value = g.where(g.eq(a, 0), g.where(g.gt(x, 0), atInfinity, NaN), g.where(g.eq(x, 0), atZero, far));
  return g.where(g.or(g.lt(a, 0), g.lt(x, 0)), NaN, value);
}

for (const [name, alias, upper, summary] of [
  ["igamma", "gammainc", false, "Regularised lower incomplete gamma function."],
  ["igammac", "gammaincc", true, "Regularised upper incomplete gamma function."],
] as const) {
  const core = defineOp({
    name: `${name}_float`,
    signature: `${name}_float(Tensor input, Tensor other) -> Tensor` as "igamma(Tensor input, Tensor other) -> Tensor",
    places: [],
    composite: true,
    doc: { summary, shape: "[*] and [*], broadcast together -> [*]", source: `torch.special.${alias}` },
    gradient(g, { inputs, grads }) {
      const [grad] = grads;
      const [a, x] = inputs as readonly [Node, Node];
      if (a.requiresGrad)
        throw new NotImplementedError(
          `${name}/gradient`,
          `the derivative for '${name}: input' is not implemented, only for other.`,
        );
      if (!grad) return [null, null];
      const density = g.exp(g.sub(g.sub(g.mul(g.sub(a, 1), g.log(x)), x), g.unary("lgamma", a)));
      return [null, g.sumTo(g.mul(grad, upper ? g.neg(density) : density), x.shape)];
    },
    record: (g, { input, other }) => incompleteGamma(g, input, other, upper),
  });
  for (const [title, places] of [
    [name, ["torch", "Tensor"]],
    [alias, ["special"]],
  ] as const) {
    defineOp({
      name: title,
      signature: `${title}(Tensor input, Tensor other) -> Tensor` as "igamma(Tensor input, Tensor other) -> Tensor",
      places,
      out: anyCastable,
      inplace: title === name,
      doc: { summary, shape: "[*] and [*], broadcast together -> [*]", source: `torch.special.${alias}` },
      gradient: "through decomposition",
      record(g, { input, other }) {
        const common = resultType(g, [input, other]);
        if (isIntegral(common)) throw unsupported(title, common, "It takes floating point tensors.");
        const [a, x] = [operand(g, input, common), operand(g, other, common)];
        checkBroadcast(title, a, x);
        return inFloat32(
          g,
          [a, x],
          (order, argument) => recordOperator(g, core, { input: order, other: argument }, isNode) as Node,
        );
      },
    });
  }
}
