/** `torch.special`: functions beyond the elementary ones, made of primitives. */
import { type GraphBuilder, isNode } from "../builder.ts";
import { isIntegral } from "../dtype.ts";
import { ArgumentError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp, type Operator, type Place, recordOperator } from "../operator.ts";
import { hurwitzZeta, polygammaOf } from "../polygamma.ts";
import { checkBroadcast, inFloat32, operand, range, resultType, toFloat } from "./support.ts";

const shape = "[*] -> [*]";

// ---- entropy and the normal distribution

function entropy(g: GraphBuilder, x: Node): Node {
  const positive = g.gt(x, 0);
  const value = g.neg(g.mul(x, g.log(g.where(positive, x, 1))));
  return g.where(g.or(positive, g.isNaN(x)), value, g.where(g.eq(x, 0), 0, g.full([], -Infinity, x.dtype)));
}

/** exp(x ** 2) * erfc(x): by the product near zero, by a continued fraction where that loses digits. */
function scaledErfc(g: GraphBuilder, x: Node): Node {
  const near = g.lt(x, 2);
  const small = g.where(near, x, 0);
  const product = g.mul(g.exp(g.mul(small, small)), g.unary("erfc", small));
  const large = g.where(near, 2, x);
  let fraction = large;
  for (let k = 60; k >= 1; k--) fraction = g.add(large, g.div(k / 2, fraction));
  return g.where(near, product, g.div(1 / Math.sqrt(Math.PI), fraction));
}

const normalCdf = (g: GraphBuilder, x: Node): Node => g.mul(g.unary("erfc", g.mul(x, -Math.SQRT1_2)), 0.5);

function logNormalCdf(g: GraphBuilder, x: Node): Node {
  const tail = g.lt(x, -1);
  const t = g.mul(g.where(tail, x, -1), -Math.SQRT1_2);
  const far = g.sub(g.log(g.mul(scaledErfc(g, t), 0.5)), g.mul(t, t));
  const near = g.log1p(g.mul(g.unary("erfc", g.mul(g.where(tail, 0, x), Math.SQRT1_2)), -0.5));
  return g.where(tail, far, near);
}

/** The inverse of the normal distribution function: a rational guess in the nearer tail, refined by Halley's steps. */
function normalQuantile(g: GraphBuilder, p: Node): Node {
  const upper = g.gt(p, 0.5);
  const q = g.where(upper, g.sub(1, p), p);
  const inside = g.and(g.gt(q, 0), g.le(q, 0.5));
  const safe = g.where(inside, q, 0.5);
  const t = g.sqrt(g.mul(g.log(safe), -2));
  const numerator = g.add(g.mul(g.add(g.mul(t, 0.010328), 0.802853), t), 2.515517);
  const denominator = g.add(g.mul(g.add(g.mul(g.add(g.mul(t, 0.001308), 0.189269), t), 1.432788), t), 1);
  let x = g.sub(g.div(numerator, denominator), t);
  for (let i = 0; i < 3; i++) {
    const error = g.sub(normalCdf(g, x), safe);
    const step = g.div(g.mul(error, Math.sqrt(2 * Math.PI)), g.exp(g.mul(g.mul(x, x), -0.5)));
    x = g.sub(x, g.div(step, g.add(g.mul(g.mul(x, step), 0.5), 1)));
  }
  const result = g.where(g.eq(q, 0), -Infinity, g.where(inside, x, NaN));
  return g.where(upper, g.neg(result), result);
}

const density = (g: GraphBuilder, x: Node): Node => g.mul(g.exp(g.mul(g.mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
const normalOps = new Map<string, Operator>();
const again = (g: GraphBuilder, name: string, x: Node): Node =>
  recordOperator(g, normalOps.get(name)!, { input: x }, isNode) as Node;

for (const [name, summary, value, slope] of [
  [
    "entr",
    "-input * log(input); 0 at zero, -infinity below.",
    entropy,
    (g: GraphBuilder, x: Node) => g.sub(-1, g.log(x)),
  ],
  [
    "erfcx",
    "exp(input ** 2) * erfc(input), exact for large input.",
    scaledErfc,
    (g: GraphBuilder, x: Node, y: Node) => g.sub(g.mul(g.mul(x, y), 2), 2 / Math.sqrt(Math.PI)),
  ],
  ["ndtr", "The normal distribution function.", normalCdf, (g: GraphBuilder, x: Node) => density(g, x)],
  [
    "log_ndtr",
    "Logarithm of the normal distribution function, exact in the lower tail.",
    logNormalCdf,
    (g: GraphBuilder, x: Node) => g.div(Math.sqrt(2 / Math.PI), again(g, "erfcx", g.mul(x, -Math.SQRT1_2))),
  ],
  [
    "ndtri",
    "The inverse of the normal distribution function.",
    normalQuantile,
    (g: GraphBuilder, _x: Node, y: Node) => g.mul(g.exp(g.mul(g.mul(y, y), 0.5)), Math.sqrt(2 * Math.PI)),
  ],
] as const) {
  const core = defineOp({
    name: `${name}_float`,
    signature: `${name}_float(Tensor input) -> Tensor` as "normal(Tensor input) -> Tensor",
    places: [],
    composite: true,
    doc: { summary, shape, source: `torch.special.${name}` },
    gradient: (g, { inputs, outputs, grads }) => [grads[0] ? g.mul(grads[0], slope(g, inputs[0]!, outputs[0]!)) : null],
    record: (g, { input }) => value(g, input),
  });
  normalOps.set(name, core);
  defineOp({
    name,
    signature: `${name}(Tensor input) -> Tensor` as "normal(Tensor input) -> Tensor",
    places: ["special"],
    doc: { summary, shape, source: `torch.special.${name}` },
    gradient: "through decomposition",
    record: (g, { input }) =>
      inFloat32(g, [toFloat(g, input)], (x) => recordOperator(g, core, { input: x }, isNode) as Node),
  });
}

// ---- gamma, zeta

for (const [name, of, summary, places] of [
  ["expit", "sigmoid", "1 / (1 + exp(-input)).", ["special"]],
  ["psi", "digamma", "Derivative of gammaln.", ["special"]],
  ["gammaln", "lgamma", "Logarithm of the absolute value of the gamma function.", ["special"]],
] as const satisfies readonly (readonly [string, "sigmoid" | "digamma" | "lgamma", string, readonly Place[]])[]) {
  defineOp({
    name,
    signature: `${name}(Tensor input) -> Tensor` as "unary(Tensor input) -> Tensor",
    places,
    doc: { summary, shape, source: `torch.special.${name}` },
    gradient: "through decomposition",
    record: (g, { input }) => g.unary(of, toFloat(g, input)),
  });
}

defineOp({
  name: "polygamma",
  signature: "polygamma(int n, Tensor input) -> Tensor",
  places: ["torch", "special"],
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
  doc: {
    summary: "Hurwitz zeta function: sum of (other + k) ** -input over k >= 0.",
    shape: "[*] and [*], broadcast together -> [*]",
    source: "torch.special.zeta",
  },
  gradient: "through decomposition",
  record(g, { input, other }) {
    const common = resultType(g, [input, other]);
    const dtype = isIntegral(common) ? g.defaultFloat : common;
    const [s, q] = [operand(g, input, dtype), operand(g, other, dtype)];
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
    return g.where(g.gt(s, 1), g.where(above, value, pole), g.where(g.eq(s, 1), Infinity, g.full([], NaN, dtype)));
  },
});
