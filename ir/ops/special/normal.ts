/** Entropy and the normal distribution, made of primitives. */
import { nameSteps } from "../../step-names.ts";
import { type GraphBuilder, isNode } from "../../builder.ts";
import type { Node } from "../../graph.ts";
import { defineOp, type Operator, recordOperator } from "../../operator.ts";
import { inFloat32, toFloat } from "../support.ts";
import { anyCastable } from "../out-types.ts";

const shape = "[*] -> [*]";

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
    out: anyCastable,
    doc: { summary, shape, source: `torch.special.${name}` },
    // ndtr is erf of what is scaled first.
    saves: () => (name === "ndtr" ? [] : null),
    gradient: "through decomposition",
    record: (g, { input }) =>
      inFloat32(g, [toFloat(g, input)], (x) => recordOperator(g, core, { input: x }, isNode) as Node),
  });
}

nameSteps({
  ndtr: "mul:1",
  entr: "special_entr",
  erfcx: "special_erfcx",
  log_ndtr: "special_log_ndtr",
  ndtri: "special_ndtri",
});
