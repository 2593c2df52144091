/** The exponential of a matrix: Taylor's series of A / 2^s, squared s times. */
import type { Expr } from "../../../ir/loop.ts";
import { integer } from "../expressions.ts";
import { abs, add, and, gt, lt, mul, sub } from "./arithmetic.ts";
import type { Elements, RoutineCode } from "./code.ts";
import { realField, setIdentity } from "./fields.ts";

/** Norms up to which so many terms are exact to the last bits: the fewer squarings, the less rounding they double. */
const terms = 18;
const largestNorm = { float32: 3, float64: 1 } as const;
const mostSquarings = 1100;

export function exponential(code: RoutineCode): void {
  const n = code.sizes[0]![0]!;
  const result = code.result(0);
  const [a, next] = [code.copy(0, code.scratch([n, n])), code.scratch([n, n])];
  const norm = code.variable(0);
  code.for(0, n, (i) => {
    const row = code.sum(0, n, (j) => abs(a.get(i, j)));
    code.if(lt(norm, row), () => code.assign(norm, row));
  });
  const [scale, squarings] = [code.variable(1), code.variable(integer(0))];
  code.while(and(gt(norm, largestNorm[code.dtype as keyof typeof largestNorm]), lt(squarings, mostSquarings)), () => {
    code.assign(norm, mul(norm, 0.5));
    code.assign(scale, mul(scale, 0.5));
    code.assign(squarings, add(squarings, 1));
  });
  code.for(0, n, (i) => code.for(0, n, (j) => a.set(i, j, mul(a.get(i, j), scale))));
  setIdentity(code, realField, result);
  // I + A (I + A / 2 (I + A / 3 (..)))
  for (let term = terms; term >= 1; term--) {
    multiply(code, next, a, result);
    code.for(0, n, (i) => {
      code.for(0, n, (j) => result.set(i, j, mul(next.get(i, j), 1 / term)));
      result.set(i, i, add(result.get(i, i), 1));
    });
  }
  code.while(gt(squarings, 0), () => {
    multiply(code, next, result, result);
    code.for(0, n, (i) => code.for(0, n, (j) => result.set(i, j, next.get(i, j))));
    code.assign(squarings, sub(squarings, 1));
  });
}

function multiply(code: RoutineCode, to: Elements, x: Elements, y: Elements): void {
  const n = to.shape[0]!;
  code.for(0, n, (i: Expr) => {
    code.for(0, n, (j) => to.set(i, j, 0));
    code.for(0, n, (k) => {
      const factor = code.hold(x.get(i, k));
      code.for(0, n, (j) => to.set(i, j, add(to.get(i, j), mul(factor, y.get(k, j)))));
    });
  });
}
