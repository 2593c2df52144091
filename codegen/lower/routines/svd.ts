/**
 * Singular values: Jacobi's rotations applied to columns until all are orthogonal; their lengths are the singular
 * values. Columns stand as rows here. Small singular values are as exact, relatively, as large ones.
 */
import { integer } from "../expressions.ts";
import type { Expr } from "../../../ir/loop.ts";
import { abs, add, and, div, gt, lt, min, mul, ne, neg, sqrt, sub } from "./arithmetic.ts";
import type { Elements, RoutineCode } from "./code.ts";
import { epsilonOf, mostSweeps, orderRows, rotateRows, rotation, setIdentity } from "./rotations.ts";

export function svd(code: RoutineCode): void {
  const [m, n] = code.sizes[0] as readonly [number, number];
  const [u, s, v] = [code.result(0), code.result(1), code.result(2)];
  const columns = code.scratch([n, m]);
  const rows = code.scratch([n, n]);
  code.copy(0, u);
  code.for(0, n, (j) => code.for(0, m, (i) => columns.set(j, i, u.get(i, j))));
  setIdentity(code, rows);
  const unit = scaleToOne(code, columns);
  // Lengths below this are zero: their squares are.
  const least = code.dtype === "float64" ? 2 ** -500 : 2 ** -60;
  orthogonalise(code, columns, rows, least);
  code.for(0, n, (j) => {
    const squares = code.sum(0, m, (i) => mul(columns.get(j, i), columns.get(j, i)));
    s.set(j, sqrt(squares));
  });
  orderRows(code, s, [columns, rows], gt);
  code.for(0, n, (j) => {
    const length = code.hold(s.get(j));
    code.if(
      gt(length, least),
      () => code.for(0, m, (i) => columns.set(j, i, div(columns.get(j, i), length))),
      () => completeRow(code, columns, j),
    );
    s.set(j, mul(length, unit));
  });
  code.for(0, n, (j) => code.for(0, m, (i) => u.set(i, j, columns.get(j, i))));
  code.for(0, n, (j) => code.for(0, n, (i) => v.set(i, j, rows.get(j, i))));
}

/** Divides by the largest element, which is returned (1 when all are zero). */
function scaleToOne(code: RoutineCode, a: Elements): Expr {
  const [rows, columns] = a.shape as readonly [number, number];
  const unit = code.variable(0);
  code.for(0, rows, (i) => {
    const largest = code.largest(0, columns, (k) => abs(a.get(i, k)));
    code.if(lt(unit, largest), () => code.assign(unit, largest));
  });
  code.if(
    gt(unit, 0),
    () => code.for(0, rows, (i) => code.for(0, columns, (k) => a.set(i, k, div(a.get(i, k), unit)))),
    () => code.assign(unit, 1),
  );
  return unit;
}

function orthogonalise(code: RoutineCode, columns: Elements, rows: Elements, least: number): void {
  const [n, m] = columns.shape as readonly [number, number];
  const tolerance = epsilonOf(code.dtype) * Math.sqrt(m);
  const [rotated, sweep] = [code.variable(integer(1)), code.variable(integer(0))];
  code.while(and(ne(rotated, 0), lt(sweep, mostSweeps)), () => {
    code.assign(rotated, 0);
    code.assign(sweep, add(sweep, 1));
    code.for(0, n - 1, (p) =>
      code.for(add(p, 1), n, (q) => {
        const product = (x: Expr, y: Expr): Expr => code.sum(0, m, (k) => mul(columns.get(x, k), columns.get(y, k)));
        const [atP, atQ, both] = [product(p, p), product(q, q), product(p, q)];
        const bound = code.hold(mul(mul(sqrt(atP), sqrt(atQ)), tolerance));
        code.if(and(gt(abs(both), bound), gt(min(atP, atQ), least * least)), () => {
          code.assign(rotated, 1);
          const { cosine, sine } = rotation(code, div(sub(atQ, atP), mul(both, 2)));
          rotateRows(code, columns, p, q, cosine, sine);
          rotateRows(code, rows, p, q, cosine, sine);
        });
      }),
    );
  });
}

/**
 * Makes row j a unit vector orthogonal to the orthonormal rows before it: the axis that they hold least of, without its
 * parts along them, taken off twice because the first time leaves rounding behind.
 */
function completeRow(code: RoutineCode, a: Elements, j: Expr): void {
  const m = a.shape[1]!;
  const axis = code.placeOfLargest(0, m, (k) => neg(code.sum(0, j, (i) => mul(a.get(i, k), a.get(i, k)))));
  code.for(0, m, (k) => a.set(j, k, 0));
  a.set(j, axis, 1);
  for (let time = 0; time < 2; time++) {
    code.for(0, j, (i) => {
      const part = code.sum(0, m, (k) => mul(a.get(i, k), a.get(j, k)));
      code.for(0, m, (k) => a.set(j, k, sub(a.get(j, k), mul(part, a.get(i, k)))));
    });
    const squares = code.sum(0, m, (k) => mul(a.get(j, k), a.get(j, k)));
    const length = code.hold(sqrt(squares));
    code.for(0, m, (k) => a.set(j, k, div(a.get(j, k), length)));
  }
}
