/** What both of Jacobi's methods use. A pair that is not real is made so first, by a phase that its second row takes. */
import type { DType } from "../../../ir/dtype.ts";
import type { Expr } from "../../../ir/loop.ts";
import { integer } from "../expressions.ts";
import { abs, add, and, choose, copysign, div, lt, mul, ne, sqrt } from "./arithmetic.ts";
import type { Elements, RoutineCode } from "./code.ts";
import type { Field, Matrix } from "./fields.ts";

/** Sweeps after which the methods give up; they converge quadratically, in ten or so. */
const mostSweeps = 60;
export const epsilonOf = (dtype: DType): number => (dtype === "float64" ? 2 ** -52 : 2 ** -23);

/** Runs over all pairs until none is turned. */
export function sweep(code: RoutineCode, n: number, turn: (p: Expr, q: Expr, turned: () => void) => void): void {
  const [rotated, count] = [code.variable(integer(1)), code.variable(integer(0))];
  code.while(and(ne(rotated, 0), lt(count, mostSweeps)), () => {
    code.assign(rotated, 0);
    code.assign(count, add(count, 1));
    code.for(0, n - 1, (p) => code.for(add(p, 1), n, (q) => turn(p, q, () => code.assign(rotated, 1))));
  });
}

export interface Rotation {
  readonly tangent: Expr;
  readonly cosine: Expr;
  readonly sine: Expr;
}

/** The smaller rotation whose angle has the given cotangent of its double. */
export function rotation(code: RoutineCode, cotangent: Expr): Rotation {
  const theta = code.hold(cotangent);
  const far = code.hold(abs(theta));
  // The square of a large cotangent may be out of range; beside it 1 is none of its digits.
  const cosecant = choose(lt(far, 1 / epsilonOf(code.dtype)), sqrt(add(mul(theta, theta), 1)), far);
  const size = code.hold(div(code.number(1), add(far, cosecant)));
  const tangent = code.hold(copysign(size, theta));
  const cosine = code.hold(div(code.number(1), sqrt(add(mul(tangent, tangent), 1))));
  return { tangent, cosine, sine: code.hold(mul(tangent, cosine)) };
}

/** (p, q) becomes (c p - s f q, s p + c f q), f the phase. */
export function rotateRows<T>(
  code: RoutineCode,
  field: Field<T>,
  a: Matrix<T>,
  p: Expr,
  q: Expr,
  { cosine, sine }: Pick<Rotation, "cosine" | "sine">,
  phase: T | null,
): void {
  code.for(0, a.shape[1]!, (k) => {
    const [x, other] = [field.held(code, a.get(p, k)), field.held(code, a.get(q, k))];
    const y = phase === null ? other : field.held(code, field.times(phase, other));
    a.set(p, k, field.minus(field.scale(x, cosine), field.scale(y, sine)));
    a.set(q, k, field.plus(field.scale(x, sine), field.scale(y, cosine)));
  });
}

/** Exchanges values, and the rows that belong to them, until they stand in order. */
export function orderRows<T>(
  code: RoutineCode,
  field: Field<T>,
  values: Elements,
  matrices: readonly Matrix<T>[],
  before: (x: Expr, y: Expr) => Expr,
): void {
  const n = values.shape[0]!;
  code.for(0, n, (i) => {
    const place = code.variable(i);
    const best = code.variable(values.get(i));
    code.for(add(i, 1), n, (j) => {
      const value = code.hold(values.get(j));
      code.if(before(value, best), () => {
        code.assign(best, value);
        code.assign(place, j);
      });
    });
    code.if(ne(place, i), () => {
      values.set(place, values.get(i));
      values.set(i, best);
      for (const rows of matrices) {
        code.for(0, rows.shape[1]!, (k) => {
          const [x, y] = [field.held(code, rows.get(i, k)), field.held(code, rows.get(place, k))];
          rows.set(i, k, y);
          rows.set(place, k, x);
        });
      }
    });
  });
}
