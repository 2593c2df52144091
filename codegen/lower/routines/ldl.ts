/**
 * A = L D Lᵀ (or L D Lᴴ) of a symmetric matrix that need not be positive. D has blocks of one or two, chosen by Bunch and
 * Kaufman's rule. As in LAPACK an exchange of rows leaves what was eliminated before where it is.
 */
import type { Expr } from "../../../ir/loop.ts";
import type { RoutineParameters } from "../../../ir/routines/index.ts";
import { integer } from "../expressions.ts";
import { add, and, div, eq, gt, lt, max, mul, ne, neg, not, sub } from "./arithmetic.ts";
import type { RoutineCode } from "./code.ts";
import { complexField } from "./complex-elements.ts";
import { realField, type Field, type Matrix } from "./fields.ts";

/** Where one step with a block of two lets elements grow as much as two steps with blocks of one. */
const threshold = (1 + Math.sqrt(17)) / 8;

/** A field, and what an element becomes on the other side of the diagonal. */
export interface Symmetry<T> {
  readonly field: Field<T>;
  readonly hermitian: boolean;
  readonly mirror: (x: T) => T;
}
export const symmetryOf = <T>(field: Field<T>, hermitian: boolean): Symmetry<T> => ({
  field,
  hermitian,
  mirror: (x) => (hermitian ? field.conjugate(x) : x),
});

export const ldl = (code: RoutineCode): void => factor(code, symmetryOf(realField, false));
export const complexLdl = (code: RoutineCode, { hermitian }: RoutineParameters["complex_ldl"]): void =>
  factor(code, symmetryOf(complexField, hermitian));

function factor<T>(code: RoutineCode, symmetry: Symmetry<T>): void {
  const { field, hermitian } = symmetry;
  const n = code.sizes[0]![0]!;
  const [a, pivots, info] = [field.result(code, 0), code.result(field.parts), code.result(field.parts + 1)];
  field.copied(code, 0, a);
  const zero = field.of(code.number(0));
  code.for(0, n, (i) => {
    code.for(add(i, 1), n, (j) => a.set(i, j, zero));
    if (hermitian) makeReal(code, field, a, i);
  });
  const columns = [field.scratch(code, [n]), field.scratch(code, [n])] as const;
  const [k, failed] = [code.variable(integer(0)), code.variable(integer(0))];
  code.while(lt(k, n), () => {
    const { chosen, count, isZero } = choosePivot(code, field, a, k);
    const last = code.hold(sub(add(k, count), 1));
    code.if(ne(chosen, last), () => {
      exchange(code, symmetry, a, last, chosen);
      code.if(eq(count, 2), () => swap(code, field, a, [last, k], [chosen, k]));
    });
    code.if(
      eq(count, 1),
      () => {
        pivots.set(k, add(chosen, 1));
        code.if(
          isZero,
          () => code.if(eq(failed, 0), () => code.assign(failed, add(k, 1))),
          () => eliminateOne(code, symmetry, a, k, columns[0]),
        );
      },
      () => {
        pivots.set(k, neg(add(chosen, 1)));
        pivots.set(last, neg(add(chosen, 1)));
        eliminateTwo(code, symmetry, a, k, columns);
      },
    );
    code.assign(k, add(k, count));
  });
  info.set(failed);
}

function makeReal<T>(code: RoutineCode, field: Field<T>, a: Matrix<T>, i: Expr): void {
  a.set(i, i, field.of(code.hold(field.real(a.get(i, i)))));
}

/** Which row comes to the end of the next block, of one or two. */
function choosePivot<T>(
  code: RoutineCode,
  field: Field<T>,
  a: Matrix<T>,
  k: Expr,
): { readonly chosen: Expr; readonly count: Expr; readonly isZero: Expr } {
  const n = a.shape[0]!;
  const [chosen, count] = [code.variable(k), code.variable(integer(1))];
  const sizeAt = (i: Expr, j: Expr): Expr => field.sum1(a.get(i, j));
  const own = code.hold(sizeAt(k, k));
  const [largest, place] = [code.variable(0), code.variable(k)];
  code.for(add(k, 1), n, (i) => {
    const size = code.hold(sizeAt(i, k));
    code.if(lt(largest, size), () => {
      code.assign(largest, size);
      code.assign(place, i);
    });
  });
  const isZero = code.hold(not(gt(max(own, largest), 0)));
  code.if(and(not(isZero), lt(own, mul(largest, threshold))), () => {
    // The largest element beside the diagonal in the row of that one.
    const beside = code.variable(largest);
    const see = (size: Expr): void => code.if(lt(beside, size), () => code.assign(beside, size));
    code.for(k, place, (j) => see(code.hold(sizeAt(place, j))));
    code.for(add(place, 1), n, (i) => see(code.hold(sizeAt(i, place))));
    code.if(lt(own, mul(mul(largest, threshold), div(largest, beside))), () => {
      code.assign(chosen, place);
      code.if(lt(sizeAt(place, place), mul(beside, threshold)), () => code.assign(count, 2));
    });
  });
  return { chosen, count, isZero };
}

type At = readonly [row: Expr, column: Expr];

function swap<T>(code: RoutineCode, field: Field<T>, a: Matrix<T>, one: At, other: At): void {
  const [x, y] = [field.held(code, a.get(...one)), field.held(code, a.get(...other))];
  a.set(...one, y);
  a.set(...other, x);
}

/** Exchanges rows and columns p < q of what is left, of which the lower triangle is there. */
function exchange<T>(
  code: RoutineCode,
  { field, hermitian, mirror }: Symmetry<T>,
  a: Matrix<T>,
  p: Expr,
  q: Expr,
): void {
  code.for(add(q, 1), a.shape[0]!, (i) => swap(code, field, a, [i, p], [i, q]));
  code.for(add(p, 1), q, (i) => {
    const [below, beside] = [field.held(code, mirror(a.get(i, p))), field.held(code, mirror(a.get(q, i)))];
    a.set(i, p, beside);
    a.set(q, i, below);
  });
  if (hermitian) a.set(q, p, field.held(code, mirror(a.get(q, p))));
  swap(code, field, a, [p, p], [q, q]);
}

function eliminateOne<T>(
  code: RoutineCode,
  { field, hermitian, mirror }: Symmetry<T>,
  a: Matrix<T>,
  k: Expr,
  column: Matrix<T>,
): void {
  const n = a.shape[0]!;
  const pivot = field.held(code, a.get(k, k));
  code.for(add(k, 1), n, (i) => column.set(i, field.held(code, a.get(i, k))));
  code.for(add(k, 1), n, (i) => {
    const factor = field.held(code, field.quotient(code, field.held(code, column.get(i)), pivot));
    code.for(add(k, 1), add(i, 1), (j) => {
      const product = field.times(factor, field.held(code, mirror(column.get(j))));
      a.set(i, j, field.minus(field.held(code, a.get(i, j)), product));
    });
    a.set(i, k, factor);
    if (hermitian) makeReal(code, field, a, i);
  });
}

function eliminateTwo<T>(
  code: RoutineCode,
  symmetry: Symmetry<T>,
  a: Matrix<T>,
  k: Expr,
  [first, second]: readonly [Matrix<T>, Matrix<T>],
): void {
  const { field, hermitian, mirror } = symmetry;
  const n = a.shape[0]!;
  const next = code.hold(add(k, 1));
  const divide = divider(code, symmetry, a, k, "row");
  code.for(add(k, 2), n, (i) => {
    first.set(i, field.held(code, a.get(i, k)));
    second.set(i, field.held(code, a.get(i, next)));
  });
  code.for(add(k, 2), n, (i) => {
    const [x, y] = divide(field.held(code, first.get(i)), field.held(code, second.get(i)));
    code.for(add(k, 2), add(i, 1), (j) => {
      const one = field.times(x, field.held(code, mirror(first.get(j))));
      const two = field.times(y, field.held(code, mirror(second.get(j))));
      a.set(i, j, field.minus(field.held(code, a.get(i, j)), field.plus(one, two)));
    });
    a.set(i, k, x);
    a.set(i, next, y);
    if (hermitian) makeReal(code, field, a, i);
  });
}

/**
 * The row (x, y) times the inverse of the block of D at k, or that inverse times the column, computed in units of what
 * stands beside the block's diagonal.
 */
export function divider<T>(
  code: RoutineCode,
  { field, mirror }: Symmetry<T>,
  a: Matrix<T>,
  k: Expr,
  form: "row" | "column",
): (x: T, y: T) => readonly [T, T] {
  const next = code.hold(add(k, 1));
  const beside = field.held(code, a.get(next, k));
  const unit = code.hold(field.sum1(beside));
  const share = (x: T): T => field.held(code, field.shrunk(x, unit));
  const [below, p, q] = [share(beside), share(a.get(k, k)), share(a.get(next, next))];
  const above = field.held(code, mirror(below));
  const determinant = field.held(code, field.minus(field.times(p, q), field.times(below, above)));
  const divisor = field.held(code, field.scale(determinant, unit));
  const [left, right] = form === "row" ? [below, above] : [above, below];
  /** (s x - t y) / divisor */
  const quotient = (s: T, x: T, t: T, y: T): T => {
    const difference = field.held(code, field.minus(field.times(s, x), field.times(t, y)));
    return field.held(code, field.quotient(code, difference, divisor));
  };
  return (x, y) => [quotient(q, x, left, y), quotient(p, y, right, x)];
}
