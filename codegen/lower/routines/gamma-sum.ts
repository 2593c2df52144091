/** What the incomplete gamma functions need of loops: a power series, or a continued fraction by Lentz's method. */
import type { RoutineParameters } from "../../../ir/routines/index.ts";
import { abs, add, div, gt, mul, sub } from "./arithmetic.ts";
import type { RoutineCode } from "./code.ts";

export function gammaSum(code: RoutineCode, { upper }: RoutineParameters["gamma_sum"]): void {
  const a = code.hold(code.input(0, []));
  const x = code.hold(code.input(1, []));
  code.result(0).set(upper ? fraction(code, a, x) : series(code, a, x));
}

type Expr = ReturnType<RoutineCode["hold"]>;

const unitOf = (code: RoutineCode): number => (code.dtype === "float64" ? 2 ** -53 : 2 ** -24);

function series(code: RoutineCode, a: Expr, x: Expr): Expr {
  const term = code.variable(1);
  const sum = code.variable(1);
  const denominator = code.variable(a);
  code.while(gt(term, mul(sum, unitOf(code) / 8)), () => {
    code.assign(denominator, add(denominator, 1));
    code.assign(term, mul(term, div(x, denominator)));
    code.assign(sum, add(sum, term));
  });
  return sum;
}

function fraction(code: RoutineCode, a: Expr, x: Expr): Expr {
  const denominator = code.variable(sub(add(x, 1), a));
  const d = code.variable(div(code.number(1), denominator));
  const value = code.variable(d);
  const c = code.variable(Infinity);
  const index = code.variable(1);
  const distance = code.variable(1);
  code.while(gt(distance, 2 * unitOf(code)), () => {
    const numerator = code.hold(mul(index, sub(a, index)));
    code.assign(denominator, add(denominator, 2));
    code.assign(d, div(code.number(1), add(mul(numerator, d), denominator)));
    code.assign(c, add(denominator, div(numerator, c)));
    const ratio = code.hold(mul(c, d));
    code.assign(value, mul(value, ratio));
    code.assign(distance, abs(sub(ratio, 1)));
    code.assign(index, add(index, 1));
  });
  return value;
}
