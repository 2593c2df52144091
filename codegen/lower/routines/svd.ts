/**
 * Singular values: Jacobi's rotations applied to columns until all are orthogonal; their lengths are the singular
 * values. Columns stand as rows here. Small singular values are as exact, relatively, as large ones.
 */
import type { Expr } from "../../../ir/loop.ts";
import { and, div, gt, min, mul, neg, sqrt, sub } from "./arithmetic.ts";
import { largestElement } from "./balance.ts";
import type { RoutineCode } from "./code.ts";
import { complexField } from "./complex-elements.ts";
import { realField, setIdentity, type Field, type Matrix } from "./fields.ts";
import { epsilonOf, orderRows, rotateRows, rotation, sweep } from "./rotations.ts";

/**
 * What the largest element is brought to, and the length below which columns count as zero: far enough apart for wild
 * scales, and not so far that the square of the one, or what is left of that of the other by rounding, is out of range.
 */
const limits = { float32: [2 ** 40, 2 ** -32], float64: [2 ** 400, 2 ** -400] } as const;

export const svd = (code: RoutineCode): void => svdOver(code, realField);
export const complexSvd = (code: RoutineCode): void => svdOver(code, complexField);

function svdOver<T>(code: RoutineCode, field: Field<T>): void {
  const [m, n] = code.sizes[0] as readonly [number, number];
  const [u, s] = [field.result(code, 0), code.result(field.parts)];
  const v = field.result(code, field.parts + 1);
  const [columns, rows] = [field.scratch(code, [n, m]), field.scratch(code, [n, n])];
  field.copied(code, 0, u);
  code.for(0, n, (j) => code.for(0, m, (i) => columns.set(j, i, field.held(code, u.get(i, j)))));
  setIdentity(code, field, rows);
  const [lift, least] = limits[code.dtype as keyof typeof limits];
  const unit = bringTo(code, field, columns, lift);
  orthogonalise(code, field, columns, rows, least);
  code.for(0, n, (j) => {
    const squares = squaresOf(code, field, columns, j);
    s.set(j, sqrt(squares));
  });
  orderRows(code, field, s, [columns, rows], gt);
  code.for(0, n, (j) => {
    const length = code.hold(s.get(j));
    code.if(
      gt(length, least),
      () => shrinkRow(code, field, columns, j, length),
      () => completeRow(code, field, columns, j),
    );
    s.set(j, mul(mul(length, 1 / lift), unit));
  });
  code.for(0, n, (j) => code.for(0, m, (i) => u.set(i, j, field.held(code, columns.get(j, i)))));
  code.for(0, n, (j) => code.for(0, n, (i) => v.set(i, j, field.held(code, rows.get(j, i)))));
}

const squaresOf = <T>(code: RoutineCode, field: Field<T>, a: Matrix<T>, j: Expr): Expr =>
  code.sum(0, a.shape[1]!, (k) => field.square(field.held(code, a.get(j, k))));

function shrinkRow<T>(code: RoutineCode, field: Field<T>, a: Matrix<T>, j: Expr, by: Expr): void {
  code.for(0, a.shape[1]!, (k) => a.set(j, k, field.shrunk(field.held(code, a.get(j, k)), by)));
}

/** Brings the largest element to `lift`; returns what it was (1 when all are zero). */
function bringTo<T>(code: RoutineCode, field: Field<T>, a: Matrix<T>, lift: number): Expr {
  const unit = largestElement(code, field, a);
  code.if(
    gt(unit, 0),
    () =>
      code.for(0, a.shape[0]!, (i) => {
        shrinkRow(code, field, a, i, unit);
        shrinkRow(code, field, a, i, code.number(1 / lift));
      }),
    () => code.assign(unit, 1),
  );
  return unit;
}

/** The sum over k of conj(a[x, k]) b[y, k]. */
const inner = <T>(code: RoutineCode, field: Field<T>, a: Matrix<T>, x: Expr, y: Expr): T =>
  field.sum(code, 0, a.shape[1]!, (k) =>
    field.times(field.conjugate(field.held(code, a.get(x, k))), field.held(code, a.get(y, k))),
  );

function orthogonalise<T>(
  code: RoutineCode,
  field: Field<T>,
  columns: Matrix<T>,
  rows: Matrix<T>,
  least: number,
): void {
  const [n, m] = columns.shape as readonly [number, number];
  const tolerance = epsilonOf(code.dtype) * Math.sqrt(m);
  sweep(code, n, (p, q, turned) => {
    const [atP, atQ] = [squaresOf(code, field, columns, p), squaresOf(code, field, columns, q)];
    const { signed, size, phase } = field.polar(code, inner(code, field, columns, p, q));
    const bound = code.hold(mul(mul(sqrt(atP), sqrt(atQ)), tolerance));
    code.if(and(gt(size, bound), gt(min(atP, atQ), least * least)), () => {
      turned();
      const turn = rotation(code, div(sub(atQ, atP), mul(signed, 2)));
      const turning = phase && field.held(code, field.conjugate(phase));
      rotateRows(code, field, columns, p, q, turn, turning);
      rotateRows(code, field, rows, p, q, turn, turning);
    });
  });
}

/**
 * Makes row j a unit vector orthogonal to the orthonormal rows before it: the axis that they hold least of, without its
 * parts along them, taken off twice because the first time leaves rounding behind.
 */
function completeRow<T>(code: RoutineCode, field: Field<T>, a: Matrix<T>, j: Expr): void {
  const m = a.shape[1]!;
  const axis = code.placeOfLargest(0, m, (k) =>
    neg(code.sum(0, j, (i) => field.square(field.held(code, a.get(i, k))))),
  );
  code.for(0, m, (k) => a.set(j, k, field.of(code.number(0))));
  a.set(j, axis, field.of(code.number(1)));
  for (let time = 0; time < 2; time++) {
    code.for(0, j, (i) => {
      const part = field.held(code, inner(code, field, a, i, j));
      code.for(0, m, (k) => {
        const along = field.times(part, field.held(code, a.get(i, k)));
        a.set(j, k, field.minus(field.held(code, a.get(j, k)), along));
      });
    });
    const squares = squaresOf(code, field, a, j);
    shrinkRow(code, field, a, j, code.hold(sqrt(squares)));
  }
}
