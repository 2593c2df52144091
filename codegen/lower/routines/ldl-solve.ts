/** A X = B from the factors of `ldl`: exchanges and columns of L forwards, D, and all of it backwards. */
import type { Expr } from "../../../ir/loop.ts";
import type { RoutineParameters } from "../../../ir/routines/index.ts";
import { integer } from "../expressions.ts";
import { add, and, choose, ge, lt, max, min, ne, neg, sub } from "./arithmetic.ts";
import type { Elements, RoutineCode } from "./code.ts";
import { complexField } from "./complex-elements.ts";
import { realField, type Field, type Matrix } from "./fields.ts";
import { divider, symmetryOf, type Symmetry } from "./ldl.ts";

export const ldlSolve = (code: RoutineCode): void => solve(code, symmetryOf(realField, false));
export const complexLdlSolve = (code: RoutineCode, { hermitian }: RoutineParameters["complex_ldl_solve"]): void =>
  solve(code, symmetryOf(complexField, hermitian));

function solve<T>(code: RoutineCode, symmetry: Symmetry<T>): void {
  const { field, mirror } = symmetry;
  const [n, columns] = code.sizes[field.parts + 1] as readonly [number, number];
  const a = field.copied(code, 0, field.scratch(code, [n, n]));
  const pivots = code.copy(field.parts, code.scratch([n], "int32"));
  const x = field.copied(code, field.parts + 1, field.result(code, 0));
  const k = code.variable(integer(0));
  code.while(lt(k, n), () => {
    const next = code.hold(add(k, 1));
    code.if(
      isPair(pivots, k, lt(next, n)),
      () => {
        exchangeRows(code, field, x, next, rowOf(code, pivots, k, n));
        for (const column of [k, next]) subtractRow(code, field, x, column, add(k, 2), (i) => a.get(i, column));
        const divide = divider(code, symmetry, a, k, "column");
        code.for(0, columns, (j) => {
          const found = divide(field.held(code, x.get(k, j)), field.held(code, x.get(next, j)));
          found.forEach((value, c) => x.set(add(k, c), j, value));
        });
        code.assign(k, add(k, 2));
      },
      () => {
        exchangeRows(code, field, x, k, rowOf(code, pivots, k, n));
        subtractRow(code, field, x, k, next, (i) => a.get(i, k));
        const pivot = field.held(code, a.get(k, k));
        code.for(0, columns, (j) => x.set(k, j, field.quotient(code, field.held(code, x.get(k, j)), pivot)));
        code.assign(k, next);
      },
    );
  });
  code.assign(k, n - 1);
  code.while(ge(k, 0), () => {
    const before = code.hold(sub(k, 1));
    const below = code.hold(add(k, 1));
    const gather = (column: Expr): void =>
      subtractSum(code, field, x, column, below, (i) => field.held(code, mirror(a.get(i, column))));
    const isSecond = code.hold(isPair(pivots, k, ge(before, 0)));
    gather(k);
    code.if(isSecond, () => gather(before));
    exchangeRows(code, field, x, k, rowOf(code, pivots, k, n));
    code.assign(k, choose(isSecond, sub(before, 1), before));
  });
}

/** Whether a block of two stands here: where there is room for one. Pivots may be anybody's numbers. */
const isPair = (pivots: Elements, k: Expr, room: Expr): Expr => and(lt(pivots.get(k), 0), room);

/** The row that was exchanged with the one at k, or behind it. */
function rowOf(code: RoutineCode, pivots: Elements, k: Expr, n: number): Expr {
  const pivot = code.hold(pivots.get(k));
  const row = sub(choose(lt(pivot, 0), neg(pivot), pivot), 1);
  return code.hold(max(min(row, n - 1), 0));
}

function exchangeRows<T>(code: RoutineCode, field: Field<T>, x: Matrix<T>, p: Expr, q: Expr): void {
  code.if(ne(p, q), () =>
    code.for(0, x.shape[1]!, (j) => {
      const [one, other] = [field.held(code, x.get(p, j)), field.held(code, x.get(q, j))];
      x.set(p, j, other);
      x.set(q, j, one);
    }),
  );
}

/** From each row i less weight(i) times a row. */
function subtractRow<T>(
  code: RoutineCode,
  field: Field<T>,
  x: Matrix<T>,
  row: Expr,
  from: Expr,
  weight: (i: Expr) => T,
): void {
  const [n, columns] = x.shape as readonly [number, number];
  code.for(from, n, (i) => {
    const factor = field.held(code, weight(i));
    code.for(0, columns, (j) => {
      const product = field.times(factor, field.held(code, x.get(row, j)));
      x.set(i, j, field.minus(field.held(code, x.get(i, j)), product));
    });
  });
}

/** From a row less weight(i) times each row i. */
function subtractSum<T>(
  code: RoutineCode,
  field: Field<T>,
  x: Matrix<T>,
  row: Expr,
  from: Expr,
  weight: (i: Expr) => T,
): void {
  const [n, columns] = x.shape as readonly [number, number];
  code.for(from, n, (i) => {
    const factor = weight(i);
    code.for(0, columns, (j) => {
      const product = field.times(factor, field.held(code, x.get(i, j)));
      x.set(row, j, field.minus(field.held(code, x.get(row, j)), product));
    });
  });
}
