/** Householder reflections: the triangle of A = Q R, and Q from the vectors that made it. */
import type { Expr } from "../../../ir/loop.ts";
import type { RoutineParameters } from "../../../ir/routines/index.ts";
import { integer } from "../expressions.ts";
import { add, copysign, gt, max, mul, ne, neg, or, sqrt } from "./arithmetic.ts";
import type { RoutineCode } from "./code.ts";
import { complexField } from "./complex-elements.ts";
import { realField, type Field, type Matrix } from "./fields.ts";

export const reflect = (code: RoutineCode): void => reflectOver(code, realField);
export const complexReflect = (code: RoutineCode): void => reflectOver(code, complexField);
export const reflections = (code: RoutineCode, { columns }: RoutineParameters["reflections"]): void =>
  reflectionsOver(code, realField, columns);
export const complexReflections = (code: RoutineCode, { columns }: RoutineParameters["complex_reflections"]): void =>
  reflectionsOver(code, complexField, columns);

/**
 * Rows i and below of `target` times I - tau v v^H, in its columns from `first` on. `vectors` holds v below the diagonal
 * of column i; `row` is scratch.
 */
function apply<T>(
  code: RoutineCode,
  field: Field<T>,
  vectors: Matrix<T>,
  i: Expr,
  tau: T,
  target: Matrix<T>,
  first: Expr,
  row: Matrix<T>,
): void {
  const [rows, columns] = target.shape as readonly [number, number];
  code.for(first, columns, (j) => row.set(j, field.held(code, target.get(i, j))));
  code.for(add(i, 1), rows, (r) => {
    const factor = field.held(code, field.conjugate(vectors.get(r, i)));
    code.for(first, columns, (j) => {
      const product = field.times(factor, field.held(code, target.get(r, j)));
      row.set(j, field.plus(field.held(code, row.get(j)), product));
    });
  });
  code.for(first, columns, (j) => row.set(j, field.times(field.held(code, row.get(j)), tau)));
  code.for(first, columns, (j) => {
    const along = field.held(code, row.get(j));
    target.set(i, j, field.minus(field.held(code, target.get(i, j)), along));
  });
  code.for(add(i, 1), rows, (r) => {
    const factor = field.held(code, vectors.get(r, i));
    code.for(first, columns, (j) => {
      const product = field.times(factor, field.held(code, row.get(j)));
      target.set(r, j, field.minus(field.held(code, target.get(r, j)), product));
    });
  });
}

function reflectOver<T>(code: RoutineCode, field: Field<T>): void {
  const [rows, columns] = code.sizes[0] as readonly [number, number];
  const [a, taus] = [field.result(code, 0), field.result(code, field.parts)];
  const row = field.scratch(code, [columns]);
  field.copied(code, 0, a);
  code.for(0, Math.min(rows, columns), (i) => {
    const below = add(i, 1);
    const first = field.held(code, a.get(i, i));
    const largest = code.largest(below, rows, (r) => field.sum1(a.get(r, i)));
    const tau = field.variable(code);
    const turned = field.turned(first);
    // A head that is not real is turned, too: the diagonal of R is.
    code.if(turned === null ? gt(largest, 0) : or(gt(largest, 0), turned), () => {
      // In units of the largest element, so that neither squares nor what is left of tiny ones leave the range.
      const unit = code.hold(max(largest, field.sum1(first)));
      const share = (x: T): T => field.held(code, field.shrunk(x, unit));
      const head = share(first);
      const squares = code.sum(below, rows, (r) => field.square(share(a.get(r, i))));
      const end = code.hold(neg(copysign(sqrt(add(field.square(head), squares)), field.real(head))));
      const divisor = field.held(code, field.minus(head, field.of(end)));
      code.for(below, rows, (r) => a.set(r, i, field.quotient(code, share(a.get(r, i)), divisor)));
      field.assign(code, tau, field.shrunk(field.minus(field.of(end), head), end));
      apply(code, field, a, i, field.held(code, field.conjugate(tau)), a, below, row);
      a.set(i, i, field.of(code.hold(mul(end, unit))));
    });
    taus.set(i, tau);
  });
}

function reflectionsOver<T>(code: RoutineCode, field: Field<T>, columns: number): void {
  const [shape, counted] = [code.sizes[0]!, code.sizes[field.parts]!];
  const vectors = field.copied(code, 0, field.scratch(code, shape));
  const taus = field.copied(code, field.parts, field.scratch(code, counted));
  const q = field.result(code, 0);
  const row = field.scratch(code, [columns]);
  const [zero, one] = [field.of(code.number(0)), field.of(code.number(1))];
  code.for(0, shape[0]!, (i) => code.for(0, columns, (j) => q.set(i, j, zero)));
  code.for(0, columns, (j) => q.set(j, j, one));
  code.forDown(0, counted[0]!, (i) => {
    const tau = field.held(code, taus.get(i));
    code.if(ne(field.sum1(tau), 0), () => apply(code, field, vectors, i, tau, q, integer(0), row));
  });
}
