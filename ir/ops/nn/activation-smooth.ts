/** Smooth activation functions; softplus and its kin have a gradient of their own that neither overflows nor cancels. */
import { isNode, type GraphBuilder } from "../../builder.ts";
import { ArgumentError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp, recordOperator } from "../../operator.ts";
import { axisOf } from "../support.ts";
import { inWide } from "./support.ts";

const shape = "[*] -> [*]";
const page = (name: string): string => `torch.nn.functional.${name}`;
const everywhere = ["nn.functional"] as const;

export const gelu = defineOp({
  name: "gelu",
  signature: 'gelu(Tensor input, *, string approximate="none") -> Tensor',
  places: everywhere,
  composite: true,
  onnx: "Gelu",
  doc: {
    summary: "input times the normal distribution's cumulative function at input; 'tanh' approximates it.",
    shape,
    source: page("gelu"),
  },
  gradient: "through decomposition",
  record(g, { input, approximate }) {
    if (approximate !== "none" && approximate !== "tanh")
      throw new ArgumentError(
        "gelu/approximate",
        `gelu: approximate argument must be either none or tanh, got '${approximate}'.`,
      );
    return inWide(g, "gelu", input, (x) => {
      if (approximate === "none") return g.mul(g.mul(x, 0.5), g.add(g.unary("erf", g.mul(x, Math.SQRT1_2)), 1));
      const cube = g.mul(g.mul(x, x), x);
      const inner = g.mul(g.add(x, g.mul(cube, 0.044715)), Math.SQRT2 * Math.sqrt(1 / Math.PI));
      return g.mul(g.mul(x, 0.5), g.add(g.tanh(inner), 1));
    });
  },
});

export const silu = defineOp({
  name: "silu",
  signature: "silu(Tensor input, bool inplace=False) -> Tensor",
  places: everywhere,
  inplace: true,
  doc: { summary: "input * sigmoid(input).", shape, source: page("silu") },
  gradient: "through decomposition",
  record: (g, { input }) => inWide(g, "silu", input, (x) => g.mul(x, g.sigmoid(x))),
});

/** log(1 + exp(x)) without overflow; its derivative is sigmoid(x), at every order. */
const log1pExp = defineOp({
  name: "log1p_exp",
  signature: "log1p_exp(Tensor input) -> Tensor",
  places: [],
  composite: true,
  onnx: "Softplus",
  doc: { summary: "log(1 + exp(input)).", shape, source: page("softplus") },
  gradient: (g, { inputs, grads }) => [g.mul(grads[0]!, g.sigmoid(inputs[0]!))],
  record: (g, { input }) => g.add(g.log1p(g.exp(g.neg(g.abs(input)))), g.where(g.le(input, 0), 0, input)),
});
export const softplusOf = (g: GraphBuilder, x: Node): Node => recordOperator(g, log1pExp, { input: x }, isNode) as Node;

export const softplus = defineOp({
  name: "softplus",
  signature: "softplus(Tensor input, Scalar beta=1, Scalar threshold=20) -> Tensor",
  places: everywhere,
  doc: {
    summary: "Smooth relu: log(1 + exp(beta * input)) / beta, and plain input once beta * input > threshold.",
    shape,
    source: page("softplus"),
  },
  gradient: "through decomposition",
  record: (g, { input, beta, threshold }) =>
    inWide(g, "softplus", input, (x) => {
      const slot = g.scalar(beta, x.dtype);
      const scaled = g.mul(x, slot);
      return g.where(g.gt(scaled, g.scalar(threshold, x.dtype)), x, g.div(softplusOf(g, scaled), slot));
    }),
});

export const mish = defineOp({
  name: "mish",
  signature: "mish(Tensor input, bool inplace=False) -> Tensor",
  places: everywhere,
  inplace: true,
  doc: { summary: "input * tanh(softplus(input)).", shape, source: page("mish") },
  gradient: "through decomposition",
  record: (g, { input }) => inWide(g, "mish", input, (x) => g.mul(x, g.tanh(softplusOf(g, x)))),
});

export const logsigmoid = defineOp({
  name: "logsigmoid",
  aliases: ["log_sigmoid"],
  signature: "logsigmoid(Tensor input) -> Tensor",
  places: everywhere,
  doc: { summary: "log(sigmoid(input)) without underflow.", shape, source: page("logsigmoid") },
  gradient: "through decomposition",
  record: (g, { input }) => inWide(g, "logsigmoid", input, (x) => g.neg(softplusOf(g, g.neg(x)))),
});

export const glu = defineOp({
  name: "glu",
  signature: "glu(Tensor input, int dim=-1) -> Tensor",
  places: everywhere,
  doc: {
    summary: "The first half of dim times the sigmoid of the second.",
    shape: "[*, 2N, *] -> [*, N, *]",
    source: page("glu"),
  },
  gradient: "through decomposition",
  record(g, { input, dim }) {
    if (input.shape.length === 0) throw new ArgumentError("glu/0-d", "glu does not support 0-dimensional tensors.");
    const axis = axisOf("glu", dim, input.shape.length);
    const size = input.shape[axis]!;
    if (size % 2 !== 0)
      throw new ArgumentError("glu/odd", `glu: Halving dimension must be even, but dimension ${axis} is size ${size}.`);
    const half = size / 2;
    return inWide(g, "glu", input, (x) =>
      g.mul(g.sliceAxis(x, axis, 0, half), g.sigmoid(g.sliceAxis(x, axis, half, half))),
    );
  },
});
