/** Activation functions of one tensor. Those with a kink or an overflow are written so that gradients stay finite. */
import type { GraphBuilder } from "../../builder.ts";
import { ArgumentError, DTypeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { filler } from "../fitting.ts";
import { describe } from "../support.ts";
import { inWide, widen } from "./support.ts";

const shape = "[*] -> [*]";
const page = (name: string): string => `torch.nn.functional.${name}`;
const everywhere = ["nn.functional"] as const;

const numeric = (name: string, x: Node): Node => {
  if (x.dtype === "bool")
    throw new DTypeError(
      `${name}/bool`,
      `${name}: ${name === "relu" ? "Boolean inputs not supported for relu" : "Bool inputs not supported for hardtanh"}, got ${describe(x)}.`,
      "Convert it with input.float().",
    );
  return x;
};

/** Zero gradient at zero; NaN stays NaN. */
export const reluOf = (g: GraphBuilder, x: Node): Node => g.piecesOf(x, g.le(x, 0), 0, x);

export const relu = defineOp({
  name: "relu",
  signature: "relu(Tensor input, bool inplace=False) -> Tensor",
  places: ["torch", "Tensor", "nn.functional"],
  inplace: true,
  doc: { summary: "max(input, 0).", shape, source: page("relu") },
  gradient: "through decomposition",
  saves: ["result"],
  record: (g, { input }) => reluOf(g, numeric("relu", input)),
});

/** Limits to [low, high]; no gradient passes at or beyond the ends. */
const limited = (g: GraphBuilder, x: Node, low: Node, high: Node): Node =>
  g.piecesOf(x, g.le(x, low), low, g.where(g.ge(x, high), high, x));

export const relu6 = defineOp({
  name: "relu6",
  signature: "relu6(Tensor input, bool inplace=False) -> Tensor",
  places: everywhere,
  inplace: true,
  doc: { summary: "min(max(input, 0), 6).", shape, source: page("relu6") },
  gradient: "through decomposition",
  record: (g, { input }) => limited(g, numeric("relu6", input), g.constant(0, input.dtype), g.constant(6, input.dtype)),
});

export const hardtanh = defineOp({
  name: "hardtanh",
  signature: "hardtanh(Tensor input, Scalar min_val=-1, Scalar max_val=1, bool inplace=False) -> Tensor",
  places: everywhere,
  inplace: true,
  doc: { summary: "Limits to [min_val, max_val].", shape, source: page("hardtanh") },
  gradient: "through decomposition",
  record(g, { input, min_val, max_val }) {
    numeric("hardtanh", input);
    if (min_val.value > max_val.value)
      throw new ArgumentError(
        "hardtanh/range",
        `hardtanh: min_val cannot be greater than max_val, got ${String(min_val.value)} and ${String(max_val.value)}.`,
      );
    if (input.dtype === "uint8" && Number(min_val.value) < 0)
      throw new ArgumentError(
        "hardtanh/unsigned",
        `hardtanh: cannot do hardtanh on an unsigned type with negative limits, got ${describe(input)}.`,
      );
    const [low, high] = [min_val, max_val].map((limit) => filler(g, "hardtanh", limit, input.dtype)) as [Node, Node];
    return limited(g, input, low, high);
  },
});

export const leakyRelu = defineOp({
  name: "leaky_relu",
  signature: "leaky_relu(Tensor input, Scalar negative_slope=0.01, bool inplace=False) -> Tensor",
  places: everywhere,
  inplace: true,
  doc: { summary: "input where positive, else negative_slope * input.", shape, source: page("leaky_relu") },
  gradient: "through decomposition",
  record: (g, { input, negative_slope }) =>
    inWide(g, "leaky_relu", input, (x) => g.piecesOf(x, g.gt(x, 0), x, g.mul(x, g.scalar(negative_slope, x.dtype)))),
});

export const rreluInference = defineOp({
  name: "rrelu_inference",
  signature: "rrelu_inference(Tensor input, Scalar lower, Scalar upper) -> Tensor",
  places: [],
  doc: { summary: "leaky_relu with the slope (lower + upper) / 2.", shape, source: page("rrelu") },
  gradient: "through decomposition",
  record: (g, { input, lower, upper }) =>
    inWide(g, "rrelu", input, (x) => {
      const slope = g.div(g.add(g.scalar(lower, x.dtype), g.scalar(upper, x.dtype)), 2);
      return g.piecesOf(x, g.gt(x, 0), x, g.mul(x, slope));
    }),
});

export const prelu = defineOp({
  name: "prelu",
  signature: "prelu(Tensor input, Tensor weight) -> Tensor",
  places: ["torch", "Tensor", "nn.functional"],
  doc: {
    summary: "input where positive, else weight * input, with one weight or one for each channel (dimension 1).",
    shape: "[N, C, *], [C] -> [N, C, *]",
    source: page("prelu"),
  },
  saves: ["input", "weight"],
  gradient: "through decomposition",
  record(g, { input, weight }) {
    if (weight.dtype !== input.dtype)
      throw new DTypeError(
        "prelu/dtype",
        `prelu: Type promoting not supported. Got ${describe(input)} and ${describe(weight)}.`,
      );
    if (weight.shape.length > 1)
      throw new ArgumentError(
        "prelu/weight",
        `prelu: Expected \`weight\` to be a scalar or 1D tensor, but got: ndim = ${weight.shape.length}.`,
      );
    const count = weight.shape[0] ?? 1;
    const rank = input.shape.length;
    let slope = weight;
    if (count !== 1) {
      if (rank === 0) throw new ArgumentError("prelu/0-d", "prelu: Not allow zero-dim input tensor.");
      const channels = rank > 1 ? input.shape[1]! : 1;
      if (channels !== count)
        throw new ArgumentError(
          "prelu/channels",
          `prelu: Mismatch of parameter numbers and input channel size. Found parameter numbers = ${count}, and channel size = ${channels}.`,
        );
      slope = g.reshape(
        weight,
        input.shape.map((_, i) => (i === 1 ? count : 1)),
      );
    } else slope = g.reshape(weight, []);
    const wide = widen(g, slope);
    return inWide(g, "prelu", input, (x) => g.piecesOf(x, g.gt(x, 0), x, g.mul(x, wide)));
  },
});

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
  places: everywhere,
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
