/** Distinct elements, and how often each occurs. */
import type { GraphBuilder } from "../builder.ts";
import { isInteger } from "../dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp, type HostElements, type Measured } from "../operator.ts";
import { elementCount } from "../shape.ts";
import { axisOf, describe, moveAxis, range, refuseComplex } from "./support.ts";
import { withoutDerivative } from "./underived.ts";
import { unsupported } from "../unsupported.ts";

defineOp({
  name: "bincount",
  signature: "bincount(Tensor input, Tensor? weights=None, int minlength=0) -> Tensor",
  places: ["torch", "Tensor"],
  doc: {
    summary: "How often each value from 0 to the largest one occurs; with weights the sums of theirs.",
    shape: "[n] -> [max + 1]",
    source: "torch.bincount",
  },
  gradient: "none",
  measure: (_g, { input }) => [input],
  record(g, { input, weights, minlength }, measured) {
    if (minlength < 0)
      throw new ArgumentError("bincount/minlength", `bincount: minlength should be >= 0, got ${minlength}.`);
    if (!isInteger(input.dtype)) throw unsupported("bincount", input, "It counts integers.");
    if (input.shape.length !== 1)
      throw new DTypeError(
        "bincount/input",
        `bincount only supports 1-d non-negative integral inputs, got ${describe(input)}.`,
      );
    if (weights !== null && (weights.shape.length !== 1 || weights.shape[0] !== input.shape[0]))
      throw new ShapeError(
        "bincount/weights",
        `bincount: weights should be 1-d and have the same length as input: ${describe(weights)} and ${describe(input)}.`,
      );
    let size = minlength;
    for (const value of measured.values[0]!) {
      if (value < 0)
        throw new ArgumentError(
          "bincount/negative",
          `bincount only supports 1-d non-negative integral inputs, got ${value}.`,
        );
      size = Math.max(size, Number(value) + 1);
    }
    const added =
      weights === null
        ? g.full(input.shape, 1, "int64")
        : weights.dtype === "float32" || weights.dtype === "float64"
          ? weights
          : g.cast(weights, "float64");
    const index = input.dtype === "int64" || input.dtype === "int32" ? input : g.cast(input, "int64");
    return size === 0
      ? g.full([0], 0, added.dtype)
      : g.scatter("add", g.full([size], 0, added.dtype), added, [0], [index]);
  },
});

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
  const equal = (a: number, b: number): boolean =>
    range(width).every((i) => values[a * width + i] === values[b * width + i]);
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
function rowsOf(
  g: GraphBuilder,
  name: string,
  input: Node,
  dim: number | null,
): { moved: Node; axis: number; count: number; width: number } {
  if (dim === null) {
    const count = elementCount(input.shape);
    return { moved: g.reshape(input, [count]), axis: 0, count, width: 1 };
  }
  const axis = axisOf(name, dim, input.shape.length);
  const count = input.shape[axis] ?? 1;
  const width = elementCount(input.shape.filter((_, i) => i !== axis));
  if (width === 0)
    throw new ShapeError(
      `${name}/empty`,
      `${name}: There are 0 sized dimensions, and they aren't selected, so unique cannot be applied: ${describe(input)}.`,
    );
  return { moved: moveAxis(g, input, axis, 0), axis, count, width };
}

for (const [name, sorted] of [
  ["unique", true],
  ["unique_consecutive", false],
] as const) {
  const order = sorted ? "bool sorted=True, " : "";
  const measure = (g: GraphBuilder, { input, dim }: { readonly input: Node; readonly dim: number | null }): Node[] => [
    rowsOf(g, name, refuseComplex(name, input), dim).moved,
  ];
  const record = (
    g: GraphBuilder,
    {
      input,
      dim,
      return_inverse,
      return_counts,
    }: {
      readonly input: Node;
      readonly dim: number | null;
      readonly return_inverse: boolean;
      readonly return_counts: boolean;
    },
    measured: Measured,
  ): Node | Node[] => {
    const { moved, axis, count, width } = rowsOf(g, name, refuseComplex(name, input), dim);
    const { rows, inverse, counts } = distinct(measured.values[0]!, count, width, sorted);
    const chosen = g.gather(moved, [0], [measured.upload(rows, [rows.length], "int64")]);
    const named = sorted ? (dim === null ? "_unique2" : "unique_dim") : name;
    const values = withoutDerivative(
      g,
      moveAxis(g, chosen, 0, axis),
      [input],
      `the derivative for '${named}'`,
      "Take the elements by index_select with the positions of the distinct ones.",
    );
    if (!return_inverse && !return_counts) return values;
    const inverses = measured.upload(inverse, dim === null ? input.shape : [count], "int64");
    return [
      values,
      ...(return_inverse ? [inverses] : []),
      ...(return_counts ? [measured.upload(counts, [counts.length], "int64")] : []),
    ];
  };
  defineOp({
    name,
    signature:
      `${name}(Tensor input, ${order}bool return_inverse=False, bool return_counts=False, int? dim=None) -> Tensor` as "unique(Tensor input, bool return_inverse=False, bool return_counts=False, int? dim=None) -> Tensor",
    places: ["torch", "Tensor"],
    doc: {
      summary: `${sorted ? "The distinct elements (or slices along dim), sorted" : "The elements (or slices along dim) without repeated neighbours"}; on request where each went, and how often each occurs.`,
      shape: "[*] -> [count], with return_inverse and return_counts a list",
      source: `torch.${name}`,
    },
    gradient: "through decomposition",
    measure,
    record,
  });
}
