/** Reading elements at positions given by tensors. */
import type { GraphBuilder } from "../builder.ts";
import { IndexError, ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp, type HostElements, type Measured } from "../operator.ts";
import { broadcastShapes, elementCount, formatShape, type Shape } from "../shape.ts";
import { atLeast1d, axisOf, checkRange, describe, moveAxis, range, requireIndex, wrapIndex } from "./support.ts";
import { scalarName } from "../dtype.ts";
import { takenType } from "./out-types.ts";

export const isMask = (index: Node): boolean => index.dtype === "bool" || index.dtype === "uint8";

/** Tensors that index dimensions of a source: one for each of `axes`, of one shape. */
interface IndexPlan {
  /** The dimensions that a mask covers are one in it. */
  readonly source: Node;
  readonly axes: readonly number[];
  readonly indices: readonly Node[];
  readonly shape: Shape;
  /** Where the dimensions of the index stand in the result. */
  readonly place: number;
}

/** The masks among indices: their contents decide the result's shape. */
export const masksOf = (indices: readonly (Node | null)[]): Node[] =>
  indices.filter((index): index is Node => index !== null && isMask(index));

/** The positions of a mask's true elements, one list for each of its dimensions. */
export function truePositions(mask: HostElements, shape: Shape): Int32Array[] {
  // Written at every element, and kept where it is true: of random masks no branch can be predicted.
  const bytes = mask as Uint8Array;
  let count = 0;
  for (let i = 0; i < bytes.length; i++) count += oneOf(bytes[i]!);
  const flat = new Int32Array(count + 1);
  let found = 0;
  for (let i = 0; i < bytes.length; i++) {
    flat[found] = i;
    found += oneOf(bytes[i]!);
  }
  return coordinatesOf(flat.subarray(0, count), shape);
}

/** 1 of what is not 0, up to 255. */
const oneOf = (byte: number): number => (byte + 255) >> 8;

function coordinatesOf(flat: Int32Array, shape: Shape): Int32Array[] {
  const lists: Int32Array[] = [];
  let rest = flat;
  for (let axis = shape.length - 1; axis > 0; axis--) {
    const size = shape[axis]!;
    const outer = new Int32Array(rest.length);
    const own = new Int32Array(rest.length);
    for (let i = 0; i < rest.length; i++) {
      outer[i] = rest[i]! / size;
      own[i] = rest[i]! - outer[i]! * size;
    }
    lists.unshift(own);
    rest = outer;
  }
  return shape.length === 0 ? [] : [rest, ...lists];
}

/** Resolves indices (null: the whole dimension) against a source, by PyTorch's rules of advanced indexing. */
export function planIndices(
  g: GraphBuilder,
  name: string,
  source: Node,
  given: readonly (Node | null)[],
  measured: Measured,
): IndexPlan {
  const axes: number[] = [];
  const indices: Node[] = [];
  const joined: number[] = [];
  let axis = 0;
  let masks = 0;
  given.forEach((index, position) => {
    if (index === null) {
      if (axis < source.shape.length) joined.push(source.shape[axis]!);
      axis++;
      return;
    }
    if (isMask(index)) {
      index.shape.forEach((size, i) => {
        if (size !== source.shape[axis + i])
          throw new IndexError(
            `${name}/mask-shape`,
            `${name}: The shape of the mask ${formatShape(index.shape)} at index ${position} does not match the shape of the indexed tensor ${formatShape(source.shape)} at index ${axis + i}.`,
          );
      });
      const count = elementCount(index.shape);
      const positions = truePositions(measured.values[masks++]!, [count])[0]!;
      if (index.shape.length > 0) {
        axes.push(joined.length);
        indices.push(measured.upload(positions, [positions.length], "int64"));
        joined.push(count);
      }
      axis += index.shape.length;
      return;
    }
    if (index.dtype !== "int64" && index.dtype !== "int32")
      throw new IndexError(
        "index/not-integer",
        `${name}: tensors used as indices must be long, int, byte or bool tensors, got ${describe(index)}.`,
        "Convert it with index.long().",
      );
    const size = source.shape[axis];
    if (size === undefined)
      throw new IndexError(
        `${name}/too-many`,
        `${name}: too many indices for tensor of dimension ${source.shape.length}: ${describe(source)}.`,
      );
    if (size === 0 && elementCount(index.shape) > 0)
      throw new IndexError(`${name}/empty`, `${name}: index is out of bounds for dimension ${axis} with size 0.`);
    indices.push(wrapIndex(g, index, size, "index", axis));
    axes.push(joined.length);
    joined.push(size);
    axis++;
  });
  if (axis > source.shape.length)
    throw new IndexError(
      `${name}/too-many`,
      `${name}: too many indices for tensor of dimension ${source.shape.length}: ${describe(source)}.`,
    );
  let shape: Shape = [];
  for (const index of indices) {
    const next = broadcastShapes(shape, index.shape);
    if (next === null)
      throw new IndexError(
        `${name}/broadcast`,
        `${name}: shape mismatch: indexing tensors could not be broadcast together with shapes ${indices.map((i) => formatShape(i.shape)).join(", ")}.`,
      );
    shape = next;
  }
  const adjacent = axes.every((a, i) => i === 0 || a === axes[i - 1]! + 1);
  return {
    source: g.reshape(source, [...joined, ...source.shape.slice(axis)]),
    axes,
    indices: indices.map((index) => g.expandTo(index, shape)),
    shape,
    place: adjacent ? (axes[0] ?? 0) : 0,
  };
}

/** Axes of a gathered result, index dimensions first, in the order in which PyTorch puts them. */
export const resultOrder = (plan: IndexPlan, rank: number): number[] => {
  const lead = range(plan.shape.length);
  const rest = range(rank - plan.axes.length).map((i) => lead.length + i);
  return [...rest.slice(0, plan.place), ...lead, ...rest.slice(plan.place)];
};

export const index = defineOp({
  name: "index",
  signature: "index(Tensor input, Tensor?[] indices) -> Tensor",
  places: [],
  doc: {
    summary: "input[indices]: tensors of positions or masks, one a dimension; null takes a dimension whole.",
    shape: "[*] -> [*]",
    source: "torch.Tensor.__getitem__",
  },
  gradient: "through decomposition",
  measure: (_g, { indices }) => masksOf(indices),
  record(g, { input, indices }, measured) {
    const plan = planIndices(g, "index", input, indices, measured);
    if (plan.axes.length === 0) return input;
    return g.permute(g.gather(plan.source, plan.axes, plan.indices), resultOrder(plan, plan.source.shape.length));
  },
});

export const gather = defineOp({
  name: "gather",
  signature: "gather(Tensor input, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor",
  places: ["torch", "Tensor"],
  movesElements: true,
  doc: {
    summary: "The elements of input at the positions that index holds for dim.",
    shape: "[*] and index of the same number of dimensions -> the shape of index",
    source: "torch.gather",
  },
  saves: ["input", "index"],
  gradient: "through decomposition",
  record(g, { input, dim, index: given }) {
    if (elementCount(given.shape) > 0) requireIndex("gather", given);
    const axis = axisOf("gather", dim, input.shape.length);
    const source = atLeast1d(g, input);
    if (elementCount(given.shape) === 0)
      return g.reshape(g.gather(source, [axis], [g.full([0], 0, "int64")]), given.shape);
    const positions = atLeast1d(g, given);
    checkAlong("gather", source, axis, positions);
    const checked = checkRange(g, "gather", positions, source.shape[axis]!, 0, axis);
    return g.reshape(g.takeAlong(source, axis, checked), given.shape);
  },
});

/** The sizes of an index along an axis: no larger than the source's elsewhere. */
export function checkAlong(name: string, source: Node, axis: number, index: Node): void {
  if (elementCount(index.shape) === 0) return;
  if (index.shape.length !== source.shape.length)
    throw new ShapeError(
      `${name}/rank`,
      `${name}: Index tensor must have the same number of dimensions as ${name === "gather" ? "input" : "self"} tensor: index ${describe(index)}, input ${describe(source)}.`,
    );
  const wrong = index.shape.findIndex((size, i) => i !== axis && size > source.shape[i]!);
  if (wrong >= 0)
    throw new ShapeError(
      `${name}/index-size`,
      `${name}: Size does not match at dimension ${wrong} expected index ${formatShape(index.shape)} to be no larger than self ${formatShape(source.shape)} apart from dimension ${axis}.`,
    );
}

/** The slices of a source at positions of a one-dimensional index. */
export const selectAlong = (g: GraphBuilder, source: Node, axis: number, positions: Node): Node =>
  moveAxis(g, g.gather(source, [axis], [positions]), 0, axis);

export const indexSelect = defineOp({
  name: "index_select",
  signature: "index_select(Tensor input, int dim, Tensor index) -> Tensor",
  places: ["torch", "Tensor"],
  out: takenType("index_select(): self and result must have the same scalar type"),
  movesElements: "checked first",
  doc: {
    summary: "The slices along dim that index names; a copy.",
    shape: "[.., n, ..] and [m] -> [.., m, ..]",
    source: "torch.index_select",
  },
  gradient: "through decomposition",
  record(g, { input, dim, index: given }) {
    const axis = axisOf("index_select", dim, input.shape.length);
    const positions = checkRange(
      g,
      "index_select",
      requireVector("index_select", given),
      input.shape[axis] ?? 1,
      0,
      axis,
    );
    const result = selectAlong(g, atLeast1d(g, input), axis, atLeast1d(g, positions));
    return input.shape.length === 0 ? g.reshape(result, []) : result;
  },
});

const vectorWords: Readonly<Record<string, string>> = {
  index_copy: "Index should have dimension 1 or 0",
  index_fill: "Index has to be a vector/scalar",
};

/** An index of at most one dimension. */
export function requireVector(name: string, given: Node): Node {
  requireIndex(name, given);
  if (given.shape.length > 1)
    throw new IndexError(
      `${name}/index-rank`,
      `${name}(): ${vectorWords[name] ?? "Index is supposed to be a vector"}, but got dim: ${given.shape.length} with type: ${scalarName(given.dtype)} and size: ${formatShape(given.shape)}.`,
    );
  return given;
}
