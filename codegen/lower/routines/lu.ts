/** Gaussian elimination, each pivot the largest of what is left of its column, and the order of rows that results. */
import type { RoutineParameters } from "../../../ir/routines/index.ts";
import { integer } from "../expressions.ts";
import { add, and, eq, max, min, ne, sub } from "./arithmetic.ts";
import type { RoutineCode } from "./code.ts";
import { complexField } from "./complex-elements.ts";
import { realField, type Field } from "./fields.ts";

export const lu = (code: RoutineCode, { pivot }: RoutineParameters["lu"]): void => luOver(code, realField, pivot);
export const complexLu = (code: RoutineCode, { pivot }: RoutineParameters["complex_lu"]): void =>
  luOver(code, complexField, pivot);

function luOver<T>(code: RoutineCode, field: Field<T>, pivot: boolean): void {
  const [rows, columns] = code.sizes[0] as readonly [number, number];
  const a = field.copied(code, 0, field.result(code, 0));
  const [pivots, info] = [code.result(field.parts), code.result(field.parts + 1)];
  const failed = code.variable(integer(0));
  code.for(0, Math.min(rows, columns), (k) => {
    const chosen = pivot ? code.placeOfLargest(k, rows, (i) => field.sum1(a.get(i, k))) : k;
    pivots.set(k, add(chosen, 1));
    const largest = field.held(code, a.get(chosen, k));
    const size = code.hold(field.sum1(largest));
    code.if(and(eq(size, 0), eq(failed, 0)), () => code.assign(failed, add(k, 1)));
    code.if(ne(chosen, k), () =>
      code.for(0, columns, (j) => {
        const [upper, lower] = [field.held(code, a.get(k, j)), field.held(code, a.get(chosen, j))];
        a.set(k, j, lower);
        a.set(chosen, j, upper);
      }),
    );
    code.if(ne(size, 0), () =>
      code.for(add(k, 1), rows, (i) => {
        const factor = field.held(code, field.quotient(code, field.held(code, a.get(i, k)), largest));
        a.set(i, k, factor);
        code.for(add(k, 1), columns, (j) => {
          const product = field.times(factor, field.held(code, a.get(k, j)));
          a.set(i, j, field.minus(field.held(code, a.get(i, j)), product));
        });
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
