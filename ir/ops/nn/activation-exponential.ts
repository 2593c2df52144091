/** Activation functions that are exponential below zero. Their gradients stay finite. */
import { nameSteps } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import { ArgumentError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { inWide } from "./support.ts";

const shape = "[*] -> [*]";
const page = (name: string): string => `torch.nn.functional.${name}`;

/**
 * scale * (x where positive, else alpha * (exp(x / inner) - 1)); the exponential never sees a positive x. A zero has the
 * slope of what is below it, and, as in PyTorch, no curvature: it is on a line.
 */
function exponentialUnit(
  g: GraphBuilder,
  name: string,
  input: Node,
  alpha: (x: Node) => Node,
  scale: number | null,
  inner: ((x: Node) => Node) | null,
): Node {
  return inWide(g, name, input, (x) => {
    const negative = g.lt(x, 0);
    const below = g.where(negative, x, 0);
    const curve = g.mul(g.unary("expm1", inner === null ? below : g.div(below, inner(x))), alpha(x));
    const slope = inner === null ? alpha(x) : g.div(alpha(x), inner(x));
    const result = g.where(negative, curve, g.mul(x, g.where(g.eq(x, 0), slope, 1)));
    return scale === null ? result : g.mul(result, scale);
  });
}

export const elu = defineOp({
  name: "elu",
  signature: "elu(Tensor input, Scalar alpha=1, bool inplace=False) -> Tensor",
  places: ["nn.functional"],
  inplace: true,
  doc: { summary: "input where positive, else alpha * (exp(input) - 1).", shape, source: page("elu") },
  gradient: "through decomposition",
  record: (g, { input, alpha }) => exponentialUnit(g, "elu", input, (x) => g.scalar(alpha, x.dtype), null, null),
});

export const celu = defineOp({
  name: "celu",
  signature: "celu(Tensor input, Scalar alpha=1, bool inplace=False) -> Tensor",
  places: ["torch", "nn.functional"],
  inplace: true,
  doc: { summary: "input where positive, else alpha * (exp(input / alpha) - 1).", shape, source: page("celu") },
  gradient: "through decomposition",
  record(g, { input, alpha }) {
    if (Number(alpha.value) === 0)
      throw new ArgumentError("celu/alpha", "celu: ZeroDivisionError: alpha cannot be 0 for CELU.");
    const slot = (x: Node): Node => g.scalar(alpha, x.dtype);
    return exponentialUnit(g, "celu", input, slot, null, slot);
  },
});

const seluAlpha = 1.6732632423543772;
const seluScale = 1.0507009873554805;
export const selu = defineOp({
  name: "selu",
  signature: "selu(Tensor input, bool inplace=False) -> Tensor",
  places: ["torch", "nn.functional"],
  inplace: true,
  doc: { summary: "The self-normalising elu: 1.0507 * elu(input, 1.67326).", shape, source: page("selu") },
  gradient: "through decomposition",
  record: (g, { input }) => exponentialUnit(g, "selu", input, (x) => g.constant(seluAlpha, x.dtype), seluScale, null),
});

nameSteps({ selu: "elu" });
