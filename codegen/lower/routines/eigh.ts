/**
 * Eigenvalues of a symmetric or Hermitian matrix: Jacobi's rotations, pair by pair, until nothing beside the diagonal is
 * left.
 */
import type { Expr } from "../../../ir/loop.ts";
import { add, div, gt, lt, mul, sqrt, sub } from "./arithmetic.ts";
import { largestElement } from "./balance.ts";
import type { RoutineCode } from "./code.ts";
import { complexField } from "./complex-elements.ts";
import { realField, setIdentity, type Field, type Matrix } from "./fields.ts";
import { epsilonOf, orderRows, rotateRows, rotation, sweep } from "./rotations.ts";

export const eigh = (code: RoutineCode): void => eighOver(code, realField);
export const complexEigh = (code: RoutineCode): void => eighOver(code, complexField);

function eighOver<T>(code: RoutineCode, field: Field<T>): void {
  const n = code.sizes[0]![0]!;
  const [values, vectors] = [code.result(0), field.result(code, 1)];
  const a = field.copied(code, 0, field.scratch(code, [n, n]));
  const rows = field.scratch(code, [n, n]); // eigenvectors as rows
  const zero = field.of(code.number(0));
  const at = (i: Expr): Expr => field.real(a.get(i, i));
  code.for(0, n, (i) => {
    a.set(i, i, field.of(code.hold(at(i))));
    code.for(add(i, 1), n, (j) => a.set(i, j, field.held(code, field.conjugate(a.get(j, i)))));
  });
  setIdentity(code, field, rows);
  const least = leastOf(code, field, a);
  sweep(code, n, (p, q, turned) => {
    const beside = field.held(code, a.get(p, q));
    const { signed, size, phase } = field.polar(code, beside);
    code.if(gt(size, least), () => {
      turned();
      const [atP, atQ] = [code.hold(at(p)), code.hold(at(q))];
      const turn = rotation(code, div(sub(atQ, atP), mul(signed, 2)));
      const turning = phase && field.held(code, phase);
      rotateRows(code, field, a, p, q, turn, turning);
      a.set(p, p, field.of(code.hold(sub(atP, mul(turn.tangent, signed)))));
      a.set(q, q, field.of(code.hold(add(atQ, mul(turn.tangent, signed)))));
      a.set(p, q, zero);
      a.set(q, p, zero);
      code.for(0, n, (k) => {
        const mirrored = (row: Expr): T => field.held(code, field.conjugate(a.get(row, k)));
        const [fromP, fromQ] = [mirrored(p), mirrored(q)];
        a.set(k, p, fromP);
        a.set(k, q, fromQ);
      });
      rotateRows(code, field, rows, p, q, turn, turning && field.conjugate(turning));
    });
  });
  code.for(0, n, (i) => values.set(i, at(i)));
  orderRows(code, field, values, [rows], lt);
  code.for(0, n, (i) => code.for(0, n, (j) => vectors.set(j, i, field.held(code, rows.get(i, j)))));
}

/** What may stay beside the diagonal: it moves no eigenvalue by more than the rounding of the matrix. */
function leastOf<T>(code: RoutineCode, field: Field<T>, a: Matrix<T>): Expr {
  const n = a.shape[0]!;
  const [squares, unit] = [code.variable(0), largestElement(code, field, a)];
  code.if(gt(unit, 0), () =>
    code.for(0, n, (i) => {
      const row = code.sum(0, n, (j) => field.square(field.held(code, field.shrunk(a.get(i, j), unit))));
      code.assign(squares, add(squares, row));
    }),
  );
  return code.hold(mul(mul(unit, sqrt(squares)), epsilonOf(code.dtype) / Math.max(1, n)));
}
