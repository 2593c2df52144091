/** Writing elements at positions along a dimension. */
import { nameSteps } from "../step-names.ts";
import type { GraphBuilder } from "../builder.ts";
import { type DType, integerRange, isFloat, isIntegral, scalarName } from "../dtype.ts";
import { ArgumentError, DTypeError, IndexError, ShapeError } from "../errors.ts";
import type { Node, ScatterMode } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { elementCount, formatShape } from "../shape.ts";
import { floorDivide } from "./arithmetic.ts";
import { filler } from "./fitting.ts";
import { checkAlong } from "./indexing.ts";
import { accessed } from "./taking.ts";
import { atLeast1d, axisOf, checkRange, describe, requireIndex, wrapIndex } from "./support.ts";

const along = "[*], index and src of the same number of dimensions -> [*]";

function sameType(name: string, input: Node, src: Node): void {
  if (input.dtype !== src.dtype)
    throw new DTypeError(
      `${name}/dtype`,
      `${name}(): Expected self.dtype to be equal to src.dtype: self ${describe(input)}, src ${describe(src)}.`,
      `Convert it with src.to(torch.${input.dtype}).`,
    );
}

interface Along {
  readonly base: Node;
  readonly axis: number;
  readonly index: Node;
  readonly src: Node;
}

/** Checks the arguments of a scatter along a dimension; `src` is cut to the shape of the index. */
function prepared(g: GraphBuilder, name: string, input: Node, dim: number, index: Node, src: Node): Along {
  if (elementCount(index.shape) > 0) requireIndex(name, index);
  const axis = axisOf(name, dim, input.shape.length);
  const base = atLeast1d(g, input);
  let positions = atLeast1d(g, index);
  let values = atLeast1d(g, src);
  if (elementCount(index.shape) > 0) {
    checkAlong(name, base, axis, positions);
    positions = checkRange(g, name, positions, base.shape[axis]!, 0, axis);
    if (values.shape.length !== positions.shape.length)
      throw new ShapeError(
        `${name}/rank`,
        `${name}: Index tensor must have the same number of dimensions as src tensor: index ${describe(index)}, src ${describe(src)}.`,
      );
    if (positions.shape.some((size, i) => size > values.shape[i]!)) {
      throw new ShapeError(
        `${name}/src-size`,
        `${name}: Expected index ${formatShape(index.shape)} to be no larger than self ${formatShape(input.shape)} apart from dimension ${axis} and to be no larger size than src ${formatShape(src.shape)}.`,
      );
    }
    values = g.slice(
      values,
      positions.shape.map(() => 0),
      positions.shape,
    );
  }
  return { base, axis, index: positions, src: values };
}

function scatterInto(g: GraphBuilder, mode: ScatterMode, input: Node, { base, axis, index, src }: Along): Node {
  if (elementCount(index.shape) === 0) return input;
  return g.reshape(g.scatterAlong(mode, base, src, axis, index), input.shape);
}

function modeOf(reduce: string | null): ScatterMode {
  if (reduce === null) return "set";
  if (reduce === "add") return "add";
  if (reduce === "multiply") return "mul";
  throw new ArgumentError(
    "scatter/reduce",
    `scatter: reduce argument must be either add or multiply, got '${reduce}'.`,
  );
}

defineOp({
  name: "scatter",
  signature: "scatter(Tensor input, int dim, Tensor index, Tensor src, *, 'add'|'multiply'? reduce=None) -> Tensor",
  places: ["torch", "Tensor"],
  movesElements: true,
  inplace: true,
  doc: {
    summary:
      "input with the elements of src written (or added, or multiplied) at the positions that index holds for dim.",
    shape: along,
    source: "torch.scatter",
  },
  gradient: "through decomposition",
  record(g, { input, dim, index, src, reduce }) {
    const request = prepared(g, "scatter", input, dim, index, src);
    sameType("scatter", input, src);
    return scatterInto(g, modeOf(reduce), input, request);
  },
});

defineOp({
  name: "scatter.value",
  signature: "scatter(Tensor input, int dim, Tensor index, Scalar value, *, 'add'|'multiply'? reduce=None) -> Tensor",
  places: ["torch", "Tensor"],
  inplace: true,
  doc: {
    summary: "input with a number written (or added, or multiplied) at the positions that index holds for dim.",
    shape: along,
    source: "torch.scatter",
  },
  gradient: "through decomposition",
  record(g, { input, dim, index, value, reduce }) {
    const src = g.expandTo(filler(g, "scatter", value, input.dtype), index.shape);
    return scatterInto(g, modeOf(reduce), input, prepared(g, "scatter", input, dim, index, src));
  },
});

defineOp({
  name: "scatter_add",
  signature: "scatter_add(Tensor input, int dim, Tensor index, Tensor src) -> Tensor",
  places: ["torch", "Tensor"],
  movesElements: true,
  inplace: true,
  doc: {
    summary: "input with the elements of src added at the positions that index holds for dim.",
    shape: along,
    source: "torch.scatter_add",
  },
  gradient: "through decomposition",
  record(g, { input, dim, index, src }) {
    const request = prepared(g, "scatter_add", input, dim, index, src);
    sameType("scatter", input, src);
    return scatterInto(g, "add", input, request);
  },
});

/** What a reduction starts from where the input itself does not count. */
function identity(reduce: string, dtype: DType): number | bigint {
  if (reduce === "prod") return 1;
  if (reduce === "sum" || reduce === "mean") return 0;
  if (isFloat(dtype)) return reduce === "amax" ? -Infinity : Infinity;
  const [least, most] = integerRange(dtype);
  return reduce === "amax" ? least : most;
}
const reduceModes: Readonly<Record<string, ScatterMode>> = {
  sum: "add",
  prod: "mul",
  mean: "add",
  amax: "max",
  amin: "min",
};

/** `scatter` writes updates in a mode into whatever base it is given. */
export type ScatterOf = (mode: ScatterMode, base: Node, updates: Node) => Node;

export function scatterReduced(
  g: GraphBuilder,
  input: Node,
  src: Node,
  reduce: string,
  includeSelf: boolean,
  scatter: ScatterOf,
): Node {
  const mode = reduceModes[reduce];
  if (mode === undefined)
    throw new ArgumentError(
      "scatter_reduce/reduce",
      `scatter_reduce: reduce argument must be either sum, prod, mean, amax or amin, got ${reduce}.`,
    );
  let base = input;
  if (!includeSelf) {
    const touched = scatter("set", g.full(input.shape, false, "bool"), g.full(src.shape, true, "bool"));
    base = g.where(touched, identity(reduce, input.dtype), input);
  }
  const total = scatter(mode, base, src);
  if (reduce !== "mean") return total;
  const counted = scatter(
    "add",
    g.full(input.shape, includeSelf ? 1 : 0, input.dtype),
    g.full(src.shape, 1, input.dtype),
  );
  const count = g.max(counted, 1);
  return isIntegral(input.dtype) ? floorDivide(g, total, count) : g.div(total, count);
}

defineOp({
  name: "scatter_reduce",
  signature:
    "scatter_reduce(Tensor input, int dim, Tensor index, Tensor src, 'sum'|'prod'|'mean'|'amax'|'amin'|'max'|'min' reduce, *, bool include_self=True) -> Tensor",
  places: ["torch", "Tensor"],
  movesElements: true,
  inplace: true,
  doc: {
    summary:
      "input with the elements of src reduced into the positions that index holds for dim, by sum, prod, mean, amax or amin; max and min are these, too.",
    shape: along,
    source: "torch.scatter_reduce",
  },
  saves: ["input", "index", "src", "result"],
  gradient: "through decomposition",
  record(g, { input, dim, index, src, reduce, include_self }) {
    const { base, axis, index: positions, src: values } = prepared(g, "scatter_reduce", input, dim, index, src);
    sameType("scatter", input, src);
    const scatter: ScatterOf = (mode, target, updates) => g.scatterAlong(mode, target, updates, axis, positions);
    if (elementCount(index.shape) === 0) return input;
    const mode = reduce === "max" || reduce === "min" ? `a${reduce}` : reduce;
    return g.reshape(scatterReduced(g, base, values, mode, include_self, scatter), input.shape);
  },
});

defineOp({
  name: "put",
  signature: "put(Tensor input, Tensor index, Tensor source, bool accumulate=False) -> Tensor",
  places: ["torch", "Tensor"],
  movesElements: true,
  inplace: true,
  doc: {
    summary: "input with the elements of source written (or added) at positions in the flattened input.",
    shape: "[*], index and as many elements in source -> [*]",
    source: "torch.Tensor.put_",
  },
  saves: ["index", { name: "source", for: ["source"] }],
  gradient: "through decomposition",
  record(g, { input, index, source, accumulate }) {
    requireIndex("put_", index);
    const count = elementCount(index.shape);
    if (count !== elementCount(source.shape))
      throw new IndexError(
        "put/count",
        `put_(): Expected source and index to have the same number of elements, but got source.numel() = ${elementCount(source.shape)}, index.numel() = ${count}.`,
      );
    if (input.dtype !== source.dtype)
      throw new DTypeError(
        "put/dtype",
        `put_(): self and source expected to have the same dtype, but got self.dtype = ${scalarName(input.dtype)} and source.dtype = ${scalarName(source.dtype)}.`,
      );
    if (count === 0) return input;
    const size = elementCount(input.shape);
    const positions = wrapIndex(g, g.reshape(index, [count]), size, "put_", null, accessed(size));
    return g.reshape(
      g.scatter(accumulate ? "add" : "set", g.reshape(input, [size]), g.reshape(source, [count]), [0], [positions]),
      input.shape,
    );
  },
});

nameSteps(
  {},
  {
    "scatter.value": () => 1,
  },
);
