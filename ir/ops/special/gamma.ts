/** The gamma function's logarithm with its derivatives, and the zeta function. */
import { isNode } from "../../builder.ts";
import { isIntegral } from "../../dtype.ts";
import { ArgumentError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp, type Operator, type Place, recordOperator } from "../../operator.ts";
import { hurwitzZeta, polygammaOf } from "../../polygamma.ts";
import { checkBroadcast, inFloat32, operand, range, resultType, toFloat } from "../support.ts";
import { withoutDerivative } from "../underived.ts";
import { anyCastable } from "../out-types.ts";

const shape = "[*] -> [*]";

for (const [name, of, summary, places] of [
  ["expit", "sigmoid", "1 / (1 + exp(-input)).", ["special"]],
  ["psi", "digamma", "Derivative of gammaln.", ["special"]],
  ["gammaln", "lgamma", "Logarithm of the absolute value of the gamma function.", ["special"]],
] as const satisfies readonly (readonly [string, "sigmoid" | "digamma" | "lgamma", string, readonly Place[]])[]) {
  defineOp({
    name,
    signature: `${name}(Tensor input) -> Tensor` as "unary(Tensor input) -> Tensor",
    places,
    out: anyCastable,
    doc: { summary, shape, source: `torch.special.${name}` },
    gradient: "through decomposition",
    record: (g, { input }) => g.unary(of, toFloat(g, input)),
  });
}

defineOp({
  name: "polygamma",
  signature: "polygamma(int n, Tensor input) -> Tensor",
  places: ["torch", "special"],
  out: anyCastable,
  doc: { summary: "The n-th derivative of digamma.", shape, source: "torch.polygamma" },
  gradient: "through decomposition",
  record(g, { n, input }) {
    if (n < 0) throw new ArgumentError("polygamma/n", `polygamma(n, x) does not support negative n, got ${n}.`);
    const x = toFloat(g, input);
    return inFloat32(g, [x], (wide) => recordOperator(g, polygammaFloat, { n, input: wide }, isNode) as Node);
  },
});
const polygammaFloat: Operator = defineOp({
  name: "polygamma_float",
  signature: "polygamma_float(int n, Tensor input) -> Tensor",
  places: [],
  composite: true,
  doc: { summary: "The n-th derivative of digamma, of floats.", shape, source: "torch.polygamma" },
  gradient(g, { inputs, attrs, grads }) {
    if (!grads[0]) return [null];
    return [
      g.mul(
        grads[0],
        recordOperator(g, polygammaFloat, { n: (attrs["n"] as number) + 1, input: inputs[0]! }, isNode) as Node,
      ),
    ];
  },
  record: (g, { n, input }) => polygammaOf(g, n, input),
});

/** log of the multivariate gamma function of dimension p. */
for (const [name, places] of [
  ["mvlgamma", ["torch", "Tensor"]],
  ["multigammaln", ["special"]],
] as const satisfies readonly (readonly [string, readonly Place[]])[]) {
  defineOp({
    name,
    signature: `${name}(Tensor input, int p) -> Tensor` as "mvlgamma(Tensor input, int p) -> Tensor",
    places,
    out: anyCastable,
    inplace: name === "mvlgamma",
    doc: {
      summary: "Logarithm of the multivariate gamma function of dimension p.",
      shape,
      source: `torch.special.multigammaln`,
    },
    gradient: "through decomposition",
    record(g, { input, p }) {
      if (p < 1) throw new ArgumentError("mvlgamma/p", `mvlgamma: p has to be greater than or equal to 1, got ${p}.`);
      const x = toFloat(g, input);
      const terms = range(p).map((j) => g.unary("lgamma", j === 0 ? x : g.sub(x, j / 2)));
      const total = inFloat32(g, terms, (...xs) => xs.reduce((sum, term) => g.add(sum, term)));
      return g.add(total, (p * (p - 1) * Math.log(Math.PI)) / 4);
    },
  });
}

defineOp({
  name: "zeta",
  signature: "zeta(Tensor|Scalar input, Tensor|Scalar other) -> Tensor",
  places: ["special"],
  out: anyCastable,
  doc: {
    summary: "Hurwitz zeta function: sum of (other + k) ** -input over k >= 0.",
    shape: "[*] and [*], broadcast together -> [*]",
    source: "torch.special.zeta",
  },
  gradient: "through decomposition",
  record(g, { input, other }) {
    const common = resultType(g, [input, other]);
    const dtype = isIntegral(common) ? g.defaultFloat : common;
    const [exponent, q] = [operand(g, input, dtype), operand(g, other, dtype)];
    const s = g.detach(exponent);
    checkBroadcast("zeta", s, q);
    const above = g.gt(q, 0);
    // Between the poles below zero, where only whole exponents have a value, the first terms stand by themselves.
    const shift = 16;
    let below = g.full([], 0, dtype);
    for (let k = 0; k < shift; k++) below = g.add(below, g.pow(g.add(q, k), g.neg(s)));
    const value = g.where(
      above,
      hurwitzZeta(g, s, g.where(above, q, 1)),
      g.add(below, hurwitzZeta(g, s, g.where(above, 1, g.add(q, shift)))),
    );
    const pole = g.where(g.eq(q, g.unary("floor", q)), Infinity, g.where(g.eq(s, g.unary("floor", s)), value, NaN));
    const atOne = g.where(g.eq(s, 1), Infinity, g.full([], NaN, dtype));
    const found = g.where(g.gt(s, 1), g.where(above, value, pole), atOne);
    return exponent.requiresGrad ? withoutDerivative(g, found, [exponent], "the derivative for 'zeta'") : found;
  },
});
