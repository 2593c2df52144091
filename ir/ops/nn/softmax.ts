/** Softmax and its relatives: composites with the gradients that do not overflow. */
import { nameSteps } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import { isNode } from "../../builder.ts";
import type { DType } from "../../dtype.ts";
import type { Node } from "../../graph.ts";
import { defineOp, recordOperator, type GradientRule } from "../../operator.ts";
import { axisOf, requireFloat } from "../support.ts";
import { isHalf, widen } from "./support.ts";

const shape = "[*] -> [*]";
/** torch.nn.functional has forms of its own, in frontend/functional/softmax.ts. */
const places = ["torch", "Tensor", "special"] as const;

/** The dimension that torch.nn.functional takes when none is named. */
export const implicitDim = (rank: number): number => (rank === 0 || rank === 1 || rank === 3 ? 0 : 1);

/** Input in the type to compute in, and the axis; a 0-d tensor counts as one element. */
function prepare(
  g: GraphBuilder,
  name: string,
  input: Node,
  dim: number,
  dtype: DType | null,
): { x: Node; axis: number } {
  const x = requireFloat(name, dtype === null ? input : g.cast(input, dtype));
  const rank = x.shape.length;
  return { x: widen(g, rank === 0 ? g.reshape(x, [1]) : x), axis: axisOf(name, dim, rank) };
}

const shifted = (g: GraphBuilder, x: Node, axis: number): Node => g.sub(x, g.detach(g.reduce("reduce_max", x, [axis])));

/** exp(x) / sum(exp(x)) along an axis: one quotient a row, since the sum is finite and 1 at least. */
function softmaxAlong(g: GraphBuilder, x: Node, axis: number): Node {
  const powers = g.exp(shifted(g, x, axis));
  return g.mul(powers, g.div(g.constant(1, x.dtype), g.sum(powers, [axis])));
}
/** x - log(sum(exp(x))) along an axis. PyTorch rounds the sum along the last one to a half type that the result has. */
function logSoftmaxAlong(g: GraphBuilder, x: Node, axis: number, result: DType): Node {
  const moved = shifted(g, x, axis);
  const total = g.sum(g.exp(moved), [axis]);
  return g.sub(
    moved,
    g.log(isHalf(result) && axis === x.shape.length - 1 ? g.cast(g.cast(total, result), total.dtype) : total),
  );
}

/** Gradient of an output of the input's shape along the axis of the call, computed wide. */
const alongAxis =
  (rule: (g: GraphBuilder, output: Node, grad: Node, axis: number) => Node): GradientRule =>
  (g, { inputs, outputs, attrs, grads }) => {
    const [input, output] = [inputs[0]!, outputs[0]!];
    const rank = input.shape.length;
    const axis = axisOf("softmax", attrs["dim"] as number, rank);
    const line = rank === 0 ? [1] : input.shape;
    const result = rule(g, g.reshape(widen(g, output), line), g.reshape(widen(g, grads[0]!), line), axis);
    return [g.cast(g.reshape(result, input.shape), input.dtype)];
  };

export const softmax = defineOp({
  name: "softmax",
  aliases: ["special_softmax"],
  signature: "softmax(Tensor input, int dim, dtype? dtype=None) -> Tensor",
  places,
  composite: true,
  onnx: "Softmax",
  doc: { summary: "exp(input) / sum(exp(input)) along dim.", shape, source: "torch.nn.functional.softmax" },
  gradient: alongAxis((g, y, grad, axis) => {
    const product = g.mul(grad, y);
    return g.sub(product, g.mul(y, g.sum(product, [axis])));
  }),
  record(g, { input, dim, dtype }) {
    const { x, axis } = prepare(g, "softmax", input, dim, dtype);
    return g.cast(g.reshape(softmaxAlong(g, x, axis), input.shape), dtype ?? input.dtype);
  },
});

export const logSoftmax = defineOp({
  name: "log_softmax",
  aliases: ["special_log_softmax"],
  signature: "log_softmax(Tensor input, int dim, dtype? dtype=None) -> Tensor",
  places,
  composite: true,
  onnx: "LogSoftmax",
  doc: {
    summary: "log(softmax(input)) along dim, without underflow.",
    shape,
    source: "torch.nn.functional.log_softmax",
  },
  gradient: alongAxis((g, y, grad, axis) => g.sub(grad, g.mul(g.exp(y), g.sum(grad, [axis])))),
  record(g, { input, dim, dtype }) {
    const { x, axis } = prepare(g, "log_softmax", input, dim, dtype);
    return g.cast(g.reshape(logSoftmaxAlong(g, x, axis, dtype ?? input.dtype), input.shape), dtype ?? input.dtype);
  },
});

export const recordSoftmax = (g: GraphBuilder, input: Node, dim: number): Node =>
  recordOperator(g, softmax, { input, dim, dtype: null }, isNode) as Node;
export const recordLogSoftmax = (g: GraphBuilder, input: Node, dim: number): Node =>
  recordOperator(g, logSoftmax, { input, dim, dtype: null }, isNode) as Node;

export const softmin = defineOp({
  name: "softmin",
  signature: "softmin(Tensor input, int? dim=None, dtype? dtype=None) -> Tensor",
  places: ["nn.functional"],
  doc: { summary: "softmax(-input) along dim.", shape, source: "torch.nn.functional.softmin" },
  gradient: "through decomposition",
  record: (g, { input, dim, dtype }) =>
    recordOperator(
      g,
      softmax,
      { input: g.neg(input), dim: dim ?? implicitDim(input.shape.length), dtype },
      isNode,
    ) as Node,
});

nameSteps({ softmin: "softmax" });
