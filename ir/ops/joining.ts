/** Several tensors as one: after each other, side by side, along a diagonal. */
import { nameSteps } from "../step-names.ts";
import type { GraphBuilder } from "../builder.ts";
import { promoteTypes } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { type AxisOrder, defineOp, nothingMeasured } from "../operator.ts";
import { elementCount, formatShape, sameShape } from "../shape.ts";
import { atLeast, axisOf, describe, range } from "./support.ts";
import { joinedType } from "./out-types.ts";

const viewDoc = (summary: string, source: string, shape = "[*] -> [*]") => ({ summary, shape, source });

/** @throws ShapeError when one of the tensors of `cat` does not fit the first one */
function requireFitting(part: Node, position: number, first: Node, axis: number): void {
  const [rank, expected] = [part.shape.length, first.shape.length];
  if (rank !== expected)
    throw new ShapeError(
      "cat/rank",
      `cat: Tensors must have same number of dimensions: got ${expected} and ${rank}: ${describe(first)} and ${describe(part)}.`,
    );
  const wrong = part.shape.findIndex((size, i) => i !== axis && size !== first.shape[i]);
  if (wrong >= 0)
    throw new ShapeError(
      "cat/sizes",
      `cat: Sizes of tensors must match except in dimension ${axis}. Expected size ${first.shape[wrong]} but got size ${part.shape[wrong]} for tensor number ${position} in the list: ${describe(first)} and ${describe(part)}.`,
    );
}

/** The order that puts channels last, where all of several tensors lie so. */
function channelsLast(tensors: readonly Node[], orderOf: (tensor: Node) => AxisOrder): AxisOrder {
  const first = tensors[0] === undefined ? null : orderOf(tensors[0]);
  if (first === null || (first.length !== 4 && first.length !== 5)) return null;
  const wanted = [0, ...range(first.length).slice(2), 1].join();
  return tensors.every((x) => orderOf(x)?.join() === wanted) ? first : null;
}

export const cat = defineOp({
  name: "cat",
  aliases: ["concat", "concatenate"],
  signature: "cat(Tensor[] tensors, int dim=0) -> Tensor",
  places: ["torch"],
  out: joinedType,
  movesElements: true,
  doc: viewDoc("Tensors one after another along dim.", "torch.cat", "list of [*] -> [*]"),
  gradient: "through decomposition",
  layout: ({ tensors }, _, orderOf) => [channelsLast(tensors, orderOf)],
  record(g, { tensors, dim }) {
    if (tensors.length === 0) throw new ShapeError("cat/empty", "torch.cat(): expected a non-empty list of Tensors.");
    const dtype = tensors.map((x) => x.dtype).reduce(promoteTypes);
    // One-dimensional tensors without elements are let through, as PyTorch does.
    const parts = tensors.filter((x) => !sameShape(x.shape, [0]));
    const first = parts[0] ?? tensors[0]!;
    const axis = axisOf("cat", dim, first.shape.length);
    for (const [place, part] of tensors.entries()) {
      if (sameShape(part.shape, [0])) continue;
      if (part.shape.length === 0)
        throw new ShapeError(
          "cat/0-d",
          "cat: zero-dimensional tensor (at position 0) cannot be concatenated.",
          "Use torch.stack, or unsqueeze first.",
        );
      requireFitting(part, place, first, axis);
    }
    return g.concat(
      (parts.length > 0 ? parts : [first]).map((part) => g.cast(part, dtype)),
      axis,
    );
  },
});

export const stack = defineOp({
  name: "stack",
  signature: "stack(Tensor[] tensors, int dim=0) -> Tensor",
  places: ["torch"],
  out: joinedType,
  movesElements: true,
  doc: viewDoc("Tensors of one shape side by side in a new dimension.", "torch.stack", "list of [*] -> [*]"),
  gradient: "through decomposition",
  // As they lie one after another along dim, which is then two.
  layout({ tensors, dim }, [result], orderOf) {
    const order = channelsLast(tensors, orderOf);
    const axis = axisOf("stack", dim, result!.shape.length);
    if (order === null || axis === order.length) return [null];
    return [order.flatMap((a) => (a < axis ? [a] : a === axis ? [a, a + 1] : [a + 1]))];
  },
  record(g, { tensors, dim }) {
    const first = tensors[0];
    if (first === undefined) throw new ShapeError("stack/empty", "stack expects a non-empty TensorList.");
    const axis = axisOf("stack", dim, first.shape.length + 1);
    const dtype = tensors.map((x) => x.dtype).reduce(promoteTypes);
    return g.concat(
      tensors.map((x) => {
        if (!sameShape(x.shape, first.shape))
          throw new ShapeError(
            "stack/sizes",
            `stack expects each tensor to be equal size, but got ${formatShape(first.shape)} at entry 0 and ${formatShape(x.shape)} at entry ${tensors.indexOf(x)}.`,
          );
        return g.reshape(g.cast(x, dtype), [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)]);
      }),
      axis,
    );
  },
});

export const list = "list of [*] -> [*]";
export const joined = (g: GraphBuilder, tensors: readonly Node[], dim: number): Node =>
  cat.record(g, { tensors, dim }, nothingMeasured) as Node;

for (const [name, alias, summary, join] of [
  [
    "hstack",
    null,
    "One after another along dimension 1 (0 for vectors).",
    (g: GraphBuilder, xs: readonly Node[]) =>
      joined(
        g,
        xs.map((x) => atLeast(g, x, 1)),
        xs[0]!.shape.length <= 1 ? 0 : 1,
      ),
  ],
  [
    "vstack",
    "row_stack",
    "One below another: along dimension 0, vectors as rows.",
    (g: GraphBuilder, xs: readonly Node[]) =>
      joined(
        g,
        xs.map((x) => atLeast(g, x, 2)),
        0,
      ),
  ],
  [
    "dstack",
    null,
    "One behind another: along dimension 2.",
    (g: GraphBuilder, xs: readonly Node[]) =>
      joined(
        g,
        xs.map((x) => atLeast(g, x, 3)),
        2,
      ),
  ],
  [
    "column_stack",
    null,
    "Vectors as columns, matrices side by side.",
    (g: GraphBuilder, xs: readonly Node[]) =>
      joined(
        g,
        xs.map((x) => (x.shape.length <= 1 ? g.reshape(x, [elementCount(x.shape), 1]) : x)),
        1,
      ),
  ],
] as const) {
  defineOp({
    name,
    aliases: alias === null ? [] : [alias],
    signature: `${name}(Tensor[] tensors) -> Tensor` as "stack(Tensor[] tensors) -> Tensor",
    places: ["torch"],
    out: joinedType,
    movesElements: true,
    doc: { summary, shape: list, source: `torch.${name}` },
    gradient: "through decomposition",
    record(g, { tensors }) {
      if (tensors.length === 0) throw new ShapeError(`${name}/empty`, `${name} expects a non-empty TensorList.`);
      return join(g, tensors);
    },
  });
}

defineOp({
  name: "block_diag",
  signature: "block_diag(Tensor... tensors) -> Tensor",
  places: ["torch"],
  doc: {
    summary: "A matrix with the given ones along its diagonal, zeros elsewhere.",
    shape: "list of [m, n] -> [sum of m, sum of n]",
    source: "torch.block_diag",
  },
  gradient: "through decomposition",
  record(g, { tensors }) {
    const dtype = tensors.map((x) => x.dtype).reduce(promoteTypes, tensors[0]?.dtype ?? g.defaultFloat);
    const blocks = tensors.map((x) => {
      if (x.shape.length > 2)
        throw new ShapeError(
          "block_diag/rank",
          `torch.block_diag: Input tensors must have 2 or fewer dimensions. Input ${describe(x)} has ${x.shape.length} dimensions.`,
        );
      return g.cast(atLeast(g, x, 2), dtype);
    });
    if (blocks.length === 0) return g.full([1, 0], 0, dtype);
    const width = blocks.reduce((sum, block) => sum + block.shape[1]!, 0);
    let left = 0;
    const rows = blocks.map((block) => {
      const row = g.pad(block, [0, left], [0, width - left - block.shape[1]!], 0);
      left += block.shape[1]!;
      return row;
    });
    return g.concat(rows, 0);
  },
});

nameSteps({ column_stack: "cat", dstack: "cat", hstack: "cat", vstack: "cat" });
