/** Maximum, average and power-average pooling over one, two or three spatial dimensions. */
import { nameSteps } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import { isFloat } from "../../dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { signOf } from "../../gradients.ts";
import { defineOp } from "../../operator.ts";
import { elementCount, formatShape } from "../../shape.ts";
import { describe, requireFloat } from "../support.ts";
import { reluOf } from "./activation.ts";
import { maximumPool, poolingOf, sumWindows, type Pooling, type PoolingArguments } from "./pooling-core.ts";
import { perDimension, widen } from "./support.ts";
import { unsupported } from "../../unsupported.ts";

const sizesOf = ["", "L", "H, W", "D, H, W"] as const;
const shapeOf = (rank: number): string => `[N, C, ${sizesOf[rank]}] -> [N, C, *], N optional`;

for (const rank of [1, 2, 3] as const) {
  const name = `max_pool${rank}d`;
  const parameters =
    "(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, int[] dilation=1, bool ceil_mode=False)";
  const signature =
    `max_pool2d${parameters} -> Tensor` as "max_pool2d(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, int[] dilation=1, bool ceil_mode=False) -> Tensor";
  defineOp({
    name,
    signature: signature.replace("max_pool2d", name) as typeof signature,
    places: ["torch"],
    doc: {
      summary: "Maximum of each window; windows are padded with -infinity.",
      shape: shapeOf(rank),
      source: `torch.nn.functional.${name}`,
    },
    saves: ["input"],
    gradient: "through decomposition",
    record: (g, args) => maximumPool(g, args.input, poolingOf(name, args.input, rank, args)).values,
  });
  defineOp({
    name: `${name}_with_indices`,
    signature: `${name}_with_indices${parameters} -> Tensor[2]` as typeof signature,
    places: rank === 1 ? ["torch", "nn.functional"] : ["nn.functional"],
    doc: {
      summary: "Maximum of each window, with its row-major position in the input.",
      shape: shapeOf(rank),
      source: `torch.nn.functional.${name}`,
    },
    saves: ["input"],
    gradient: "through decomposition",
    record(g, args) {
      const { values, positions } = maximumPool(g, args.input, poolingOf(name, args.input, rank, args));
      return [values, positions()];
    },
  });
}

interface AverageArguments extends PoolingArguments {
  readonly input: Node;
  readonly count_include_pad: boolean;
  readonly divisor_override: number | null;
}

function average(g: GraphBuilder, name: string, rank: number, args: AverageArguments): Node {
  const { input, divisor_override: divisor } = args;
  if (divisor === 0) throw new ArgumentError(`${name}/divisor`, `${name}: divisor must be not zero.`);
  if (input.dtype === "bool") throw unsupported(name, input);
  const pooling = poolingOf(name, input, rank, args);
  const { kernel, stride, low, high } = pooling;
  const x = widen(g, input);
  const total = sumWindows(g, x, { kernel, stride, low, high, interior: kernel.map(() => 0) });
  if (divisor !== null) return g.cast(g.div(total, divisor), input.dtype);
  const count = windowCounts(g, pooling, input.shape.slice(input.shape.length - rank), args.count_include_pad, x);
  return g.cast(g.div(total, count), input.dtype);
}

/** How many elements each window averages: one number, or one for each position. */
function windowCounts(
  g: GraphBuilder,
  pooling: Pooling,
  sizes: readonly number[],
  includePadding: boolean,
  x: Node,
): Node {
  const { kernel, stride, padding, high, output } = pooling;
  const whole = kernel.every((_, i) => (includePadding ? high[i]! <= padding[i]! : padding[i] === 0 && high[i]! <= 0));
  if (whole) return g.constant(elementCount(kernel), x.dtype);
  let product: Node | null = null;
  kernel.forEach((k, i) => {
    const start = g.sub(g.mul(g.iota(output[i]!, "int32"), stride[i]!), padding[i]!);
    const end = g.min(g.add(start, k), sizes[i]! + padding[i]!);
    const length = includePadding ? g.sub(end, start) : g.sub(g.min(end, sizes[i]!), g.max(start, 0));
    const line = g.reshape(
      g.cast(length, isFloat(x.dtype) ? x.dtype : "int64"),
      output.map((count, axis) => (axis === i ? count : 1)),
    );
    product = product === null ? line : g.mul(product, line);
  });
  return product!;
}

const averageParameters =
  "(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, bool ceil_mode=False, bool count_include_pad=True, int? divisor_override=None) -> Tensor";
type AverageSignature =
  "avg_pool2d(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, bool ceil_mode=False, bool count_include_pad=True, int? divisor_override=None) -> Tensor";

for (const rank of [2, 3] as const) {
  const name = `avg_pool${rank}d`;
  defineOp({
    name,
    signature: `${name}${averageParameters}` as AverageSignature,
    places: ["nn.functional"],
    doc: { summary: "Mean of each window.", shape: shapeOf(rank), source: `torch.nn.functional.${name}` },
    saves: ["input"],
    gradient: "through decomposition",
    record: (g, args) => average(g, name, rank, args),
  });
}

export const avgPool1d = defineOp({
  name: "avg_pool1d",
  signature:
    "avg_pool1d(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, bool ceil_mode=False, bool count_include_pad=True) -> Tensor",
  places: ["torch", "nn.functional"],
  doc: { summary: "Mean of each window.", shape: shapeOf(1), source: "torch.nn.functional.avg_pool1d" },
  saves: ["input"],
  gradient: "through decomposition",
  record: (g, args) => average(g, "avg_pool1d", 1, { ...args, divisor_override: null }),
});

for (const rank of [1, 2, 3] as const) {
  const name = `lp_pool${rank}d`;
  defineOp({
    name,
    signature:
      `${name}(Tensor input, number norm_type, int[] kernel_size, int[]? stride=None, bool ceil_mode=False) -> Tensor` as "lp_pool2d(Tensor input, number norm_type, int[] kernel_size, int[]? stride=None, bool ceil_mode=False) -> Tensor",
    places: ["nn.functional"],
    doc: {
      summary: "(sum of input ** norm_type over each window) ** (1 / norm_type).",
      shape: shapeOf(rank),
      source: `torch.nn.functional.${name}`,
    },
    gradient: "through decomposition",
    record(g, { input, norm_type: p, kernel_size, stride, ceil_mode }) {
      const x = widen(g, requireFloat(name, input));
      const count = elementCount(perDimension(name, "kernel_size", kernel_size, rank));
      const powers = p === 2 ? g.mul(x, x) : p === 1 ? x : g.pow(x, p);
      const mean = average(g, name, rank, {
        input: powers,
        kernel_size,
        stride,
        padding: [0],
        ceil_mode,
        count_include_pad: true,
        divisor_override: null,
      });
      const total = g.mul(g.mul(signOf(g, mean), reluOf(g, g.abs(mean))), count);
      return g.cast(p === 1 ? total : p === 2 ? g.sqrt(total) : g.pow(total, 1 / p), input.dtype);
    },
  });
}

for (const rank of [1, 2, 3] as const) {
  const name = `max_unpool${rank}d`;
  defineOp({
    name,
    signature:
      `${name}(Tensor input, Tensor indices, int[] kernel_size, int[]? stride=None, int[] padding=0, int[]? output_size=None) -> Tensor` as "max_unpool2d(Tensor input, Tensor indices, int[] kernel_size, int[]? stride=None, int[] padding=0, int[]? output_size=None) -> Tensor",
    places: ["nn.functional"],
    doc: {
      summary: "Puts each value back at the position that max_pool took it from; zero elsewhere.",
      shape: shapeOf(rank),
      source: `torch.nn.functional.${name}`,
    },
    gradient: "through decomposition",
    record(g, { input, indices, kernel_size, stride, padding, output_size }) {
      const lead = input.shape.length - rank;
      if (lead < 1 || lead > 2)
        throw new ShapeError(
          `${name}/rank`,
          `${name}: Input to ${name} should be a ${rank + 1}d or ${rank + 2}d Tensor, but got ${describe(input)}.`,
        );
      if (indices.dtype !== "int64")
        throw new DTypeError(
          `${name}/indices`,
          `${name}: elements in indices should be type int64 but got: ${indices.dtype}.`,
          "Pass the indices of max_pool's return_indices.",
        );
      if (indices.shape.join() !== input.shape.join())
        throw new ShapeError(
          `${name}/indices`,
          `${name}: Expected shape of indices to be same as that of the input tensor (${formatShape(input.shape)}) but got indices tensor with shape: ${formatShape(indices.shape)}.`,
        );
      const kernel = perDimension(name, "kernel_size", kernel_size, rank);
      const steps = stride === null ? kernel : perDimension(name, "stride", stride, rank);
      const around = perDimension(name, "padding", padding, rank);
      const natural = kernel.map((k, i) => (input.shape[lead + i]! - 1) * steps[i]! + k - 2 * around[i]!);
      const wanted = output_size === null ? natural : output_size.slice(-rank);
      wanted.forEach((size, i) => {
        if (size <= natural[i]! - steps[i]! || size >= natural[i]! + steps[i]!)
          throw new ArgumentError(
            `${name}/output-size`,
            `${name}: invalid output_size [${wanted.join(", ")}] (dim ${i} must be between ${natural[i]! - steps[i]!} and ${natural[i]! + steps[i]!}).`,
          );
      });
      const rows = elementCount(input.shape.slice(0, lead));
      const count = rows === 0 ? 0 : elementCount(input.shape) / rows;
      const zeros = g.full([rows, elementCount(wanted)], 0, input.dtype);
      const flat = g.scatterAlong("set", zeros, g.reshape(input, [rows, count]), 1, g.reshape(indices, [rows, count]));
      return g.reshape(flat, [...input.shape.slice(0, lead), ...wanted]);
    },
  });
}

nameSteps({
  max_pool2d: "max_pool2d_with_indices",
  max_pool3d: "max_pool3d_with_indices",
  lp_pool1d: "pow",
  lp_pool2d: "pow",
  lp_pool3d: "pow",
  avg_pool1d: "squeeze:1",
  max_pool1d: "squeeze:1",
  max_pool1d_with_indices: "squeeze:1",
  max_unpool1d: "squeeze:1",
});
