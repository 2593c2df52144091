/**
 * Eigenvalues of Hermitian matrices and singular values of complex ones by Jacobi's rotations, as for real matrices: each
 * pair is made real first, by multiplying its second row by a number of size one.
 */
import type { Expr } from "../../../ir/loop.ts";
import { integer } from "../expressions.ts";
import { add, and, div, gt, lt, min, mul, ne, neg, sqrt, sub } from "./arithmetic.ts";
import type { Elements, RoutineCode } from "./code.ts";
import {
  conjugate,
  copied,
  held,
  minus,
  numberOf,
  resultOf,
  rotateComplexRows,
  scratchOf,
  shrunk,
  sizeOf,
  square,
  sum1,
  sumOf,
  times,
  ComplexElements,
  type Complex,
} from "./complex-elements.ts";
import { epsilonOf, mostSweeps, orderRows, rotation } from "./rotations.ts";

/** Both parts, for what exchanges rows. */
function partsOf(code: RoutineCode, shape: readonly number[]): readonly [Elements, Elements] {
  return [code.scratch(shape), code.scratch(shape)];
}

function setIdentity(code: RoutineCode, a: ComplexElements): void {
  const n = a.shape[0]!;
  code.for(0, n, (i) => {
    code.for(0, n, (j) => a.set(i, j, numberOf(code, 0)));
    a.set(i, i, numberOf(code, 1));
  });
}

/** Runs over all pairs until none is turned. */
function sweep(code: RoutineCode, n: number, turn: (p: Expr, q: Expr, turned: () => void) => void): void {
  const [rotated, count] = [code.variable(integer(1)), code.variable(integer(0))];
  code.while(and(ne(rotated, 0), lt(count, mostSweeps)), () => {
    code.assign(rotated, 0);
    code.assign(count, add(count, 1));
    code.for(0, n - 1, (p) => code.for(add(p, 1), n, (q) => turn(p, q, () => code.assign(rotated, 1))));
  });
}

export function complexEigh(code: RoutineCode): void {
  const n = code.sizes[0]![0]!;
  const [values, vectors] = [code.result(0), resultOf(code, 1)];
  const a = copied(code, 0, scratchOf(code, [n, n]));
  const [re, im] = partsOf(code, [n, n]);
  const rows = new ComplexElements(re, im);
  code.for(0, n, (i) => {
    a.set(i, i, [code.hold(a.get(i, i)[0]), code.number(0)]);
    code.for(add(i, 1), n, (j) => a.set(i, j, held(code, conjugate(a.get(j, i)))));
  });
  setIdentity(code, rows);
  const unit = code.variable(0);
  code.for(0, n, (i) => {
    const largest = code.largest(0, n, (j) => sum1(a.get(i, j)));
    code.if(lt(unit, largest), () => code.assign(unit, largest));
  });
  const squares = code.variable(0);
  code.if(gt(unit, 0), () =>
    code.for(0, n, (i) => {
      const row = code.sum(0, n, (j) => square(shrunk(held(code, a.get(i, j)), unit)));
      code.assign(squares, add(squares, row));
    }),
  );
  const least = code.hold(mul(mul(unit, sqrt(squares)), epsilonOf(code.dtype) / Math.max(1, n)));
  sweep(code, n, (p, q, turned) => {
    const beside = held(code, a.get(p, q));
    const size = sizeOf(code, beside);
    code.if(gt(size, least), () => {
      turned();
      const [atP, atQ] = [code.hold(a.get(p, p)[0]), code.hold(a.get(q, q)[0])];
      const { tangent, cosine, sine } = rotation(code, div(sub(atQ, atP), mul(size, 2)));
      const phase = held(code, shrunk(beside, size));
      rotateComplexRows(code, a, p, q, { cosine, sine, phase });
      a.set(p, p, [sub(atP, mul(tangent, size)), code.number(0)]);
      a.set(q, q, [add(atQ, mul(tangent, size)), code.number(0)]);
      a.set(p, q, numberOf(code, 0));
      a.set(q, p, numberOf(code, 0));
      code.for(0, n, (k) => {
        const [fromP, fromQ] = [held(code, conjugate(a.get(p, k))), held(code, conjugate(a.get(q, k)))];
        a.set(k, p, fromP);
        a.set(k, q, fromQ);
      });
      rotateComplexRows(code, rows, p, q, { cosine, sine, phase: conjugate(phase) });
    });
  });
  code.for(0, n, (i) => values.set(i, a.get(i, i)[0]));
  orderRows(code, values, [re, im], (x, y) => lt(x, y));
  code.for(0, n, (i) => code.for(0, n, (j) => vectors.set(j, i, rows.get(i, j))));
}

export function complexSvd(code: RoutineCode): void {
  const [m, n] = code.sizes[0] as readonly [number, number];
  const [u, s, v] = [copied(code, 0, resultOf(code, 0)), code.result(2), resultOf(code, 3)];
  const columnParts = partsOf(code, [n, m]);
  const rowParts = partsOf(code, [n, n]);
  const [columns, rows] = [new ComplexElements(...columnParts), new ComplexElements(...rowParts)];
  code.for(0, n, (j) => code.for(0, m, (i) => columns.set(j, i, u.get(i, j))));
  setIdentity(code, rows);
  const unit = scaleToOne(code, columns);
  const least = code.dtype === "float64" ? 2 ** -500 : 2 ** -60;
  orthogonalise(code, columns, rows, least);
  code.for(0, n, (j) => {
    const squares = code.sum(0, m, (i) => square(held(code, columns.get(j, i))));
    s.set(j, sqrt(squares));
  });
  orderRows(code, s, [...columnParts, ...rowParts], gt);
  code.for(0, n, (j) => {
    const length = code.hold(s.get(j));
    code.if(
      gt(length, least),
      () => code.for(0, m, (i) => columns.set(j, i, shrunk(held(code, columns.get(j, i)), length))),
      () => completeRow(code, columns, j),
    );
    s.set(j, mul(length, unit));
  });
  code.for(0, n, (j) => code.for(0, m, (i) => u.set(i, j, columns.get(j, i))));
  code.for(0, n, (j) => code.for(0, n, (i) => v.set(i, j, rows.get(j, i))));
}

/** Divides by the size of the largest element, which is returned (1 when all are zero). */
function scaleToOne(code: RoutineCode, a: ComplexElements): Expr {
  const [rows, columns] = a.shape as readonly [number, number];
  const unit = code.variable(0);
  code.for(0, rows, (i) => {
    const largest = code.largest(0, columns, (k) => sum1(a.get(i, k)));
    code.if(lt(unit, largest), () => code.assign(unit, largest));
  });
  code.if(
    gt(unit, 0),
    () => code.for(0, rows, (i) => code.for(0, columns, (k) => a.set(i, k, shrunk(held(code, a.get(i, k)), unit)))),
    () => code.assign(unit, 1),
  );
  return unit;
}

/** The sum over k of conj(a[x, k]) b[y, k]. */
const inner = (code: RoutineCode, a: ComplexElements, x: Expr, y: Expr): Complex =>
  sumOf(code, 0, a.shape[1]!, (k) => times(conjugate(held(code, a.get(x, k))), held(code, a.get(y, k))));

function orthogonalise(code: RoutineCode, columns: ComplexElements, rows: ComplexElements, least: number): void {
  const [n, m] = columns.shape as readonly [number, number];
  const tolerance = epsilonOf(code.dtype) * Math.sqrt(m);
  sweep(code, n, (p, q, turned) => {
    const squares = (x: Expr): Expr => code.sum(0, m, (k) => square(held(code, columns.get(x, k))));
    const [atP, atQ] = [squares(p), squares(q)];
    const both = inner(code, columns, p, q);
    const size = sizeOf(code, both);
    const bound = code.hold(mul(mul(sqrt(atP), sqrt(atQ)), tolerance));
    code.if(and(gt(size, bound), gt(min(atP, atQ), least * least)), () => {
      turned();
      const { cosine, sine } = rotation(code, div(sub(atQ, atP), mul(size, 2)));
      const phase = held(code, conjugate(shrunk(both, size)));
      rotateComplexRows(code, columns, p, q, { cosine, sine, phase });
      rotateComplexRows(code, rows, p, q, { cosine, sine, phase });
    });
  });
}

/** Makes row j a unit vector orthogonal to the rows before it: see svd.ts. */
function completeRow(code: RoutineCode, a: ComplexElements, j: Expr): void {
  const m = a.shape[1]!;
  const axis = code.placeOfLargest(0, m, (k) => neg(code.sum(0, j, (i) => square(held(code, a.get(i, k))))));
  code.for(0, m, (k) => a.set(j, k, numberOf(code, 0)));
  a.set(j, axis, numberOf(code, 1));
  for (let time = 0; time < 2; time++) {
    code.for(0, j, (i) => {
      const part = held(code, inner(code, a, i, j));
      code.for(0, m, (k) => a.set(j, k, minus(held(code, a.get(j, k)), times(part, held(code, a.get(i, k))))));
    });
    const squares = code.sum(0, m, (k) => square(held(code, a.get(j, k))));
    const length = code.hold(sqrt(squares));
    code.for(0, m, (k) => a.set(j, k, shrunk(held(code, a.get(j, k)), length)));
  }
}
