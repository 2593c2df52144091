/** The exponential of a matrix by its series. */
import type { RoutineRuleOf } from "./index.ts";
import { dot, identity, toMatrix, transposed, type Matrix } from "./matrix.ts";

const product = (a: Matrix, b: Matrix): Matrix => {
  const columns = transposed(b, b.length);
  return a.map((row) => columns.map((column) => dot(row, column)));
};

export const exponential: RoutineRuleOf<"exponential"> = ([slice]) => {
  let a = toMatrix(slice!);
  let squarings = 0;
  for (; Math.max(...a.map((row) => row.reduce((sum, x) => sum + Math.abs(x), 0))) > 0.25; squarings++)
    a = a.map((row) => row.map((x) => x / 2));
  let [sum, term] = [identity(a.length), identity(a.length)];
  for (let k = 1; k <= 20; k++) {
    term = product(term, a).map((row) => row.map((x) => x / k));
    sum = sum.map((row, i) => row.map((x, j) => x + term[i]![j]!));
  }
  for (; squarings > 0; squarings--) sum = product(sum, sum);
  return [sum.flat()];
};
