/** How much falls between edges. */
import type { GraphBuilder } from "../builder.ts";
import { isFloat, scalarName } from "../dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { elementCount, sameShape } from "../shape.ts";
import { placesOf } from "./searching.ts";
import { describe, range } from "./support.ts";
import { noKernel } from "../unsupported.ts";
import { histogramsType } from "./out-types.ts";

interface Bins {
  readonly count: number;
  readonly low: Node;
  readonly high: Node;
}
/** The limits of a histogram: as given, or those of the data; equal ones are moved apart. */
function binsOf(g: GraphBuilder, x: Node, count: number, min: number, max: number, apart: number): Bins {
  const all = range(x.shape.length);
  const literal = (value: number): Node => g.full([], value, x.dtype);
  const fromData = min === max && elementCount(x.shape) > 0;
  const low = fromData ? g.reshape(g.reduce("reduce_min", x, all), []) : literal(min);
  const high = fromData ? g.reshape(g.reduce("reduce_max", x, all), []) : literal(max);
  const flat = g.eq(low, high);
  return { count, low: g.where(flat, g.sub(low, apart), low), high: g.where(flat, g.add(high, apart), high) };
}

/** Sums `weights` (or counts) into bins; a place outside of them is let go. */
function tallied(g: GraphBuilder, place: Node, inside: Node, count: number, weights: Node): Node {
  const total = elementCount(place.shape);
  const line = (x: Node): Node => g.reshape(x, [total]);
  const kept = g.where(line(inside), line(place), count);
  const sums = g.scatter("add", g.full([count + 1], 0, weights.dtype), line(weights), [0], [kept]);
  return g.sliceAxis(sums, 0, 0, count);
}

defineOp({
  name: "histc",
  signature: "histc(Tensor input, int bins=100, number min=0, number max=0) -> Tensor",
  places: ["torch", "Tensor"],
  out: histogramsType,
  doc: {
    summary:
      "How many elements fall into each of `bins` bins of equal width from min to max; those of the data when both are 0.",
    shape: "[*] -> [bins]",
    source: "torch.histc",
  },
  gradient: "none",
  record(g, { input, bins, min, max }) {
    if (!isFloat(input.dtype)) throw noKernel("histc", "histogram_cpu", input, "Convert it with input.float().");
    if (bins <= 0)
      throw new ArgumentError(
        "histc/bins",
        `histc: torch.histogram(): bins must be > 0, but got ${bins} for dimension 0.`,
      );
    if (min > max || !Number.isFinite(min) || !Number.isFinite(max))
      throw new ArgumentError(
        "histc/range",
        min > max && Number.isFinite(min - max)
          ? `torch.histc: max must be larger than min, got [${min}, ${max}].`
          : `torch.histc: range of [${min}, ${max}] is not finite.`.replaceAll("Infinity", "inf"),
      );
    const x = g.detach(input);
    const { low, high } = binsOf(g, x, bins, min, max, 1);
    const inside = g.and(g.ge(x, low), g.le(x, high));
    const place = g.mul(g.div(g.sub(x, low), g.sub(high, low)), bins);
    const bin = g.min(g.cast(g.where(inside, place, 0), "int32"), bins - 1);
    return tallied(g, bin, inside, bins, g.full(x.shape, 1, x.dtype));
  },
});

/** Counts between edges; the last bin takes its upper edge too. */
function histogramOf(g: GraphBuilder, x: Node, edges: Node, weight: Node | null, density: boolean): Node {
  const count = edges.shape[0]! - 1;
  const [first, last] = [g.sliceAxis(edges, 0, 0, 1), g.sliceAxis(edges, 0, count, 1)];
  const flat = g.reshape(x, [elementCount(x.shape)]);
  const inside = g.and(g.ge(flat, first), g.le(flat, last));
  const place = g.sub(placesOf(g, edges, flat, true, null), 1);
  const bin = g.max(g.min(place, count - 1), 0);
  const weights = weight === null ? g.full(flat.shape, 1, x.dtype) : g.reshape(weight, flat.shape);
  const sums = tallied(g, bin, inside, count, weights);
  if (!density) return sums;
  const widths = g.sub(g.sliceAxis(edges, 0, 1, count), g.sliceAxis(edges, 0, 0, count));
  return g.div(g.div(sums, g.sum(sums, [0])), widths);
}

/** `count` + 1 evenly spaced edges. */
function evenEdges(g: GraphBuilder, { count, low, high }: Bins): Node {
  const step = g.div(g.sub(high, low), count);
  const line = g.iota(count + 1, "int32");
  const near = g.add(low, g.mul(g.cast(line, low.dtype), step));
  const far = g.sub(high, g.mul(g.cast(g.sub(count, line), low.dtype), step));
  return g.where(g.lt(line, Math.floor((count + 1) / 2)), near, far);
}

function checkHistogram(x: Node, weight: Node | null): void {
  if (!isFloat(x.dtype))
    throw new DTypeError(
      "histogram/dtype",
      `torch.histogram: "histogramdd" not implemented for '${scalarName(x.dtype)}': input tensor must be floating point, got ${describe(x)}.`,
      "Convert it with input.float().",
    );
  if (weight !== null && weight.dtype !== x.dtype)
    throw new DTypeError(
      "histogram/weight-dtype",
      `torch.histogram: if weight tensor is provided, input tensor and weight tensor should have the same dtype, but got ${describe(x)} and ${describe(weight)}.`,
    );
  if (weight !== null && !sameShape(weight.shape, x.shape))
    throw new ShapeError(
      "histogram/weight-shape",
      `torch.histogram: if weight tensor is provided it should have the same shape as the input tensor, but got ${describe(weight)} and ${describe(x)}.`,
    );
}

const histogramDoc = {
  summary: "How much falls between neighbouring edges, and the edges.",
  shape: "[*] -> [bins] and [bins + 1]",
  source: "torch.histogram",
};
defineOp({
  name: "histogram",
  signature:
    "histogram(Tensor input, int bins, *, number[]? range=None, Tensor? weight=None, bool density=False) -> Tensor[2]",
  places: ["torch", "Tensor"],
  results: ["hist", "bin_edges"],
  doc: histogramDoc,
  gradient: "none",
  record(g, { input, bins, range: limits, weight, density }) {
    checkHistogram(input, weight);
    if (bins <= 0) throw new ArgumentError("histogram/bins", `torch.histogram(): bins must be > 0, but got ${bins}.`);
    if (limits !== null && limits.length !== 2)
      throw new ArgumentError(
        "histogram/range",
        `torch.histogram: range should have 2 elements, got ${limits.length}.`,
      );
    const [low, high] = (limits ?? [0, elementCount(input.shape) === 0 ? 1 : 0]) as [number, number];
    const edges = evenEdges(g, binsOf(g, input, bins, low, high, 0.5));
    return [histogramOf(g, input, edges, weight, density), edges];
  },
});
defineOp({
  name: "histogram.edges",
  signature: "histogram(Tensor input, Tensor bins, *, Tensor? weight=None, bool density=False) -> Tensor[2]",
  places: ["torch", "Tensor"],
  results: ["hist", "bin_edges"],
  doc: histogramDoc,
  gradient: "none",
  record(g, { input, bins, weight, density }) {
    checkHistogram(input, weight);
    if (bins.shape.length !== 1)
      throw new ShapeError(
        "histogram/bins",
        `torch.histogram: bins tensor should have one dimension, got ${describe(bins)}.`,
      );
    if (bins.dtype !== input.dtype)
      throw new DTypeError(
        "histogram/bins-dtype",
        `torch.histogram: input tensor and bins tensors should have the same dtype, but got ${describe(input)} and ${describe(bins)}.`,
      );
    return [histogramOf(g, input, bins, weight, density), bins];
  },
});

// ---- histograms in several dimensions

/** Edges in each dimension: from counts of bins and ranges, or as given. */
function gridEdges(
  g: GraphBuilder,
  points: Node,
  bins: readonly (number | Node)[],
  limits: readonly number[] | null,
): Node[] {
  const [count, rank] = points.shape as [number, number];
  if (bins.length !== rank)
    throw new ArgumentError(
      "histogramdd/bins",
      `torch.histogramdd: The size of bins must be equal to the innermost dimension of the input: ${bins.length} and ${rank}.`,
    );
  if (limits !== null && limits.length !== 2 * rank)
    throw new ArgumentError(
      "histogramdd/range",
      `torch.histogramdd: range should have ${2 * rank} elements, got ${limits.length}.`,
    );
  return bins.map((own, d) => {
    if (typeof own !== "number") return own;
    const [low, high] = limits === null ? [0, count === 0 ? 1 : 0] : [limits[2 * d]!, limits[2 * d + 1]!];
    return evenEdges(g, binsOf(g, g.reshape(g.sliceAxis(points, 1, d, 1), [count]), own, low, high, 0.5));
  });
}

function gridHistogram(
  g: GraphBuilder,
  input: Node,
  bins: readonly (number | Node)[],
  limits: readonly number[] | null,
  weight: Node | null,
  density: boolean,
): Node[] {
  if (!isFloat(input.dtype))
    throw new DTypeError(
      "histogramdd/dtype",
      `torch.histogramdd: "histogramdd" not implemented for '${scalarName(input.dtype)}': input tensor must be floating point, got ${describe(input)}.`,
    );
  if (input.shape.length < 2)
    throw new ShapeError(
      "histogramdd/rank",
      `torch.histogramdd: input tensor should have at least 2 dimensions, but got ${input.shape.length}.`,
    );
  const rank = input.shape.at(-1)!;
  const count = elementCount(input.shape.slice(0, -1));
  if (weight !== null && elementCount(weight.shape) !== count)
    throw new ShapeError(
      "histogramdd/weight",
      `torch.histogramdd: if weight tensor is provided it should have the same shape as the input tensor excluding its innermost dimension, but got ${describe(weight)} and ${describe(input)}.`,
    );
  const points = g.reshape(input, [count, rank]);
  const edges = gridEdges(g, points, bins, limits);
  const sizes = edges.map((edge) => edge.shape[0]! - 1);
  let inside = g.full([count], true, "bool");
  let place = g.full([count], 0, "int32");
  edges.forEach((edge, d) => {
    const x = g.reshape(g.sliceAxis(points, 1, d, 1), [count]);
    inside = g.and(inside, g.and(g.ge(x, g.sliceAxis(edge, 0, 0, 1)), g.le(x, g.sliceAxis(edge, 0, sizes[d]!, 1))));
    const bin = g.max(g.min(g.sub(placesOf(g, edge, x, true, null), 1), sizes[d]! - 1), 0);
    place = g.add(g.mul(place, sizes[d]!), bin);
  });
  const weights = weight === null ? g.full([count], 1, input.dtype) : g.reshape(weight, [count]);
  let hist = g.reshape(tallied(g, place, inside, elementCount(sizes), weights), sizes);
  if (density) {
    hist = g.div(hist, g.sum(hist, range(rank)));
    edges.forEach((edge, d) => {
      const widths = g.sub(g.sliceAxis(edge, 0, 1, sizes[d]!), g.sliceAxis(edge, 0, 0, sizes[d]!));
      hist = g.div(
        hist,
        g.reshape(
          widths,
          sizes.map((size, i) => (i === d ? size : 1)),
        ),
      );
    });
  }
  return [hist, ...edges];
}

const gridDoc = {
  summary: "A histogram of points in several dimensions, and the edges in each.",
  shape: "[*, d] -> [bins_0, .., bins_d] and a list of [bins_i + 1]",
  source: "torch.histogramdd",
};
/** The histogram, then the edges of each dimension: frontend/histogram.ts makes PyTorch's pair of it. */
defineOp({
  name: "histogramdd_parts",
  signature:
    "histogramdd_parts(Tensor input, int[] bins, *, number[]? range=None, Tensor? weight=None, bool density=False) -> Tensor[]",
  places: [],
  doc: gridDoc,
  gradient: "none",
  record: (g, { input, bins, range: limits, weight, density }) =>
    gridHistogram(
      g,
      input,
      bins.length === 1 ? range(input.shape.at(-1) ?? 0).map(() => bins[0]!) : bins,
      limits,
      weight,
      density,
    ),
});
defineOp({
  name: "histogramdd_parts.edges",
  signature:
    "histogramdd_parts(Tensor input, Tensor[] bins, *, number[]? range=None, Tensor? weight=None, bool density=False) -> Tensor[]",
  places: [],
  doc: gridDoc,
  gradient: "none",
  record: (g, { input, bins, range: limits, weight, density }) =>
    gridHistogram(g, input, bins, limits, weight, density),
});
