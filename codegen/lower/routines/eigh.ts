/**
 * Eigenvalues of a symmetric or Hermitian matrix. Small ones: Jacobi's rotations, pair by pair, until nothing beside the
 * diagonal is left; they are the most exact, but take each pair of n rows in each of ten sweeps. Others: symmetric-ql.ts.
 */
import type { Expr } from "../../../ir/loop.ts";
import { add, div, gt, lt, mul, sqrt, sub } from "./arithmetic.ts";
import { bringNearOne } from "./balance.ts";
import type { Elements, RoutineCode } from "./code.ts";
import { complexField } from "./complex-elements.ts";
import { realField, setIdentity, type Field, type Matrix } from "./fields.ts";
import { epsilonOf, orderRows, rotateRows, rotation, sweep } from "./rotations.ts";
import type { Transformed } from "./similarity.ts";
import { diagonalise } from "./symmetric-ql.ts";

export const eigh = (code: RoutineCode): void => eighOver(code, realField);
export const complexEigh = (code: RoutineCode): void => eighOver(code, complexField);

/** Rows from which on Jacobi's rotations take longer: 3 times at 64, 27 at 512. */
const mostForJacobi = 32;

function eighOver<T>(code: RoutineCode, field: Field<T>): void {
  const n = code.sizes[0]![0]!;
  const values = code.result(0);
  const matrix = field.copied(code, 0, field.scratch(code, [n, n]));
  code.for(0, n, (i) => {
    matrix.set(i, i, field.of(code.hold(field.real(matrix.get(i, i)))));
    code.for(add(i, 1), n, (j) => matrix.set(i, j, field.held(code, field.conjugate(matrix.get(j, i)))));
  });
  const basis = code.wants(1) || code.wants(field.parts) ? field.scratch(code, [n, n]) : null;
  if (basis) setIdentity(code, field, basis);
  const all: Transformed<T> = { matrix, basis };
  // Else what stands beside the diagonal may have too few digits to say by what it is turned.
  const back = bringNearOne(code, field, matrix);
  if (n <= mostForJacobi) rotatePairs(code, field, all, values);
  else diagonalise(code, field, all, values);
  code.for(0, n, (i) => values.set(i, mul(values.get(i), back)));
  orderRows(code, field, values, basis ? [basis] : [], lt);
  if (!basis) return;
  const vectors = field.result(code, 1);
  code.for(0, n, (i) => code.for(0, n, (j) => vectors.set(j, i, field.held(code, basis.get(i, j)))));
}

function rotatePairs<T>(
  code: RoutineCode,
  field: Field<T>,
  { matrix: a, basis }: Transformed<T>,
  values: Elements,
): void {
  const n = a.shape[0]!;
  const zero = field.of(code.number(0));
  const at = (i: Expr): Expr => field.real(a.get(i, i));
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
      if (basis) rotateRows(code, field, basis, p, q, turn, turning && field.conjugate(turning));
    });
  });
  code.for(0, n, (i) => values.set(i, at(i)));
}

/** What may stay beside the diagonal: it moves no eigenvalue by more than the rounding of the matrix. */
function leastOf<T>(code: RoutineCode, field: Field<T>, a: Matrix<T>): Expr {
  const n = a.shape[0]!;
  const squares = code.variable(0);
  code.for(0, n, (i) => {
    const row = code.sum(0, n, (j) => field.square(field.held(code, a.get(i, j))));
    code.assign(squares, add(squares, row));
  });
  return code.hold(mul(sqrt(squares), epsilonOf(code.dtype) / Math.max(1, n)));
}
