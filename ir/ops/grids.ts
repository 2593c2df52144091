/** Several tensors brought to common shapes: stretched, spread over a grid, combined. */
import { nameSteps, rank, when } from "../step-names.ts";
import { isNode, type GraphBuilder } from "../builder.ts";
import { isIntegral } from "../dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp, recordOperator } from "../operator.ts";
import { contiguousStrides, elementCount, formatShape } from "../shape.ts";
import { floorDivide, remainder } from "./arithmetic.ts";
import { atLeast, describe, range, broadcastAll } from "./support.ts";

for (const rank of [1, 2, 3]) {
  const name = `atleast_${rank}d`;
  const summary = `With at least ${rank} dimension${rank > 1 ? "s" : ""}.`;
  defineOp({
    name,
    signature: `${name}(Tensor input) -> Tensor` as "atleast(Tensor input) -> Tensor",
    places: ["torch", "Tensor"],
    view: true,
    viewTraits: { isItself: true },
    doc: { summary, shape: "[*] -> [*]", source: `torch.${name}` },
    gradient: "through decomposition",
    record: (g, { input }) => atLeast(g, input, rank),
  });
  defineOp({
    name: `${name}.list`,
    signature: `${name}(Tensor... tensors) -> Tensor[]` as "atleast(Tensor... tensors) -> Tensor[]",
    places: ["torch"],
    view: true,
    viewTraits: { isItself: true },
    doc: { summary, shape: "list of [*] -> list of [*]", source: `torch.${name}` },
    gradient: "through decomposition",
    record: (g, { tensors }) => tensors.map((x) => atLeast(g, x, rank)),
  });
}

defineOp({
  name: "broadcast_tensors",
  signature: "broadcast_tensors(Tensor... tensors) -> Tensor[]",
  places: ["torch"],
  view: true,
  viewTraits: { isItself: true },
  doc: {
    summary: "All of them stretched to their common shape.",
    shape: "list of [*] -> list of [*]",
    source: "torch.broadcast_tensors",
  },
  gradient: "through decomposition",
  record(g, { tensors }) {
    const shape = broadcastAll("broadcast_tensors", tensors);
    return tensors.map((x) => g.expandTo(x, shape));
  },
});

/** Each vector spread over the grid of all of them. */
function grid(g: GraphBuilder, vectors: readonly Node[]): Node[] {
  const shape = vectors.map((x) => elementCount(x.shape));
  return vectors.map((x, i) =>
    g.expandTo(
      g.reshape(
        x,
        shape.map((size, k) => (k === i ? size : 1)),
      ),
      shape,
    ),
  );
}

defineOp({
  name: "meshgrid",
  signature: "meshgrid(Tensor... tensors, *, 'ij'|'xy'? indexing=None) -> Tensor[]",
  places: ["torch"],
  view: true,
  doc: {
    summary:
      "The coordinates of a grid: each vector along its own dimension; with indexing 'xy' the first two exchanged.",
    shape: "list of [n_i] -> list of [n_0, n_1, ..]",
    source: "torch.meshgrid",
  },
  gradient: "through decomposition",
  record(g, { tensors, indexing }) {
    if (indexing !== null && indexing !== "ij" && indexing !== "xy")
      throw new ArgumentError(
        "meshgrid/indexing",
        `torch.meshgrid: indexing must be one of "xy" or "ij", but received: ${indexing}`,
      );
    if (tensors.length === 0) throw new ShapeError("meshgrid/empty", "meshgrid expects a non-empty TensorList.");
    for (const x of tensors)
      if (x.shape.length > 1)
        throw new ShapeError(
          "meshgrid/rank",
          `torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: ${describe(x)}.`,
        );
    const first = tensors[0]!;
    for (const x of tensors)
      if (x.dtype !== first.dtype)
        throw new ShapeError(
          "meshgrid/dtype",
          `torch.meshgrid expects all tensors to have the same dtype: ${describe(first)} and ${describe(x)}.`,
        );
    const swapped = indexing === "xy" && tensors.length >= 2;
    const order = swapped ? [tensors[1]!, first, ...tensors.slice(2)] : tensors;
    const spread = grid(g, order);
    return swapped ? [spread[1]!, spread[0]!, ...spread.slice(2)] : spread;
  },
});

defineOp({
  name: "cartesian_prod",
  signature: "cartesian_prod(Tensor... tensors) -> Tensor",
  places: ["torch"],
  view: ({ tensors }) => tensors.length === 1,
  viewTraits: { isItself: true },
  doc: {
    summary: "All combinations of one element of each vector, one a row.",
    shape: "list of [n_i] -> [product of n_i, count]",
    source: "torch.cartesian_prod",
  },
  gradient: "through decomposition",
  record(g, { tensors }) {
    for (const x of tensors)
      if (x.shape.length !== 1)
        throw new ShapeError(
          "cartesian_prod/rank",
          `cartesian_prod: Expect a 1D vector, but got shape ${formatShape(x.shape)}.`,
        );
    if (tensors.length === 1) return tensors[0]!;
    return g.concat(
      grid(g, tensors).map((x) => g.reshape(x, [elementCount(x.shape), 1])),
      1,
    );
  },
});

/** Rising positions of the choices of `length` out of `count`, in order, one after another. */
function choices(count: number, length: number, repeated: boolean): Int32Array {
  const available = repeated ? count + length - 1 : count;
  const total = range(length).reduce((ways, i) => Math.round((ways * (available - i)) / (i + 1)), 1);
  const all = new Int32Array(Math.max(0, total) * length);
  const choice = Int32Array.from({ length }, (_, i) => (repeated ? 0 : i));
  for (let start = 0; start < all.length; start += length) {
    for (let i = 0; i < length; i++) all[start + i] = choice[i]!;
    // The last position that may rise does, and those behind it start anew.
    let rising = length - 1;
    while (rising >= 0 && choice[rising] === (repeated ? count - 1 : count - length + rising)) rising--;
    if (rising < 0) break;
    choice[rising]!++;
    for (let i = rising + 1; i < length; i++) choice[i] = choice[i - 1]! + (repeated ? 0 : 1);
  }
  return all;
}

defineOp({
  name: "combinations",
  signature: "combinations(Tensor input, int r=2, bool with_replacement=False) -> Tensor",
  places: ["torch"],
  doc: {
    summary: "All choices of r elements in their order, one a row.",
    shape: "[n] -> [count, r]",
    source: "torch.combinations",
  },
  saves: ["input"],
  gradient: "through decomposition",
  measure: () => [],
  record(g, { input, r, with_replacement }, measured) {
    if (input.shape.length !== 1)
      throw new ShapeError(
        "combinations/rank",
        `combinations: Expect a 1D vector, but got shape ${formatShape(input.shape)}.`,
      );
    if (r < 0) throw new ArgumentError("combinations/r", `combinations: Expect a non-negative number, but got ${r}.`);
    if (r === 0) return g.full([0], 0, input.dtype);
    const rows = choices(input.shape[0]!, r, with_replacement);
    return g.gather(input, [0], [measured.upload(rows, [rows.length / r, r], "int64")]);
  },
});

defineOp({
  name: "unravel_index",
  signature: "unravel_index(Tensor indices, int[] shape) -> Tensor[]",
  places: ["torch"],
  doc: {
    summary: "The coordinates, one tensor a dimension, of positions in a tensor of this shape that lies in a row.",
    shape: "[*] -> list of [*]",
    source: "torch.unravel_index",
  },
  gradient: "none",
  record(g, { indices, shape }) {
    if (!isIntegral(indices.dtype) || indices.dtype === "bool")
      throw new DTypeError(
        "unravel_index/dtype",
        `unravel_index: expected 'indices' to be integer dtype, but got torch.${indices.dtype}: ${describe(indices)}.`,
        "Convert it with indices.long().",
      );
    if (shape.some((size) => size < 0))
      throw new ShapeError(
        "unravel_index/shape",
        `unravel_index: 'shape' cannot have negative values, but got ${formatShape(shape)}.`,
      );
    const strides = contiguousStrides(shape);
    if (![...shape, ...strides].every(Number.isSafeInteger))
      throw new ShapeError(
        "unravel_index/size",
        `unravel_index: 'shape' has sizes or strides that are not exact, beyond 2 ** 53: ${formatShape(shape)}.`,
      );
    const position = g.cast(indices, "int64");
    const number = (value: number): Node => g.constant(BigInt(Math.max(1, value)), "int64");
    // As PyTorch's: positions beyond the shape begin again.
    return shape.map((size, axis) => {
      const quotient = floorDivide(g, position, number(strides[axis]!));
      return recordOperator(g, remainder, { input: quotient, other: number(size) }, isNode) as Node;
    });
  },
});

defineOp({
  name: "vander",
  signature: "vander(Tensor x, int? N=None, bool increasing=False) -> Tensor",
  places: ["torch"],
  doc: {
    summary: "Powers of each element as a row: x ** (N - 1) down to x ** 0, or the other way round.",
    shape: "[n] -> [n, N]",
    source: "torch.vander",
  },
  gradient: "through decomposition",
  record(g, { x, N, increasing }) {
    if (x.shape.length !== 1)
      throw new ShapeError("vander/rank", `vander: x must be a one-dimensional tensor, got ${describe(x)}.`);
    const count = N ?? x.shape[0]!;
    if (count < 0) throw new ArgumentError("vander/N", `vander: N must be non-negative, got ${count}.`);
    const wide = isIntegral(x.dtype) ? g.cast(x, "int64") : x;
    const rows = x.shape[0]!;
    if (count === 0) return g.full([rows, 0], 0, wide.dtype);
    const factors = g.expandTo(g.reshape(wide, [rows, 1]), [rows, count - 1]);
    const powers = g.concat([g.full([rows, 1], 1, wide.dtype), g.scan("prod", factors, 1)], 1);
    return increasing ? powers : g.flip(powers, [1]);
  },
});

const raised = when(({ input }) => rank(input) === 0, "view", "unsqueeze");

nameSteps(
  {
    broadcast_tensors: "expand",
    meshgrid: "expand",
    cartesian_prod: "stack",
    combinations: "stack",
    atleast_1d: "view",
  },
  {
    atleast_2d: raised,
    atleast_3d: raised,
  },
);
