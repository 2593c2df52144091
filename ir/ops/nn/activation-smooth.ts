/** Smooth activation functions; softplus and its kin have a gradient of their own that neither overflows nor cancels. */
import { nameSteps } from "../../step-names.ts";
import { isNode, type GraphBuilder } from "../../builder.ts";
import { ArgumentError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp, recordOperator } from "../../operator.ts";
import { axisOf } from "../support.ts";
import { inWide, widen } from "./support.ts";
import { operandsType, scalarTypeExpected } from "../out-types.ts";

const shape = "[*] -> [*]";
const page = (name: string): string => `torch.nn.functional.${name}`;
const everywhere = ["nn.functional"] as const;

/** The share of the normal distribution below x, and the argument of the hyperbolic tangent that approximates it. */
const normalShare = (g: GraphBuilder, x: Node): Node => g.mul(g.add(g.unary("erf", g.mul(x, Math.SQRT1_2)), 1), 0.5);
const tanhFactor = Math.SQRT2 / Math.sqrt(Math.PI);
const tanhCubic = 0.044715;
const tanhOf = (g: GraphBuilder, x: Node): Node => {
  const cube = g.mul(g.mul(x, x), x);
  return g.tanh(g.mul(g.add(x, g.mul(cube, tanhCubic)), tanhFactor));
};

export const gelu = defineOp({
  name: "gelu",
  signature: "gelu(Tensor input, *, 'none'|'tanh' approximate='none') -> Tensor",
  places: everywhere,
  out: operandsType,
  composite: true,
  onnx: "Gelu",
  doc: {
    summary: "input times the normal distribution's cumulative function at input; 'tanh' approximates it.",
    shape,
    source: page("gelu"),
  },
  // By hand: besides the input, only one value of the forward pass has to be kept.
  gradient(g, { inputs, attrs, grads }) {
    const x = widen(g, inputs[0]!);
    let slope: Node;
    if (attrs["approximate"] === "tanh") {
      const t = tanhOf(g, x);
      const steep = g.mul(g.add(g.mul(g.mul(x, x), 3 * tanhCubic), 1), tanhFactor);
      const curve = g.mul(g.mul(x, g.sub(1, g.mul(t, t))), steep);
      slope = g.mul(g.add(g.add(t, 1), curve), 0.5);
    } else {
      const density = g.mul(g.exp(g.mul(g.mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      slope = g.add(normalShare(g, x), g.mul(x, density));
    }
    return [g.cast(g.mul(widen(g, grads[0]!), slope), inputs[0]!.dtype)];
  },
  record(g, { input, approximate }) {
    if (approximate !== "none" && approximate !== "tanh")
      throw new ArgumentError(
        "gelu/approximate",
        `gelu: approximate argument must be either none or tanh, got '${approximate}'.`,
      );
    return inWide(g, "gelu", input, (x) =>
      g.mul(x, approximate === "none" ? normalShare(g, x) : g.mul(g.add(tanhOf(g, x), 1), 0.5)),
    );
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
  out: operandsType,
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
  out: scalarTypeExpected,
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

nameSteps({ logsigmoid: "log_sigmoid" });
