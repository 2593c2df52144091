/** What both of Jacobi's methods use. */
import type { DType } from "../../../ir/dtype.ts";
import type { Expr } from "../../../ir/loop.ts";
import { abs, add, copysign, div, mul, ne, sqrt, sub } from "./arithmetic.ts";
import type { Elements, RoutineCode } from "./code.ts";

/** Sweeps after which the methods give up; they converge quadratically, in ten or so. */
export const mostSweeps = 60;
export const epsilonOf = (dtype: DType): number => (dtype === "float64" ? 2 ** -52 : 2 ** -23);

export function setIdentity(code: RoutineCode, a: Elements): void {
  const n = a.shape[0]!;
  code.for(0, n, (i) => {
    code.for(0, n, (j) => a.set(i, j, 0));
    a.set(i, i, 1);
  });
}

/** The smaller rotation whose angle has the given cotangent of its double. */
export function rotation(code: RoutineCode, cotangent: Expr): Record<"tangent" | "cosine" | "sine", Expr> {
  const theta = code.hold(cotangent);
  const size = code.hold(div(code.number(1), add(abs(theta), sqrt(add(mul(theta, theta), 1)))));
  const tangent = code.hold(copysign(size, theta));
  const cosine = code.hold(div(code.number(1), sqrt(add(mul(tangent, tangent), 1))));
  return { tangent, cosine, sine: code.hold(mul(tangent, cosine)) };
}

/** (p, q) becomes (c p - s q, s p + c q). */
export function rotateRows(code: RoutineCode, a: Elements, p: Expr, q: Expr, cosine: Expr, sine: Expr): void {
  code.for(0, a.shape[1]!, (k) => {
    const [x, y] = [code.hold(a.get(p, k)), code.hold(a.get(q, k))];
    a.set(p, k, sub(mul(cosine, x), mul(sine, y)));
    a.set(q, k, add(mul(sine, x), mul(cosine, y)));
  });
}

/** Exchanges values, and the rows that belong to them, until they stand in order. */
export function orderRows(
  code: RoutineCode,
  values: Elements,
  matrices: readonly Elements[],
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
          const [x, y] = [code.hold(rows.get(i, k)), code.hold(rows.get(place, k))];
          rows.set(i, k, y);
          rows.set(place, k, x);
        });
      }
    });
  });
}
