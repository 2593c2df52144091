/** Windows as columns (unfold, im2col) and back (fold, col2im). */
import { nameSteps } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { elementCount, formatShape } from "../../shape.ts";
import { describe } from "../support.ts";
import { outputSizes } from "./convolution-products.ts";
import { perDimension } from "./support.ts";

interface Blocks {
  readonly kernel: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly number[];
  readonly stride: readonly number[];
}

function blocksOf(
  name: string,
  kernel: readonly number[],
  dilation: readonly number[],
  padding: readonly number[],
  stride: readonly number[],
): Blocks {
  const blocks = {
    kernel: perDimension(name, "kernel_size", kernel, 2),
    dilation: perDimension(name, "dilation", dilation, 2),
    padding: perDimension(name, "padding", padding, 2),
    stride: perDimension(name, "stride", stride, 2),
  };
  if (
    [...blocks.kernel, ...blocks.dilation, ...blocks.stride].some((n) => n <= 0) ||
    blocks.padding.some((n) => n < 0)
  ) {
    throw new ArgumentError(
      `${name}/numbers`,
      `${name}: kernel_size, dilation and stride should be greater than zero and padding non-negative, but got kernel_size=[${blocks.kernel.join(", ")}], dilation=[${blocks.dilation.join(", ")}], padding=[${blocks.padding.join(", ")}], stride=[${blocks.stride.join(", ")}].`,
    );
  }
  return blocks;
}

const positions = (name: string, sizes: readonly number[], { kernel, dilation, padding, stride }: Blocks): number[] => {
  const counts = outputSizes(sizes, kernel, { stride, low: padding, high: padding, dilation });
  if (counts.some((count) => count < 1))
    throw new ShapeError(
      `${name}/size`,
      `${name}: Given spatial size ${formatShape(sizes)}, kernel_size=[${kernel.join(", ")}], dilation=[${dilation.join(", ")}], padding=[${padding.join(", ")}], stride=[${stride.join(", ")}], calculated shape of the array of sliding blocks as ${formatShape(counts)}, but its components must be at least one.`,
    );
  return counts;
};

export const unfold = defineOp({
  name: "im2col",
  signature: "im2col(Tensor input, int[] kernel_size, int[] dilation=1, int[] padding=0, int[] stride=1) -> Tensor",
  places: [],
  doc: {
    summary: "Every window as a column.",
    shape: "[N, C, H, W] -> [N, C * kH * kW, L], N optional",
    source: "torch.nn.functional.unfold",
  },
  gradient: "through decomposition",
  record(g, args) {
    const { input } = args;
    const rank = input.shape.length;
    if ((rank !== 3 && rank !== 4) || input.shape.slice(-3).includes(0))
      throw new ShapeError(
        "unfold/rank",
        `unfold: Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but got: ${describe(input)}.`,
      );
    const blocks = blocksOf("unfold", args.kernel_size, args.dilation, args.padding, args.stride);
    const x = rank === 3 ? g.reshape(input, [1, ...input.shape]) : input;
    const [batch, channels, ...sizes] = x.shape as [number, number, number, number];
    const counts = positions("unfold", sizes, blocks);
    const { kernel, padding, stride, dilation } = blocks;
    const wide = g.pad(x, [0, 0, ...padding], [0, 0, ...padding], 0);
    const windows = g.permute(g.window(wide, kernel, stride, dilation), [0, 1, 4, 5, 2, 3]);
    const columns = [channels * elementCount(kernel), elementCount(counts)];
    return g.reshape(windows, rank === 3 ? columns : [batch, ...columns]);
  },
});

/** Adds each offset of the kernel to where it came from: the adjoint of the windows. */
function foldWindows(
  g: GraphBuilder,
  columns: Node,
  size: readonly number[],
  { kernel, dilation, padding, stride }: Blocks,
): Node {
  const [batch, channels] = columns.shape as [number, number];
  const counts = columns.shape.slice(4);
  const wide = size.map((n, i) => n + 2 * padding[i]!);
  let sum: Node | null = null;
  for (let i = 0; i < kernel[0]!; i++) {
    for (let j = 0; j < kernel[1]!; j++) {
      const part = g.reshape(g.slice(columns, [0, 0, i, j, 0, 0], [batch, channels, 1, 1, ...counts]), [
        batch,
        channels,
        ...counts,
      ]);
      const start = [i * dilation[0]!, j * dilation[1]!];
      const end = wide.map((n, d) => n - start[d]! - ((counts[d]! - 1) * stride[d]! + 1));
      const placed = g.pad(part, [0, 0, ...start], [0, 0, ...end], 0, [0, 0, ...stride.map((s) => s - 1)]);
      sum = sum === null ? placed : g.add(sum, placed);
    }
  }
  return g.slice(sum!, [0, 0, ...padding], [batch, channels, ...size]);
}

export const fold = defineOp({
  name: "fold",
  aliases: ["col2im"],
  signature:
    "fold(Tensor input, int[] output_size, int[] kernel_size, int[] dilation=1, int[] padding=0, int[] stride=1) -> Tensor",
  places: ["nn.functional"],
  doc: {
    summary: "Adds windows given as columns into an image: the adjoint of unfold.",
    shape: "[N, C * kH * kW, L] -> [N, C, *output_size], N optional",
    source: "torch.nn.functional.fold",
  },
  gradient: "through decomposition",
  record(g, args) {
    const { input } = args;
    const rank = input.shape.length;
    if (rank !== 2 && rank !== 3)
      throw new ShapeError(
        "fold/rank",
        `fold: Expected 2D or 3D (batch mode) tensor for input, but got: ${describe(input)}.`,
      );
    const blocks = blocksOf("fold", args.kernel_size, args.dilation, args.padding, args.stride);
    const size = perDimension("fold", "output_size", args.output_size, 2);
    const x = rank === 2 ? g.reshape(input, [1, ...input.shape]) : input;
    const [batch, rows, length] = x.shape as [number, number, number];
    const area = elementCount(blocks.kernel);
    const counts = positions("fold", size, blocks);
    if (rows % area !== 0)
      throw new ShapeError(
        "fold/rows",
        `fold: Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got input.size(1)=${rows} and kernel_size=[${blocks.kernel.join(", ")}].`,
      );
    if (length !== elementCount(counts))
      throw new ShapeError(
        "fold/columns",
        `fold: Given output_size=${formatShape(size)}, kernel_size=[${blocks.kernel.join(", ")}], expected size of input's dimension 2 to match the calculated number of sliding blocks ${counts.join(" * ")} = ${elementCount(counts)}, but got input.size(2)=${length}.`,
      );
    const columns = g.reshape(x, [batch, rows / area, ...blocks.kernel, ...counts]);
    const image = foldWindows(g, columns, size, blocks);
    return rank === 2 ? g.reshape(image, image.shape.slice(1)) : image;
  },
});

nameSteps({ fold: "col2im" });
