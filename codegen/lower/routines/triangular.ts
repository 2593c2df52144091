/** A X = B for a triangular A: rows of X from the end where the triangle is pointed. */
import type { RoutineParameters } from "../../../ir/routines/index.ts";
import type { Expr } from "../../../ir/loop.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import type { RoutineCode } from "./code.ts";

export function solveTriangular(code: RoutineCode, { upper, unit }: RoutineParameters["solve_triangular"]): void {
  const [n, columns] = code.sizes[1] as readonly [number, number];
  const a = code.copy(0, code.scratch([n, n]));
  const x = code.copy(1, code.result(0));
  const solveRow = (i: Expr): void => {
    code.for(upper ? add(i, 1) : 0, upper ? n : i, (j) => {
      const factor = code.hold(a.get(i, j));
      code.for(0, columns, (c) => x.set(i, c, sub(x.get(i, c), mul(factor, x.get(j, c)))));
    });
    if (unit) return;
    const pivot = code.hold(a.get(i, i));
    code.for(0, columns, (c) => x.set(i, c, div(x.get(i, c), pivot)));
  };
  if (upper) code.forDown(0, n, solveRow);
  else code.for(0, n, solveRow);
}
