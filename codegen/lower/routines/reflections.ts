/** Householder reflections: the triangle of A = Q R, and Q from the vectors that made it. */
import type { Expr } from "../../../ir/loop.ts";
import type { RoutineParameters } from "../../../ir/routines/index.ts";
import { integer } from "../expressions.ts";
import { abs, add, copysign, div, gt, max, mul, ne, neg, sqrt, sub } from "./arithmetic.ts";
import type { Elements, RoutineCode } from "./code.ts";

/**
 * Rows i and below of `target` reflected, in its columns from `first` on. `vectors` holds the vector below the diagonal
 * of column i; `row` is scratch.
 */
function apply(
  code: RoutineCode,
  vectors: Elements,
  i: Expr,
  tau: Expr,
  target: Elements,
  first: Expr,
  row: Elements,
): void {
  const [rows, columns] = target.shape as readonly [number, number];
  code.for(first, columns, (j) => row.set(j, target.get(i, j)));
  code.for(add(i, 1), rows, (r) => {
    const factor = code.hold(vectors.get(r, i));
    code.for(first, columns, (j) => row.set(j, add(row.get(j), mul(factor, target.get(r, j)))));
  });
  code.for(first, columns, (j) => row.set(j, mul(row.get(j), tau)));
  code.for(first, columns, (j) => target.set(i, j, sub(target.get(i, j), row.get(j))));
  code.for(add(i, 1), rows, (r) => {
    const factor = code.hold(vectors.get(r, i));
    code.for(first, columns, (j) => target.set(r, j, sub(target.get(r, j), mul(factor, row.get(j)))));
  });
}

export function reflect(code: RoutineCode): void {
  const [rows, columns] = code.sizes[0] as readonly [number, number];
  const [a, taus] = [code.result(0), code.result(1)];
  const row = code.scratch([columns]);
  code.copy(0, a);
  code.for(0, Math.min(rows, columns), (i) => {
    const below = add(i, 1);
    const largest = code.largest(below, rows, (r) => abs(a.get(r, i)));
    const tau = code.variable(0);
    code.if(gt(largest, 0), () => {
      // Lengths are measured in units of the largest element: its square may be out of range.
      const first = code.hold(a.get(i, i));
      const unit = code.hold(max(largest, abs(first)));
      const squares = code.sum(below, rows, (r) => mul(div(a.get(r, i), unit), div(a.get(r, i), unit)));
      const share = code.hold(div(first, unit));
      const length = code.hold(mul(unit, sqrt(add(mul(share, share), squares))));
      const end = code.hold(neg(copysign(length, first)));
      const head = code.hold(sub(first, end));
      code.for(below, rows, (r) => a.set(r, i, div(a.get(r, i), head)));
      code.assign(tau, div(sub(end, first), end));
      apply(code, a, i, tau, a, below, row);
      a.set(i, i, end);
    });
    taus.set(i, tau);
  });
}

export function reflections(code: RoutineCode, { columns }: RoutineParameters["reflections"]): void {
  const [vectors, taus] = [code.copy(0, code.scratch(code.sizes[0]!)), code.copy(1, code.scratch(code.sizes[1]!))];
  const q = code.result(0);
  const row = code.scratch([columns]);
  const rows = code.sizes[0]![0]!;
  code.for(0, rows, (i) => code.for(0, columns, (j) => q.set(i, j, 0)));
  code.for(0, columns, (j) => q.set(j, j, 1));
  code.forDown(0, code.sizes[1]![0]!, (i) => {
    const tau = code.hold(taus.get(i));
    code.if(ne(tau, 0), () => apply(code, vectors, i, tau, q, integer(0), row));
  });
}
