/** The gamma function's logarithm with its derivatives, and the zeta function. */
import { nameSteps } from "../../step-names.ts";
import { type GraphBuilder, isNode } from "../../builder.ts";
import { isIntegral } from "../../dtype.ts";
import { ArgumentError, DTypeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp, type Operator, type Place, recordOperator } from "../../operator.ts";
import { trigamma, zetaOf } from "../../polygamma.ts";
import { checkBroadcast, describe, inFloat32, operand, range, resultType, toFloat } from "../support.ts";
import { withoutDerivative } from "../underived.ts";
import { anyCastable } from "../out-types.ts";

const shape = "[*] -> [*]";

const zetaFloat: Operator = defineOp({
  name: "zeta_float",
  signature: "zeta_float(Tensor input, Tensor other) -> Tensor",
  places: [],
  composite: true,
  doc: { summary: "Hurwitz zeta function, of floats.", shape: "[*] and [*] -> [*]", source: "torch.special.zeta" },
  gradient(g, { inputs, grads }) {
    const [s, q] = inputs as readonly [Node, Node];
    if (!grads[0]) return [null, null];
    return [null, g.sumTo(g.mul(grads[0], g.mul(g.neg(s), zetaAt(g, g.add(s, 1), q))), q.shape)];
  },
  record: (g, { input, other }) => zetaOf(g, input, other),
});
const zetaAt = (g: GraphBuilder, input: Node, other: Node): Node =>
  recordOperator(g, zetaFloat, { input, other }, isNode) as Node;

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
    return inFloat32(g, [toFloat(g, input)], (x) => {
      if (n === 0) return g.unary("digamma", x);
      const zeta = zetaAt(g, g.full([], n + 1, x.dtype), x);
      // The sine of the angle beside a pole is nearer to PyTorch's numbers than the zeta function is.
      if (n === 1) return x.requiresGrad ? g.withHistory(trigamma(g, g.detach(x)), zeta) : trigamma(g, x);
      const factorial = range(n).reduce((product, k) => product * (k + 1), 1);
      return g.mul(zeta, (n % 2 === 1 ? 1 : -1) * factorial);
    });
  },
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
      if (input.dtype === "bool")
        throw new DTypeError(
          "mvlgamma/bool",
          `mvlgamma: The input tensor may not be a boolean tensor, got ${describe(input)}.`,
        );
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
    const found = inFloat32(g, [s, q], (order, argument) => zetaAt(g, order, argument));
    return exponent.requiresGrad ? withoutDerivative(g, found, [exponent], "the derivative for 'zeta'") : found;
  },
});

nameSteps({ multigammaln: "mvlgamma", expit: "sigmoid" });
