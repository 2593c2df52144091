/** The kin of relu: with other limits, and other slopes below zero. */
import { nameSteps } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import { ArgumentError, DTypeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { filler } from "../fitting.ts";
import { describe } from "../support.ts";
import { numeric } from "./activation.ts";
import { inWide, widen } from "./support.ts";

const shape = "[*] -> [*]";
const page = (name: string): string => `torch.nn.functional.${name}`;
const everywhere = ["nn.functional"] as const;

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

nameSteps({ relu6: "hardtanh", prelu: "prelu_kernel" });
