/** Sorting, and what follows from sorted order. */
import { nameSteps, when } from "../step-names.ts";
import type { GraphBuilder } from "../builder.ts";
import { type DType, isFloat } from "../dtype.ts";
import { ArgumentError, DTypeError, IndexError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { elementCount } from "../shape.ts";
import { atLeast1d, axisOf, computedFrom, describe, keepOrDrop } from "./support.ts";
import { unsupported } from "../unsupported.ts";
import { selectedTypes } from "./out-types.ts";

const pair = ["values", "indices"] as const;
const along = "[.., n, ..] -> [.., n, ..]";
const reduced = "[.., n, ..] -> [.., ..]";

/** Sorted values and the positions that they came from; a 0-d tensor is its own order. */
export function sortAlong(g: GraphBuilder, name: string, input: Node, dim: number, descending: boolean): [Node, Node] {
  const axis = axisOf(name, dim, input.shape.length);
  const [values, positions] = g.sort(atLeast1d(g, input), axis, descending);
  return [g.reshape(values, input.shape), g.reshape(positions, input.shape)];
}

defineOp({
  name: "sort",
  signature: "sort(Tensor input, int dim=-1, bool descending=False, bool stable=False) -> Tensor[2]",
  places: ["torch", "Tensor"],
  results: pair,
  doc: {
    summary: "Values in order along dim, and the positions that they came from; NaN counts as largest. Always stable.",
    shape: along,
    source: "torch.sort",
  },
  gradient: "through decomposition",
  layout: ({ input }, _, orderOf) => [orderOf(input), orderOf(input)],
  record: (g, { input, dim, descending }) => sortAlong(g, "sort", input, dim, descending),
});

defineOp({
  name: "argsort",
  signature: "argsort(Tensor input, int dim=-1, bool descending=False, bool stable=False) -> Tensor",
  places: ["torch", "Tensor"],
  doc: { summary: "The positions that put values in order along dim.", shape: along, source: "torch.argsort" },
  gradient: "none",
  layout: ({ input }, _, orderOf) => [orderOf(input)],
  record: (g, { input, dim, descending }) => sortAlong(g, "argsort", g.detach(input), dim, descending)[1],
});

defineOp({
  name: "msort",
  signature: "msort(Tensor input) -> Tensor",
  places: ["torch", "Tensor"],
  doc: { summary: "Values in order along the first dimension.", shape: "[n, ..] -> [n, ..]", source: "torch.msort" },
  gradient: "through decomposition",
  layout: ({ input }, _, orderOf) => [orderOf(input)],
  record: (g, { input }) => sortAlong(g, "msort", input, 0, false)[0],
});

defineOp({
  name: "topk",
  signature: "topk(Tensor input, int k, int dim=-1, bool largest=True, bool sorted=True) -> Tensor[2]",
  places: ["torch", "Tensor"],
  results: pair,
  doc: {
    summary: "The k largest (or smallest) values along dim, best first, and their positions.",
    shape: "[.., n, ..] -> [.., k, ..]",
    source: "torch.topk",
  },
  saves: ["indices"],
  gradient: "through decomposition",
  record(g, { input, k, dim, largest }) {
    if (input.dtype === "bool")
      throw new DTypeError(
        "topk/dtype",
        `topk: topk does not support bool dtypes on CPU, got ${describe(input)}.`,
        "Convert it with input.long().",
      );
    const axis = axisOf("topk", dim, input.shape.length);
    const x = atLeast1d(g, input);
    if (k < 0 || k > x.shape[axis]!)
      throw new ArgumentError(
        "topk/k",
        `topk: selected index k out of range: k ${k}, input ${describe(input)}, dim ${axis}.`,
      );
    if (input.shape.length === 0)
      return k === 1 ? [input, g.full([], 0, "int64")] : [g.sliceAxis(x, 0, 0, 0), g.full([0], 0, "int64")];
    return g.sort(x, axis, largest, k);
  },
});

function requireElements(name: string, x: Node, axis: number): void {
  if (x.shape[axis] === 0)
    throw new IndexError(
      `${name}/empty`,
      `${name}(): Expected reduction dim ${axis} to have non-zero size, got ${describe(x)}.`,
    );
}

defineOp({
  name: "kthvalue",
  signature: "kthvalue(Tensor input, int k, int dim=-1, bool keepdim=False) -> Tensor[2]",
  places: ["torch", "Tensor"],
  out: selectedTypes((what, wanted) =>
    what === "values"
      ? "output values must be of same type as input"
      : `output indices must be of scalar type ${wanted}`,
  ),
  movesElements: true,
  results: pair,
  doc: {
    summary: "The k-th smallest value along dim (k from 1), and its position.",
    shape: reduced,
    source: "torch.kthvalue",
  },
  saves: ["indices"],
  gradient: "through decomposition",
  record(g, { input, k, dim, keepdim }) {
    if (input.dtype === "bool") throw unsupported("kthvalue", input, "Convert it with input.long().");
    const axis = axisOf("kthvalue", dim, input.shape.length);
    const x = atLeast1d(g, input);
    requireElements("kthvalue", x, axis);
    if (k < 1 || k > x.shape[axis]!)
      throw new ArgumentError(
        "kthvalue/k",
        `kthvalue(): selected number k out of range for dimension ${axis}: k ${k}, input ${describe(input)}.`,
      );
    const sorted = g.sort(x, axis, false, k);
    return sorted.map((part) => finishReduced(g, input, g.sliceAxis(part, axis, k - 1, 1), axis, keepdim));
  },
});

/** The result of a reduction that kept its axis; of a 0-d tensor a 0-d one. */
function finishReduced(g: GraphBuilder, input: Node, x: Node, axis: number, keepdim: boolean): Node {
  return input.shape.length === 0 ? g.reshape(x, []) : keepOrDrop(g, x, [axis], keepdim);
}

/** The number of elements along an axis (kept) that are not NaN. */
export const countNumbers = (g: GraphBuilder, x: Node, axis: number): Node =>
  g.sum(g.cast(g.not(g.isNaN(x)), "int64"), [axis]);

/** Value and position of the lower median along an axis, kept. */
function medianAlong(g: GraphBuilder, x: Node, axis: number, ignoreNaN: boolean): [Node, Node] {
  if (x.dtype === "bool") throw unsupported("median", x);
  const [values, positions] = g.sort(x, axis, false);
  const size = x.shape[axis]!;
  if (!isFloat(x.dtype)) {
    const middle = Math.floor((size - 1) / 2);
    return [g.sliceAxis(values, axis, middle, 1), g.sliceAxis(positions, axis, middle, 1)];
  }
  const numbers = countNumbers(g, x, axis);
  // NaN stand last: the median of a line with NaN is the first of them, or they do not count.
  const middle = ignoreNaN
    ? g.max(g.div(g.sub(numbers, 1n), 2n), 0n)
    : g.where(g.lt(numbers, BigInt(size)), numbers, BigInt(Math.floor((size - 1) / 2)));
  return [g.takeAlong(values, axis, middle), g.takeAlong(positions, axis, middle)];
}

/** What NaN becomes as a whole number: small types take the last bits of that. */
const leastWhole: Readonly<Partial<Record<DType, bigint>>> = { int32: -(2n ** 31n), int64: -(2n ** 63n) };

/** An element of x, whose gradient all elements that equal it share. */
function sharedByEqual(g: GraphBuilder, x: Node, element: Node): Node {
  if (!x.requiresGrad) return element;
  const [all, one] = [g.detach(x), g.detach(element)];
  const hit = g.or(g.eq(all, one), g.and(g.isNaN(all), g.isNaN(one)));
  const axes = x.shape.map((_, axis) => axis);
  const count = g.sum(g.cast(hit, x.dtype), axes);
  return g.withHistory(one, g.reshape(g.sum(g.div(g.where(hit, x, 0), count), axes), []));
}

for (const [name, ignoreNaN] of [
  ["median", false],
  ["nanmedian", true],
] as const) {
  const nan = ignoreNaN ? "NaN does not count" : "NaN if any element is";
  defineOp({
    name,
    signature: `${name}(Tensor input) -> Tensor` as "median(Tensor input) -> Tensor",
    places: ["torch", "Tensor"],
    doc: {
      summary: `The median of all elements, the lower one of two; ${nan}.`,
      shape: "[*] -> []",
      source: `torch.${name}`,
    },
    gradient: "through decomposition",
    saves: ["input", "result"],
    record(g, { input }) {
      const count = elementCount(input.shape);
      if (count === 0)
        return isFloat(input.dtype)
          ? computedFrom(g, g.constant(NaN, input.dtype), [input])
          : g.constant(leastWhole[input.dtype] ?? 0, input.dtype);
      return sharedByEqual(g, input, g.reshape(medianAlong(g, g.reshape(input, [count]), 0, ignoreNaN)[0], []));
    },
  });
  defineOp({
    name: `${name}.dim`,
    signature:
      `${name}(Tensor input, int dim, bool keepdim=False) -> Tensor[2]` as "median(Tensor input, int dim, bool keepdim=False) -> Tensor[2]",
    places: ["torch", "Tensor"],
    results: pair,
    doc: {
      summary: `The median along dim, the lower one of two, and its position; ${nan}.`,
      shape: reduced,
      source: `torch.${name}`,
    },
    gradient: "through decomposition",
    saves: ["indices"],
    record(g, { input, dim, keepdim }) {
      const axis = axisOf(name, dim, input.shape.length);
      const x = atLeast1d(g, input);
      requireElements(name, x, axis);
      const [values, positions] = medianAlong(g, x, axis, ignoreNaN);
      return [computedFrom(g, values, [x]), positions].map((part) => finishReduced(g, input, part, axis, keepdim));
    },
  });
}

/** For each place of a sorted axis, the place where its run of equal values starts. */
export function runStarts(g: GraphBuilder, sorted: Node, axis: number): Node {
  const size = sorted.shape[axis]!;
  const line = g.iotaAlong(sorted.shape, axis, "int32");
  const [later, earlier] = [g.sliceAxis(sorted, axis, 1, size - 1), g.sliceAxis(sorted, axis, 0, size - 1)];
  const differs = isFloat(sorted.dtype)
    ? g.not(g.or(g.eq(later, earlier), g.and(g.isNaN(later), g.isNaN(earlier))))
    : g.ne(later, earlier);
  const low = sorted.shape.map((_, i) => (i === axis ? 1 : 0));
  const fresh = g.pad(
    differs,
    low,
    low.map(() => 0),
    true,
  );
  return g.scan("max", g.where(fresh, line, 0), axis);
}

defineOp({
  name: "mode",
  signature: "mode(Tensor input, int dim=-1, bool keepdim=False) -> Tensor[2]",
  places: ["torch", "Tensor"],
  out: selectedTypes((what, wanted, given) => `expected scalar type '${wanted}' but got '${given}' for ${what} output`),
  movesElements: true,
  results: pair,
  doc: {
    summary: "The value that occurs most often along dim (the smallest of several), and its last position.",
    shape: reduced,
    source: "torch.mode",
  },
  gradient: "through decomposition",
  saves: ["indices"],
  record(g, { input, dim, keepdim }) {
    const axis = axisOf("mode", dim, input.shape.length);
    const x = atLeast1d(g, input);
    requireElements("mode", x, axis);
    const [values, positions] = g.sort(x, axis, false);
    const length = g.sub(g.iotaAlong(x.shape, axis, "int32"), runStarts(g, g.detach(values), axis));
    // The first place where the longest run so far is reached is its end.
    const place = g.argReduce("argmax", length, axis);
    return [values, positions].map((part) => finishReduced(g, input, g.takeAlong(part, axis, place), axis, keepdim));
  },
});

nameSteps(
  { msort: "sort" },
  {
    "median.dim": () => 1,
    "nanmedian.dim": () => 1,
    sort: when((args) => args["stable"] === true, 1),
  },
);
