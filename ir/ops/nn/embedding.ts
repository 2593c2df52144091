/** Table look-ups. */
import type { GraphBuilder } from "../../builder.ts";
import { isNode } from "../../builder.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp, recordOperator } from "../../operator.ts";
import { checkRange, describe, requireIndex } from "../support.ts";

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
    "embedding(Tensor input, Tensor weight, int? padding_idx=None, any max_norm=None, number norm_type=2, bool scale_grad_by_freq=False, bool sparse=False) -> Tensor",
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
    requireIndex("embedding", input);
    if (weight.shape.length !== 2)
      throw new ShapeError("embedding/weight", `embedding: 'weight' must be 2-D, got ${describe(weight)}.`);
    if (padding_idx !== null) rowOf("embedding", padding_idx, weight);
    if (max_norm !== null)
      throw new ArgumentError(
        "embedding/max-norm",
        "embedding: max_norm changes the table, which the function form does.",
        "Call torch.nn.functional.embedding.",
      );
    checkRange(g, "embedding", input, weight.shape[0]!);
    return g.gather(weight, [0], [input]);
  },
});

export const oneHot = defineOp({
  name: "one_hot_of",
  signature: "one_hot_of(Tensor tensor, int num_classes) -> Tensor",
  places: [],
  doc: {
    summary: "1 at each element's class, 0 elsewhere.",
    shape: "int64[*] -> int64[*, num_classes]",
    source: "torch.nn.functional.one_hot",
  },
  gradient: "none",
  record(g, { tensor, num_classes }) {
    if (tensor.dtype !== "int64")
      throw new DTypeError(
        "one_hot/dtype",
        `one_hot is only applicable to index tensor of type LongTensor, got ${describe(tensor)}.`,
        "Convert it with tensor.long().",
      );
    const shape = [...tensor.shape, num_classes];
    return g.cast(
      g.eq(g.iotaAlong(shape, tensor.shape.length, "int64"), g.reshape(tensor, [...tensor.shape, 1])),
      "int64",
    );
  },
});

export const recordEmbedding = (g: GraphBuilder, input: Node, weight: Node): Node =>
  recordOperator(
    g,
    embedding,
    { input, weight, padding_idx: null, max_norm: null, norm_type: 2, scale_grad_by_freq: false, sparse: false },
    isNode,
  ) as Node;
