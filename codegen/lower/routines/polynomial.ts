/** A polynomial of a family at one place, by its recurrence. */
import { recurrences, type Linear, type Recurrence } from "../../../ir/routines/polynomials.ts";
import type { RoutineParameters } from "../../../ir/routines/index.ts";
import { cast, kindOf } from "../expressions.ts";
import { add, and, choose, div, eq, le, lt, min, mul, sub, type Operand } from "./arithmetic.ts";
import type { RoutineCode } from "./code.ts";

export function polynomial(code: RoutineCode, { family }: RoutineParameters["polynomial"]): void {
  const rule: Recurrence = recurrences[family];
  const x = code.hold(code.input(0, []));
  const degree = code.hold(code.input(1, []));
  const first = code.variable(plus(rule.first[0], times(rule.first[1], x)));
  const before = code.variable(1);
  const value = code.variable(choose(eq(degree, 0), code.number(1), first));
  const k = code.variable(min(degree, 1));
  // Once it is NaN it stays so.
  code.while(and(lt(k, degree), eq(value, value)), () => {
    const real = code.hold(cast(k, kindOf(code.dtype)));
    const at = ([constant, slope]: Linear): Operand => plus(constant, times(slope, real));
    const factor = plus(at(rule.constant), times(at(rule.factor), x));
    const next = sub(times(factor, value), times(at(rule.previous), before));
    const divisor = at(rule.divisor);
    const held = code.hold(divisor === 1 ? next : div(next, divisor));
    code.assign(before, value);
    code.assign(value, held);
    code.assign(k, add(k, 1));
  });
  code.result(0).set(choose(le(0, degree), value, 0));
}

/** Sums and products without what changes nothing. */
const plus = (a: Operand, b: Operand): Operand => (a === 0 ? b : b === 0 ? a : add(a, b));
const times = (a: Operand, b: Operand): Operand => (a === 0 || b === 0 ? 0 : a === 1 ? b : b === 1 ? a : mul(a, b));
