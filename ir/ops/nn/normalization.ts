/** Layer, group, batch, instance and root-mean-square normalisation. */
import { nameSteps } from "../../step-names.ts";
import { isNode, type GraphBuilder } from "../../builder.ts";
import type { DType } from "../../dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp, recordOperator, type GradientRequest } from "../../operator.ts";
import { elementCount, formatShape } from "../../shape.ts";
import { promoted, requireFloat } from "../support.ts";
import { normalised, normalisedGradient } from "./normalization-core.ts";
import { axesBetween, byArgument, isHalf, range, tensorArgument, widen, widenIf } from "./support.ts";

/** value * weight + bias, where they are given. */
function affine(g: GraphBuilder, value: Node, weight: Node | null, bias: Node | null): Node {
  const scaled = weight === null ? value : g.mul(value, weight);
  return bias === null ? scaled : g.add(scaled, bias);
}

/** How one of the operators sees its input: in which shape, normalised over which axes, with weights of which shape. */
interface Layout {
  readonly shape: readonly number[];
  readonly axes: readonly number[];
  readonly weightShape: readonly number[];
}

function normalise(
  g: GraphBuilder,
  input: Node,
  weight: Node | null,
  bias: Node | null,
  eps: number,
  layout: Layout,
): Node {
  const shaped = (x: Node | null): Node | null => (x === null ? null : g.reshape(widen(g, x), layout.weightShape));
  const { value } = normalised(g, g.reshape(widen(g, input), layout.shape), layout.axes, eps);
  return g.cast(g.reshape(affine(g, value, shaped(weight), shaped(bias)), input.shape), input.dtype);
}

/** Gradients of `normalise`. */
function normaliseGradient(g: GraphBuilder, request: GradientRequest, layout: Layout): (Node | null)[] {
  const input = tensorArgument(request, "input")!;
  const weight = tensorArgument(request, "weight");
  const bias = tensorArgument(request, "bias");
  const wide = widenIf(g, weight);
  const grad = g.reshape(widen(g, request.grads[0]!), layout.shape);
  const result = normalised(g, g.reshape(widen(g, input), layout.shape), layout.axes, request.attrs["eps"] as number);
  const scale = wide === null ? null : g.reshape(wide, layout.weightShape);
  // A weight that is the same all over a mean comes after it: the sums are then those of the weight and the bias.
  const isOutside = layout.axes.every((axis) => layout.weightShape[axis] === 1);
  const before = scale === null || isOutside ? grad : g.mul(grad, scale);
  const inputGradient = (): Node => {
    const plain = normalisedGradient(g, result, before, layout.axes);
    return scale !== null && isOutside ? g.mul(plain, scale) : plain;
  };
  const summed = (x: Node): Node => g.sumTo(isOutside ? g.sum(x, layout.axes) : x, layout.weightShape);
  return byArgument(g, request, {
    input: input.requiresGrad ? inputGradient() : null,
    weight: weight?.requiresGrad ? summed(g.mul(grad, result.value)) : null,
    bias: bias?.requiresGrad ? summed(grad) : null,
  });
}

function layerLayout(input: Node, normalizedShape: readonly number[]): Layout {
  const lead = input.shape.length - normalizedShape.length;
  if (normalizedShape.length === 0)
    throw new ArgumentError(
      "layer_norm/shape",
      "layer_norm: Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got normalized_shape = [].",
    );
  if (lead < 0 || normalizedShape.some((size, i) => size !== input.shape[lead + i])) {
    throw new ShapeError(
      "layer_norm/shape",
      `layer_norm: Given normalized_shape=${formatShape(normalizedShape)}, expected input with shape [*, ${normalizedShape.join(", ")}], but got input of size${formatShape(input.shape)}.`,
    );
  }
  return {
    shape: input.shape,
    axes: axesBetween(lead, input.shape.length),
    weightShape: [...new Array<number>(lead).fill(1), ...normalizedShape],
  };
}

function requireWeights(name: string, shape: readonly number[], weight: Node | null, bias: Node | null): void {
  for (const [what, x] of [
    ["weight", weight],
    ["bias", bias],
  ] as const) {
    if (x !== null && formatShape(x.shape) !== formatShape(shape))
      throw new ShapeError(
        `${name}/${what}`,
        name === "group_norm"
          ? `${name}: Expected ${what} to be a vector of size equal to the number of channels in input, but got ${what} of shape ${formatShape(x.shape)} and ${shape[0]} channels.`
          : `${name}: Expected ${what} to be of same shape as normalized_shape, but got ${what} of shape ${formatShape(x.shape)} and normalized_shape = ${formatShape(shape)}.`,
      );
  }
}

/** What an input is multiplied with and added to is of its type; halves may have float32. */
function requireWidth(name: string, input: Node, parameters: readonly (Node | null)[]): void {
  const wide = ({ dtype }: Node): DType => (isHalf(dtype) ? "float32" : dtype);
  const other = parameters.find((x) => x !== null && wide(x) !== wide(input)) ?? null;
  if (other === null) return;
  const rule =
    input.dtype === "float64"
      ? "all inputs must share same datatype"
      : "expect parameter to have scalar type of Float, or that of the input";
  throw new DTypeError(
    `${name}/mixed-dtype`,
    `${name}: mixed dtype (CPU): ${rule}: input ${input.dtype}${formatShape(input.shape)}, parameter ${other.dtype}${formatShape(other.shape)}.`,
    "Convert one with .to(dtype).",
  );
}

export const layerNorm = defineOp({
  name: "layer_norm",
  signature:
    "layer_norm(Tensor input, int[] normalized_shape, Tensor? weight=None, Tensor? bias=None, number eps=1e-5, bool cudnn_enable=True) -> Tensor",
  places: ["torch", "nn.functional"],
  composite: true,
  onnx: "LayerNormalization",
  doc: {
    summary: "Mean 0, variance 1 over the last dimensions (normalized_shape), then weight and bias.",
    shape: "[*, *normalized_shape] -> the same",
    source: "torch.nn.functional.layer_norm",
  },
  saves: ["input", "weight", "bias"],
  gradient: (g, request) =>
    normaliseGradient(g, request, layerLayout(request.inputs[0]!, request.attrs["normalized_shape"] as number[])),
  record(g, { input, normalized_shape, weight, bias, eps }) {
    requireFloat("layer_norm", input);
    requireWeights("layer_norm", normalized_shape, weight, bias);
    requireWidth("layer_norm", input, [weight, bias]);
    return normalise(g, input, weight, bias, eps, layerLayout(input, normalized_shape));
  },
});

export const nativeLayerNorm = defineOp({
  name: "native_layer_norm",
  signature:
    "native_layer_norm(Tensor input, int[] normalized_shape, Tensor? weight, Tensor? bias, number eps) -> Tensor[3]",
  places: ["torch"],
  doc: {
    summary: "layer_norm with the mean and 1 / sqrt(variance + eps) that it used.",
    shape: "[*, *normalized_shape] -> the same, [*, 1 ...], [*, 1 ...]",
    source: "torch.nn.functional.layer_norm",
  },
  saves: ["input", "weight", "bias"],
  gradient: "through decomposition",
  record(g, { input, normalized_shape, weight, bias, eps }) {
    const output = recordOperator(
      g,
      layerNorm,
      { input, normalized_shape, weight, bias, eps, cudnn_enable: true },
      isNode,
    ) as Node;
    const { axes } = layerLayout(input, normalized_shape);
    const { mean, inverse } = normalised(g, widen(g, g.detach(input)), axes, eps);
    return [output, g.cast(mean, input.dtype), g.cast(inverse, input.dtype)];
  },
});

export const rmsNorm = defineOp({
  name: "rms_norm",
  signature: "rms_norm(Tensor input, int[] normalized_shape, Tensor? weight=None, number? eps=None) -> Tensor",
  places: ["torch", "nn.functional"],
  doc: {
    summary: "input / sqrt(mean(input ** 2) + eps) over the last dimensions, times weight.",
    shape: "[*, *normalized_shape] -> the same",
    source: "torch.nn.functional.rms_norm",
  },
  saves: [
    { name: "input", for: ["input"] },
    { name: "weight", for: ["input"] },
  ],
  gradient: "through decomposition",
  record(g, { input, normalized_shape, weight, eps }) {
    requireFloat("rms_norm", input);
    requireWeights("rms_norm", normalized_shape, weight, null);
    const { axes, weightShape } = layerLayout(input, normalized_shape);
    const x = widen(g, input);
    const mean = g.div(g.sum(g.mul(x, x), axes), elementCount(normalized_shape));
    // Of the type that is computed in.
    const epsilon = eps ?? (x.dtype === "float64" ? 2 ** -52 : 2 ** -23);
    const scaled = g.div(x, g.sqrt(g.add(mean, epsilon)));
    if (weight === null) return g.cast(scaled, input.dtype);
    // A weight of another width is no error here.
    const [value, factor] = promoted(g, scaled, g.reshape(widen(g, weight), weightShape));
    return g.cast(g.mul(value, factor), input.dtype);
  },
});

export function groupLayout(input: Node, groups: number): Layout {
  const [batch, channels] = input.shape as [number, number];
  if (input.shape.length < 2)
    throw new ShapeError(
      "group_norm/rank",
      `group_norm: Expected at least 2 dimensions for input tensor but received ${input.shape.length}.`,
    );
  if (channels % groups !== 0)
    throw new ShapeError(
      "group_norm/groups",
      `group_norm: Expected number of channels in input to be divisible by num_groups, but got input of shape ${formatShape(input.shape)} and num_groups=${groups}.`,
    );
  const shape = [batch, groups, channels / groups, ...input.shape.slice(2)];
  return {
    shape,
    axes: axesBetween(2, shape.length),
    weightShape: shape.map((size, i) => (i === 1 || i === 2 ? size : 1)),
  };
}

export const groupNorm = defineOp({
  name: "group_norm",
  signature:
    "group_norm(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, number eps=1e-5, bool cudnn_enabled=True) -> Tensor",
  places: ["torch", "nn.functional"],
  composite: true,
  onnx: "GroupNormalization",
  doc: {
    summary: "Mean 0, variance 1 over each group of channels of each sample, then weight and bias for each channel.",
    shape: "[N, C, *], [C], [C] -> [N, C, *]",
    source: "torch.nn.functional.group_norm",
  },
  saves: ["input", "weight"],
  gradient: (g, request) =>
    normaliseGradient(g, request, groupLayout(request.inputs[0]!, request.attrs["num_groups"] as number)),
  record(g, { input, num_groups, weight, bias, eps }) {
    requireFloat("group_norm", input);
    const layout = groupLayout(input, num_groups);
    requireWeights("group_norm", [input.shape[1]!], weight, bias);
    requireWidth("group_norm", input, [weight, bias]);
    return normalise(g, input, weight, bias, eps, layout);
  },
});

/** Statistics of each channel over everything else (batch), or over its own sample only (instance). */
function channelLayout(input: Node, overBatch: boolean): Layout {
  const { shape } = input;
  const axes = range(shape.length).filter((axis) => (overBatch ? axis !== 1 : axis > 1));
  return { shape, axes, weightShape: shape.length < 2 ? shape : shape.map((size, i) => (i === 1 ? size : 1)) };
}

export const normalizeChannels = defineOp({
  name: "normalize_channels",
  signature: "normalize_channels(Tensor input, Tensor? weight, Tensor? bias, bool over_batch, number eps) -> Tensor",
  places: [],
  composite: true,
  doc: {
    summary: "Mean 0, variance 1 for each channel, over the batch or for each sample, then weight and bias.",
    shape: "[N, C, *] -> [N, C, *]",
    source: "torch.nn.functional.batch_norm",
  },
  gradient: (g, request) =>
    normaliseGradient(g, request, channelLayout(request.inputs[0]!, request.attrs["over_batch"] as boolean)),
  record: (g, { input, weight, bias, over_batch, eps }) =>
    normalise(g, input, weight, bias, eps, channelLayout(input, over_batch)),
});

export const statisticsOfBatch = defineOp({
  name: "batch_statistics",
  signature: "batch_statistics(Tensor input, number eps) -> Tensor[2]",
  places: [],
  doc: {
    summary: "Mean and 1 / sqrt(variance + eps) of each channel.",
    shape: "[N, C, *] -> [C], [C]",
    source: "torch.nn.functional.batch_norm",
  },
  gradient: "none",
  record(g, { input, eps }) {
    const { mean, inverse } = normalised(g, widen(g, input), channelLayout(input, true).axes, eps);
    return [mean, inverse].map((x) => g.cast(g.reshape(x, [input.shape[1]!]), input.dtype));
  },
});

export const batchNormInference = defineOp({
  name: "batch_norm_inference",
  signature:
    "batch_norm_inference(Tensor input, Tensor running_mean, Tensor running_var, Tensor? weight, Tensor? bias, number eps) -> Tensor",
  places: [],
  composite: true,
  onnx: "BatchNormalization",
  doc: {
    summary: "(input - running_mean) / sqrt(running_var + eps) * weight + bias for each channel.",
    shape: "[N, C, *], [C] ... -> [N, C, *]",
    source: "torch.nn.functional.batch_norm",
  },
  gradient: "through decomposition",
  record(g, { input, running_mean, running_var, weight, bias, eps }) {
    requireWidth("batch_norm", input, [running_mean, running_var, weight, bias]);
    // One factor and one term for each channel, so that the whole costs a multiplication and an addition an element.
    const inverse = g.div(1, g.sqrt(g.add(widen(g, running_var), eps)));
    const factor = weight === null ? inverse : g.mul(inverse, widen(g, weight));
    const shift = g.mul(widen(g, running_mean), factor);
    const term = bias === null ? g.neg(shift) : g.sub(widen(g, bias), shift);
    const { weightShape } = channelLayout(input, true);
    const x = widen(g, input);
    return g.cast(g.add(g.mul(x, g.reshape(factor, weightShape)), g.reshape(term, weightShape)), input.dtype);
  },
});

/** new = old + momentum * (observed - old), not differentiated. */
function runningUpdate(g: GraphBuilder, running: Node, observed: Node, momentum: Node): Node {
  const old = widen(g, g.detach(running));
  const kept = g.mul(old, g.sub(1, momentum));
  return g.cast(
    g.add(g.mul(g.cast(g.reshape(g.detach(observed), old.shape), old.dtype), momentum), kept),
    running.dtype,
  );
}

export const batchNormTraining = defineOp({
  name: "batch_norm_training",
  signature:
    "batch_norm_training(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, Scalar momentum, bool over_batch, number eps) -> Tensor[]",
  places: [],
  doc: {
    summary:
      "Normalised by the batch's (or each sample's) own statistics, and the running statistics that follow, where they are given.",
    shape: "[N, C, *] -> [N, C, *], [C], [C]",
    source: "torch.nn.functional.batch_norm",
  },
  // Of single samples the weights are repeated first.
  saves: ({ over_batch }) => (over_batch ? null : ["input"]),
  gradient: "through decomposition",
  record(g, { input, weight, bias, running_mean, running_var, momentum, over_batch, eps }) {
    requireWidth("batch_norm", input, [weight, bias]);
    const output = recordOperator(g, normalizeChannels, { input, weight, bias, over_batch, eps }, isNode) as Node;
    const results = [output];
    const { axes } = channelLayout(input, over_batch);
    const count = elementCount(axes.map((axis) => input.shape[axis]!));
    const { mean, variance } = normalised(g, widen(g, g.detach(input)), axes, eps);
    // Statistics of single samples are averaged over the batch.
    const averaged = (x: Node): Node => (over_batch ? x : g.div(g.sum(x, [0]), input.shape[0]!));
    if (running_mean !== null)
      results.push(runningUpdate(g, running_mean, averaged(mean), g.scalar(momentum, widen(g, running_mean).dtype)));
    if (running_var !== null) {
      const unbiased = g.mul(variance, count / (count - 1));
      results.push(runningUpdate(g, running_var, averaged(unbiased), g.scalar(momentum, widen(g, running_var).dtype)));
    }
    return results;
  },
});

nameSteps({
  batch_norm_inference: "native_batch_norm",
  batch_norm_training: "native_batch_norm",
  group_norm: "native_group_norm",
  layer_norm: "native_layer_norm",
});
