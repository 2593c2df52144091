/** Table look-ups. */
import { nameSteps } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import { isNode } from "../../builder.ts";
import { ArgumentError, DTypeError, ShapeError, ValueError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp, recordOperator } from "../../operator.ts";
import { elementCount } from "../../shape.ts";
import { checkRange, describe, requireIndex } from "../support.ts";
import { normOver } from "./normalization-core.ts";
import { widen } from "./support.ts";

/** A row number counted from the end, made positive. */
export function rowOf(name: string, row: number, weight: Node): number {
  const rows = weight.shape[0]!;
  if (row < -rows || row >= rows)
    throw new ArgumentError(
      `${name}/padding-idx`,
      `${name}: padding_idx must be within num_embeddings (${rows}), got ${row}.`,
    );
  return row < 0 ? row + rows : row;
}

export const embedding = defineOp({
  name: "embedding",
  signature:
    "embedding(Tensor input, Tensor weight, int? padding_idx=None, number? max_norm=None, number norm_type=2, bool scale_grad_by_freq=False, bool sparse=False) -> Tensor",
  places: ["nn.functional"],
  composite: true,
  onnx: "Gather",
  doc: {
    summary: "Rows of weight. The row padding_idx gets no gradient.",
    shape: "int[*], [V, D] -> [*, D]",
    source: "torch.nn.functional.embedding",
  },
  gradient(g, { inputs, attrs, grads }) {
    const [index, weight] = inputs as [Node, Node];
    let grad = grads[0]!;
    const padding = attrs["padding_idx"] as number | null;
    const along = (x: Node): Node => g.reshape(x, [...index.shape, 1]);
    if (attrs["scale_grad_by_freq"] === true) {
      const ones = g.full(index.shape, 1, grad.dtype);
      const counts = g.scatter("add", g.full([weight.shape[0]!], 0, grad.dtype), ones, [0], [index]);
      grad = g.div(grad, along(g.gather(counts, [0], [index])));
    }
    if (padding !== null) grad = g.where(along(g.eq(index, rowOf("embedding", padding, weight))), 0, grad);
    return [null, g.scatter("add", g.full(weight.shape, 0, grad.dtype), grad, [0], [index])];
  },
  record(g, { input, weight, padding_idx, max_norm }) {
    if (weight.shape.length !== 2)
      throw new ShapeError("embedding/weight", `embedding: 'weight' must be 2-D, got ${describe(weight)}.`);
    requireIndex("embedding", input);
    if (padding_idx !== null) rowOf("embedding", padding_idx, weight);
    if (max_norm !== null)
      throw new ArgumentError(
        "embedding/max-norm",
        "embedding: max_norm changes the table, which the function form does.",
        "Call torch.nn.functional.embedding.",
      );
    return g.gather(weight, [0], [checkRange(g, "embedding", input, weight.shape[0]!, 0, 0)]);
  },
});

export const oneHot = defineOp({
  name: "one_hot",
  signature: "one_hot(Tensor tensor, int num_classes=-1) -> Tensor",
  places: ["nn.functional"],
  doc: {
    summary: "1 at each element's class, 0 elsewhere; -1 classes: one more than the largest element.",
    shape: "int64[*] -> int64[*, num_classes]",
    source: "torch.nn.functional.one_hot",
  },
  gradient: "none",
  measure(g, { tensor, num_classes }) {
    if (num_classes !== -1) return [];
    const axes = tensor.shape.map((_, i) => i);
    return [g.reduce("reduce_max", tensor, axes)];
  },
  record(g, { tensor, num_classes }, measured) {
    if (tensor.dtype !== "int64")
      throw new DTypeError(
        "one_hot/dtype",
        `one_hot is only applicable to index tensor of type LongTensor, got ${describe(tensor)}.`,
        "Convert it with tensor.long().",
      );
    if (num_classes < -1 || num_classes === 0)
      throw new ArgumentError("one_hot/classes", `one_hot: num_classes should be positive, got ${num_classes}.`);
    const count = num_classes === -1 ? Number(measured.values[0]![0] ?? -1n) + 1 : num_classes;
    if (num_classes === -1 && count <= 0) throw badClass(tensor, "non-negative");
    const shape = [...tensor.shape, count];
    const classes = classesWithin(g, tensor, num_classes === -1 ? null : num_classes);
    return g.cast(g.isAt(shape, tensor.shape.length, g.reshape(classes, [...tensor.shape, 1])), "int64");
  },
});

const badClass = (tensor: Node, rule: string): ValueError =>
  new ValueError(
    "one_hot/class",
    `one_hot: Class values must be ${rule}. Found one that is not in ${describe(tensor)}.`,
  );

/** Classes that must lie in [0, count), as is found when values are known; without a count they are none too large. */
function classesWithin(g: GraphBuilder, tensor: Node, count: number | null): Node {
  if (elementCount(tensor.shape) === 0) return tensor;
  const signed = g.refuseWhere(
    tensor,
    () => g.lt(tensor, 0n),
    () => badClass(tensor, "non-negative"),
  );
  if (count === null) return signed;
  return g.refuseWhere(
    signed,
    () => g.ge(signed, BigInt(count)),
    () => badClass(tensor, "smaller than num_classes"),
  );
}

const embeddingOf = (
  g: GraphBuilder,
  input: Node,
  weight: Node,
  padding_idx: number | null,
  scale_grad_by_freq: boolean,
): Node =>
  recordOperator(
    g,
    embedding,
    { input, weight, padding_idx, max_norm: null, norm_type: 2, scale_grad_by_freq, sparse: false },
    isNode,
  ) as Node;

/** Which bag each of `count` elements is in: the last one that starts at or before it. */
function bagOf(g: GraphBuilder, offsets: Node, bags: number, count: number): Node {
  const starts = g.sliceAxis(g.cast(offsets, "int64"), 0, 0, bags);
  const begun = g.le(g.reshape(starts, [1, bags]), g.reshape(g.iota(count, "int64"), [count, 1]));
  return g.sub(g.reshape(g.sum(g.cast(begun, "int64"), [1]), [count]), 1n);
}

export const embeddingBag = defineOp({
  name: "bags_of_embeddings",
  signature:
    "bags_of_embeddings(Tensor input, Tensor weight, Tensor? offsets=None, bool scale_grad_by_freq=False, 'sum'|'mean'|'max' mode='mean', Tensor? per_sample_weights=None, bool include_last_offset=False, int? padding_idx=None) -> Tensor",
  places: [],
  doc: {
    summary: "Sum, mean or maximum of the rows of weight for each bag.",
    shape: "int[B, L], [V, D] -> [B, D]; int[L], [V, D], int[B] -> [B, D]",
    source: "torch.nn.functional.embedding_bag",
  },
  gradient: "through decomposition",
  record(g, args) {
    const { input, weight, offsets, mode, per_sample_weights: factors, include_last_offset: hasEnd } = args;
    requireIndex("embedding_bag", input);
    if (mode !== "sum" && mode !== "mean" && mode !== "max")
      throw new ArgumentError(
        "embedding_bag/mode",
        `embedding_bag: mode has to be one of sum, mean or max, got ${mode}.`,
      );
    if (factors !== null && mode !== "sum")
      throw new ArgumentError(
        "embedding_bag/weights",
        `embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' (got mode='${mode}').`,
      );
    if (input.shape.length === 2 ? offsets !== null : input.shape.length !== 1 || offsets === null)
      throw new ArgumentError(
        "embedding_bag/offsets",
        `embedding_bag: offsets is needed when input is 1-D, and has to be None when it is 2-D; got input ${describe(input)}.`,
      );
    const padding = args.padding_idx === null ? null : rowOf("embedding_bag", args.padding_idx, weight);
    const rows = embeddingOf(g, input, weight, padding, args.scale_grad_by_freq);
    const width = weight.shape[1]!;
    const kept = padding === null ? g.full(input.shape, true, "bool") : g.ne(input, padding);
    const beside = (x: Node): Node => g.reshape(x, [...x.shape, 1]);
    const scaled = factors === null ? rows : g.mul(rows, beside(factors));
    const filler = mode === "max" ? -Infinity : 0;
    const shown = padding === null ? scaled : g.where(beside(kept), scaled, filler);
    const ones = g.cast(kept, weight.dtype);
    let total: Node;
    let count: Node;
    if (offsets === null) {
      const bags = input.shape[0]!;
      total = g.reshape(g.reduce(mode === "max" ? "reduce_max" : "reduce_sum", shown, [1]), [bags, width]);
      count = g.sum(ones, [1]);
    } else {
      const bags = offsets.shape[0]! - (hasEnd ? 1 : 0);
      const bag = bagOf(g, offsets, bags, input.shape[0]!);
      total = g.scatter(mode === "max" ? "max" : "add", g.full([bags, width], filler, weight.dtype), shown, [0], [bag]);
      count = beside(g.scatter("add", g.full([bags], 0, weight.dtype), ones, [0], [bag]));
    }
    if (mode === "sum") return total;
    const empty = g.eq(count, 0);
    return mode === "mean" ? g.div(total, g.where(empty, 1, count)) : g.where(empty, 0, total);
  },
});

export const embeddingRenorm = defineOp({
  name: "embedding_renorm",
  signature: "embedding_renorm(Tensor weight, Tensor indices, number max_norm, number norm_type) -> Tensor",
  places: [],
  doc: {
    summary: "The table with those of the chosen rows that are longer than max_norm made that long.",
    shape: "[V, D], int[*] -> [V, D]",
    source: "torch.nn.functional.embedding",
  },
  gradient: "none",
  record(g, { weight, indices, max_norm, norm_type }) {
    const x = widen(g, weight);
    const norm = normOver(g, x, norm_type, [1]);
    const count = elementCount(indices.shape);
    const chosen = g.scatter(
      "set",
      g.full([weight.shape[0]!], false, "bool"),
      g.full([count], true, "bool"),
      [0],
      [g.reshape(indices, [count])],
    );
    const long = g.and(g.reshape(chosen, norm.shape), g.gt(norm, max_norm));
    const factor = g.div(max_norm, g.add(norm, 1e-7));
    return g.cast(g.where(long, g.mul(x, factor), x), weight.dtype);
  },
});

nameSteps({ bags_of_embeddings: "embedding_bag" });
