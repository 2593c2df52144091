/** Pooling to a given size: output i covers the inputs floor(i * in / out) to ceil((i + 1) * in / out). */
import { nameSteps } from "../../step-names.ts";
import { isNode, type GraphBuilder } from "../../builder.ts";
import { ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp, recordOperator } from "../../operator.ts";
import { elementCount, formatShape } from "../../shape.ts";
import { describe, requireFloat } from "../support.ts";
import { maximumPool, poolingOf, scatterFlat, sumWindows } from "./pooling-core.ts";
import { axesBetween, lowestOf, range, widen } from "./support.ts";

/** The wanted sizes; null keeps a dimension's size. */
function targetOf(name: string, input: Node, rank: number, wanted: unknown): number[] {
  const lead = input.shape.length - rank;
  if (lead < 1 || lead > 2)
    throw new ShapeError(
      `${name}/rank`,
      lead < 1 && rank > 1
        ? `${name}: Input dimension should be at least ${rank + 1}, got ${describe(input)}.`
        : `${name}: Expected ${rank + 1}D or ${rank + 2}D tensor, but got ${describe(input)}.`,
    );
  const list = Array.isArray(wanted) ? (wanted as unknown[]) : new Array<unknown>(rank).fill(wanted);
  const full = list.length === 1 ? new Array<unknown>(rank).fill(list[0]) : list;
  if (full.length !== rank)
    throw new ShapeError(
      `${name}/output-size`,
      full.length === 0 && rank > 1
        ? `${name}: ${name.includes("max") ? "internal error: output_size.size()" : "output_size"} must be ${rank}, got [].`
        : `${name}() argument 'output_size' should contain ${rank === 1 ? "one int" : `${rank} ints`} (got ${full.length}).`,
    );
  const sizes = full.map((size, i) => (size === null || size === undefined ? input.shape[lead + i]! : Number(size)));
  if (sizes.some((size) => !Number.isInteger(size) || size < 0))
    throw new ShapeError(
      `${name}/output-size`,
      `${name}: elements of output_size must be greater than or equal to 0: Trying to create tensor with negative dimension ${Math.min(...sizes)}: ${formatShape([...input.shape.slice(0, lead), ...sizes])}.`,
    );
  if (input.shape.slice(1).includes(0))
    throw new ShapeError(
      `${name}/empty`,
      `${name}: Expected input to have non-zero size for non-batch dimensions, but got ${describe(input)}.`,
    );
  return sizes;
}

/** Windows of equal size and distance, when the sizes divide. */
const evenKernel = (input: readonly number[], output: readonly number[]): number[] | null =>
  output.every((count, i) => count > 0 && input[i]! % count === 0) ? output.map((count, i) => input[i]! / count) : null;

/** First and last-plus-one input of each output, as int64. */
function bounds(g: GraphBuilder, size: number, count: number): { start: Node; end: Node } {
  const i = g.iota(count, "int64");
  const start = g.div(g.mul(i, BigInt(size)), BigInt(count));
  const end = g.div(g.add(g.mul(g.add(i, 1n), BigInt(size)), BigInt(count - 1)), BigInt(count));
  return { start, end };
}

/** How many inputs the widest output covers. */
const widest = (size: number, count: number): number =>
  Math.max(...range(count).map((i) => Math.ceil(((i + 1) * size) / count) - Math.floor((i * size) / count)));

/**
 * Sums over the inputs that each output covers. Input p is in outputs floor(p * out / in) to ceil((p + 1) * out / in),
 * so that the adjoint is such a sum, too.
 */
const intervalSum = defineOp({
  name: "interval_sum",
  signature: "interval_sum(Tensor input, int axis, int count) -> Tensor",
  places: [],
  composite: true,
  doc: {
    summary: "Sums over `count` intervals of an axis that cover it evenly, and may share elements.",
    shape: "[.., size, ..] -> [.., count, ..]",
    source: "torch.nn.functional.adaptive_avg_pool2d",
  },
  gradient(g, { inputs, attrs, grads }) {
    const axis = attrs["axis"] as number;
    return [sumIntervals(g, grads[0]!, axis, inputs[0]!.shape[axis]!)];
  },
  record(g, { input, axis, count }) {
    const size = input.shape[axis]!;
    const width = widest(size, count);
    const { start, end } = bounds(g, size, count);
    const column = (line: Node): Node => g.reshape(line, [count, 1]);
    const position = g.add(column(start), g.reshape(g.iota(width, "int64"), [1, width]));
    const inside = g.lt(position, column(end));
    // [count, width, ...others]; what an interval lacks of the width is not read for its value.
    const others = axesBetween(2, input.shape.length + 1);
    const covered = g.gather(input, [axis], [g.min(position, BigInt(size - 1))]);
    const counted = g.where(g.reshape(inside, [count, width, ...others.map(() => 1)]), covered, 0);
    const sums = g.reshape(g.sum(counted, [1]), [count, ...input.shape.filter((_, i) => i !== axis)]);
    return g.permute(sums, [...range(axis).map((i) => i + 1), 0, ...axesBetween(axis + 1, input.shape.length)]);
  },
});
const sumIntervals = (g: GraphBuilder, input: Node, axis: number, count: number): Node =>
  recordOperator(g, intervalSum, { input, axis, count }, isNode) as Node;

export function adaptiveAverage(g: GraphBuilder, name: string, rank: number, input: Node, wanted: unknown): Node {
  const target = targetOf(name, input, rank, wanted);
  const lead = input.shape.length - rank;
  const sizes = input.shape.slice(lead);
  const shape = [...input.shape.slice(0, lead), ...target];
  if (elementCount(target) === 0) return g.full(shape, 0, input.dtype);
  const x = widen(g, requireFloat(name, input));
  const kernel = evenKernel(sizes, target);
  if (kernel !== null) {
    const zero = kernel.map(() => 0);
    const total = sumWindows(g, x, { kernel, stride: kernel, low: zero, high: zero, interior: zero });
    return g.cast(g.div(total, elementCount(kernel)), input.dtype);
  }
  // Uneven windows: one dimension after the other.
  let result = x;
  target.forEach((count, i) => {
    const axis = lead + i;
    if (count === sizes[i]) return;
    const { start, end } = bounds(g, sizes[i]!, count);
    const covered = g.cast(g.sub(end, start), x.dtype);
    const shape = result.shape.map((_, at) => (at === axis ? count : 1));
    result = g.div(sumIntervals(g, result, axis, count), g.reshape(covered, shape));
  });
  return g.cast(result, input.dtype);
}

const unevenMaximum = defineOp({
  name: "adaptive_max_pool",
  signature: "adaptive_max_pool(Tensor input, int[] output_size) -> Tensor[2]",
  places: [],
  composite: true,
  doc: {
    summary: "Maximum of each window with its row-major position in the input.",
    shape: "[*, *S] -> [*, *output_size], int64[*, *output_size]",
    source: "torch.nn.functional.adaptive_max_pool2d",
  },
  gradient: (g, { inputs, outputs, attrs, grads }) => {
    const lead = inputs[0]!.shape.length - (attrs["output_size"] as number[]).length;
    return [grads[0] ? scatterFlat(g, inputs[0]!, grads[0], outputs[1]!, lead) : null];
  },
  record(g, { input, output_size }) {
    const rank = output_size.length;
    const lead = input.shape.length - rank;
    const sizes = input.shape.slice(lead);
    // Every window is as long as the longest; what is beyond its end does not count.
    const lengths = output_size.map((count, i) =>
      Math.max(
        ...range(count).map((k) => Math.ceil(((k + 1) * sizes[i]!) / count) - Math.floor((k * sizes[i]!) / count)),
      ),
    );
    const shape = [...output_size, ...lengths];
    let inside: Node | null = null;
    const places = output_size.map((count, i) => {
      const { start, end } = bounds(g, sizes[i]!, count);
      const line = (x: Node, axis: number): Node =>
        g.reshape(
          x,
          shape.map((size, k) => (k === axis ? size : 1)),
        );
      const position = g.add(line(start, i), line(g.iota(lengths[i]!, "int64"), rank + i));
      const valid = g.lt(position, line(end, i));
      inside = inside === null ? valid : g.and(inside, valid);
      return g.expandTo(g.min(position, BigInt(sizes[i]! - 1)), shape);
    });
    const gathered = g.gather(input, axesBetween(lead, lead + rank), places);
    const order = [...axesBetween(2 * rank, 2 * rank + lead), ...range(2 * rank)];
    const windows = g.where(
      g.expandTo(inside!, [...input.shape.slice(0, lead), ...shape]),
      g.permute(gathered, order),
      lowestOf(input.dtype),
    );
    const outer = [...input.shape.slice(0, lead), ...output_size];
    const flat = g.reshape(windows, [...outer, elementCount(lengths)]);
    const chosen = g.reshape(g.argReduce("argmax", flat, lead + rank), outer);
    const values = g.reshape(g.reduce("reduce_max", flat, [lead + rank]), outer);
    let position: Node | null = null;
    output_size.forEach((count, i) => {
      const offset = g.binary("rem", g.div(chosen, BigInt(elementCount(lengths.slice(i + 1)))), BigInt(lengths[i]!));
      const start = g.reshape(
        bounds(g, sizes[i]!, count).start,
        output_size.map((size, k) => (k === i ? size : 1)),
      );
      const along = g.add(offset, start);
      position = position === null ? along : g.add(g.mul(position, BigInt(sizes[i]!)), along);
    });
    return [values, position!];
  },
});

function adaptiveMaximum(g: GraphBuilder, name: string, rank: number, input: Node, wanted: unknown): [Node, Node] {
  const target = targetOf(name, input, rank, wanted);
  const lead = input.shape.length - rank;
  if (elementCount(target) === 0) {
    const shape = [...input.shape.slice(0, lead), ...target];
    return [g.full(shape, 0, input.dtype), g.full(shape, 0n, "int64")];
  }
  const kernel = evenKernel(input.shape.slice(lead), target);
  if (kernel === null || elementCount(input.shape) === 0) {
    const [values, positions] = recordOperator(g, unevenMaximum, { input, output_size: target }, isNode) as readonly [
      Node,
      Node,
    ];
    return [values, positions];
  }
  const pooling = poolingOf(name, input, rank, { kernel_size: kernel, stride: kernel, padding: [0], ceil_mode: false });
  const { values, positions } = maximumPool(g, input, pooling);
  return [values, positions()];
}

for (const rank of [1, 2, 3] as const) {
  const average = `adaptive_avg_pool${rank}d`;
  const shape = `[N, C, *] -> [N, C, *output_size], N optional`;
  defineOp({
    name: average,
    signature:
      `${average}(Tensor input, int?[] output_size) -> Tensor` as "adaptive_avg_pool2d(Tensor input, int?[] output_size) -> Tensor",
    places: rank === 1 ? ["torch", "nn.functional"] : ["nn.functional"],
    doc: {
      summary: "Means over windows chosen so that the result has output_size (null keeps a dimension).",
      shape,
      source: `torch.nn.functional.${average}`,
    },
    gradient: "through decomposition",
    record: (g, { input, output_size }) => adaptiveAverage(g, average, rank, input, output_size),
  });
  const maximum = `adaptive_max_pool${rank}d`;
  defineOp({
    name: `${maximum}_with_indices`,
    signature:
      `${maximum}_with_indices(Tensor input, int?[] output_size) -> Tensor[2]` as "adaptive_max_pool2d(Tensor input, int?[] output_size) -> Tensor",
    places: ["nn.functional"],
    doc: {
      summary:
        "Maxima over windows chosen so that the result has output_size (null keeps a dimension), with their row-major positions in the input.",
      shape,
      source: `torch.nn.functional.${maximum}`,
    },
    saves: ["input"],
    gradient: "through decomposition",
    record: (g, { input, output_size }) => adaptiveMaximum(g, maximum, rank, input, output_size),
  });
}

// In torch itself, and there for one dimension only, it always gives both.
defineOp({
  name: "adaptive_max_pool1d",
  signature: "adaptive_max_pool1d(Tensor input, int?[] output_size) -> Tensor[2]",
  places: ["torch"],
  doc: {
    summary: "Maxima over windows chosen so that the result has output_size, with their positions in the input.",
    shape: "[N, C, L] -> [N, C, output_size], int64[N, C, output_size], N optional",
    source: "torch.nn.functional.adaptive_max_pool1d",
  },
  saves: ["input"],
  gradient: "through decomposition",
  record: (g, { input, output_size }) => adaptiveMaximum(g, "adaptive_max_pool1d", 1, input, output_size),
});

nameSteps({
  adaptive_max_pool2d_with_indices: "adaptive_max_pool2d",
  adaptive_max_pool3d_with_indices: "adaptive_max_pool3d",
  adaptive_avg_pool1d: "squeeze:1",
  adaptive_max_pool1d: "squeeze:1",
  adaptive_max_pool1d_with_indices: "squeeze:1",
});
