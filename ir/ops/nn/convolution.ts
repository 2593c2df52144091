/** Convolutions and transposed convolutions over one, two or three spatial dimensions. */
import { nameSteps, rank, when, type StepRule } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { formatShape } from "../../shape.ts";
import { computedFrom, describe } from "../support.ts";
import { convolutionForward, convolutionInput } from "./convolution-core.ts";
import { outputSizes, type ConvolutionAttrs } from "./convolution-products.ts";
import { perDimension, widen, widenIf } from "./support.ts";
import { cName, scalarName } from "../../dtype.ts";

const axesName = ["", "L", "H, W", "D, H, W"] as const;

/** [N, C, *]: an input without a batch dimension gets one of size 1. */
function batched(g: GraphBuilder, name: string, input: Node, rank: number): { x: Node; isSingle: boolean } {
  const isSingle = input.shape.length === rank + 1;
  if (!isSingle && input.shape.length !== rank + 2) {
    throw new ShapeError(
      `${name}/rank`,
      `${name}: Expected ${rank + 1}D (unbatched) or ${rank + 2}D (batched) input to ${name}, but got input of size: ${formatShape(input.shape)}.`,
    );
  }
  return { x: isSingle ? g.reshape(input, [1, ...input.shape]) : input, isSingle };
}

function checkTypes(name: string, input: Node, weight: Node, bias: Node | null): void {
  if (weight.dtype !== input.dtype)
    throw new DTypeError(
      `${name}/dtype`,
      `${name}: expected scalar type ${scalarName(input.dtype)} but found ${scalarName(weight.dtype)}. Input type (${cName(input.dtype)}) and weight type (${cName(weight.dtype)}) should be the same: input ${describe(input)}, weight ${describe(weight)}.`,
      "Convert one with .to(dtype).",
    );
  if (bias !== null && bias.dtype !== input.dtype)
    throw new DTypeError(
      `${name}/dtype`,
      `${name}: Input type (${cName(input.dtype)}) and bias type (${cName(bias.dtype)}) should be the same.`,
      "Convert the bias with .to(dtype).",
    );
}

function checkNumbers(name: string, stride: readonly number[], dilation: readonly number[], groups: number): void {
  if (stride.some((s) => s <= 0))
    throw new ArgumentError(
      `${name}/stride`,
      `${name}: non-positive stride is not supported, got [${stride.join(", ")}].`,
    );
  if (dilation.some((d) => d <= 0))
    throw new ArgumentError(
      `${name}/dilation`,
      `${name}: dilation should be greater than zero, but got [${dilation.join(", ")}].`,
    );
  if (groups <= 0)
    throw new ArgumentError(`${name}/groups`, `${name}: non-positive groups is not supported, got ${groups}.`);
}

/** Padding before and after each dimension: numbers, or "same" and "valid". */
function paddingOf(
  name: string,
  padding: readonly number[] | string,
  kernel: readonly number[],
  stride: readonly number[],
  dilation: readonly number[],
): { low: number[]; high: number[] } {
  if (typeof padding !== "string") {
    const both = perDimension(name, "padding", padding, kernel.length);
    if (both.some((p) => p < 0))
      throw new ArgumentError(
        `${name}/padding`,
        `${name}: negative padding is not supported, got [${both.join(", ")}].`,
        "Crop with narrow() instead.",
      );
    return { low: both, high: both };
  }
  if (padding === "valid") return { low: kernel.map(() => 0), high: kernel.map(() => 0) };
  if (padding !== "same")
    throw new ArgumentError(
      `${name}/padding`,
      `${name}: Invalid padding string: '${padding}'.`,
      "Use 'same', 'valid', or numbers.",
    );
  if (stride.some((s) => s !== 1))
    throw new ArgumentError(
      `${name}/same-stride`,
      `${name}: padding='same' is not supported for strided convolutions.`,
    );
  const total = kernel.map((k, i) => dilation[i]! * (k - 1));
  const low = total.map((t) => Math.floor(t / 2));
  return { low, high: total.map((t, i) => t - low[i]!) };
}

function withBias(
  g: GraphBuilder,
  name: string,
  output: Node,
  weight: Node,
  bias: Node | null,
  isSingle: boolean,
): Node {
  let result = output;
  if (bias !== null) {
    const channels = output.shape[1]!;
    if (bias.shape.length !== 1 || bias.shape[0] !== channels)
      throw new ShapeError(
        `${name}/bias`,
        `${name}: Given ${name.includes("transpose") ? "transposed=1, " : ""}weight of size ${formatShape(weight.shape)}, expected bias to be 1-dimensional with ${channels} elements, but got bias of size ${formatShape(bias.shape)} instead.`,
      );
    result = g.add(
      output,
      g.reshape(
        bias,
        output.shape.map((_, i) => (i === 1 ? channels : 1)),
      ),
    );
  }
  return isSingle ? g.reshape(result, result.shape.slice(1)) : result;
}

function convolve(
  g: GraphBuilder,
  name: string,
  rank: number,
  args: {
    input: Node;
    weight: Node;
    bias: Node | null;
    stride: readonly number[];
    padding: readonly number[] | string;
    dilation: readonly number[];
    groups: number;
  },
): Node {
  const { input, weight, bias, groups } = args;
  const { x, isSingle } = batched(g, name, input, rank);
  checkTypes(name, input, weight, bias);
  if (weight.shape.length !== rank + 2)
    throw new ShapeError(
      `${name}/weight-rank`,
      weight.shape.length < 3
        ? `${name}: weight should have at least three dimensions, got ${describe(weight)}.`
        : `${name}: Expected ${weight.shape.length}-dimensional input for ${weight.shape.length}-dimensional weight${formatShape(weight.shape)}, but got ${x.shape.length}-dimensional input of size ${formatShape(x.shape)} instead.`,
      `weight must be [C_out, C_in / groups, ${axesName[rank]}].`,
    );
  const stride = perDimension(name, "stride", args.stride, rank);
  const dilation = perDimension(name, "dilation", args.dilation, rank);
  checkNumbers(name, stride, dilation, groups);
  const kernel = weight.shape.slice(2);
  const attrs: ConvolutionAttrs = {
    stride,
    dilation,
    groups,
    ...paddingOf(name, args.padding, kernel, stride, dilation),
  };
  const [channels, out] = [x.shape[1]!, weight.shape[0]!];
  if (channels !== weight.shape[1]! * groups || out % groups !== 0) {
    const size = formatShape(weight.shape);
    const words =
      out % groups === 0
        ? `weight of size ${size}, expected input${formatShape(input.shape)} to have ${weight.shape[1]! * groups} channels, but got ${channels} channels instead`
        : `expected weight to be ${out < groups ? "at least" : "divisible by"} ${groups} at dimension 0, but got weight of size ${size} instead`;
    throw new ShapeError(
      `${name}/channels`,
      `${name}: Given groups=${groups}, ${words}.`,
      out % groups === 0
        ? `weight must be [C_out, ${channels / groups}, ${axesName[rank]}].`
        : `C_out (${out}) must be divisible by groups.`,
    );
  }
  if (outputSizes(x.shape.slice(2), kernel, attrs).some((size) => size < 1)) {
    const padded = x.shape.slice(2).map((size, i) => size + attrs.low[i]! + attrs.high[i]!);
    throw new ShapeError(
      `${name}/kernel`,
      `${name}: Calculated padded input size per channel: (${padded.join(" x ")}). Kernel size: (${kernel.map((k, i) => attrs.dilation[i]! * (k - 1) + 1).join(" x ")}). Kernel size can't be greater than actual input size.`,
    );
  }
  const output = convolutionForward(g, widen(g, x), widen(g, weight), attrs);
  return g.cast(withBias(g, name, output, weight, widenIf(g, bias), isSingle), input.dtype);
}

function convolveTransposed(
  g: GraphBuilder,
  name: string,
  rank: number,
  args: {
    input: Node;
    weight: Node;
    bias: Node | null;
    stride: readonly number[];
    padding: readonly number[];
    output_padding: readonly number[];
    dilation: readonly number[];
    groups: number;
  },
): Node {
  const { input, weight, bias, groups } = args;
  const { x, isSingle } = batched(g, name, input, rank);
  checkTypes(name, input, weight, bias);
  if (weight.shape.length !== rank + 2)
    throw new ShapeError(
      `${name}/weight-rank`,
      `${name}: expected weight [C_in, C_out / groups, ${axesName[rank]}], got ${describe(weight)}.`,
    );
  const stride = perDimension(name, "stride", args.stride, rank);
  const dilation = perDimension(name, "dilation", args.dilation, rank);
  const padding = perDimension(name, "padding", args.padding, rank);
  const extra = perDimension(name, "output_padding", args.output_padding, rank);
  checkNumbers(name, stride, dilation, groups);
  if (extra.some((p, i) => p < 0 || p >= Math.max(stride[i]!, dilation[i]!)))
    throw new ArgumentError(
      `${name}/output-padding`,
      `${name}: output padding must be smaller than either stride or dilation, but got output_padding=[${extra.join(", ")}], stride=[${stride.join(", ")}], dilation=[${dilation.join(", ")}].`,
    );
  const channels = x.shape[1]!;
  if (channels !== weight.shape[0] || channels % groups !== 0) {
    throw new ShapeError(
      `${name}/channels`,
      `${name}: Given transposed=1, weight of size ${formatShape(weight.shape)}, expected input${formatShape(input.shape)} to have ${weight.shape[0]} channels, but got ${channels} channels instead (groups=${groups}).`,
    );
  }
  const size = x.shape
    .slice(2)
    .map(
      (length, i) =>
        (length - 1) * stride[i]! - 2 * padding[i]! + dilation[i]! * (weight.shape[2 + i]! - 1) + extra[i]! + 1,
    );
  // Of no images an output of no elements is one, as in PyTorch.
  const least = x.shape[0] === 0 ? 0 : 1;
  if (size.some((length) => length < least))
    throw new ShapeError(
      `${name}/size`,
      `${name}: Given input size per channel: ${formatShape(x.shape.slice(2))}. Calculated output size per channel: ${formatShape(size)}. Output size is too small.`,
    );
  if (size.includes(0)) {
    const nothing = g.full([0, weight.shape[1]! * groups, ...size], 0, input.dtype);
    return computedFrom(g, nothing, bias === null ? [input, weight] : [input, weight, bias]);
  }
  const attrs: ConvolutionAttrs = { stride, dilation, groups, low: padding, high: padding };
  const output = convolutionInput(g, widen(g, x), widen(g, weight), size, attrs);
  return g.cast(withBias(g, name, output, weight, widenIf(g, bias), isSingle), input.dtype);
}

for (const rank of [1, 2, 3] as const) {
  const sizes = axesName[rank];
  const name = `conv${rank}d`;
  defineOp({
    name,
    signature:
      `${name}(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, int[]|'valid'|'same' padding=0, int[] dilation=1, int groups=1) -> Tensor` as "conv2d(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, int[]|'valid'|'same' padding=0, int[] dilation=1, int groups=1) -> Tensor",
    places: ["torch", "nn.functional"],
    doc: {
      summary: "Cross-correlation with bias. padding: numbers, 'same' or 'valid'.",
      shape: `[N, C_in, ${sizes}], [C_out, C_in / groups, *K], [C_out] -> [N, C_out, *], N optional`,
      source: `torch.nn.functional.${name}`,
    },
    saves: ["input", "weight"],
    gradient: "through decomposition",
    record: (g, args) => convolve(g, name, rank, args),
  });
  const transposed = `conv_transpose${rank}d`;
  defineOp({
    name: transposed,
    signature:
      `${transposed}(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, int[] padding=0, int[] output_padding=0, int groups=1, int[] dilation=1) -> Tensor` as "conv_transpose2d(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, int[] padding=0, int[] output_padding=0, int groups=1, int[] dilation=1) -> Tensor",
    places: ["torch", "nn.functional"],
    doc: {
      summary: "The adjoint of a convolution in its input, with bias; also called deconvolution.",
      shape: `[N, C_in, ${sizes}], [C_in, C_out / groups, *K], [C_out] -> [N, C_out, *], N optional`,
      source: `torch.nn.functional.${transposed}`,
    },
    saves: ["input", "weight"],
    gradient: "through decomposition",
    record: (g, args) => convolveTransposed(g, transposed, rank, args),
  });
}

export const convTbc = defineOp({
  name: "conv_tbc",
  signature: "conv_tbc(Tensor input, Tensor weight, Tensor bias, int pad=0) -> Tensor",
  places: ["torch", "nn.functional"],
  doc: {
    summary: "1-d convolution of (time, batch, channel) data.",
    shape: "[T, B, C_in], [K, C_in, C_out], [C_out] -> [T_out, B, C_out]",
    source: "torch.nn.functional.conv_tbc",
  },
  gradient: "through decomposition",
  record(g, { input, weight, bias, pad }) {
    const output = convolve(g, "conv_tbc", 1, {
      input: g.permute(input, [1, 2, 0]),
      weight: g.permute(weight, [2, 1, 0]),
      bias,
      stride: [1],
      padding: [pad],
      dilation: [1],
      groups: 1,
    });
    return g.permute(output, [2, 0, 1]);
  },
});

/** One-dimensional forms work on one more dimension; those without a batch on one more as well. */
const ofDimensions = (dimensions: number): StepRule =>
  when((args) => rank(args["input"]) <= dimensions, "squeeze:1", "convolution");

nameSteps(
  {
    conv1d: "convolution",
    conv2d: "convolution",
    conv3d: "convolution",
    conv_transpose1d: "convolution",
    conv_transpose2d: "convolution",
    conv_transpose3d: "convolution",
  },
  {
    conv1d: ofDimensions(2),
    conv2d: ofDimensions(3),
    conv3d: ofDimensions(4),
    conv_transpose1d: ofDimensions(2),
    conv_transpose2d: ofDimensions(3),
    conv_transpose3d: ofDimensions(4),
  },
);
