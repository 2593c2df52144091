/** Factors of matrices by elimination. */
import type { RoutineRuleOf } from "./index.ts";
import { dot, toMatrix } from "./matrix.ts";

export const cholesky: RoutineRuleOf<"cholesky"> = ([slice]) => {
  const a = toMatrix(slice!);
  const l = a.map((row) => row.map(() => 0));
  let info = 0;
  a.forEach((row, i) => {
    for (let j = 0; j <= i; j++) {
      const rest = row[j]! - dot(l[i]!.slice(0, j), l[j]!);
      if (i === j && info === 0 && !(rest > 0)) info = i + 1;
      l[i]![j] = i === j ? Math.sqrt(rest) : rest / l[j]![j]!;
    }
  });
  return [l.flat(), [info]];
};

export const solveTriangular: RoutineRuleOf<"solve_triangular"> = ([sliceA, sliceB], { upper, unit }) => {
  const [a, x] = [toMatrix(sliceA!), toMatrix(sliceB!)];
  const rows = a.map((_, i) => (upper ? a.length - 1 - i : i));
  rows.forEach((i, done) => {
    for (let c = 0; c < sliceB!.shape[1]!; c++) {
      let value = x[i]![c]!;
      for (const j of rows.slice(0, done)) value -= a[i]![j]! * x[j]![c]!;
      x[i]![c] = unit ? value : value / a[i]![i]!;
    }
  });
  return [x.flat()];
};

export const lu: RoutineRuleOf<"lu"> = ([slice], { pivot }) => {
  const [m, n] = slice!.shape as readonly [number, number];
  const a = toMatrix(slice!);
  const pivots: number[] = [];
  let info = 0;
  for (let k = 0; k < Math.min(m, n); k++) {
    let chosen = k;
    const last = pivot ? m : k;
    for (let i = k + 1; i < last; i++) if (Math.abs(a[i]![k]!) > Math.abs(a[chosen]![k]!)) chosen = i;
    pivots.push(chosen + 1);
    [a[k], a[chosen]] = [a[chosen]!, a[k]!];
    const head = a[k]![k]!;
    if (head === 0) {
      if (info === 0) info = k + 1;
      continue;
    }
    for (let i = k + 1; i < m; i++) {
      const factor = (a[i]![k] = a[i]![k]! / head);
      for (let j = k + 1; j < n; j++) a[i]![j]! -= factor * a[k]![j]!;
    }
  }
  return [a.flat(), pivots, [info]];
};

export const permutation: RoutineRuleOf<"permutation"> = ([pivots], { rows }) => {
  const order = Array.from({ length: rows }, (_, i) => i);
  pivots!.data.forEach((pivot, k) => {
    const chosen = Math.max(0, Math.min(rows - 1, pivot - 1));
    [order[k], order[chosen]] = [order[chosen]!, order[k]!];
  });
  return [order];
};
