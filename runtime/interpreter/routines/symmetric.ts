/** Bunch and Kaufman's factors on whole matrices, real ones among the complex; systems by the matrix put together. */
import {
  conjugate,
  identity,
  matrixOf,
  minus,
  over,
  parts,
  plus,
  times,
  zero,
  type Complex,
  type Matrix,
} from "./complex.ts";
import type { RoutineRuleOf, Slice } from "./index.ts";

const threshold = (1 + Math.sqrt(17)) / 8;
const sum1 = (z: Complex): number => Math.abs(z[0]) + Math.abs(z[1]);
type Mirror = (z: Complex) => Complex;

const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, x, k) => plus(sum, times(x, b[k]![j]!)), zero)));
const mirrored = (a: Matrix, mirror: Mirror): Matrix => a.map((_, i) => a.map((row) => mirror(row[i]!)));
function exchange(a: Matrix, p: number, q: number, from: number): void {
  [a[p], a[q]] = [a[q]!, a[p]!];
  for (const row of a.slice(from)) [row[p], row[q]] = [row[q]!, row[p]!];
}
const inverseOfTwo = (p: Complex, b: Complex, c: Complex, q: Complex): Matrix => {
  const determinant = minus(times(p, q), times(b, c));
  return [
    [over(q, determinant), over(minus(zero, b), determinant)],
    [over(minus(zero, c), determinant), over(p, determinant)],
  ];
};

/** The row to exchange with, and whether the block has two rows; null where all is zero. */
function chosen(a: Matrix, k: number): { readonly row: number; readonly isPair: boolean } | null {
  const own = sum1(a[k]![k]!);
  const column = a.map((row, i) => (i > k ? sum1(row[k]!) : 0));
  const largest = Math.max(...column);
  if (Math.max(own, largest) === 0) return null;
  if (own >= threshold * largest) return { row: k, isPair: false };
  const row = column.indexOf(largest);
  const beside = Math.max(...a[row]!.map((x, j) => (j >= k && j !== row ? sum1(x) : 0)));
  if (own >= threshold * largest * (largest / beside)) return { row: k, isPair: false };
  return { row, isPair: sum1(a[row]![row]!) < threshold * beside };
}

function factor(lower: Matrix, mirror: Mirror): readonly (readonly number[])[] {
  const n = lower.length;
  // The diagonal is its own mirror image.
  const rest = lower.map((row, i) =>
    row.map((x, j): Complex => (i > j ? x : i < j ? mirror(lower[j]![i]!) : [x[0], (x[1] + mirror(x)[1]) / 2])),
  );
  const result = lower.map((row) => row.map(() => zero));
  const pivots = Array.from({ length: n }, () => 0);
  let info = 0;
  for (let k = 0; k < n;) {
    const pivot = chosen(rest, k);
    const { row, isPair } = pivot ?? { row: k, isPair: false };
    const [count, isZero] = [isPair ? 2 : 1, pivot === null];
    if (isZero && info === 0) info = k + 1;
    exchange(rest, k + count - 1, row, k);
    const block = Array.from({ length: count }, (_, c) => k + c);
    for (const i of block) {
      pivots[i] = isPair ? -(row + 1) : row + 1;
      for (const j of block) if (j <= i) result[i]![j] = rest[i]![j]!;
    }
    const inverse = isZero
      ? [[zero]]
      : isPair
        ? inverseOfTwo(rest[k]![k]!, rest[k]![k + 1]!, rest[k + 1]![k]!, rest[k + 1]![k + 1]!)
        : [[over([1, 0], rest[k]![k]!)]];
    const columns = rest.map((x, i) => (i < k + count ? block.map(() => zero) : block.map((j) => x[j]!)));
    const factors = product(columns, inverse);
    for (let i = k + count; i < n; i++) {
      block.forEach((j, c) => (result[i]![j] = factors[i]![c]!));
      for (let j = k + count; j < n; j++)
        factors[i]!.forEach((x, c) => (rest[i]![j] = minus(rest[i]![j]!, times(x, mirror(columns[j]![c]!)))));
    }
    k += count;
  }
  return [...parts(result.flat()), pivots, [info]];
}

/** The matrix that factors stand for. */
function together(ld: Matrix, pivots: readonly number[], mirror: Mirror): Matrix {
  const n = ld.length;
  const starts: number[] = [];
  for (let k = 0; k < n; k += pivots[k]! < 0 && k + 1 < n ? 2 : 1) starts.push(k);
  const countAt = (k: number): number => (pivots[k]! < 0 && k + 1 < n ? 2 : 1);
  let a = ld.map((row) => row.map(() => zero));
  for (const k of starts) {
    a[k]![k] = ld[k]![k]!;
    if (countAt(k) === 1) continue;
    a[k + 1]![k + 1] = ld[k + 1]![k + 1]!;
    a[k + 1]![k] = ld[k + 1]![k]!;
    a[k]![k + 1] = mirror(ld[k + 1]![k]!);
  }
  for (const k of starts.reverse()) {
    const count = countAt(k);
    const l = identity(n);
    for (let i = k + count; i < n; i++) for (let j = k; j < k + count; j++) l[i]![j] = ld[i]![j]!;
    a = product(product(l, a), mirrored(l, mirror));
    exchange(a, k + count - 1, Math.max(0, Math.min(n - 1, Math.abs(pivots[k]!) - 1)), 0);
  }
  return a;
}

function solve(a: Matrix, b: Matrix): Matrix {
  const n = a.length;
  const rows = a.map((row, i) => [...row, ...b[i]!]);
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k + 1; i < n; i++) if (sum1(rows[i]![k]!) > sum1(rows[best]![k]!)) best = i;
    [rows[k], rows[best]] = [rows[best]!, rows[k]!];
    rows[k] = rows[k]!.map((x) => over(x, rows[k]![k]!));
    for (let i = 0; i < n; i++) {
      const weight = rows[i]![k]!;
      if (i !== k) rows[i] = rows[i]!.map((x, j) => minus(x, times(weight, rows[k]![j]!)));
    }
  }
  return rows.map((row) => row.slice(n));
}

const real = (a: Slice): Matrix => matrixOf(a, { shape: a.shape, data: a.data.map(() => 0) });
const symmetric: Mirror = (z) => z;
const mirrorOf = (hermitian: boolean): Mirror => (hermitian ? conjugate : symmetric);

export const ldl: RoutineRuleOf<"ldl"> = ([a]) => {
  const [re, , pivots, info] = factor(real(a!), symmetric);
  return [re!, pivots!, info!];
};
export const complexLdl: RoutineRuleOf<"complex_ldl"> = ([re, im], { hermitian }) =>
  factor(matrixOf(re!, im!), mirrorOf(hermitian));
export const ldlSolve: RoutineRuleOf<"ldl_solve"> = ([ld, pivots, b]) =>
  parts(solve(together(real(ld!), pivots!.data, symmetric), real(b!)).flat()).slice(0, 1);
export const complexLdlSolve: RoutineRuleOf<"complex_ldl_solve"> = ([ldRe, ldIm, pivots, bRe, bIm], { hermitian }) =>
  parts(solve(together(matrixOf(ldRe!, ldIm!), pivots!.data, mirrorOf(hermitian)), matrixOf(bRe!, bIm!)).flat());
