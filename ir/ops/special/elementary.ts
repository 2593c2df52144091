/** The special functions that are methods, too. */
import { isNode, type GraphBuilder } from "../../builder.ts";
import type { Node } from "../../graph.ts";
import { defineOp, recordOperator, type Operator } from "../../operator.ts";
import { anyCastable } from "../out-types.ts";
import { toFloat } from "../support.ts";

const shape = "[*] -> [*]";

const sincOp: Operator = defineOp({
  name: "sinc_float",
  signature: "sinc_float(Tensor input) -> Tensor",
  places: [],
  composite: true,
  doc: { summary: "sin(pi*input) / (pi*input) of floats, 1 at zero.", shape, source: "torch.sinc" },
  complexGradient: "analytic",
  // By hand: one quotient loses fewer digits near zero than the two that the quotient rule makes.
  gradient(g, { inputs, grads }) {
    const x = inputs[0]!;
    const angle = g.mul(x, Math.PI);
    const square = g.mul(angle, x);
    // Where the square is out of range, too: the slope is of x's size there.
    const zero = g.eq(square, 0);
    const slope = g.div(g.sub(g.mul(angle, g.unary("cos", angle)), g.unary("sin", angle)), g.where(zero, 1, square));
    return [grads[0] ? g.mul(grads[0], g.where(zero, 0, slope)) : null];
  },
  record(g, { input: x }) {
    const angle = g.mul(x, Math.PI);
    const zero = g.eq(x, 0);
    return g.where(zero, 1, g.div(g.unary("sin", angle), g.where(zero, 1, angle)));
  },
});

/** Integers become floats first. */
for (const [name, summary, make, isSpecial] of [
  ["erf", "Error function.", (g, x) => g.unary("erf", x), true],
  ["erfc", "1 - erf(input), exact for large input.", (g, x) => g.unary("erfc", x), true],
  ["erfinv", "Inverse error function.", (g, x) => g.unary("erfinv", x), true],
  ["lgamma", "Logarithm of the absolute value of the gamma function.", (g, x) => g.unary("lgamma", x), false],
  ["digamma", "Derivative of lgamma.", (g, x) => g.unary("digamma", x), true],
  [
    "sinc",
    "sin(pi*input) / (pi*input), 1 at zero.",
    (g, x) => recordOperator(g, sincOp, { input: x }, isNode) as Node,
    true,
  ],
] as const satisfies readonly (readonly [
  name: string,
  summary: string,
  make: (g: GraphBuilder, x: Node) => Node,
  isSpecial: boolean,
])[]) {
  defineOp({
    name,
    signature: `${name}(Tensor input) -> Tensor` as "unary(Tensor input) -> Tensor",
    places: isSpecial ? ["torch", "Tensor", "special"] : ["torch", "Tensor"],
    out: anyCastable,
    inplace: true,
    doc: { summary, shape, source: `torch.${name}` },
    gradient: "through decomposition",
    // Its gradient here reads something else than what is kept.
    ...(name === "erfinv" ? { saves: ["input"] } : {}),
    record: (g, { input }) => make(g, toFloat(g, input)),
  });
}
