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
import { axesBetween, range } from "./support.ts";

export interface ConvolutionAttrs {
  readonly stride: readonly number[];
  /** Padding before and after each spatial dimension. */
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
}

const numbersOf = (attrs: Readonly<Record<string, unknown>>): ConvolutionAttrs => ({
  stride: attrs["stride"] as number[],
  low: attrs["low"] as number[],
  high: attrs["high"] as number[],
  dilation: attrs["dilation"] as number[],
  groups: attrs["groups"] as number,
});

const spatialOf = (x: Node): readonly number[] => x.shape.slice(2);
const zeros = (count: number): number[] => new Array<number>(count).fill(0);

/** Positions of the output along each spatial dimension. */
export const outputSizes = (
  input: readonly number[],
  kernel: readonly number[],
  { stride, low, high, dilation }: Omit<ConvolutionAttrs, "groups">,
): number[] =>
  input.map(
    (size, i) => Math.floor((size + low[i]! + high[i]! - dilation[i]! * (kernel[i]! - 1) - 1) / stride[i]!) + 1,
  );

function padSpatial(
  g: GraphBuilder,
  x: Node,
  low: readonly number[],
  high: readonly number[],
  interior: readonly number[],
): Node {
  return g.pad(x, [0, 0, ...low], [0, 0, ...high], 0, [0, 0, ...interior]);
}

/** [N, G*C, *] -> [N, G, C, *] */
const grouped = (g: GraphBuilder, x: Node, groups: number): Node =>
  g.reshape(x, [x.shape[0]!, groups, x.shape[1]! / groups, ...x.shape.slice(2)]);

/**
 * weight [G, O, C, *K] over windows of x [N, G*C, *S]: sum over C and K -> [N, G*O, *positions].
 * The weight is repeated over N without being copied.
 */
function overWindows(
  g: GraphBuilder,
  x: Node,
  weight: Node,
  stride: readonly number[],
  dilation: readonly number[],
): Node {
  const [batch, rank] = [x.shape[0]!, x.shape.length - 2];
  const [groups, out] = [weight.shape[0]!, weight.shape[1]!];
  const kernel = weight.shape.slice(3);
  const windows = g.window(x, kernel, stride, dilation);
  const positions = windows.shape.slice(2, 2 + rank);
  if (groups === 1) {
    const repeatedWeight = g.expandTo(g.reshape(weight, weight.shape.slice(1)), [batch, ...weight.shape.slice(1)]);
    return g.dot(
      repeatedWeight,
      windows,
      [axesBetween(2, 3 + rank), [1, ...axesBetween(2 + rank, 2 + 2 * rank)]],
      [[0], [0]],
    );
  }
  const repeatedWeight = g.expandTo(weight, [batch, ...weight.shape]);
  const split = grouped(g, windows, groups);
  const product = g.dot(
    repeatedWeight,
    split,
    [axesBetween(3, 4 + rank), [2, ...axesBetween(3 + rank, 3 + 2 * rank)]],
    [
      [0, 1],
      [0, 1],
    ],
  );
  return g.reshape(product, [batch, groups * out, ...positions]);
}

/** Output padding can make a transposed convolution larger than its own windows cover: the rest has no counterpart. */
const firstPositions = (g: GraphBuilder, x: Node, sizes: readonly number[]): Node =>
  g.slice(
    x,
    x.shape.map(() => 0),
    x.shape.map((size, i) => sizes[i - 2] ?? size),
  );

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
    const rank = stride.length;
    const padded = padSpatial(g, input, low, high, zeros(rank));
    const windows = firstPositions(g, g.window(padded, size, stride, dilation), spatialOf(grad));
    const split = [grouped(g, grad, groups), grouped(g, windows, groups)] as const;
    const [out, channels] = [split[0].shape[2]!, split[1].shape[2]!];
    // [N, G, C, *positions, *K] with the channels last: the columns of the product should be many.
    const positions = axesBetween(3, 3 + rank);
    const taps = axesBetween(3 + rank, 3 + 2 * rank);
    const columns = g.permute(split[1], [0, 1, ...positions, ...taps, 2]);
    const [atGrad, atColumns] = [
      [0, ...positions],
      [0, ...range(rank).map((i) => 2 + i)],
    ];
    const behindTaps = axesBetween(2, 2 + rank);
    const product =
      channels >= 4
        ? g.permute(g.dot(split[0], columns, [atGrad, atColumns], [[1], [1]]), [0, 1, 2 + rank, ...behindTaps])
        : g.permute(g.dot(columns, split[0], [atColumns, atGrad], [[1], [1]]), [
            0,
            2 + rank,
            1 + rank,
            ...axesBetween(1, 1 + rank),
          ]);
    return g.reshape(product, [groups * out, channels, ...size]);
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
