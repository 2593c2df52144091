/** Modified Bessel functions of the first kind. */
import { nameSteps } from "../../step-names.ts";
import { type GraphBuilder, isNode } from "../../builder.ts";
import type { Node } from "../../graph.ts";
import { defineOp, type Operator, recordOperator } from "../../operator.ts";
import { inFloat32, toFloat, refuseComplex } from "../support.ts";
import { anyCastable } from "../out-types.ts";

const shape = "[*] -> [*]";

/** Below this |x| the power series converges fast, above it the asymptotic one. */
const middle = 20;
const seriesTerms = 48;
const asymptoticTerms = 18;

/** sum of (x/2)^2k / (k! (k + order)!), times (x/2)^order. */
export function besselSeries(g: GraphBuilder, x: Node, order: 0 | 1, terms = seriesTerms): Node {
  const half = g.mul(x, 0.5);
  const t = g.mul(half, half);
  let sum = g.full([], 1, x.dtype);
  for (let k = terms; k >= 1; k--) sum = g.add(g.div(g.mul(sum, t), k * (k + order)), 1);
  return order === 0 ? sum : g.mul(sum, half);
}

/** sqrt(2 pi x) exp(-x) I(x) for large x. */
function besselAsymptotic(g: GraphBuilder, x: Node, order: 0 | 1): Node {
  const mu = 4 * order * order;
  const inverse = g.div(1, g.mul(x, 8));
  let sum = g.full([], 1, x.dtype);
  for (let k = asymptoticTerms; k >= 1; k--) {
    const factor = -(mu - (2 * k - 1) ** 2) / k;
    sum = g.add(g.mul(g.mul(sum, inverse), factor), 1);
  }
  return sum;
}

/** I_order(x), or exp(-|x|) I_order(x). */
export function modifiedFirstKind(g: GraphBuilder, x: Node, order: 0 | 1, scaled: boolean): Node {
  const size = g.abs(x);
  const small = g.le(size, middle);
  const inner = besselSeries(g, g.where(small, x, 1), order);
  const near = scaled ? g.mul(inner, g.exp(g.neg(g.where(small, size, 1)))) : inner;
  const far = g.where(small, middle, size);
  const tail = g.div(besselAsymptotic(g, far, order), g.sqrt(g.mul(far, 2 * Math.PI)));
  const grown = scaled ? tail : g.mul(g.mul(g.exp(g.mul(far, 0.5)), tail), g.exp(g.mul(far, 0.5)));
  const outer = order === 1 ? g.binary("copysign", grown, x) : grown;
  return g.where(small, near, g.where(g.isNaN(x), x, outer));
}

const sign = (g: GraphBuilder, x: Node): Node => g.sub(g.cast(g.gt(x, 0), x.dtype), g.cast(g.lt(x, 0), x.dtype));
const besselOps = new Map<string, Operator>();
const recorded = (g: GraphBuilder, name: string, x: Node): Node =>
  recordOperator(g, besselOps.get(name)!, { input: x }, isNode) as Node;
/** A slope with a part f(x) / x, which is one half at zero and, in PyTorch, at NaN. */
const slopeOver = (g: GraphBuilder, x: Node, f: Node, rest: Node): Node => {
  const isDefined = g.gt(g.abs(x), 0);
  return g.where(isDefined, g.sub(rest, g.div(f, g.where(isDefined, x, 1))), 0.5);
};

for (const [name, order, scaled, summary, slope] of [
  [
    "i0",
    0,
    false,
    "Modified Bessel function of the first kind, order 0.",
    (g: GraphBuilder, x: Node) => recorded(g, "i1", x),
  ],
  [
    "i0e",
    0,
    true,
    "exp(-|input|) * i0(input).",
    (g: GraphBuilder, x: Node, y: Node) => g.sub(recorded(g, "i1e", x), g.mul(sign(g, x), y)),
  ],
  [
    "i1",
    1,
    false,
    "Modified Bessel function of the first kind, order 1.",
    (g: GraphBuilder, x: Node, y: Node) => slopeOver(g, x, y, recorded(g, "i0", x)),
  ],
  [
    "i1e",
    1,
    true,
    "exp(-|input|) * i1(input).",
    (g: GraphBuilder, x: Node, y: Node) => slopeOver(g, x, y, g.sub(recorded(g, "i0e", x), g.mul(sign(g, x), y))),
  ],
] as const) {
  const core = defineOp({
    name: `${name}_float`,
    signature: `${name}_float(Tensor input) -> Tensor` as "bessel(Tensor input) -> Tensor",
    places: [],
    composite: true,
    doc: { summary, shape, source: `torch.special.${name}` },
    gradient: (g, { inputs, outputs, grads }) => [grads[0] ? g.mul(grads[0], slope(g, inputs[0]!, outputs[0]!)) : null],
    record: (g, { input }) => modifiedFirstKind(g, input, order, scaled),
  });
  besselOps.set(name, core);
  defineOp({
    name,
    signature: `${name}(Tensor input) -> Tensor` as "bessel(Tensor input) -> Tensor",
    places: name === "i0" ? ["torch", "Tensor", "special"] : ["special"],
    out: anyCastable,
    inplace: name === "i0",
    doc: { summary, shape, source: `torch.special.${name}` },
    gradient: "through decomposition",
    record: (g, { input }) =>
      inFloat32(
        g,
        [refuseComplex(name, toFloat(g, input))],
        (x) => recordOperator(g, core, { input: x }, isNode) as Node,
      ),
  });
}

nameSteps({ i0e: "special_i0e" });
