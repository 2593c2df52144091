/** Diagonals and triangles of matrices. */
import { nameSteps } from "../step-names.ts";
import type { GraphBuilder } from "../builder.ts";
import { isInteger } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { elementCount, formatShape, sameShape } from "../shape.ts";
import { filler } from "./fitting.ts";
import { noKernel } from "../unsupported.ts";
import { axisOf, computedFrom, describe, moveAxis, range } from "./support.ts";

/** A diagonal: where it starts in the two axes, and how long it is. */
interface Line {
  readonly a: number;
  readonly b: number;
  readonly row: number;
  readonly column: number;
  readonly length: number;
}

function lineOf(name: string, x: Node, offset: number, dim1: number, dim2: number): Line {
  const rank = x.shape.length;
  const [a, b] = [axisOf(name, dim1, rank), axisOf(name, dim2, rank)];
  if (a === b)
    throw new ShapeError(`${name}/dims`, `${name}: diagonal dimensions cannot be identical ${dim1}, ${dim2}.`);
  const [row, column] = [Math.max(0, -offset), Math.max(0, offset)];
  const length = Math.max(0, Math.min(x.shape[a]! - row, x.shape[b]! - column));
  return { a, b, row, column, length };
}

/** The elements of a diagonal as the last dimension, by movement alone: its elements lie one row and one column apart. */
export function diagonalOf(g: GraphBuilder, x: Node, { a, b, row, column, length }: Line): Node {
  const rest = range(x.shape.length).filter((axis) => axis !== a && axis !== b);
  const moved = g.permute(x, [...rest, a, b]);
  const lead = rest.map((axis) => x.shape[axis]!);
  const rank = lead.length;
  const zeros = lead.map(() => 0);
  if (length === 0)
    return g.reshape(
      g.slice(
        moved,
        [...zeros, 0, 0],
        [...lead, 0, 1].map((n, i) => (i > rank ? Math.min(n, moved.shape[i]!) : n)),
      ),
      [...lead, 0],
    );
  const columns = moved.shape[rank + 1]!;
  const flat = g.reshape(moved, [...lead, moved.shape[rank]! * columns]);
  return g.slice(flat, [...zeros, row * columns + column], [...lead, length], [...zeros.map(() => 1), columns + 1]);
}

defineOp({
  name: "diagonal",
  signature: "diagonal(Tensor input, int offset=0, int dim1=0, int dim2=1) -> Tensor",
  places: ["torch", "Tensor"],
  view: true,
  doc: {
    summary: "A diagonal of two dimensions, as the last dimension.",
    shape: "[*, m, n] -> [*, length]",
    source: "torch.diagonal",
  },
  gradient: "through decomposition",
  record: (g, { input, offset, dim1, dim2 }) => diagonalOf(g, input, lineOf("diagonal", input, offset, dim1, dim2)),
});

defineOp({
  name: "linalg_diagonal",
  signature: "linalg_diagonal(Tensor A, *, int offset=0, int dim1=-2, int dim2=-1) -> Tensor",
  places: ["linalg"],
  view: true,
  doc: {
    summary: "A diagonal of the last two dimensions, as the last dimension.",
    shape: "[*, m, n] -> [*, length]",
    source: "torch.linalg.diagonal",
  },
  gradient: "through decomposition",
  record: (g, { A, offset, dim1, dim2 }) => diagonalOf(g, A, lineOf("diagonal", A, offset, dim1, dim2)),
});

/** Zeros with `values` (their last dimension) along a diagonal of two new last dimensions. */
function onDiagonal(g: GraphBuilder, values: Node, offset: number): Node {
  const length = values.shape.at(-1)!;
  const size = length + Math.abs(offset);
  const lead = values.shape.slice(0, -1);
  if (size === 0) return g.reshape(values, [...lead, 0, 0]);
  const zeros = lead.map(() => 0);
  const first = Math.max(0, -offset) * size + Math.max(0, offset);
  const filler = values.dtype === "bool" ? false : 0;
  if (length === 0) return computedFrom(g, g.full([...lead, size, size], filler, values.dtype), [values]);
  const last = size * size - (first + (length - 1) * (size + 1) + 1);
  return g.reshape(g.pad(values, [...zeros, first], [...zeros, last], filler, [...zeros, size]), [...lead, size, size]);
}

defineOp({
  name: "diag_embed",
  signature: "diag_embed(Tensor input, int offset=0, int dim1=-2, int dim2=-1) -> Tensor",
  places: ["torch", "Tensor"],
  doc: {
    summary: "Matrices with the last dimension along a diagonal, zeros elsewhere.",
    shape: "[*, n] -> [*, n + |offset|, n + |offset|]",
    source: "torch.diag_embed",
  },
  gradient: "through decomposition",
  record(g, { input, offset, dim1, dim2 }) {
    const rank = input.shape.length + 1;
    const [a, b] = [axisOf("diag_embed", dim1, rank), axisOf("diag_embed", dim2, rank)];
    if (a === b)
      throw new ShapeError("diag_embed/dims", `diag_embed: diagonal dimensions cannot be identical ${dim1}, ${dim2}.`);
    if (input.shape.length === 0)
      throw new ShapeError("diag_embed/0-d", "diag_embed: input must have at least one dimension.");
    const matrix = onDiagonal(g, input, offset);
    const rest = range(rank - 2);
    const axes = range(rank).map((place) => (place === a ? rank - 2 : place === b ? rank - 1 : rest.shift()!));
    return g.permute(matrix, axes);
  },
});

defineOp({
  name: "diag",
  signature: "diag(Tensor input, int diagonal=0) -> Tensor",
  places: ["torch", "Tensor"],
  doc: {
    summary: "The matrix that has a vector on its diagonal; of a matrix, that diagonal.",
    shape: "[n] -> [n, n], [m, n] -> [length]",
    source: "torch.diag",
  },
  gradient: "through decomposition",
  record(g, { input, diagonal }) {
    if (input.shape.length !== 1 && input.shape.length !== 2)
      throw new ShapeError(
        "diag/rank",
        `diag(): Supports 1D or 2D tensors. Got ${input.shape.length}D: ${describe(input)}.`,
      );
    return input.shape.length === 1
      ? onDiagonal(g, input, diagonal)
      : diagonalOf(g, input, lineOf("diag", input, diagonal, 0, 1));
  },
});

defineOp({
  name: "diagflat",
  signature: "diagflat(Tensor input, int offset=0) -> Tensor",
  places: ["torch", "Tensor"],
  doc: {
    summary: "The matrix that has all elements on its diagonal.",
    shape: "[*] -> [count + |offset|, count + |offset|]",
    source: "torch.diagflat",
  },
  gradient: "through decomposition",
  record: (g, { input, offset }) => onDiagonal(g, g.reshape(input, [elementCount(input.shape)]), offset),
});

defineOp({
  name: "trace",
  signature: "trace(Tensor input) -> Tensor",
  places: ["torch", "Tensor"],
  doc: { summary: "Sum of the diagonal of a matrix.", shape: "[m, n] -> []", source: "torch.trace" },
  gradient: "through decomposition",
  record(g, { input }) {
    if (input.shape.length !== 2)
      throw new ShapeError(
        "trace/rank",
        `trace: expected a matrix, but got tensor with dim ${input.shape.length}: ${describe(input)}.`,
      );
    if (input.dtype === "bool") throw noKernel("trace", "trace", input, "Convert it with input.long().");
    const line = diagonalOf(g, input, lineOf("trace", input, 0, 0, 1));
    const wide = isInteger(line.dtype) ? g.cast(line, "int64") : line;
    return g.reshape(g.sum(wide, [0]), []);
  },
});

for (const [name, lower] of [
  ["tril", true],
  ["triu", false],
] as const) {
  defineOp({
    name,
    signature: `${name}(Tensor input, int diagonal=0) -> Tensor` as "tril(Tensor input, int diagonal=0) -> Tensor",
    places: ["torch", "Tensor"],
    inplace: true,
    doc: {
      summary: `The ${lower ? "lower" : "upper"} triangle of matrices, up to a diagonal; zeros elsewhere.`,
      shape: "[*, m, n] -> [*, m, n]",
      source: `torch.${name}`,
    },
    gradient: "through decomposition",
    layout: () => [null],
    record(g, { input, diagonal }) {
      const rank = input.shape.length;
      if (rank < 2)
        throw new ShapeError(
          `${name}/rank`,
          `${name}: input tensor must have at least 2 dimensions, got ${describe(input)}.`,
        );
      const size = input.shape.slice(-2);
      const shifted = g.add(g.iotaAlong(size, 0, "int32"), diagonal);
      const column = g.iotaAlong(size, 1, "int32");
      return g.where(lower ? g.le(column, shifted) : g.ge(column, shifted), input, input.dtype === "bool" ? false : 0);
    },
  });
}

/** The coordinates of a diagonal as index tensors for the axes of a line. */
function diagonalIndices(g: GraphBuilder, { row, column, length }: Line): [Node, Node] {
  const steps = g.iota(length, "int64");
  return [g.add(steps, BigInt(row)), g.add(steps, BigInt(column))];
}

defineOp({
  name: "diagonal_scatter",
  signature: "diagonal_scatter(Tensor input, Tensor src, int offset=0, int dim1=0, int dim2=1) -> Tensor",
  places: ["torch", "Tensor"],
  doc: {
    summary: "input with the elements of src on a diagonal.",
    shape: "[*, m, n] and [*, length] -> [*, m, n]",
    source: "torch.diagonal_scatter",
  },
  gradient: "through decomposition",
  record(g, { input, src, offset, dim1, dim2 }) {
    const line = lineOf("diagonal_scatter", input, offset, dim1, dim2);
    const expected = [...input.shape.filter((_, axis) => axis !== line.a && axis !== line.b), line.length];
    if (!sameShape(src.shape, expected))
      throw new ShapeError(
        "diagonal_scatter/src",
        `diagonal_scatter: expected src to have a size equal to the slice of self. src size = ${formatShape(src.shape)}, slice size = ${formatShape(expected)}.`,
      );
    if (line.length === 0) return input;
    return g.scatter(
      "set",
      input,
      g.cast(moveAxis(g, src, src.shape.length - 1, 0), input.dtype),
      [line.a, line.b],
      diagonalIndices(g, line),
    );
  },
});

defineOp({
  name: "fill_diagonal",
  signature: "fill_diagonal(Tensor input, Scalar fill_value, bool wrap=False) -> Tensor",
  places: [],
  inplace: true,
  doc: {
    summary: "A number on the main diagonal; with wrap starting again below it in tall matrices.",
    shape: "[m, n] or a cube -> the same",
    source: "torch.Tensor.fill_diagonal_",
  },
  gradient: "through decomposition",
  record(g, { input, fill_value, wrap }) {
    const { shape, dtype } = input;
    if (shape.length < 2)
      throw new ShapeError(
        "fill_diagonal/rank",
        `fill_diagonal_: dimensions must larger than 1, got ${describe(input)}.`,
      );
    if (shape.length > 2 && shape.some((size) => size !== shape[0]))
      throw new ShapeError(
        "fill_diagonal/sizes",
        `fill_diagonal_: all dimensions of input must be of equal length, got ${describe(input)}.`,
      );
    const value = filler(g, "fill_diagonal_", fill_value, dtype);
    const first = g.iotaAlong(shape, 0, "int32");
    if (shape.length > 2) {
      const same = range(shape.length - 1).map((axis) => g.eq(first, g.iotaAlong(shape, axis + 1, "int32")));
      return g.where(
        same.reduce((a, b) => g.and(a, b)),
        value,
        input,
      );
    }
    const columns = shape[1]!;
    const row = wrap ? g.binary("rem", first, columns + 1) : first;
    return g.where(g.eq(row, g.iotaAlong(shape, 1, "int32")), value, input);
  },
});

nameSteps({ diagflat: "diag_embed", linalg_diagonal: "diagonal" });
