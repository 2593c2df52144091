/**
 * A symmetric or Hermitian matrix by the implicit QL method: reflections leave its diagonal and what is beside that, and
 * turns of neighbouring vectors, with Wilkinson's shifts, the diagonal alone.
 */
import type { Expr } from "../../../ir/loop.ts";
import { integer } from "../expressions.ts";
import { abs, add, and, copysign, div, ge, gt, lt, max, mul, ne, sqrt, sub } from "./arithmetic.ts";
import type { Elements, RoutineCode } from "./code.ts";
import type { Field, Matrix } from "./fields.ts";
import { epsilonOf, rotateRows } from "./rotations.ts";
import { makeHessenberg, type Transformed } from "./similarity.ts";

/** Sweeps for one eigenvalue after which the method gives up; it needs two or so. */
const mostSweeps = 60;

/** Writes the eigenvalues of a matrix near one, in any order, and turns the basis into the eigenvectors. */
export function diagonalise<T>(code: RoutineCode, field: Field<T>, all: Transformed<T>, values: Elements): void {
  const n = values.shape[0]!;
  const { matrix, basis } = all;
  makeHessenberg(code, field, all);
  code.for(0, n, (i) => values.set(i, field.real(matrix.get(i, i))));
  const beside = neighbours(code, field, all);
  makeDiagonal(code, field, { diagonal: values, beside, basis });
}

/** What stands below the diagonal, made real by phases that the vectors take. */
function neighbours<T>(code: RoutineCode, field: Field<T>, { matrix: a, basis }: Transformed<T>): Elements {
  const n = a.shape[0]!;
  const beside = code.scratch([n]);
  const turned = field.variable(code);
  field.assign(code, turned, field.of(code.number(1)));
  code.for(0, Math.max(0, n - 1), (i) => {
    const next = code.hold(add(i, 1));
    const { signed, size, phase } = field.polar(code, field.held(code, a.get(next, i)));
    beside.set(i, signed);
    if (phase === null) return;
    code.if(gt(size, 0), () => field.assign(code, turned, field.times(field.held(code, phase), turned)));
    if (basis) code.for(0, n, (k) => basis.set(next, k, field.times(field.held(code, basis.get(next, k)), turned)));
  });
  return beside;
}

interface Tridiagonal<T> {
  readonly diagonal: Elements;
  /** Element i is between i and i + 1. */
  readonly beside: Elements;
  /** The vectors that it is stated in, as rows. */
  readonly basis: Matrix<T> | null;
}

function makeDiagonal<T>(code: RoutineCode, field: Field<T>, { diagonal, beside, basis }: Tridiagonal<T>): void {
  const n = diagonal.shape[0]!;
  const epsilon = epsilonOf(code.dtype);
  // What is below this beside elements near one is zero: its square is.
  const least = code.dtype === "float64" ? 2 ** -500 : 2 ** -60;
  /** Whether element i is more than rounding of its neighbours: then it binds them (NaN does not). */
  const binds = (i: Expr): Expr => {
    const around = add(abs(diagonal.get(i)), abs(diagonal.get(add(i, 1))));
    return gt(abs(beside.get(i)), max(mul(around, epsilon), least));
  };
  code.for(0, Math.max(0, n - 1), (first) => {
    const [last, count] = [code.variable(integer(-1)), code.variable(integer(0))];
    code.while(and(ne(last, first), lt(count, mostSweeps)), () => {
      code.assign(count, add(count, 1));
      code.assign(last, first);
      const bound = code.variable(integer(1));
      code.while(and(ne(bound, 0), lt(last, n - 1)), () =>
        code.if(
          binds(last),
          () => code.assign(last, add(last, 1)),
          () => code.assign(bound, 0),
        ),
      );
      code.if(ne(last, first), () => sweepUp(code, field, { diagonal, beside, basis }, first, last));
    });
  });
}

/** One step of the method on elements `first` to `last`, from the last one up. */
function sweepUp<T>(
  code: RoutineCode,
  field: Field<T>,
  { diagonal, beside, basis }: Tridiagonal<T>,
  first: Expr,
  last: Expr,
): void {
  const head = code.hold(diagonal.get(first));
  const between = code.hold(beside.get(first));
  const half = code.hold(div(sub(diagonal.get(add(first, 1)), head), mul(between, 2)));
  const length = copysign(sqrt(add(mul(half, half), 1)), half);
  /** What is to become zero: `bulge` beside `edge`. */
  const edge = code.variable(add(sub(diagonal.get(last), head), div(between, add(half, length))));
  const [sine, cosine, shift] = [code.variable(1), code.variable(1), code.variable(0)];
  const i = code.variable(sub(last, 1));
  const goesOn = code.variable(integer(1));
  code.while(and(ne(goesOn, 0), ge(i, first)), () => {
    const next = code.hold(add(i, 1));
    const here = code.hold(beside.get(i));
    const bulge = code.hold(mul(sine, here));
    const along = code.hold(mul(cosine, here));
    const size = code.hold(sqrt(add(mul(bulge, bulge), mul(edge, edge))));
    beside.set(next, size);
    code.if(
      gt(size, 0),
      () => {
        code.assign(sine, div(bulge, size));
        code.assign(cosine, div(edge, size));
        const below = code.hold(sub(diagonal.get(next), shift));
        const change = code.hold(add(mul(sub(diagonal.get(i), below), sine), mul(mul(cosine, along), 2)));
        code.assign(shift, mul(sine, change));
        diagonal.set(next, add(below, shift));
        code.assign(edge, sub(mul(cosine, change), along));
        if (basis) rotateRows(code, field, basis, i, next, { cosine, sine }, null);
        code.assign(i, sub(i, 1));
      },
      () => {
        // It has come apart here.
        diagonal.set(next, sub(diagonal.get(next), shift));
        code.assign(goesOn, 0);
      },
    );
  });
  code.if(ne(goesOn, 0), () => {
    diagonal.set(first, sub(diagonal.get(first), shift));
    beside.set(first, edge);
  });
  beside.set(last, 0);
}
