/** Eigenvalues of a symmetric matrix: Jacobi's rotations, pair by pair, until nothing beside the diagonal is left. */
import { integer } from "../expressions.ts";
import { abs, add, and, div, gt, lt, mul, ne, sqrt, sub } from "./arithmetic.ts";
import type { RoutineCode } from "./code.ts";
import { epsilonOf, mostSweeps, orderRows, rotateRows, rotation, setIdentity } from "./rotations.ts";

export function eigh(code: RoutineCode): void {
  const n = code.sizes[0]![0]!;
  const [values, vectors] = [code.result(0), code.result(1)];
  const a = code.scratch([n, n]);
  const rows = code.scratch([n, n]); // eigenvectors as rows
  code.copy(0, a);
  code.for(0, n, (i) => code.for(add(i, 1), n, (j) => a.set(i, j, a.get(j, i))));
  setIdentity(code, rows);
  const squares = code.variable(0);
  const unit = code.variable(0);
  code.for(0, n, (i) => {
    const largest = code.largest(0, n, (j) => abs(a.get(i, j)));
    code.if(lt(unit, largest), () => code.assign(unit, largest));
  });
  code.if(gt(unit, 0), () =>
    code.for(0, n, (i) => {
      const row = code.sum(0, n, (j) => mul(div(a.get(i, j), unit), div(a.get(i, j), unit)));
      code.assign(squares, add(squares, row));
    }),
  );
  // What may stay beside the diagonal moves no eigenvalue by more than the rounding of the matrix.
  const least = code.hold(mul(mul(unit, sqrt(squares)), epsilonOf(code.dtype) / Math.max(1, n)));
  const [rotated, sweep] = [code.variable(integer(1)), code.variable(integer(0))];
  code.while(and(ne(rotated, 0), lt(sweep, mostSweeps)), () => {
    code.assign(rotated, 0);
    code.assign(sweep, add(sweep, 1));
    code.for(0, n - 1, (p) =>
      code.for(add(p, 1), n, (q) => {
        const beside = code.hold(a.get(p, q));
        code.if(gt(abs(beside), least), () => {
          code.assign(rotated, 1);
          const [atP, atQ] = [code.hold(a.get(p, p)), code.hold(a.get(q, q))];
          const { tangent, cosine, sine } = rotation(code, div(sub(atQ, atP), mul(beside, 2)));
          rotateRows(code, a, p, q, cosine, sine);
          a.set(p, p, sub(atP, mul(tangent, beside)));
          a.set(q, q, add(atQ, mul(tangent, beside)));
          a.set(p, q, 0);
          a.set(q, p, 0);
          code.for(0, n, (k) => {
            const [fromP, fromQ] = [code.hold(a.get(p, k)), code.hold(a.get(q, k))];
            a.set(k, p, fromP);
            a.set(k, q, fromQ);
          });
          rotateRows(code, rows, p, q, cosine, sine);
        });
      }),
    );
  });
  code.for(0, n, (i) => values.set(i, a.get(i, i)));
  orderRows(code, values, [rows], (x, y) => lt(x, y));
  code.for(0, n, (i) => code.for(0, n, (j) => vectors.set(j, i, rows.get(i, j))));
}
