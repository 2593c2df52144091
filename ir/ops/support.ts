/** What operator definitions share: promotion, dimension arguments, checks with good messages. */
import { describe, isNode, type GraphBuilder } from "../builder.ts";
import { complexOf, type DType, isComplex, isFloat, isIntegral, promoteTypes, rankOf, scalarName } from "../dtype.ts";
import { DTypeError, IndexError, ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { broadcastShapes, formatShape, type Shape } from "../shape.ts";
import type { ScalarArgument } from "../signature.ts";
import { complexUnsupported, unsupported } from "../unsupported.ts";

export type TensorOrScalar = Node | ScalarArgument;

/** The element type of a number of the user's beside tensors. */
export const scalarType = (g: GraphBuilder, scalar: ScalarArgument): DType =>
  scalar.category === "bool"
    ? "bool"
    : scalar.category === "integer"
      ? "int64"
      : scalar.category === "complex"
        ? complexOf(g.defaultFloat)
        : g.defaultFloat;

/** `torch.result_type`: within a category, tensors with dimensions beat 0-d ones, which beat numbers. */
export function resultType(g: GraphBuilder, operands: readonly TensorOrScalar[]): DType {
  let dims: DType | null = null;
  let zeros: DType | null = null;
  let numbers: DType | null = null;
  const join = (known: DType | null, next: DType): DType => (known === null ? next : promoteTypes(known, next));
  for (const operand of operands) {
    if (!isNode(operand)) numbers = join(numbers, scalarType(g, operand));
    else if (operand.shape.length === 0) zeros = join(zeros, operand.dtype);
    else dims = join(dims, operand.dtype);
  }
  const combine = (high: DType | null, low: DType | null): DType | null => {
    if (high === null) return low;
    if (low === null || rankOf(low) <= rankOf(high)) return high;
    // What is complex beside floats has parts of their type.
    return isComplex(low) && isFloat(high) ? complexOf(high) : low;
  };
  return combine(dims, combine(zeros, numbers))!;
}

/** An operand as a node of a type: tensors are converted, numbers become scalar slots. */
export const operand = (g: GraphBuilder, value: TensorOrScalar, dtype: DType): Node =>
  isNode(value) ? g.cast(value, dtype) : g.scalar(value, dtype);

/** Both operands in their common type. */
export function promoted(g: GraphBuilder, a: TensorOrScalar, b: TensorOrScalar): [Node, Node] {
  const dtype = resultType(g, [a, b]);
  return [operand(g, a, dtype), operand(g, b, dtype)];
}

/** Integers and bools become the default float type; floats stay. */
export const toFloat = (g: GraphBuilder, x: Node): Node => (isIntegral(x.dtype) ? g.cast(x, g.defaultFloat) : x);

/** The shape that tensors have together, one after the other. */
export function broadcastAll(name: string, tensors: readonly Node[]): Shape {
  let shape: Shape = [];
  tensors.forEach((x, i) => (shape = checkBroadcast(name, tensors[Math.max(0, i - 1)]!, x, shape)));
  return shape;
}

/** The shape that two tensors have together; `own` and `others` are what of their shapes broadcasts. */
export function checkBroadcast(
  name: string,
  a: Node,
  b: Node,
  own: Shape = a.shape,
  others: Shape = b.shape,
): number[] {
  const shape = broadcastShapes(own, others);
  if (shape === null) {
    const lead = Math.max(own.length, others.length);
    const at = (s: Shape, i: number): number => s[i - (lead - s.length)] ?? 1;
    let dim = 0;
    for (let i = 0; i < lead; i++) if (at(own, i) !== at(others, i) && at(own, i) !== 1 && at(others, i) !== 1) dim = i;
    throw new ShapeError(
      `${name}/broadcast`,
      `${name}: The size of tensor a (${at(own, dim)}) must match the size of tensor b (${at(others, dim)}) at non-singleton dimension ${dim}: input ${describe(a)}, other ${describe(b)}.`,
      "Sizes must be equal, or one of them 1, counted from the last dimension.",
    );
  }
  return shape;
}

/** For what PyTorch has no complex kernel of. */
export function refuseComplex(name: string, x: Node): Node {
  if (isComplex(x.dtype)) throw complexUnsupported(name, x);
  return x;
}

export const requireFloat = (name: string, x: Node): Node => refuseComplex(name, requireFloatOrComplex(name, x));

export function requireFloatOrComplex(name: string, x: Node): Node {
  if (!isFloat(x.dtype) && !isComplex(x.dtype))
    throw unsupported(name, x, "It takes floating point tensors: convert it with input.float().", `${name}/not-float`);
  return x;
}

export function requireIndex(name: string, index: Node): Node {
  if (index.dtype === "int64" || index.dtype === "int32") return index;
  const got = scalarName(index.dtype);
  const words = name.startsWith("embedding")
    ? `Expected tensor for argument 'indices' to have one of the following scalar types: Long, Int; but got ${got}`
    : longIndex.has(name)
      ? `Expected a long tensor for index, but got ${got}`
      : `Expected dtype ${name === "index_select" ? "int32 or int64" : "int32/int64"} for index, but got: ${got}`;
  throw new DTypeError(
    "index/not-integer",
    `${name}(): ${words}: ${describe(index)}.`,
    "Convert it with index.long().",
  );
}
/** Operators that PyTorch says this of in other words. */
const longIndex = new Set(["take", "put_", "index_copy"]);

/** Half floats are computed with in float32 and rounded once at the end. */
export function inFloat32(g: GraphBuilder, xs: readonly Node[], compute: (...xs: Node[]) => Node): Node {
  const dtype = xs[0]!.dtype;
  if (dtype !== "float16" && dtype !== "bfloat16") return compute(...xs);
  return g.cast(compute(...xs.map((x) => g.cast(x, "float32"))), dtype);
}

function checkRank(name: string, rank: number): void {
  if (rank > 64)
    throw new ShapeError(`${name}/rank`, `${name}: only tensors with up to 64 dims are supported, got ${rank}.`);
}

/** A dimension argument as an axis. `rank` 0 counts as 1, as PyTorch allows dim 0 and -1 of a 0-d tensor. */
export function axisOf(name: string, dim: number, rank: number): number {
  checkRank(name, rank);
  const range = Math.max(1, rank);
  if (!Number.isInteger(dim) || dim < -range || dim >= range) {
    throw new IndexError(
      `${name}/dim`,
      `${name}: Dimension out of range (expected to be in range of [${-range}, ${range - 1}], but got ${dim}).`,
    );
  }
  return dim < 0 ? dim + range : dim;
}

/** The rank of a tensor that is taken along a dimension which it must have: 0-d tensors have none. */
export function requireDimensions(name: string, x: Node, dim: number): number {
  if (x.shape.length === 0)
    throw new IndexError(
      `${name}/0-d`,
      `${name}: Dimension specified as ${dim} but tensor has no dimensions: ${describe(x)}.`,
    );
  return x.shape.length;
}

/** Dimension arguments as distinct axes; none (null or empty) means all. */
export function axesOf(name: string, dims: readonly number[] | null, rank: number): number[] {
  checkRank(name, rank);
  if (dims === null || dims.length === 0) return Array.from({ length: rank }, (_, i) => i);
  const axes = dims.map((dim) => axisOf(name, dim, rank));
  const again = axes.find((axis, i) => axes.indexOf(axis) !== i);
  if (again !== undefined)
    throw new ShapeError(
      `${name}/dim-twice`,
      `${name}: dim ${again} appears multiple times in the list of dims [${dims.join(", ")}].`,
    );
  return rank === 0 ? [] : axes.sort((a, b) => a - b);
}

/** Removes axes of size 1 (after a reduction that kept them). */
export const dropAxes = (g: GraphBuilder, x: Node, axes: readonly number[]): Node =>
  g.reshape(
    x,
    x.shape.filter((_, i) => !axes.includes(i)),
  );

export const keepOrDrop = (g: GraphBuilder, x: Node, axes: readonly number[], keepdim: boolean): Node =>
  keepdim ? x : dropAxes(g, x, axes);

export function requireRank(name: string, x: Node, rank: number | readonly [number, number], what = "input"): void {
  const [low, high] = typeof rank === "number" ? [rank, rank] : rank;
  if (x.shape.length < low || x.shape.length > high)
    throw new ShapeError(
      `${name}/rank`,
      `${name}: ${what} must have ${low === high ? low : `${low} to ${high}`} dimensions, got ${describe(x)}.`,
    );
}

/** Python-like repetition of a single int over several spatial dimensions. */
export const repeated = (values: readonly number[], count: number): number[] =>
  values.length === 1 ? new Array<number>(count).fill(values[0]!) : [...values];

export { describe, formatShape };

/** One axis moved to another place, the others keeping their order. */
export function moveAxis(g: GraphBuilder, x: Node, from: number, to: number): Node {
  if (from === to) return x;
  const axes = x.shape.map((_, i) => i).filter((axis) => axis !== from);
  axes.splice(to, 0, from);
  return g.permute(x, axes);
}

/** As a tensor of at least `rank` dimensions, the way NumPy adds them. */
export function atLeast(g: GraphBuilder, x: Node, rank: number): Node {
  if (x.shape.length >= rank) return x;
  if (rank === 1) return g.reshape(x, [1]);
  if (rank === 2) return g.reshape(x, x.shape.length === 0 ? [1, 1] : [1, x.shape[0]!]);
  if (x.shape.length === 0) return g.reshape(x, [1, 1, 1]);
  return g.reshape(x, x.shape.length === 1 ? [1, x.shape[0]!, 1] : [...x.shape, 1]);
}

/** A 0-d tensor as one of a single element: operators along a dimension take it so. */
export const atLeast1d = (g: GraphBuilder, x: Node): Node => (x.shape.length === 0 ? g.reshape(x, [1]) : x);

/** Negative positions counted from the end. */
export function wrapIndex(
  g: GraphBuilder,
  index: Node,
  size: number,
  name = "index",
  axis: number | null = null,
  words?: string,
): Node {
  const checked = checkRange(g, name, index, size, -size, axis, words);
  return g.where(g.lt(checked, 0), g.add(checked, size), checked);
}

/**
 * Indices that must lie in [low, size); one outside is reported when the result is read, in PyTorch's words, whose % is
 * the index.
 */
export function checkRange(
  g: GraphBuilder,
  name: string,
  index: Node,
  size: number,
  low = 0,
  axis: number | null = null,
  words = "index out of range in self",
): Node {
  return g.checkIndex(
    index,
    size,
    (value) => {
      const which = `index ${value ?? `of ${describe(index)}`}`;
      return new IndexError(
        `${name}/range`,
        `${name}: ${words.replace("%", String(value ?? "an element"))}: ${which} is out of bounds for ${axis === null ? "a dimension" : `dimension ${axis}`} with size ${size}.`,
        `Indices must lie in [${low}, ${size - 1}].`,
      );
    },
    low,
  );
}

/** Whether a number is this one, now and at each replay. */
export const isExactly = ({ value, category, source }: ScalarArgument, number: number): boolean =>
  source === null && category !== "complex" && Number(value) === number;

/** A number of the user's as a 0-d node of a type; a fraction for an integer type is cut off, as PyTorch converts. */
export function scalarAs(g: GraphBuilder, value: ScalarArgument, dtype: DType): Node {
  return value.category === "float" && isIntegral(dtype)
    ? g.cast(g.scalar(value, g.defaultFloat), dtype)
    : g.scalar(value, dtype);
}

/** A value that has nothing of its sources, but is recorded as computed from them: their gradient is zero. */
export const computedFrom = (g: GraphBuilder, value: Node, sources: readonly Node[]): Node =>
  value.requiresGrad ? value : sources.reduce((whole, x) => g.restingOn(whole, x), value);

export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
