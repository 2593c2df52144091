/** L Lᵀ = A, row by row. */
import { integer } from "../expressions.ts";
import { add, and, choose, div, eq, gt, le, mul, not, sqrt, sub } from "./arithmetic.ts";
import type { RoutineCode } from "./code.ts";

export function cholesky(code: RoutineCode): void {
  const n = code.sizes[0]![0]!;
  const [l, info] = [code.result(0), code.result(1)];
  code.copy(0, l, (value, [i, j]) => choose(le(j!, i!), value, 0));
  const failed = code.variable(integer(0));
  code.for(0, n, (i) => {
    const product = (j: typeof i) => code.sum(0, j, (k) => mul(l.get(i, k), l.get(j, k)));
    code.for(0, i, (j) => {
      const known = product(j);
      l.set(i, j, div(sub(l.get(i, j), known), l.get(j, j)));
    });
    const known = product(i);
    const square = code.hold(sub(l.get(i, i), known));
    // NaN is not positive either.
    code.if(and(eq(failed, 0), not(gt(square, 0))), () => code.assign(failed, add(i, 1)));
    l.set(i, i, sqrt(square));
  });
  info.set(failed);
}
