/** Gaussian elimination, each pivot the largest of what is left of its column, and the order of rows that results. */
import type { RoutineParameters } from "../../../ir/routines/index.ts";
import { integer } from "../expressions.ts";
import { abs, add, and, div, eq, max, min, mul, ne, sub } from "./arithmetic.ts";
import type { RoutineCode } from "./code.ts";

export function lu(code: RoutineCode, { pivot }: RoutineParameters["lu"]): void {
  const [rows, columns] = code.sizes[0] as readonly [number, number];
  const [a, pivots, info] = [code.result(0), code.result(1), code.result(2)];
  code.copy(0, a);
  const failed = code.variable(integer(0));
  code.for(0, Math.min(rows, columns), (k) => {
    const chosen = pivot ? code.placeOfLargest(k, rows, (i) => abs(a.get(i, k))) : k;
    pivots.set(k, add(chosen, 1));
    const largest = code.hold(a.get(chosen, k));
    code.if(and(eq(largest, 0), eq(failed, 0)), () => code.assign(failed, add(k, 1)));
    code.if(ne(chosen, k), () =>
      code.for(0, columns, (j) => {
        const [upper, lower] = [code.hold(a.get(k, j)), code.hold(a.get(chosen, j))];
        a.set(k, j, lower);
        a.set(chosen, j, upper);
      }),
    );
    code.if(ne(largest, 0), () =>
      code.for(add(k, 1), rows, (i) => {
        const factor = code.hold(div(a.get(i, k), largest));
        a.set(i, k, factor);
        code.for(add(k, 1), columns, (j) => a.set(i, j, sub(a.get(i, j), mul(factor, a.get(k, j)))));
      }),
    );
  });
  info.set(failed);
}

export function permutation(code: RoutineCode, { rows }: RoutineParameters["permutation"]): void {
  const pivots = code.copy(0, code.scratch(code.sizes[0]!));
  const order = code.result(0);
  code.for(0, rows, (i) => order.set(i, i));
  code.for(0, code.sizes[0]![0]!, (k) => {
    // Pivots may be anybody's numbers: what is not a row is held inside.
    const chosen = code.hold(max(min(sub(pivots.get(k), 1), rows - 1), 0));
    const [upper, lower] = [code.hold(order.get(k)), code.hold(order.get(chosen))];
    order.set(k, lower);
    order.set(chosen, upper);
  });
}
