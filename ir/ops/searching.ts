/** Places in sorted sequences, histograms, distinct elements. */
import type { GraphBuilder } from "../builder.ts";
import { isFloat, isIntegral } from "../dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp, type HostElements, type Measured } from "../operator.ts";
import { elementCount, formatShape, sameShape } from "../shape.ts";
import { axisOf, describe, moveAxis, range, toFloat } from "./support.ts";

// ---- sorted sequences

/** For each value the first place where it could stand in its row; with `right` the last. By bisection. */
function placesOf(g: GraphBuilder, sequence: Node, values: Node, right: boolean, sorter: Node | null): Node {
  const size = sequence.shape.at(-1)!;
  const shared = sequence.shape.length === 1;
  const at = (place: Node): Node => {
    const own = sorter === null ? place : shared ? g.gather(sorter, [0], [place]) : g.takeAlong(sorter, sorter.shape.length - 1, place);
    return shared ? g.gather(sequence, [0], [own]) : g.takeAlong(sequence, sequence.shape.length - 1, own);
  };
  let low = g.full(values.shape, 0, "int32");
  let high = g.full(values.shape, size, "int32");
  for (let steps = Math.ceil(Math.log2(size + 1)); steps > 0; steps--) {
    const middle = g.binary("shr", g.add(low, high), 1);
    const element = at(g.min(middle, Math.max(0, size - 1)));
    // Written so that NaN goes to the end.
    const before = g.and(g.lt(low, high), g.not(right ? g.gt(element, values) : g.ge(element, values)));
    const stays = g.ge(low, high);
    [low, high] = [g.where(before, g.add(middle, 1), low), g.where(g.or(before, stays), high, middle)];
  }
  return low;
}

interface Search {
  readonly sequence: Node;
  readonly values: Node;
  readonly right: boolean;
  readonly narrow: boolean;
  readonly sorter: Node | null;
}
function searched(g: GraphBuilder, name: string, { sequence, values, right, narrow, sorter }: Search): Node {
  if (sequence.dtype !== values.dtype) throw new DTypeError(`${name}/dtype`, `torch.${name}(): input value tensor and boundary tensor should have the same dtype, but got ${describe(values)} and ${describe(sequence)}.`);
  if (sequence.shape.length !== 1 && (sequence.shape.length !== values.shape.length || !sameShape(sequence.shape.slice(0, -1), values.shape.slice(0, -1)))) {
    throw new ShapeError(`${name}/sizes`, `torch.${name}(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and input value tensor must match, but we got boundaries tensor ${formatShape(sequence.shape)} and input value tensor ${formatShape(values.shape)}.`);
  }
  if (sorter !== null && !sameShape(sorter.shape, sequence.shape)) throw new ShapeError(`${name}/sorter`, `torch.${name}(): boundary and sorter must have the same size, but got boundary tensor ${formatShape(sequence.shape)} and sorter tensor ${formatShape(sorter.shape)}.`);
  const places = elementCount(sequence.shape) === 0 ? g.full(values.shape, 0, "int32") : placesOf(g, sequence, values, right, sorter);
  return narrow ? places : g.cast(places, "int64");
}

function sideOf(right: boolean, side: string | null): boolean {
  if (side === null) return right;
  if (side !== "left" && side !== "right") throw new ArgumentError("searchsorted/side", `torch.searchsorted(): side can only be 'left' or 'right' but got ${side}.`);
  if (side === "left" && right) throw new ArgumentError("searchsorted/side", "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True.");
  return side === "right";
}

const searchDoc = { summary: "The place of each value in a sorted sequence (its last dimension): before equal elements, or after them with right.", shape: "[*, n] or [n] and [*, m] -> int64[*, m]", source: "torch.searchsorted" };
defineOp({
  name: "searchsorted",
  signature: "searchsorted(Tensor sorted_sequence, Tensor input, *, bool out_int32=False, bool right=False, string? side=None, Tensor? sorter=None) -> Tensor",
  places: ["torch"],
  doc: searchDoc,
  gradient: "none",
  record: (g, { sorted_sequence, input, out_int32, right, side, sorter }) => searched(g, "searchsorted", { sequence: sorted_sequence, values: input, right: sideOf(right, side), narrow: out_int32, sorter }),
});
defineOp({
  name: "searchsorted.number",
  signature: "searchsorted(Tensor sorted_sequence, Scalar input, *, bool out_int32=False, bool right=False, string? side=None, Tensor? sorter=None) -> Tensor",
  places: ["torch"],
  doc: searchDoc,
  gradient: "none",
  record(g, { sorted_sequence, input, out_int32, right, side, sorter }) {
    const wide = input.category === "float" && isIntegral(sorted_sequence.dtype) ? toFloat(g, sorted_sequence) : sorted_sequence;
    return searched(g, "searchsorted", { sequence: wide, values: g.scalar(input, wide.dtype), right: sideOf(right, side), narrow: out_int32, sorter });
  },
});

for (const [name, type] of [
  ["bucketize", "Tensor"],
  ["bucketize.number", "Scalar"],
] as const) {
  defineOp({
    name,
    signature: `bucketize(${type} input, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor` as "bucketize(Tensor|Scalar input, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor",
    places: name === "bucketize" ? ["torch", "Tensor"] : ["torch"],
    doc: { summary: "The number of the bucket between sorted boundaries that each value falls into.", shape: "[*] and [n] -> int64[*]", source: "torch.bucketize" },
    gradient: "none",
    record(g, { input, boundaries, out_int32, right }) {
      if (boundaries.shape.length !== 1) throw new ShapeError("bucketize/boundaries", `bucketize: boundaries tensor must be 1 dimension, but got ${describe(boundaries)}.`);
      const values = "op" in input ? input : g.scalar(input, boundaries.dtype);
      return searched(g, "bucketize", { sequence: boundaries, values, right, narrow: out_int32, sorter: null });
    },
  });
}

// ---- histograms

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
  doc: { summary: "How many elements fall into each of `bins` bins of equal width from min to max; those of the data when both are 0.", shape: "[*] -> [bins]", source: "torch.histc" },
  gradient: "none",
  record(g, { input, bins, min, max }) {
    if (!isFloat(input.dtype)) throw new DTypeError("histc/dtype", `histc: "histogram_cpu" not implemented for '${input.dtype}': it takes floating point tensors.`, "Convert it with input.float().");
    if (bins <= 0) throw new ArgumentError("histc/bins", `torch.histc(): bins must be > 0, but got ${bins}.`);
    if (min > max || !Number.isFinite(min) || !Number.isFinite(max)) throw new ArgumentError("histc/range", `torch.histc(): range of [${min}, ${max}] is not finite or max must be larger than min.`);
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
  if (!isFloat(x.dtype)) throw new DTypeError("histogram/dtype", `torch.histogram: input tensor must be floating point, got ${describe(x)}.`, "Convert it with input.float().");
  if (weight !== null && weight.dtype !== x.dtype) throw new DTypeError("histogram/weight-dtype", `torch.histogram: if weight tensor is provided, input tensor and weight tensor should have the same dtype, but got ${describe(x)} and ${describe(weight)}.`);
  if (weight !== null && !sameShape(weight.shape, x.shape)) throw new ShapeError("histogram/weight-shape", `torch.histogram: if weight tensor is provided it should have the same shape as the input tensor, but got ${describe(weight)} and ${describe(x)}.`);
}

const histogramDoc = { summary: "How much falls between neighbouring edges, and the edges.", shape: "[*] -> [bins] and [bins + 1]", source: "torch.histogram" };
defineOp({
  name: "histogram",
  signature: "histogram(Tensor input, int bins, *, number[]? range=None, Tensor? weight=None, bool density=False) -> Tensor[2]",
  places: ["torch", "Tensor"],
  results: ["hist", "bin_edges"],
  doc: histogramDoc,
  gradient: "none",
  record(g, { input, bins, range: limits, weight, density }) {
    checkHistogram(input, weight);
    if (bins <= 0) throw new ArgumentError("histogram/bins", `torch.histogram(): bins must be > 0, but got ${bins}.`);
    if (limits !== null && limits.length !== 2) throw new ArgumentError("histogram/range", `torch.histogram: range should have 2 elements, got ${limits.length}.`);
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
    if (bins.shape.length !== 1) throw new ShapeError("histogram/bins", `torch.histogram: bins tensor should have one dimension, got ${describe(bins)}.`);
    if (bins.dtype !== input.dtype) throw new DTypeError("histogram/bins-dtype", `torch.histogram: input tensor and bins tensors should have the same dtype, but got ${describe(input)} and ${describe(bins)}.`);
    return [histogramOf(g, input, bins, weight, density), bins];
  },
});

defineOp({
  name: "bincount",
  signature: "bincount(Tensor input, Tensor? weights=None, int minlength=0) -> Tensor",
  places: ["torch", "Tensor"],
  doc: { summary: "How often each value from 0 to the largest one occurs; with weights the sums of theirs.", shape: "[n] -> [max + 1]", source: "torch.bincount" },
  gradient: "none",
  measure: (_g, { input }) => [input],
  record(g, { input, weights, minlength }, measured) {
    if (minlength < 0) throw new ArgumentError("bincount/minlength", `bincount: minlength should be >= 0, got ${minlength}.`);
    if (input.shape.length !== 1 || !isIntegral(input.dtype)) throw new DTypeError("bincount/input", `bincount only supports 1-d non-negative integral inputs, got ${describe(input)}.`);
    if (weights !== null && (weights.shape.length !== 1 || weights.shape[0] !== input.shape[0])) throw new ShapeError("bincount/weights", `bincount: weights should be 1-d and have the same length as input: ${describe(weights)} and ${describe(input)}.`);
    let size = minlength;
    for (const value of measured.values[0]!) {
      if (value < 0) throw new ArgumentError("bincount/negative", `bincount only supports 1-d non-negative integral inputs, got ${value}.`);
      size = Math.max(size, Number(value) + 1);
    }
    const added = weights === null ? g.full(input.shape, 1, "int64") : weights.dtype === "float32" || weights.dtype === "float64" ? weights : g.cast(weights, "float64");
    const index = input.dtype === "int64" || input.dtype === "int32" ? input : g.cast(input, "int64");
    return size === 0 ? g.full([0], 0, added.dtype) : g.scatter("add", g.full([size], 0, added.dtype), added, [0], [index]);
  },
});

// ---- distinct elements

/** Compares two rows of elements as numbers, NaN last. */
function compareRows(values: HostElements, width: number): (a: number, b: number) => number {
  return (a, b) => {
    for (let i = 0; i < width; i++) {
      const [x, y] = [values[a * width + i]!, values[b * width + i]!];
      if (x < y) return -1;
      if (x > y) return 1;
      if (x !== y) {
        const order = Number(Number.isNaN(x)) - Number(Number.isNaN(y));
        if (order !== 0) return order;
      }
    }
    return 0;
  };
}

interface Distinct {
  /** A row of the input for each distinct one. */
  readonly rows: number[];
  readonly inverse: number[];
  readonly counts: number[];
}

/** Groups rows in sorted order, or neighbours only. NaN differs from every NaN. */
function distinct(values: HostElements, count: number, width: number, sorted: boolean): Distinct {
  const order = range(count);
  const compare = compareRows(values, width);
  if (sorted) order.sort((a, b) => compare(a, b) || a - b);
  const equal = (a: number, b: number): boolean => range(width).every((i) => values[a * width + i] === values[b * width + i]);
  const result: Distinct = { rows: [], inverse: new Array<number>(count).fill(0), counts: [] };
  let previous = -1;
  for (const row of order) {
    if (previous < 0 || !equal(previous, row)) {
      result.rows.push(row);
      result.counts.push(0);
    }
    result.inverse[row] = result.rows.length - 1;
    result.counts[result.counts.length - 1]!++;
    previous = row;
  }
  return result;
}

/** Rows to compare: the slices along dim, or single elements. */
function rowsOf(g: GraphBuilder, name: string, input: Node, dim: number | null): { moved: Node; axis: number; count: number; width: number } {
  if (dim === null) {
    const count = elementCount(input.shape);
    return { moved: g.reshape(input, [count]), axis: 0, count, width: 1 };
  }
  const axis = axisOf(name, dim, input.shape.length);
  const count = input.shape[axis] ?? 1;
  const width = elementCount(input.shape.filter((_, i) => i !== axis));
  if (width === 0) throw new ShapeError(`${name}/empty`, `${name}: There are 0 sized dimensions, and they aren't selected, so unique cannot be applied: ${describe(input)}.`);
  return { moved: moveAxis(g, input, axis, 0), axis, count, width };
}

for (const [name, sorted] of [
  ["unique", true],
  ["unique_consecutive", false],
] as const) {
  const order = sorted ? "bool sorted=True, " : "";
  const measure = (g: GraphBuilder, { input, dim }: { readonly input: Node; readonly dim: number | null }): Node[] => [rowsOf(g, name, input, dim).moved];
  const record = (g: GraphBuilder, { input, dim, return_inverse, return_counts }: { readonly input: Node; readonly dim: number | null; readonly return_inverse: boolean; readonly return_counts: boolean }, measured: Measured): Node | Node[] => {
    const { moved, axis, count, width } = rowsOf(g, name, input, dim);
    const { rows, inverse, counts } = distinct(measured.values[0]!, count, width, sorted);
    const chosen = g.gather(moved, [0], [measured.upload(rows, [rows.length], "int64")]);
    const values = moveAxis(g, chosen, 0, axis);
    if (!return_inverse && !return_counts) return values;
    const inverses = measured.upload(inverse, dim === null ? input.shape : [count], "int64");
    return [values, ...(return_inverse ? [inverses] : []), ...(return_counts ? [measured.upload(counts, [counts.length], "int64")] : [])];
  };
  defineOp({
    name,
    signature: `${name}(Tensor input, ${order}bool return_inverse=False, bool return_counts=False, int? dim=None) -> Tensor` as "unique(Tensor input, bool return_inverse=False, bool return_counts=False, int? dim=None) -> Tensor",
    places: ["torch", "Tensor"],
    doc: {
      summary: `${sorted ? "The distinct elements (or slices along dim), sorted" : "The elements (or slices along dim) without repeated neighbours"}; on request where each went, and how often each occurs.`,
      shape: "[*] -> [count], with return_inverse and return_counts a list",
      source: `torch.${name}`,
    },
    gradient: "none",
    measure,
    record,
  });
}
