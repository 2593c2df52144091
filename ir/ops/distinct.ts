/** Distinct elements, and how often each occurs. */
import { nameSteps, given, when } from "../step-names.ts";
import type { GraphBuilder } from "../builder.ts";
import { isInteger } from "../dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp, type HostElements, type Measured } from "../operator.ts";
import { elementCount, type Shape } from "../shape.ts";
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
  // The least and the largest value; what cannot be counted is refused when it is recorded.
  measure: (g, { input }) =>
    isInteger(input.dtype) && input.shape.length === 1 && input.shape[0] !== 0
      ? [g.reduce("reduce_min", input, [0]), g.reduce("reduce_max", input, [0])]
      : [],
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
    const [least, largest] = measured.values.map((value) => Number(value[0]));
    if (least !== undefined && least < 0)
      throw new ArgumentError(
        "bincount/negative",
        `bincount only supports 1-d non-negative integral inputs, got ${least}.`,
      );
    const size = Math.max(minlength, (largest ?? -1) + 1);
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

/** Which row comes at which place (null: each at its own), and 1 for what equals the one before. NaN differs from every NaN. */
interface Ordered {
  readonly order: ArrayLike<number> | null;
  readonly repeated: Uint8Array;
}

/** By comparing, or as they come. */
function orderedRows(values: HostElements, count: number, width: number, sorted: boolean): Ordered {
  const order = sorted ? range(count) : null;
  const compare = compareRows(values, width);
  order?.sort((a, b) => compare(a, b) || a - b);
  const repeated = new Uint8Array(count);
  for (let place = 1; place < count; place++) {
    const [a, b] = order === null ? [place - 1, place] : [order[place - 1]!, order[place]!];
    let same = 0;
    while (same < width && values[a * width + same] === values[b * width + same]) same++;
    if (same === width) repeated[place] = 1;
  }
  return { order, repeated };
}

/** Of a line of elements, which equal the one before. */
function repeats(g: GraphBuilder, line: Node): Node {
  const count = line.shape[0]!;
  if (count === 0) return g.full([0], false, "bool");
  const equal = g.eq(g.sliceAxis(line, 0, 1, count - 1), g.sliceAxis(line, 0, 0, count - 1));
  return g.pad(equal, [1], [0], false);
}

/** A row of the input for each distinct one. Without branches: whether a row is new is no more known than a coin's side. */
function firstRows({ order, repeated }: Ordered): Int32Array {
  const rows = new Int32Array(repeated.length);
  let found = 0;
  for (let place = 0; place < rows.length; place++) {
    rows[found] = order === null ? place : order[place]!;
    found += 1 - repeated[place]!;
  }
  return rows.slice(0, found);
}

/** Where each row of the input went. */
function inverseOf({ order, repeated }: Ordered): Int32Array {
  const inverse = new Int32Array(repeated.length);
  let found = -1;
  for (let place = 0; place < inverse.length; place++) {
    found += 1 - repeated[place]!;
    inverse[order === null ? place : order[place]!] = found;
  }
  return inverse;
}

function countsOf({ repeated }: Ordered, distinct: number): Int32Array {
  const counts = new Int32Array(distinct);
  let found = -1;
  for (let place = 0; place < repeated.length; place++) {
    found += 1 - repeated[place]!;
    counts[found]!++;
  }
  return counts;
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
  const measure = (
    g: GraphBuilder,
    { input, dim }: { readonly input: Node; readonly dim: number | null },
    synchronous: boolean,
  ): Node[] => {
    const { moved, count, width } = rowsOf(g, name, refuseComplex(name, input), dim);
    // A graphics card puts a line in order no faster than the host.
    if (width !== 1 || !synchronous) return [moved];
    const line = g.reshape(moved, [count]);
    if (!sorted) return [repeats(g, line)];
    const [values, places] = g.sort(line, 0, false);
    return [repeats(g, values), g.cast(places, "int32")];
  };
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
    const [values, places] = measured.values;
    // Of single elements the device has sorted them, and compared each with the one before it.
    const ordered =
      width === 1 && measured.synchronous
        ? { order: (places as Int32Array | undefined) ?? null, repeated: values as Uint8Array }
        : orderedRows(values!, count, width, sorted);
    const rows = firstRows(ordered);
    const chosen = g.gather(moved, [0], [measured.upload(rows, [rows.length], "int32")]);
    const named = sorted ? (dim === null ? "_unique2" : "unique_dim") : name;
    const result = withoutDerivative(
      g,
      moveAxis(g, chosen, 0, axis),
      [input],
      `the derivative for '${named}'`,
      "Take the elements by index_select with the positions of the distinct ones.",
    );
    if (!return_inverse && !return_counts) return result;
    const upload = (values: Int32Array, shape: Shape): Node => measured.upload(values, shape, "int64");
    return [
      result,
      ...(return_inverse ? [upload(inverseOf(ordered), dim === null ? input.shape : [count])] : []),
      ...(return_counts ? [upload(countsOf(ordered, rows.length), [rows.length])] : []),
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

nameSteps(
  {},
  {
    unique: when((args) => given(args["dim"]), "unique_dim", "_unique2"),
  },
);
