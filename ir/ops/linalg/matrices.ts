/** What the operators on matrices share: matrices are the last two dimensions, those before them are batches. */
import { holds, isNode, type GraphBuilder } from "../../builder.ts";
import { conjugate, eachPart } from "../../complex/parts.ts";
import { isComplex, isFloat, realOf, scalarName } from "../../dtype.ts";
import { DTypeError, LinAlgError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { type AxisOrder, recordOperator, type Operator } from "../../operator.ts";
import { broadcastShapes, elementCount, sameShape, type Shape } from "../../shape.ts";
import { inferRoutine, recordRoutine, type RoutineCall } from "../../routines/index.ts";
import { matmulOf } from "../matmul.ts";
import { runComplex } from "./complex-routines.ts";
import { describe, range } from "../support.ts";
import { elementWords } from "./element-words.ts";

export const product = matmulOf;
export const transposed = (g: GraphBuilder, x: Node): Node => g.swap(x, x.shape.length - 2, x.shape.length - 1);
/** The transpose, conjugated. */
export const adjoint = (g: GraphBuilder, x: Node): Node => conjugate(g, transposed(g, x));
/** By real numbers. */
export const timesReal = (g: GraphBuilder, x: Node, by: Node): Node =>
  isComplex(x.dtype) ? eachPart(g, x, (part) => g.mul(part, by)) : g.mul(x, by);
export const overReal = (g: GraphBuilder, x: Node, by: Node): Node =>
  isComplex(x.dtype) ? eachPart(g, x, (part) => g.div(part, by)) : g.div(x, by);
export const rowsOf = (x: Node): number => x.shape.at(-2)!;
export const columnsOf = (x: Node): number => x.shape.at(-1)!;
export const batchOf = (x: Node): Shape => x.shape.slice(0, -2);
export const zeros = (g: GraphBuilder, shape: Shape, like: Node): Node => g.full(shape, 0, like.dtype);

// ---- parts of matrices

/** Rows or columns [start, start + size). */
export const rows = (g: GraphBuilder, x: Node, start: number, size: number): Node =>
  g.sliceAxis(x, x.shape.length - 2, start, size);
export const columns = (g: GraphBuilder, x: Node, start: number, size: number): Node =>
  g.sliceAxis(x, x.shape.length - 1, start, size);

function triangle(g: GraphBuilder, x: Node, diagonal: number, isLower: boolean): Node {
  const [row, column] = [-2, -1].map((axis) => g.iotaAlong(x.shape, x.shape.length + axis, "int32"));
  const shifted = g.add(row!, diagonal);
  return g.where(isLower ? g.le(column!, shifted) : g.ge(column!, shifted), x, 0);
}
export const lower = (g: GraphBuilder, x: Node, diagonal = 0): Node => triangle(g, x, diagonal, true);
export const upper = (g: GraphBuilder, x: Node, diagonal = 0): Node => triangle(g, x, diagonal, false);

function onDiagonal(g: GraphBuilder, shape: Shape): Node {
  const [row, column] = [-2, -1].map((axis) => g.iotaAlong(shape, shape.length + axis, "int32"));
  return g.eq(row!, column!);
}
/** Ones on the diagonal. */
export const identity = (g: GraphBuilder, shape: Shape, like: Node): Node => g.cast(onDiagonal(g, shape), like.dtype);
/** The elements on the diagonal as vectors. */
export function diagonal(g: GraphBuilder, x: Node): Node {
  const size = Math.min(rowsOf(x), columnsOf(x));
  const square = rows(g, columns(g, x, 0, size), 0, size);
  const summed = g.sum(g.where(onDiagonal(g, square.shape), square, 0), [square.shape.length - 1]);
  return g.reshape(summed, [...batchOf(x), size]);
}
export const withoutDiagonal = (g: GraphBuilder, x: Node): Node => g.where(onDiagonal(g, x.shape), 0, x);
/** The diagonal set to a number. */
export const withDiagonal = (g: GraphBuilder, x: Node, value: number): Node =>
  g.where(onDiagonal(g, x.shape), value, x);
/** Vectors as rows that multiply the columns of what they meet. */
export const asRow = (g: GraphBuilder, x: Node): Node => g.reshape(x, [...x.shape.slice(0, -1), 1, x.shape.at(-1)!]);
export const asColumn = (g: GraphBuilder, x: Node): Node => g.reshape(x, [...x.shape, 1]);
/** Vectors as diagonal matrices. */
export function diagonalMatrix(g: GraphBuilder, x: Node): Node {
  const shape = [...x.shape, x.shape.at(-1)!];
  return g.where(onDiagonal(g, shape), g.expandTo(asRow(g, x), shape), 0);
}

/** `layout` of an operator whose results named true are matrices that lie column by column, as LAPACK leaves them. */
export const byColumns =
  (...which: readonly boolean[]) =>
  (_args: unknown, results: readonly Node[]): AxisOrder[] =>
    results.map((x, i) => (which[i] === true ? columnOrder(x) : null));
export function columnOrder({ shape }: Node): AxisOrder {
  const lead = range(shape.length - 2);
  return shape.length < 2 ? null : [...lead, lead.length + 1, lead.length];
}
/** The same of a system's solution; vectors lie in a row. */
export const solvedByColumns = (a: Node, solution: Node, left = true): AxisOrder =>
  left && solution.shape.length >= a.shape.length ? columnOrder(solution) : null;

// ---- batches

/** Both with the batch that they have together. */
export function togetherBatched(g: GraphBuilder, name: string, a: Node, b: Node): [Node, Node] {
  const batch = broadcastShapes(batchOf(a), batchOf(b));
  if (batch === null)
    throw new ShapeError(
      `${name}/batch`,
      `${name}: The batch dimensions of ${describe(a)} and ${describe(b)} do not broadcast.`,
      "Sizes must be equal, or one of them 1, counted from the last batch dimension.",
    );
  return [g.expandTo(a, [...batch, ...a.shape.slice(-2)]), g.expandTo(b, [...batch, ...b.shape.slice(-2)])];
}

/** A routine, or what it gives where there is nothing to work on. */
export function run(g: GraphBuilder, call: RoutineCall, inputs: readonly Node[]): Node[] {
  const complex = inputs.some((input) => isComplex(input.dtype));
  if (inputs.some((input) => elementCount(input.shape) > 0))
    return complex ? runComplex(g, call, inputs) : recordRoutine(g, call, inputs);
  const results = inferRoutine(
    call,
    inputs.map(({ dtype, shape }) => ({ dtype: realOf(dtype), shape })),
  );
  if (typeof results === "string") return recordRoutine(g, call, inputs);
  const like = inputs[0]!.dtype;
  return results.map(({ dtype, shape }) => g.full(shape, 0, complex && dtype === realOf(like) ? like : dtype));
}

/** Records an operator that another is made of. */
export const apply = (g: GraphBuilder, definition: Operator, args: Readonly<Record<string, unknown>>): Node[] => {
  const result = recordOperator(g, definition, args, isNode);
  return isNode(result) ? [result] : [...result];
};

// ---- what operators demand

export function requireMatrices(name: string, x: Node, what = "The input tensor A"): void {
  requireRankTwo(name, x, what);
  requireNumbers(name, x);
}

export function requireRankTwo(name: string, x: Node, what: string): void {
  if (x.shape.length < 2)
    throw new ShapeError(`${name}/rank`, `${name}: ${what} must have at least 2 dimensions, got ${describe(x)}.`);
}

export function requireNumbers(name: string, x: Node): void {
  if (x.dtype === "float32" || x.dtype === "float64" || isComplex(x.dtype)) return;
  const isHalf = isFloat(x.dtype);
  const words = elementWords(name)[isHalf ? 1 : 0].replace("%", scalarName(x.dtype));
  throw new DTypeError(
    `${name}/${isHalf ? "half" : "not-float"}`,
    `${words.startsWith(`${name}:`) ? "" : `${name}: `}${words}: ${describe(x)}.`,
    "Convert it with float().",
  );
}

export function requireSquare(name: string, x: Node, what = "A"): void {
  requireMatrices(name, x);
  if (rowsOf(x) !== columnsOf(x))
    throw new ShapeError(
      `${name}/square`,
      `${name}: ${what} must be batches of square matrices, but they are ${rowsOf(x)} by ${columnsOf(x)} matrices: ${describe(x)}.`,
    );
}

/**
 * The results, unless `info` says that a matrix could not be factored: then reading them is an error, about the first such
 * matrix. @param why what went wrong, % being the number in `info`
 */
export function refuseFailed(g: GraphBuilder, name: string, results: readonly Node[], info: Node, why: string): Node[] {
  const count = elementCount(info.shape);
  if (count === 0) return [...results];
  // One number for both the place in the batch, counted from the end, and what `info` holds.
  const limit = Math.max(...results[0]!.shape.slice(-2)) + 2;
  const failing = (): Node => {
    const order = g.cast(g.reshape(info, [count]), "int64");
    const left = g.sub(BigInt(count - 1), g.iota(count, "int64"));
    return g.where(g.ne(order, 0n), g.add(g.mul(left, BigInt(limit)), order), holds);
  };
  const error = (told: number | null): Error => {
    const element = told === null ? null : count - 1 - Math.floor(told / limit);
    const where = element === null || info.shape.length === 0 ? "" : `(Batch element ${element}): `;
    const order = told === null ? "k" : String(told % limit);
    return new LinAlgError(`${name}/failed`, `${name}: ${where}${why.replaceAll("%", order)}`);
  };
  return results.map((x) => g.refuseWhere(x, failing, error));
}

/** Which elements are NaN or infinite. */
export function isUnbounded(g: GraphBuilder, x: Node): Node {
  const parts = isComplex(x.dtype) ? [g.real(x), g.imag(x)] : [x];
  return parts.map((part) => g.not(g.lt(g.abs(part), Infinity))).reduce((a, b) => g.or(a, b));
}
/** A matrix, unless it has such elements (where `read` says that they count): then reading what is made of it is an error. */
export function refuseUnbounded(g: GraphBuilder, name: string, x: Node, read: (x: Node) => Node = (all) => all): Node {
  if (isEmpty(x)) return x;
  const axes = [x.shape.length - 2, x.shape.length - 1];
  const which = g.cast(isUnbounded(g, read(g.detach(x))), "int32");
  const info = g.reshape(g.reduce("reduce_max", which, axes), batchOf(x));
  const why = "The algorithm failed to converge because the input matrix contained non-finite values.";
  return refuseFailed(g, name, [x], info, why)[0]!;
}

/** Half of a matrix and of its adjoint. */
export const hermitian = (g: GraphBuilder, x: Node): Node => g.mul(g.add(x, adjoint(g, x)), 0.5);
export const isEmpty = (x: Node): boolean => elementCount(x.shape) === 0;
export { sameShape };
