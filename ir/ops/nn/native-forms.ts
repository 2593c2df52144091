/** What `torch` has in the form of PyTorch's own calls between layers: every argument stated, words as numbers. */
import { isNode } from "../../builder.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp, operator, recordOperator } from "../../operator.ts";
import { elementCount, formatShape } from "../../shape.ts";
import { computedFrom, describe } from "../support.ts";
import "./convolution.ts";
import { affineGrid, gridSample } from "./grid.ts";
import { normalised } from "./normalization-core.ts";
import { groupLayout, groupNorm } from "./normalization.ts";
import { widen } from "./support.ts";

defineOp({
  name: "convolution",
  signature:
    "convolution(Tensor input, Tensor weight, Tensor? bias, int[] stride, int[] padding, int[] dilation, bool transposed, int[] output_padding, int groups) -> Tensor",
  places: ["torch"],
  doc: {
    summary: "A convolution over as many dimensions as weight has kernel sizes, or with transposed its adjoint.",
    shape: "[N, C_in, *], [C_out, C_in / groups, *K], [C_out] -> [N, C_out, *]",
    source: "torch.nn.functional.conv2d",
  },
  saves: ["input", "weight"],
  gradient: "through decomposition",
  record(g, { transposed, output_padding, ...args }) {
    const { input, weight } = args;
    const rank = weight.shape.length - 2;
    if (rank < 1 || rank > 3)
      throw new ShapeError(
        "convolution/weight-rank",
        `convolution: weight should have at least three dimensions, and at most five, got ${describe(weight)}.`,
      );
    if (input.shape.length !== weight.shape.length)
      throw new ShapeError(
        "convolution/rank",
        `convolution: Expected ${rank + 2}-dimensional input for ${rank + 2}-dimensional weight ${formatShape(weight.shape)}, but got ${input.shape.length}-dimensional input of size ${formatShape(input.shape)} instead.`,
      );
    return transposed
      ? (recordOperator(g, operator(`conv_transpose${rank}d`), { ...args, output_padding }, isNode) as Node)
      : (recordOperator(g, operator(`conv${rank}d`), args, isNode) as Node);
  },
});

const modes = ["bilinear", "nearest", "bicubic"];
const paddings = ["zeros", "border", "reflection"];

function word(name: string, what: string, words: readonly string[], number: number): string {
  const found = words[number];
  if (found !== undefined) return found;
  const known = words.map((each, i) => `${i} (${each})`).join(", ");
  throw new ArgumentError(`${name}/${what}`, `${name}: expected ${what} to be one of ${known}, but got: ${number}.`);
}

for (const [name, rank] of [
  ["grid_sampler", null],
  ["grid_sampler_2d", 2],
  ["grid_sampler_3d", 3],
] as const) {
  defineOp({
    name,
    signature:
      `${name}(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners) -> Tensor` as "grid_sampler(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners) -> Tensor",
    places: ["torch"],
    doc: {
      summary:
        "grid_sample with numbers for its words: 0 bilinear, 1 nearest, 2 bicubic; 0 zeros, 1 border, 2 reflection.",
      shape:
        rank === 3
          ? "[N, C, D, H, W], [N, D_out, H_out, W_out, 3] -> [N, C, D_out, H_out, W_out]"
          : "[N, C, H, W], [N, H_out, W_out, 2] -> [N, C, H_out, W_out]",
      source: "torch.nn.functional.grid_sample",
    },
    saves: ["input", "grid"],
    gradient: "through decomposition",
    record(g, { input, grid, interpolation_mode, padding_mode, align_corners }) {
      if (rank !== null && input.shape.length !== rank + 2)
        throw new ShapeError(
          `${name}/rank`,
          `${name}: expected ${rank + 2}D input, but got input with sizes ${formatShape(input.shape)}.`,
        );
      const mode = word(name, "interpolation_mode", modes, interpolation_mode);
      const padding = word(name, "padding_mode", paddings, padding_mode);
      return recordOperator(g, gridSample, { input, grid, mode, padding_mode: padding, align_corners }, isNode) as Node;
    },
  });
}

defineOp({
  name: "affine_grid_generator",
  signature: "affine_grid_generator(Tensor theta, int[] size, bool align_corners) -> Tensor",
  places: ["torch"],
  doc: {
    summary: "The positions, in [-1, 1], that an affine map of an image of `size` reads.",
    shape: "[N, 2, 3], (N, C, H, W) -> [N, H, W, 2]; [N, 3, 4], (N, C, D, H, W) -> [N, D, H, W, 3]",
    source: "torch.nn.functional.affine_grid",
  },
  gradient: "through decomposition",
  record: (g, args) => recordOperator(g, affineGrid, args, isNode) as Node,
});

defineOp({
  name: "native_group_norm",
  signature:
    "native_group_norm(Tensor input, Tensor? weight, Tensor? bias, int N, int C, int HxW, int group, number eps) -> Tensor[3]",
  places: ["torch"],
  doc: {
    summary: "group_norm with the mean and 1 / sqrt(variance + eps) of each group; the sizes are those of the input.",
    shape: "[N, C, *], [C], [C] -> [N, C, *], [N, group], [N, group]",
    source: "torch.nn.functional.group_norm",
  },
  saves: ["input", "weight"],
  gradient: "through decomposition",
  record(g, { input, weight, bias, N, C, HxW, group, eps }) {
    if (elementCount(input.shape) !== N * C * HxW)
      throw new ShapeError(
        "native_group_norm/size",
        `native_group_norm: Expected input to have N * C * HxW = ${N} * ${C} * ${HxW} elements, but got ${describe(input)}.`,
      );
    const rows = g.reshape(input, [N, C, HxW]);
    const args = { input: rows, num_groups: group, weight, bias, eps, cudnn_enabled: true };
    const output = recordOperator(g, groupNorm, args, isNode) as Node;
    const layout = groupLayout(rows, group);
    const { mean, inverse } = normalised(g, g.reshape(widen(g, rows), layout.shape), layout.axes, eps);
    const statistics = [mean, inverse].map((x) => g.cast(g.reshape(x, [N, group]), input.dtype));
    const given = [input, weight, bias].filter((x) => x !== null);
    return [g.reshape(output, input.shape), ...statistics.map((x) => computedFrom(g, x, given))];
  },
});
