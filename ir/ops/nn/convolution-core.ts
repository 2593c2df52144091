/**
 * Convolution as three composites that are each other's gradients, so that any order of differentiation stays a
 * convolution:
 *   forward(input, weight) -> output;  input(grad, weight) -> input;  weight(input, grad) -> weight.
 * Each is a product over windows of a padded tensor, with the batch and the groups as batch axes: the operands are read
 * in place, and the result comes out in the order [N, channels, *].
 */
import { isNode, type GraphBuilder } from "../../builder.ts";
import type { Node } from "../../graph.ts";
import { defineOp, recordOperator } from "../../operator.ts";
import {
  byPhases,
  firstPositions,
  overWindows,
  padSpatial,
  spatialOf,
  tapProducts,
  zeros,
  type ConvolutionAttrs,
} from "./convolution-products.ts";
import { axesBetween } from "./support.ts";

const numbersOf = (attrs: Readonly<Record<string, unknown>>): ConvolutionAttrs => ({
  stride: attrs["stride"] as number[],
  low: attrs["low"] as number[],
  high: attrs["high"] as number[],
  dilation: attrs["dilation"] as number[],
  groups: attrs["groups"] as number,
});

const forward = defineOp({
  name: "convolution_forward",
  signature:
    "convolution_forward(Tensor input, Tensor weight, int[] stride, int[] low, int[] high, int[] dilation, int groups) -> Tensor",
  places: [],
  composite: true,
  onnx: "Conv",
  doc: {
    summary: "Cross-correlation without bias.",
    shape: "[N, G*C, *], [G*O, C, *K] -> [N, G*O, *]",
    source: "torch.nn.functional.conv2d",
  },
  gradient(g, { inputs, attrs, grads }) {
    const [input, weight] = inputs as [Node, Node];
    const grad = grads[0]!;
    const numbers = numbersOf(attrs);
    return [
      input.requiresGrad ? convolutionInput(g, grad, weight, spatialOf(input), numbers) : null,
      weight.requiresGrad ? convolutionWeight(g, input, grad, spatialOf(weight), numbers) : null,
    ];
  },
  record(g, { input, weight, stride, low, high, dilation, groups }) {
    const rank = stride.length;
    const padded = padSpatial(g, input, low, high, zeros(rank));
    const split = g.reshape(weight, [groups, weight.shape[0]! / groups, ...weight.shape.slice(1)]);
    return overWindows(g, padded, split, stride, dilation);
  },
});

const inputGradient = defineOp({
  name: "convolution_input",
  signature:
    "convolution_input(Tensor grad, Tensor weight, int[] size, int[] stride, int[] low, int[] high, int[] dilation, int groups) -> Tensor",
  places: [],
  composite: true,
  onnx: "ConvTranspose",
  doc: {
    summary: "The adjoint of convolution_forward in its input: a transposed convolution.",
    shape: "[N, G*O, *], [G*O, C, *K] -> [N, G*C, *size]",
    source: "torch.nn.functional.conv_transpose2d",
  },
  gradient(g, { inputs, attrs, grads }) {
    const [output, weight] = inputs as [Node, Node];
    const grad = grads[0]!;
    const numbers = numbersOf(attrs);
    return [
      output.requiresGrad ? firstPositions(g, convolutionForward(g, grad, weight, numbers), spatialOf(output)) : null,
      weight.requiresGrad ? convolutionWeight(g, grad, output, spatialOf(weight), numbers) : null,
    ];
  },
  record(g, { grad, weight, size, stride, low, dilation, groups }) {
    const rank = stride.length;
    const kernel = spatialOf(weight);
    if (stride.some((s) => s > 1) && dilation.every((d, i) => d === 1 || stride[i] === 1)) {
      return byPhases(g, grad, weight, size, { stride, low, dilation, groups });
    }
    const reach = kernel.map((k, i) => dilation[i]! * (k - 1));
    const before = reach.map((span, i) => span - low[i]!);
    const covered = spatialOf(grad).map((count, i) => Math.max(0, (count - 1) * stride[i]! + 1));
    const after = size.map((length, i) => length + reach[i]! - before[i]! - covered[i]!);
    const padded = padSpatial(
      g,
      grad,
      before,
      after,
      stride.map((s) => s - 1),
    );
    // [G, O, C, *K] with the kernel turned round and the channels exchanged: [G, C, O, *K]
    const split = g.reshape(weight, [groups, weight.shape[0]! / groups, ...weight.shape.slice(1)]);
    const turned = g.swap(g.flip(split, axesBetween(3, 3 + rank)), 1, 2);
    return overWindows(g, padded, turned, new Array<number>(rank).fill(1), dilation);
  },
});

const weightGradient = defineOp({
  name: "convolution_weight",
  signature:
    "convolution_weight(Tensor input, Tensor grad, int[] size, int[] stride, int[] low, int[] high, int[] dilation, int groups) -> Tensor",
  places: [],
  composite: true,
  doc: {
    summary: "The adjoint of convolution_forward in its weight.",
    shape: "[N, G*C, *], [N, G*O, *] -> [G*O, C, *size]",
    source: "torch.nn.functional.conv2d",
  },
  gradient(g, { inputs, attrs, grads }) {
    const [input, output] = inputs as [Node, Node];
    const grad = grads[0]!;
    const numbers = numbersOf(attrs);
    return [
      input.requiresGrad ? convolutionInput(g, output, grad, spatialOf(input), numbers) : null,
      output.requiresGrad ? firstPositions(g, convolutionForward(g, input, grad, numbers), spatialOf(output)) : null,
    ];
  },
  record(g, { input, grad, size, stride, low, high, dilation, groups }) {
    return tapProducts(g, input, grad, size, { stride, low, high, dilation, groups });
  },
});

const recorded = (g: GraphBuilder, definition: typeof forward, args: Readonly<Record<string, unknown>>): Node =>
  recordOperator(g, definition, args, isNode) as Node;

export const convolutionForward = (g: GraphBuilder, input: Node, weight: Node, attrs: ConvolutionAttrs): Node =>
  recorded(g, forward, { input, weight, ...attrs });
export const convolutionInput = (
  g: GraphBuilder,
  grad: Node,
  weight: Node,
  size: readonly number[],
  attrs: ConvolutionAttrs,
): Node => recorded(g, inputGradient, { grad, weight, size, ...attrs });
const convolutionWeight = (
  g: GraphBuilder,
  input: Node,
  grad: Node,
  size: readonly number[],
  attrs: ConvolutionAttrs,
): Node => recorded(g, weightGradient, { input, grad, size, ...attrs });
