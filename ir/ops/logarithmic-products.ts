/** x * log(y), where zero times infinity is zero. */
import { nameSteps, type StepRule } from "../step-names.ts";
import { type GraphBuilder, isNode } from "../builder.ts";
import { isIntegral } from "../dtype.ts";
import type { Node } from "../graph.ts";
import { defineOp, type Place, recordOperator } from "../operator.ts";
import { broadcastShapes } from "../shape.ts";
import { checkBroadcast, operand, resultType, type TensorOrScalar, refuseComplex } from "./support.ts";
import { anyCastable } from "./out-types.ts";

const shape = "[*] and [*], broadcast together -> [*]";

/** Both operands in their common type, integers as floats. */
function floats(g: GraphBuilder, name: string, a: TensorOrScalar, b: TensorOrScalar): [Node, Node] {
  const common = resultType(g, [a, b]);
  const dtype = isIntegral(common) ? g.defaultFloat : common;
  const [x, y] = [operand(g, a, dtype), operand(g, b, dtype)];
  checkBroadcast(name, x, y);
  return [x, y];
}

/** [name, summary, where the logarithm becomes infinite, the logarithm, its argument's distance from that place] */
for (const [name, summary, least, log, distance, places] of [
  [
    "xlogy",
    "input * log(other), zero where input is.",
    0,
    (g: GraphBuilder, y: Node) => g.log(y),
    (_g: GraphBuilder, y: Node) => y,
    ["torch", "Tensor", "special"],
  ],
  [
    "xlog1py",
    "input * log1p(other), zero where input is.",
    -1,
    (g: GraphBuilder, y: Node) => g.log1p(y),
    (g: GraphBuilder, y: Node) => g.add(y, 1),
    ["special"],
  ],
] as const satisfies readonly (readonly [
  string,
  string,
  number,
  (g: GraphBuilder, y: Node) => Node,
  (g: GraphBuilder, y: Node) => Node,
  readonly Place[],
])[]) {
  /** x * log(y), zero where x is zero, NaN where y is. */
  const product = (g: GraphBuilder, x: Node, y: Node): Node => {
    const zero = g.eq(x, 0);
    return g.where(g.isNaN(y), NaN, g.where(zero, 0, g.mul(x, log(g, g.where(zero, 1, y)))));
  };
  const core = defineOp({
    name: `${name}_same_type`,
    signature:
      `${name}_same_type(Tensor input, Tensor other) -> Tensor` as "core(Tensor input, Tensor other) -> Tensor",
    places: [],
    composite: true,
    doc: { summary: `${summary} Of one type and shape.`, shape: "[*] and [*] -> [*]", source: `torch.special.${name}` },
    // By hand: 0 * log(0) is 0 in the gradient too.
    gradient(g, { inputs, grads }) {
      const [x, y] = inputs as [Node, Node];
      const grad = grads[0];
      if (!grad) return [null, null];
      const none = g.and(g.eq(x, 0), g.le(y, least));
      return [g.where(none, 0, product(g, grad, y)), g.mul(grad, g.div(x, distance(g, y)))];
    },
    record: (g, { input, other }) => product(g, input, other),
  });
  defineOp({
    name,
    signature:
      `${name}(Tensor|Scalar input, Tensor|Scalar other) -> Tensor` as "xlogy(Tensor|Scalar input, Tensor|Scalar other) -> Tensor",
    places,
    out: anyCastable,
    inplace: name === "xlogy",
    doc: { summary, shape, source: `torch.special.${name}` },
    saves: ["input", "other"],
    gradient: "through decomposition",
    record(g, { input, other }) {
      const [x, y] = floats(g, name, input, other).map((part) => refuseComplex(name, part)) as [Node, Node];
      const common = broadcastShapes(x.shape, y.shape)!;
      return recordOperator(g, core, { input: g.expandTo(x, common), other: g.expandTo(y, common) }, isNode);
    },
  });
}

const scalars: StepRule = ({ input, other }) => (!isNode(input) ? 1 : isNode(other) ? 0 : 2);

nameSteps(
  { xlog1py: "special_xlog1py" },
  {
    xlog1py: scalars,
    xlogy: scalars,
  },
);
