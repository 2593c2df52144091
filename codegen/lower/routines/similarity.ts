/** Reflections on both sides of a matrix, which keep its eigenvalues: I - tau v v^H, where v begins with 1. */
import type { Expr } from "../../../ir/loop.ts";
import { add, copysign, gt, max, mul, neg, or, sqrt, type Operand } from "./arithmetic.ts";
import type { RoutineCode } from "./code.ts";
import type { Field, Matrix } from "./fields.ts";

/** A matrix on its way to a triangle; the vectors that it is stated in, as rows, where they are asked for. */
export interface Transformed<T> {
  readonly matrix: Matrix<T>;
  readonly basis: Matrix<T> | null;
}

/** Zeros below the diagonal's neighbours, column by column. */
export function makeHessenberg<T>(code: RoutineCode, field: Field<T>, { matrix: a, basis }: Transformed<T>): void {
  const n = a.shape[0]!;
  const [v, row] = [field.scratch(code, [n]), field.scratch(code, [n])];
  const [zero, one] = [field.of(code.number(0)), field.of(code.number(1))];
  code.for(0, Math.max(0, n - 2), (k) => {
    const first = code.hold(add(k, 1));
    const below = code.largest(add(k, 2), n, (r) => field.sum1(a.get(r, k)));
    code.if(gt(below, 0), () => {
      const head = field.held(code, a.get(first, k));
      // In units of the largest element, so that neither squares nor what is left of tiny ones leave the range.
      const unit = code.hold(max(below, field.sum1(head)));
      const share = field.held(code, field.shrunk(head, unit));
      const squares = code.sum(first, n, (r) => field.square(field.held(code, field.shrunk(a.get(r, k), unit))));
      const end = code.hold(neg(copysign(sqrt(squares), field.real(share))));
      const divisor = field.held(code, field.minus(share, field.of(end)));
      code.for(first, n, (r) => {
        v.set(r, field.quotient(code, field.held(code, field.shrunk(a.get(r, k), unit)), divisor));
        a.set(r, k, zero);
      });
      v.set(first, one);
      a.set(first, k, field.of(code.hold(mul(end, unit))));
      const tau = field.held(code, field.shrunk(field.minus(field.of(end), share), end));
      const turned = field.held(code, field.conjugate(tau));
      turnRows(code, field, a, { from: first, first }, (r) => field.conjugate(v.get(r)), turned, row);
      turnColumns(code, field, a, first, v, tau);
      if (basis) turnRows(code, field, basis, { from: first, first: 0 }, (r) => v.get(r), tau, row);
    });
  });
}

/** Rows from `from` on, in columns from `first` on, less tau conj(w) times their sum weighted with w. */
function turnRows<T>(
  code: RoutineCode,
  field: Field<T>,
  target: Matrix<T>,
  { from, first }: { readonly from: Operand; readonly first: Operand },
  weight: (r: Expr) => T,
  tau: T,
  row: Matrix<T>,
): void {
  const [rows, columns] = target.shape as readonly [number, number];
  code.for(first, columns, (j) => row.set(j, field.of(code.number(0))));
  code.for(from, rows, (r) => {
    const factor = field.held(code, weight(r));
    code.for(first, columns, (j) => {
      const product = field.times(factor, field.held(code, target.get(r, j)));
      row.set(j, field.plus(field.held(code, row.get(j)), product));
    });
  });
  code.for(from, rows, (r) => {
    const factor = field.held(code, field.times(tau, field.held(code, field.conjugate(weight(r)))));
    code.for(first, columns, (j) => {
      const product = field.times(factor, field.held(code, row.get(j)));
      target.set(r, j, field.minus(field.held(code, target.get(r, j)), product));
    });
  });
}

/** Columns from `from` on, less tau conj(v) times their sum weighted with v. */
function turnColumns<T>(code: RoutineCode, field: Field<T>, a: Matrix<T>, from: Expr, v: Matrix<T>, tau: T): void {
  const [rows, columns] = a.shape as readonly [number, number];
  code.for(0, rows, (i) => {
    const total = field.sum(code, from, columns, (j) =>
      field.times(field.held(code, a.get(i, j)), field.held(code, v.get(j))),
    );
    const factor = field.held(code, field.times(field.held(code, total), tau));
    code.for(from, columns, (j) => {
      const product = field.times(factor, field.held(code, field.conjugate(v.get(j))));
      a.set(i, j, field.minus(field.held(code, a.get(i, j)), product));
    });
  });
}

// ---- a few neighbouring rows

export interface SmallReflection<T> {
  /** v without its 1. */
  readonly tail: readonly T[];
  readonly tau: T;
  /** What is left of the vector, in its first place. */
  readonly end: Expr;
}

/** The reflection whose adjoint leaves of a vector a real number in its first place. */
export function smallReflection<T>(code: RoutineCode, field: Field<T>, x: readonly T[]): SmallReflection<T> {
  const [head, ...rest] = x as [T, ...T[]];
  const below = code.hold(rest.map((value) => field.sum1(value)).reduce((a, b) => max(a, b)));
  const end = code.variable(field.real(head));
  const [tail, tau] = [rest.map(() => field.variable(code)), field.variable(code)];
  const turned = field.turned(head);
  code.if(turned === null ? gt(below, 0) : or(gt(below, 0), turned), () => {
    const unit = code.hold(max(below, field.sum1(head)));
    const [share, ...shares] = x.map((value) => field.held(code, field.shrunk(value, unit))) as [T, ...T[]];
    const squares = [share, ...shares].map((value) => field.square(value)).reduce((a, b) => add(a, b));
    const length = code.hold(neg(copysign(sqrt(squares), field.real(share))));
    const divisor = field.held(code, field.minus(share, field.of(length)));
    shares.forEach((value, i) => field.assign(code, tail[i]!, field.quotient(code, value, divisor)));
    field.assign(code, tau, field.shrunk(field.minus(field.of(length), share), length));
    code.assign(end, mul(length, unit));
  });
  return { tail, tau, end };
}

/** Columns and rows of the matrix that are turned; the others are not looked at any more. */
export interface Reach {
  readonly columns: readonly [from: Operand, to: Operand];
  readonly rows: readonly [from: Operand, to: Operand];
}

/** Turns rows and columns k, k + 1, ... of the matrix, and those vectors of the basis. */
export function turnNeighbours<T>(
  code: RoutineCode,
  field: Field<T>,
  { matrix, basis }: Transformed<T>,
  k: Expr,
  { tail, tau }: SmallReflection<T>,
  { columns, rows }: Reach,
): void {
  const places = [k, ...tail.map((_, c) => code.hold(add(k, c + 1)))];
  const opposite = tail.map((value) => field.held(code, field.conjugate(value)));
  const turned = field.held(code, field.conjugate(tau));
  /** Less v times factor times the sum weighted with w. */
  const less = (x: readonly T[], w: readonly T[], v: readonly T[], factor: T): T[] => {
    const sum = w.reduce((total, weight, c) => field.plus(total, field.times(x[c + 1]!, weight)), x[0]!);
    const along = field.held(code, field.times(field.held(code, sum), factor));
    return x.map((value, c) => field.minus(value, c === 0 ? along : field.times(along, v[c - 1]!)));
  };
  const turnRowsOf = (a: Matrix<T>, from: Operand, to: Operand, w: readonly T[], v: readonly T[], factor: T): void =>
    code.for(from, to, (j) => {
      const x = places.map((place) => field.held(code, a.get(place, j)));
      less(x, w, v, factor).forEach((value, c) => a.set(places[c]!, j, value));
    });
  turnRowsOf(matrix, ...columns, opposite, tail, turned);
  code.for(...rows, (i) => {
    const x = places.map((place) => field.held(code, matrix.get(i, place)));
    less(x, tail, opposite, tau).forEach((value, c) => matrix.set(i, places[c]!, value));
  });
  if (basis) turnRowsOf(basis, 0, basis.shape[1]!, tail, opposite, tau);
}
