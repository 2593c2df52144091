/** The products that convolutions are made of: over windows, over the phases of a stride, over batch and positions. */
import type { GraphBuilder } from "../../builder.ts";
import type { Node } from "../../graph.ts";
import { elementCount } from "../../shape.ts";
import { axesBetween, range } from "./support.ts";

export interface ConvolutionAttrs {
  readonly stride: readonly number[];
  /** Padding before and after each spatial dimension. */
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
}

export const spatialOf = (x: Node): readonly number[] => x.shape.slice(2);
export const zeros = (count: number): number[] => new Array<number>(count).fill(0);

/** Positions of the output along each spatial dimension. */
export const outputSizes = (
  input: readonly number[],
  kernel: readonly number[],
  { stride, low, high, dilation }: Omit<ConvolutionAttrs, "groups">,
): number[] =>
  input.map(
    (size, i) => Math.floor((size + low[i]! + high[i]! - dilation[i]! * (kernel[i]! - 1) - 1) / stride[i]!) + 1,
  );

export function padSpatial(
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
export function overWindows(
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
export const firstPositions = (g: GraphBuilder, x: Node, sizes: readonly number[]): Node =>
  g.slice(
    x,
    x.shape.map(() => 0),
    x.shape.map((size, i) => sizes[i - 2] ?? size),
  );

/** So many phases are convolutions of their own; more would be more kernels than work. */
const fewPhases = 4;

/**
 * The adjoint of a strided convolution without multiplying by the zeros between the strides. Position q of the padded
 * input is q = m * stride + phase; the taps that reach it are phase, phase + stride, ..., so each phase is a
 * convolution of its own with those taps, and the phases are interleaved. Many phases are one convolution together.
 */
export function byPhases(
  g: GraphBuilder,
  grad: Node,
  weight: Node,
  size: readonly number[],
  { stride, low, dilation, groups }: Omit<ConvolutionAttrs, "high">,
): Node {
  const rank = stride.length;
  const kernel = spatialOf(weight);
  const counts = size.map((length, i) => Math.ceil((low[i]! + length) / stride[i]!));
  const taps = (phase: number, i: number): number => Math.max(0, Math.ceil((kernel[i]! - phase) / stride[i]!));
  const most = kernel.map((_, i) => dilation[i]! * (taps(0, i) - 1));
  // Enough on both sides for the phase with the most taps.
  const after = spatialOf(grad).map((count, i) => counts[i]! - count);
  const padded = padSpatial(g, grad, most, after, zeros(rank));
  const split = g.swap(g.reshape(weight, [groups, weight.shape[0]! / groups, ...weight.shape.slice(1)]), 1, 2);
  const outer = [grad.shape[0]!, groups * split.shape[1]!];
  const interleaved = [...outer, ...counts.map((n, i) => n * stride[i]!)];
  const cropped = (whole: Node): Node => g.slice(whole, [0, 0, ...low], [...outer, ...size]);
  if (elementCount(stride) > fewPhases && kernel.every((k, i) => k % stride[i]! === 0)) {
    // As many taps in each phase: the phases are further channels of one convolution, put in their places afterwards.
    const own = kernel.map((k, i) => k / stride[i]!);
    const [first, across] = [split.shape.slice(0, 3), axesBetween(3, 3 + 2 * rank)];
    const [steps, offsets] = [across.filter((_, i) => i % 2 === 0), across.filter((_, i) => i % 2 === 1)];
    const apart = g.flip(g.reshape(split, [...first, ...own.flatMap((n, i) => [n, stride[i]!])]), steps);
    const channels = elementCount(stride) * first[1]!;
    const weights = g.reshape(g.permute(apart, [0, ...offsets, 1, 2, ...steps]), [
      first[0]!,
      channels,
      first[2]!,
      ...own,
    ]);
    const product = overWindows(g, padded, weights, new Array<number>(rank).fill(1), dilation);
    const parts = g.reshape(product, [outer[0]!, groups, ...stride, first[1]!, ...counts]);
    const order = range(rank).flatMap((i) => [3 + rank + i, 2 + i]);
    return cropped(g.reshape(g.permute(parts, [0, 1, 2 + rank, ...order]), interleaved));
  }
  const phase = (phases: readonly number[]): Node => {
    const own = phases.map(taps);
    if (own.includes(0)) return g.full([...outer, ...counts], 0, grad.dtype);
    const chosen = g.slice(split, [0, 0, 0, ...phases], [...split.shape.slice(0, 3), ...own], [1, 1, 1, ...stride]);
    const turned = g.flip(chosen, axesBetween(3, 3 + rank));
    const reach = own.map((n, i) => dilation[i]! * (n - 1));
    const seen = g.slice(
      padded,
      [0, 0, ...most.map((n, i) => n - reach[i]!)],
      [...padded.shape.slice(0, 2), ...counts.map((n, i) => n + reach[i]!)],
    );
    return overWindows(g, seen, turned, new Array<number>(rank).fill(1), dilation);
  };
  // [N, C, count, stride, count, stride, ...], one dimension's phases after the other.
  const assemble = (phases: readonly number[]): Node => {
    const i = phases.length;
    if (i === rank) return g.reshape(phase(phases), [...outer, ...counts.flatMap((n) => [n, 1])]);
    return g.concat(
      range(stride[i]!).map((r) => assemble([...phases, r])),
      3 + 2 * i,
    );
  };
  return cropped(g.reshape(assemble([]), interleaved));
}

/** The smallest divisor of `size` that leaves at most `limit` of it, or `size` itself. */
function chunksOf(size: number, limit: number): number {
  for (let count = 1; count < size; count++) if (size % count === 0 && size / count <= limit) return count;
  return Math.max(1, size);
}

/** Longer sums are cut: what one column of a product reads should fit in a processor's cache. */
const longestSum = 32_768;

/**
 * The products of every output channel with every tap, summed over the batch and the positions: [G*O, C, *K]. Long sums
 * are cut into chunks of the batch, and of the first spatial dimension, that are added at the end.
 */
export function tapProducts(
  g: GraphBuilder,
  input: Node,
  grad: Node,
  size: readonly number[],
  { stride, low, high, dilation, groups }: ConvolutionAttrs,
): Node {
  const rank = stride.length;
  const counts = spatialOf(grad);
  const batch = grad.shape[0]!;
  const [out, channels] = [grad.shape[1]! / groups, input.shape[1]! / groups];
  const windows = firstPositions(
    g,
    g.window(padSpatial(g, input, low, high, zeros(rank)), size, stride, dilation),
    counts,
  );
  const area = elementCount(counts);
  const batches = chunksOf(batch, Math.max(1, Math.floor(longestSum / Math.max(1, area))));
  const rows = chunksOf(
    counts[0]!,
    Math.max(1, Math.floor((longestSum * counts[0]!) / Math.max(1, (area * batch) / batches))),
  );
  // [chunks of N, N, G, channels, chunks of rows, rows, *positions, *taps], read in place
  const cut = (x: Node, own: number): Node =>
    g.reshape(x, [batches, batch / batches, groups, own, rows, counts[0]! / rows, ...x.shape.slice(3)]);
  const left = cut(grad, out);
  // The channels last: the columns of the product should be many.
  const positions = [1, ...axesBetween(5, 5 + rank)];
  const taps = axesBetween(5 + rank, 5 + 2 * rank);
  const right = g.permute(cut(windows, channels), [0, 2, 4, ...positions, ...taps, 3]);
  const rightPositions = axesBetween(3, 4 + rank);
  const chunks = [0, 2, 4];
  // -> [chunks, G, chunks, O, *K, C] or [chunks, G, chunks, *K, C, O]
  const product =
    channels >= 4
      ? g.dot(left, right, [positions, rightPositions], [chunks, [0, 1, 2]])
      : g.dot(right, left, [rightPositions, positions], [[0, 1, 2], chunks]);
  const whole = g.reshape(g.sum(product, [0, 2]), [groups, ...product.shape.slice(3)]);
  const axes =
    channels >= 4
      ? [0, 1, 2 + rank, ...axesBetween(2, 2 + rank)]
      : [0, 2 + rank, 1 + rank, ...axesBetween(1, 1 + rank)];
  return g.reshape(g.permute(whole, axes), [groups * out, channels, ...size]);
}
