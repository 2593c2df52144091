/** Routines on single numbers. */
import { recurrences, type Linear } from "../../../ir/routines/polynomials.ts";
import type { RoutineRuleOf } from "./index.ts";

export const polynomial: RoutineRuleOf<"polynomial"> = (inputs, { family }) => {
  const [x, degree] = inputs.map(({ data }) => data[0]!) as [number, number];
  const { first, constant, factor, previous, divisor } = recurrences[family];
  if (degree < 0) return [[0]];
  const at = ([c, slope]: Linear, k: number): number => c + slope * k;
  let [before, value] = [1, degree === 0 ? 1 : first[0] + first[1] * x];
  for (let k = 1; k < degree; k++)
    [before, value] = [
      value,
      ((at(constant, k) + at(factor, k) * x) * value - at(previous, k) * before) / at(divisor, k),
    ];
  return [[value]];
};

export const gammaSum: RoutineRuleOf<"gamma_sum"> = (inputs, { upper }) => {
  const [a, x] = inputs.map(({ data }) => data[0]!) as [number, number];
  return [[upper ? fraction(a, x) : series(a, x)]];
};

function series(a: number, x: number): number {
  let [term, sum] = [1, 1];
  for (let k = 1; term > 1e-18 * sum; k++) {
    term *= x / (a + k);
    sum += term;
  }
  return sum;
}

/** 1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - ...)), from far inside. */
function fraction(a: number, x: number): number {
  const depth = 2000;
  let value = x + 2 * depth + 1 - a;
  for (let k = depth; k >= 1; k--) value = x + 2 * k - 1 - a + (k * (a - k)) / value;
  return 1 / value;
}
