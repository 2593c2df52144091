/** The adjoints of special functions, which come with the operators that use them. */
import type { GraphBuilder } from "./builder.ts";
import type { SpecialGradients } from "./gradients.ts";
import type { Node } from "./graph.ts";
import { trigamma } from "./polygamma.ts";

const square = (g: GraphBuilder, x: Node): Node => g.mul(x, x);

export const rules: SpecialGradients = {
  erf: (g, node, grad) => [g.mul(grad, g.mul(g.exp(g.neg(square(g, node.inputs[0]!))), 2 / Math.sqrt(Math.PI)))],
  erfc: (g, node, grad) => [g.mul(grad, g.mul(g.exp(g.neg(square(g, node.inputs[0]!))), -2 / Math.sqrt(Math.PI)))],
  erfinv: (g, node, grad) => [g.mul(grad, g.mul(g.exp(square(g, node)), Math.sqrt(Math.PI) / 2))],
  lgamma: (g, node, grad) => [g.mul(grad, g.unary("digamma", node.inputs[0]!))],
  digamma: (g, node, grad) => [g.mul(grad, trigamma(g, node.inputs[0]!))],
};
