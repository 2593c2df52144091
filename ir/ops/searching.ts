/** Places in sorted sequences. */
import { isNode } from "../builder.ts";
import type { GraphBuilder } from "../builder.ts";
import { isIntegral, isComplex, scalarName } from "../dtype.ts";
import { ArgumentError, ShapeError, DTypeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { elementCount, formatShape, sameShape } from "../shape.ts";
import { noKernel } from "../unsupported.ts";
import { describe, resultType, toFloat, operand } from "./support.ts";
import { searchedType } from "./out-types.ts";

/** For each value the first place where it could stand in its row; with `right` the last. By bisection. */
export function placesOf(g: GraphBuilder, sequence: Node, values: Node, right: boolean, sorter: Node | null): Node {
  const size = sequence.shape.at(-1)!;
  const shared = sequence.shape.length === 1;
  const at = (place: Node): Node => {
    const own =
      sorter === null
        ? place
        : shared
          ? g.gather(sorter, [0], [place])
          : g.takeAlong(sorter, sorter.shape.length - 1, place);
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
function searched(g: GraphBuilder, name: string, given: Search): Node {
  const { right, narrow, sorter } = given;
  const common = resultType(g, [given.sequence, given.values]);
  if (common === "bool") throw noKernel(name, "searchsorted_out_cpu", common, "Convert both with long().");
  const [sequence, values] = [given.sequence, given.values].map((x) => g.cast(x, common)) as [Node, Node];
  if (
    sequence.shape.length !== 1 &&
    (sequence.shape.length !== values.shape.length ||
      !sameShape(sequence.shape.slice(0, -1), values.shape.slice(0, -1)))
  ) {
    throw new ShapeError(
      `${name}/sizes`,
      `torch.${name}(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and input value tensor must match, but we got boundaries tensor ${formatShape(sequence.shape)} and input value tensor ${formatShape(values.shape)}.`,
    );
  }
  if (sorter !== null && !sameShape(sorter.shape, sequence.shape))
    throw new ShapeError(
      `${name}/sorter`,
      `torch.${name}(): boundary and sorter must have the same size, but got boundary tensor ${formatShape(sequence.shape)} and sorter tensor ${formatShape(sorter.shape)}.`,
    );
  const places =
    elementCount(sequence.shape) === 0
      ? g.full(values.shape, 0, "int32")
      : placesOf(g, sequence, values, right, sorter);
  return narrow ? places : g.cast(places, "int64");
}

function sideOf(right: boolean, side: string | null): boolean {
  if (side === null) return right;
  if (side !== "left" && side !== "right")
    throw new ArgumentError(
      "searchsorted/side",
      `torch.searchsorted(): side can only be 'left' or 'right' but got ${side}.`,
    );
  if (side === "left" && right)
    throw new ArgumentError(
      "searchsorted/side",
      "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True.",
    );
  return side === "right";
}

const searchDoc = {
  summary:
    "The place of each value in a sorted sequence (its last dimension): before equal elements, or after them with right.",
  shape: "[*, n] or [n] and [*, m] -> int64[*, m]",
  source: "torch.searchsorted",
};
defineOp({
  name: "searchsorted",
  signature:
    "searchsorted(Tensor sorted_sequence, Tensor input, *, bool out_int32=False, bool right=False, 'left'|'right'? side=None, Tensor? sorter=None) -> Tensor",
  places: ["torch"],
  out: searchedType,
  doc: searchDoc,
  gradient: "none",
  record: (g, { sorted_sequence, input, out_int32, right, side, sorter }) =>
    searched(g, "searchsorted", {
      sequence: sorted_sequence,
      values: input,
      right: sideOf(right, side),
      narrow: out_int32,
      sorter,
    }),
});
defineOp({
  name: "searchsorted.number",
  signature:
    "searchsorted(Tensor sorted_sequence, Scalar input, *, bool out_int32=False, bool right=False, 'left'|'right'? side=None, Tensor? sorter=None) -> Tensor",
  places: ["torch"],
  out: searchedType,
  doc: searchDoc,
  gradient: "none",
  record(g, { sorted_sequence, input, out_int32, right, side, sorter }) {
    const wide =
      input.category === "float" && isIntegral(sorted_sequence.dtype) ? toFloat(g, sorted_sequence) : sorted_sequence;
    return searched(g, "searchsorted", {
      sequence: wide,
      values: g.scalar(input, wide.dtype),
      right: sideOf(right, side),
      narrow: out_int32,
      sorter,
    });
  },
});

for (const [name, type] of [
  ["bucketize", "Tensor"],
  ["bucketize.number", "Scalar"],
] as const) {
  defineOp({
    name,
    signature:
      `bucketize(${type} input, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor` as "bucketize(Tensor|Scalar input, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor",
    places: name === "bucketize" ? ["torch", "Tensor"] : ["torch"],
    out: searchedType,
    doc: {
      summary: "The number of the bucket between sorted boundaries that each value falls into.",
      shape: "[*] and [n] -> int64[*]",
      source: "torch.bucketize",
    },
    gradient: "none",
    record(g, { input, boundaries, out_int32, right }) {
      if (boundaries.shape.length !== 1)
        throw new ShapeError(
          "bucketize/boundaries",
          `bucketize: boundaries tensor must be 1 dimension, but got dim(${boundaries.shape.length}): ${describe(boundaries)}.`,
        );
      const values = "op" in input ? input : g.scalar(input, boundaries.dtype);
      return searched(g, "bucketize", { sequence: boundaries, values, right, narrow: out_int32, sorter: null });
    },
  });
}

defineOp({
  name: "isin",
  signature:
    "isin(Tensor|Scalar elements, Tensor|Scalar test_elements, *, bool assume_unique=False, bool invert=False) -> Tensor",
  places: ["torch"],
  doc: {
    summary: "Whether each element is among test_elements.",
    shape: "[*] and any -> bool[*]",
    source: "torch.isin",
  },
  gradient: "none",
  record(g, { elements, test_elements, invert }) {
    for (const given of [elements, test_elements])
      if (isNode(given) && (given.dtype === "bool" || isComplex(given.dtype)))
        throw new DTypeError(
          "isin/dtype",
          `isin: Unsupported input type encountered for isin(): ${scalarName(given.dtype)}, got ${describe(given)}.`,
        );
    const dtype = resultType(g, [elements, test_elements]);
    const [x, y] = [operand(g, elements, dtype), operand(g, test_elements, dtype)];
    const count = y.shape.reduce((n, size) => n * size, 1);
    const found = isAmong(g, x, g.reshape(y, [count]));
    return invert ? g.not(found) : found;
  },
});

/** Every element compared with every candidate: fused into one pass without memory for the pairs. */
function isAmong(g: GraphBuilder, x: Node, candidates: Node): Node {
  if (candidates.shape[0] === 0) return g.full(x.shape, false, "bool");
  const pairs = g.eq(g.expandTo(g.reshape(x, [...x.shape, 1]), [...x.shape, candidates.shape[0]!]), candidates);
  return g.reshape(g.reduce("reduce_max", pairs, [x.shape.length]), x.shape);
}
