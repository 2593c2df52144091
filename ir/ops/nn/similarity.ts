/** Norms, distances and similarities of vectors. */
import { nameSteps } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import { isFloat, realOf, scalarName } from "../../dtype.ts";
import { DTypeError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { elementCount } from "../../shape.ts";
import { refuseBoolDifference } from "../arithmetic.ts";
import {
  axisOf,
  axesOf,
  checkBroadcast,
  describe,
  keepOrDrop,
  promoted,
  requireFloat,
  requireFloatOrComplex,
  toFloat,
} from "../support.ts";
import { normOver } from "./normalization-core.ts";
import { widen } from "./support.ts";
import { anyCastable } from "../out-types.ts";
import { unsupported } from "../../unsupported.ts";

export const normalize = defineOp({
  name: "normalize",
  signature: "normalize(Tensor input, number p=2, int[] dim=1, number eps=1e-12) -> Tensor",
  places: ["nn.functional"],
  out: anyCastable,
  doc: {
    summary: "input / max(its p-norm along dim, eps).",
    shape: "[*] -> [*]",
    source: "torch.nn.functional.normalize",
  },
  gradient: "through decomposition",
  record(g, { input, p, dim, eps }) {
    const x = widen(g, requireFloatOrComplex("normalize", input));
    const norm = normOver(g, x, p, axesOf("normalize", dim, x.shape.length));
    return g.cast(g.div(x, g.cast(atLeast(g, norm, eps), x.dtype)), input.dtype);
  },
});

/** max(x, limit); the gradient passes at the limit too, as clamp_min's does. */
const atLeast = (g: GraphBuilder, x: Node, limit: number): Node => g.where(g.lt(x, limit), limit, x);

export const cosineSimilarity = defineOp({
  name: "cosine_similarity",
  signature: "cosine_similarity(Tensor x1, Tensor x2, int dim=1, number eps=1e-8) -> Tensor",
  places: ["torch", "nn.functional"],
  doc: {
    summary: "x1 . x2 / (|x1| * |x2|) along dim, the lengths being at least eps.",
    shape: "[*, D, *], [*, D, *], broadcast -> [*, *]",
    source: "torch.nn.functional.cosine_similarity",
  },
  saves: [
    { name: "x1", for: ["x1"] },
    { name: "x2", for: ["x2"] },
  ],
  gradient: "through decomposition",
  record: (g, { x1, x2, dim, eps }) => cosineOf(g, x1, x2, dim, eps),
});

export function cosineOf(g: GraphBuilder, x1: Node, x2: Node, dim: number, eps: number): Node {
  const [p, q] = promoted(g, x1, x2);
  if (!isFloat(p.dtype))
    throw new DTypeError(
      "cosine_similarity/dtype",
      `cosine_similarity: expected common dtype to be floating point, yet common dtype is ${scalarName(p.dtype)}.`,
      "Convert one with .float().",
    );
  const shape = checkBroadcast("cosine_similarity", p, q);
  const [a, b] = [g.expandTo(p, shape), g.expandTo(q, shape)];
  const axis = axisOf("cosine_similarity", dim, shape.length);
  const axes = shape.length === 0 ? [] : [axis];
  // Rounded at every step, as PyTorch does it, but for the lengths.
  const length = (x: Node): Node => atLeast(g, g.cast(normOver(g, widen(g, x), 2, axes), x.dtype), eps);
  const product = g.sum(g.mul(g.div(a, length(a)), g.div(b, length(b))), axes);
  return g.cast(keepOrDrop(g, product, axes, false), p.dtype);
}

/** The p-norm of x1 - x2 + eps along the last dimension. */
export function distanceOf(g: GraphBuilder, x1: Node, x2: Node, p: number, eps: number, keepdim: boolean): Node {
  const [a, b] = promoted(g, x1, x2);
  refuseBoolDifference("pairwise_distance", x1, x2);
  checkBroadcast("pairwise_distance", a, b);
  const difference = g.add(toFloat(g, g.sub(widen(g, a), widen(g, b))), eps);
  const axes = difference.shape.length === 0 ? [] : [difference.shape.length - 1];
  return g.cast(keepOrDrop(g, normOver(g, difference, p, axes), axes, keepdim), realOf(toFloat(g, a).dtype));
}

export const pairwiseDistance = defineOp({
  name: "pairwise_distance",
  signature: "pairwise_distance(Tensor x1, Tensor x2, number p=2, number eps=1e-6, bool keepdim=False) -> Tensor",
  places: ["torch", "nn.functional"],
  doc: {
    summary: "The p-norm of x1 - x2 + eps along the last dimension.",
    shape: "[N, D], [N, D] -> [N]",
    source: "torch.nn.functional.pairwise_distance",
  },
  saves: ["result"],
  gradient: "through decomposition",
  record: (g, { x1, x2, p, eps, keepdim }) => distanceOf(g, x1, x2, p, eps, keepdim),
});

export const pdist = defineOp({
  name: "pdist",
  signature: "pdist(Tensor input, number p=2) -> Tensor",
  places: ["torch", "nn.functional"],
  doc: {
    summary: "The p-norm of the difference of every pair of rows i < j, ordered by i, then j.",
    shape: "[N, M] -> [N * (N - 1) / 2]",
    source: "torch.nn.functional.pdist",
  },
  saves: ["input", "result"],
  gradient: "through decomposition",
  record(g, { input, p }) {
    requireFloat("pdist", input);
    if (input.shape.length !== 2)
      throw new ShapeError(
        "pdist/rank",
        `pdist only supports 2D tensors, got: ${input.shape.length}D, ${describe(input)}.`,
      );
    const rows = input.shape[0]!;
    const count = (rows * (rows - 1)) / 2;
    if (count === 0) return g.slice(g.reshape(input, [elementCount(input.shape)]), [0], [0]);
    // Where each row's pairs start, 1 is added to the row.
    const startOf = (row: Node): Node => g.sub(g.mul(row, BigInt(rows)), g.div(g.mul(row, g.add(row, 1n)), 2n));
    const starts = startOf(g.add(g.iota(rows - 2, "int64"), 1n));
    const steps = g.scatter("set", g.full([count], 0, "int64"), g.full([rows - 2], 1, "int64"), [0], [starts]);
    const left = g.scan("sum", steps, 0);
    const right = g.add(g.add(g.sub(g.iota(count, "int64"), startOf(left)), left), 1n);
    const difference = g.sub(g.gather(widen(g, input), [0], [left]), g.gather(widen(g, input), [0], [right]));
    return g.cast(g.reshape(normOver(g, difference, p, [1]), [count]), input.dtype);
  },
});

export const normExceptDim = defineOp({
  name: "norm_except_dim",
  signature: "norm_except_dim(Tensor v, int pow=2, int dim=0) -> Tensor",
  places: ["torch"],
  doc: {
    summary: "The norm over all dimensions but dim (-1: over all), kept.",
    shape: "[*] -> [*]",
    source: "torch.norm_except_dim",
  },
  gradient: "through decomposition",
  record(g, { v, pow, dim }) {
    const kept = dim === -1 ? -1 : axisOf("norm_except_dim", dim, v.shape.length);
    const axes = v.shape.map((_, i) => i).filter((axis) => axis !== kept);
    const norm = g.cast(normOver(g, widen(g, requireFloatOrComplex("norm_except_dim", v)), pow, axes), v.dtype);
    return dim === -1 ? g.reshape(norm, []) : norm;
  },
});

export const localResponseNorm = defineOp({
  name: "local_response_norm",
  signature: "local_response_norm(Tensor input, int size, Scalar alpha=0.0001, Scalar beta=0.75, Scalar k=1) -> Tensor",
  places: ["nn.functional"],
  doc: {
    summary: "input / (k + alpha * mean of the squares of `size` neighbouring channels) ** beta.",
    shape: "[N, C, *] -> [N, C, *]",
    source: "torch.nn.functional.local_response_norm",
  },
  gradient: "through decomposition",
  record(g, { input, size, alpha, beta, k }) {
    if (input.shape.length < 3)
      throw new ShapeError(
        "local_response_norm/rank",
        `local_response_norm: Expected 3D or higher dimensionality input (got ${input.shape.length} dimensions).`,
      );
    if (elementCount(input.shape) === 0) return input;
    if (input.dtype === "bool") throw unsupported("local_response_norm", input);
    const x = widen(g, input);
    const only = (n: number): number[] => x.shape.map((_, i) => (i === 1 ? n : 0));
    const squares = g.pad(g.mul(x, x), only(Math.floor(size / 2)), only(Math.floor((size - 1) / 2)), 0);
    let total: Node | null = null;
    for (let i = 0; i < size; i++) {
      const part = g.sliceAxis(squares, 1, i, x.shape[1]!);
      total = total === null ? part : g.add(total, part);
    }
    // Integers are averaged as integers.
    const mean = toFloat(g, g.div(total!, size));
    const base = g.add(g.mul(mean, g.scalar(alpha, mean.dtype)), g.scalar(k, mean.dtype));
    const result = g.div(toFloat(g, x), g.pow(base, g.scalar(beta, mean.dtype)));
    return isFloat(input.dtype) ? g.cast(result, input.dtype) : result;
  },
});

nameSteps({ local_response_norm: "div", normalize: "div", pairwise_distance: "norm:1", cosine_similarity: "sum:1" });
