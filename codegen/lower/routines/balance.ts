/** Matrices in range, and with rows and columns of like size, by powers of two: nothing is rounded. */
import type { Expr } from "../../../ir/loop.ts";
import { integer } from "../expressions.ts";
import { add, and, gt, lt, mul, ne, sqrt } from "./arithmetic.ts";
import type { Elements, RoutineCode } from "./code.ts";
import type { Field, Matrix } from "./fields.ts";

/** Powers of two that may be multiplied with a number of about one, and their inverses. */
const furthest = { float32: 2 ** 100, float64: 2 ** 1000 } as const;
const mostSweeps = 100;

export function largestElement<T>(code: RoutineCode, field: Field<T>, a: Matrix<T>): Expr {
  const [rows, columns] = a.shape as readonly [number, number];
  const largest = code.variable(0);
  code.for(0, rows, (i) => {
    const inRow = code.largest(0, columns, (j) => field.sum1(a.get(i, j)));
    code.if(lt(largest, inRow), () => code.assign(largest, inRow));
  });
  return largest;
}

/** Brings the largest element near one; gives what takes that back. */
export function bringNearOne<T>(code: RoutineCode, field: Field<T>, a: Matrix<T>): Expr {
  const [rows, columns] = a.shape as readonly [number, number];
  const bound = furthest[code.dtype as keyof typeof furthest];
  const largest = code.variable(largestElement(code, field, a));
  const [factor, back] = [code.variable(1), code.variable(1)];
  const step = (by: number): void => {
    code.assign(largest, mul(largest, by));
    code.assign(factor, mul(factor, by));
    code.assign(back, mul(back, 1 / by));
  };
  code.while(and(gt(largest, 4), lt(back, bound)), () => step(0.5));
  code.while(and(lt(largest, 1), lt(factor, bound)), () => step(2));
  code.for(0, rows, (i) =>
    code.for(0, columns, (j) => a.set(i, j, field.scale(field.held(code, a.get(i, j)), factor))),
  );
  return back;
}

/**
 * Turns A into D⁻¹ A D whose columns are about as long as its rows; gives the diagonal of D. A matrix of wild scales has
 * far more exact eigenvalues so. Rows and columns are measured with their diagonal elements: without them a column may
 * be stretched until rounding is larger than the matrix was.
 */
export function balance<T>(code: RoutineCode, field: Field<T>, a: Matrix<T>): Elements {
  const n = a.shape[0]!;
  const bound = furthest[code.dtype as keyof typeof furthest];
  const scales = code.scratch([n]);
  code.for(0, n, (i) => scales.set(i, 1));
  const [changed, sweeps] = [code.variable(integer(1)), code.variable(integer(0))];
  code.while(and(ne(changed, 0), lt(sweeps, mostSweeps)), () => {
    code.assign(changed, 0);
    code.assign(sweeps, add(sweeps, 1));
    code.for(0, n, (i) => {
      const length = (at: (j: Expr) => T): Expr =>
        code.hold(sqrt(code.sum(0, n, (j) => field.square(field.held(code, at(j))))));
      const [column, row] = [length((j) => a.get(j, i)), length((j) => a.get(i, j))];
      code.if(and(gt(column, 0), gt(row, 0)), () => {
        const [wide, tall, factor] = [code.variable(row), code.variable(column), code.variable(1)];
        const stretch = (by: number): void => {
          code.assign(tall, mul(tall, by));
          code.assign(wide, mul(wide, 1 / by));
          code.assign(factor, mul(factor, by));
        };
        code.while(and(lt(mul(tall, 2), wide), lt(factor, bound)), () => stretch(2));
        code.while(and(lt(mul(wide, 2), tall), gt(factor, 1 / bound)), () => stretch(0.5));
        const scale = code.hold(mul(scales.get(i), factor));
        const inRange = and(lt(scale, bound), gt(scale, 1 / bound));
        code.if(and(lt(add(tall, wide), mul(add(row, column), 0.95)), inRange), () => {
          code.assign(changed, 1);
          scales.set(i, scale);
          code.for(0, n, (j) => a.set(i, j, field.shrunk(field.held(code, a.get(i, j)), factor)));
          code.for(0, n, (j) => a.set(j, i, field.scale(field.held(code, a.get(j, i)), factor)));
        });
      });
    });
  });
  return scales;
}
