/** LU and QR factors of complex matrices. */
import type { Expr } from "../../../ir/loop.ts";
import type { RoutineParameters } from "../../../ir/routines/index.ts";
import { integer } from "../expressions.ts";
import { add, and, copysign, eq, gt, mul, ne, neg, or, sqrt, sub } from "./arithmetic.ts";
import type { RoutineCode } from "./code.ts";
import {
  conjugate,
  copied,
  held,
  minus,
  numberOf,
  plus,
  quotient,
  resultOf,
  scratchOf,
  shrunk,
  square,
  sum1,
  times,
  type Complex,
  type ComplexElements,
} from "./complex-elements.ts";

export function complexLu(code: RoutineCode, { pivot }: RoutineParameters["complex_lu"]): void {
  const [rows, columns] = code.sizes[0] as readonly [number, number];
  const [a, pivots, info] = [copied(code, 0, resultOf(code, 0)), code.result(2), code.result(3)];
  const failed = code.variable(integer(0));
  code.for(0, Math.min(rows, columns), (k) => {
    const chosen = pivot ? code.placeOfLargest(k, rows, (i) => sum1(a.get(i, k))) : k;
    pivots.set(k, add(chosen, 1));
    const largest = held(code, a.get(chosen, k));
    const size = code.hold(sum1(largest));
    code.if(and(eq(size, 0), eq(failed, 0)), () => code.assign(failed, add(k, 1)));
    code.if(ne(chosen, k), () =>
      code.for(0, columns, (j) => {
        const [upper, lower] = [held(code, a.get(k, j)), held(code, a.get(chosen, j))];
        a.set(k, j, lower);
        a.set(chosen, j, upper);
      }),
    );
    code.if(ne(size, 0), () =>
      code.for(add(k, 1), rows, (i) => {
        const factor = held(code, quotient(code, held(code, a.get(i, k)), largest));
        a.set(i, k, factor);
        code.for(add(k, 1), columns, (j) =>
          a.set(i, j, minus(held(code, a.get(i, j)), times(factor, held(code, a.get(k, j))))),
        );
      }),
    );
  });
  info.set(failed);
}

/** Rows i and below of `target` times I - tau v v^H, in its columns from `first` on; v stands below the diagonal. */
function apply(
  code: RoutineCode,
  vectors: ComplexElements,
  i: Expr,
  tau: Complex,
  target: ComplexElements,
  first: Expr,
  row: ComplexElements,
): void {
  const [rows, columns] = target.shape as readonly [number, number];
  code.for(first, columns, (j) => row.set(j, target.get(i, j)));
  code.for(add(i, 1), rows, (r) => {
    const factor = held(code, conjugate(vectors.get(r, i)));
    code.for(first, columns, (j) =>
      row.set(j, plus(held(code, row.get(j)), times(factor, held(code, target.get(r, j))))),
    );
  });
  code.for(first, columns, (j) => row.set(j, times(held(code, row.get(j)), tau)));
  code.for(first, columns, (j) => target.set(i, j, minus(held(code, target.get(i, j)), held(code, row.get(j)))));
  code.for(add(i, 1), rows, (r) => {
    const factor = held(code, vectors.get(r, i));
    code.for(first, columns, (j) =>
      target.set(r, j, minus(held(code, target.get(r, j)), times(factor, held(code, row.get(j))))),
    );
  });
}

export function complexReflect(code: RoutineCode): void {
  const [rows, columns] = code.sizes[0] as readonly [number, number];
  const [a, taus] = [copied(code, 0, resultOf(code, 0)), resultOf(code, 2)];
  const row = scratchOf(code, [columns]);
  code.for(0, Math.min(rows, columns), (i) => {
    const below = add(i, 1);
    const first = held(code, a.get(i, i));
    const largest = code.largest(below, rows, (r) => sum1(a.get(r, i)));
    const tau = [code.variable(0), code.variable(0)] as const;
    // A head that is not real is turned, too: the diagonal of R is.
    code.if(or(gt(largest, 0), ne(first[1], 0)), () => {
      const unit = code.variable(largest);
      code.if(gt(sum1(first), unit), () => code.assign(unit, sum1(first)));
      const squares = code.sum(below, rows, (r) => square(shrunk(held(code, a.get(r, i)), unit)));
      const length = code.hold(add(squares, square(held(code, shrunk(first, unit)))));
      const end = code.hold(neg(copysign(mul(unit, sqrt(length)), first[0])));
      const head = held(code, [sub(first[0], end), first[1]]);
      code.for(below, rows, (r) => a.set(r, i, quotient(code, held(code, a.get(r, i)), head)));
      const turned = held(code, shrunk([sub(end, first[0]), neg(first[1])], end));
      code.assign(tau[0], turned[0]);
      code.assign(tau[1], turned[1]);
      apply(code, a, i, conjugate(turned), a, below, row);
      a.set(i, i, [end, code.number(0)]);
    });
    taus.set(i, tau);
  });
}

export function complexReflections(code: RoutineCode, { columns }: RoutineParameters["complex_reflections"]): void {
  const vectors = copied(code, 0, scratchOf(code, code.sizes[0]!));
  const taus = copied(code, 2, scratchOf(code, code.sizes[2]!));
  const q = resultOf(code, 0);
  const row = scratchOf(code, [columns]);
  const rows = code.sizes[0]![0]!;
  code.for(0, rows, (i) => code.for(0, columns, (j) => q.set(i, j, numberOf(code, 0))));
  code.for(0, columns, (j) => q.set(j, j, numberOf(code, 1)));
  code.forDown(0, code.sizes[2]![0]!, (i) => {
    const tau = held(code, taus.get(i));
    code.if(ne(sum1(tau), 0), () => apply(code, vectors, i, tau, q, integer(0), row));
  });
}
