/** Choosing, replacing and finding elements by a condition. */
import { nameSteps, tensor1 } from "../step-names.ts";
import type { GraphBuilder } from "../builder.ts";
import { cName, scalarName } from "../dtype.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp, type Measured } from "../operator.ts";
import { broadcastShapes, elementCount, type Shape } from "../shape.ts";
import { filler, fitting, tensorFiller } from "./fitting.ts";
import { isMask, truePositions } from "./indexing.ts";
import { checkBroadcast, describe, range, resultType, broadcastAll } from "./support.ts";
import { sameType, takenType } from "./out-types.ts";

export const condition = (name: string, mask: Node): Node => {
  if (mask.dtype !== "bool")
    throw new DTypeError(
      `${name}/mask`,
      name === "masked_select"
        ? `masked_select: expected BoolTensor for mask, got ${describe(mask)}.`
        : `${name}_ only supports boolean masks, but got mask with dtype ${name === "masked_fill" ? cName(mask.dtype) : scalarName(mask.dtype)}: ${describe(mask)}.`,
      "Convert it with mask.bool().",
    );
  return mask;
};
export const truth = (g: GraphBuilder, x: Node): Node => (x.dtype === "bool" ? x : g.ne(x, 0));

defineOp({
  name: "where",
  signature: "where(Tensor condition, Tensor|Scalar input, Tensor|Scalar other) -> Tensor",
  places: ["torch"],
  out: sameType((wanted, given) => `Expected out type to be ${wanted} but got ${given}`),
  doc: {
    summary: "input where condition is true, else other.",
    shape: "[*], [*] and [*], broadcast together -> [*]",
    source: "torch.where",
  },
  gradient: "through decomposition",
  record(g, { condition: given, input, other }) {
    if (!isMask(given))
      throw new DTypeError(
        "where/condition",
        `where expected condition to be a boolean tensor, but got a tensor with dtype ${scalarName(given.dtype)}: ${describe(given)}.`,
        "Compare first, for example x.gt(0).",
      );
    const dtype = resultType(g, [input, other]);
    const [x, y] = [input, other].map((value) => fitting(g, "where", value, dtype, ["float16", "bfloat16"])) as [
      Node,
      Node,
    ];
    broadcastAll("where", [given, x, y]);
    return g.where(truth(g, given), x, y);
  },
});

defineOp({
  name: "where.positions",
  signature: "where(Tensor condition) -> Tensor[]",
  places: ["torch"],
  doc: {
    summary: "The positions of the non-zero elements: one index tensor a dimension.",
    shape: "[*] -> list of [count]",
    source: "torch.where",
  },
  gradient: "none",
  measure: (g, { condition: given }) => [truth(g, given)],
  record: (_g, { condition: given }, measured) => positionLists(measured, given.shape),
});

function positionLists(measured: Measured, shape: Shape): Node[] {
  const lists = truePositions(measured.values[0]!, shape);
  return lists.map((positions) => measured.upload(positions, [positions.length], "int64"));
}

/** One row of coordinates for each element that is not zero; coordinate by coordinate in memory. */
export function positionRows(g: GraphBuilder, measured: Measured, shape: Shape): Node {
  const mask = measured.values[0]!;
  if (shape.length === 0) return measured.upload([], [Number(mask[0]) === 0 ? 0 : 1, 0], "int64");
  const lists = truePositions(mask, shape);
  const count = lists[0]!.length;
  const all = new Int32Array(shape.length * count);
  lists.forEach((positions, axis) => all.set(positions, axis * count));
  return g.permute(measured.upload(all, [shape.length, count], "int64"), [1, 0]);
}

defineOp({
  name: "nonzero",
  signature: "nonzero(Tensor input, *, bool as_tuple=False) -> Tensor",
  places: ["torch", "Tensor"],
  out: sameType(
    (wanted, given) => `nonzero: Expected out tensor to have scalar type ${wanted} but got scalar type${given}`,
  ),
  doc: {
    summary: "The positions of the non-zero elements, one a row; with as_tuple one index tensor a dimension.",
    shape: "[*] -> [count, rank]",
    source: "torch.nonzero",
  },
  gradient: "none",
  measure: (g, { input }) => [truth(g, input)],
  layout: ({ as_tuple }, results) => results.map(() => (as_tuple ? null : [1, 0])),
  record(g, { input, as_tuple }, measured) {
    if (!as_tuple) return positionRows(g, measured, input.shape);
    return positionLists(measured, input.shape.length === 0 ? [1] : input.shape);
  },
});

defineOp({
  name: "masked_select",
  signature: "masked_select(Tensor input, Tensor mask) -> Tensor",
  places: ["torch", "Tensor"],
  out: takenType("masked_select(): self and result must have the same scalar type"),
  movesElements: "checked first",
  doc: {
    summary: "The elements where the mask is true, in one dimension; a copy.",
    shape: "[*] and bool[*], broadcast together -> [count]",
    source: "torch.masked_select",
  },
  saves: ["input", "mask"],
  gradient: "through decomposition",
  measure: (g, { input, mask }) => [
    g.expandTo(truth(g, condition("masked_select", mask)), commonShape("masked_select", input, mask)),
  ],
  record(g, { input, mask }, measured) {
    const shape = commonShape("masked_select", input, mask);
    const count = elementCount(shape);
    const positions = truePositions(measured.values[0]!, [count])[0]!;
    const index = measured.upload(positions, [positions.length], "int64");
    return g.gather(g.reshape(g.expandTo(input, shape), [count]), [0], [index]);
  },
});

export function commonShape(name: string, a: Node, b: Node): number[] {
  checkBroadcast(name, a, b);
  return broadcastShapes(a.shape, b.shape)!;
}

defineOp({
  name: "masked_fill",
  signature: "masked_fill(Tensor input, Tensor mask, Tensor|Scalar value) -> Tensor",
  places: ["torch", "Tensor"],
  inplace: true,
  doc: {
    summary: "input with `value` where the mask is true.",
    shape: "[*] and bool[*], broadcast together -> [*]",
    source: "torch.Tensor.masked_fill",
  },
  gradient: "through decomposition",
  layout: () => [null],
  record(g, { input, mask, value }) {
    condition("masked_fill", mask);
    checkBroadcast("masked_fill", input, mask);
    if ("op" in value && value.shape.length !== 0)
      throw new ShapeError(
        "masked_fill/value",
        `masked_fill_ only supports a 0-dimensional value tensor, but got tensor with ${value.shape.length} dimension(s).`,
      );
    const content =
      "op" in value ? tensorFiller(g, "masked_fill", value, input.dtype) : filler(g, "masked_fill", value, input.dtype);
    return g.where(truth(g, mask), content, input);
  },
});

/** How many elements of a mask are true. */
export const trueCount = (g: GraphBuilder, mask: Node): Node =>
  g.reshape(g.sum(g.cast(mask, "int32"), range(mask.shape.length)), []);

/** For each element the number of true mask elements before it, in row-major order; in the shape of the mask. */
export function ordinals(g: GraphBuilder, mask: Node): Node {
  const count = elementCount(mask.shape);
  const line = g.cast(g.reshape(truth(g, mask), [count]), "int32");
  return g.reshape(g.sub(g.scan("sum", line, 0), line), mask.shape);
}

nameSteps(
  {},
  {
    masked_fill: tensor1("value"),
  },
);
