/** Eigenvalues and singular values by Jacobi's rotations. */
import type { RoutineRuleOf } from "./index.ts";
import { dot, identity, toMatrix, transposed, type Matrix } from "./matrix.ts";

const mostSweeps = 100;

/** Turns rows p and q by the angle whose double has this cotangent. */
function turn(a: Matrix, p: number, q: number, cotangent: number): void {
  const t = (cotangent < 0 ? -1 : 1) / (Math.abs(cotangent) + Math.hypot(1, cotangent));
  const [c, s] = [1 / Math.hypot(1, t), t / Math.hypot(1, t)];
  const [x, y] = [a[p]!, a[q]!];
  a[p] = x.map((v, k) => c * v - s * y[k]!);
  a[q] = x.map((v, k) => s * v + c * y[k]!);
}

/** Runs over all pairs until `turnPair` turns none. */
function sweep(n: number, turnPair: (p: number, q: number) => boolean): void {
  for (let again = true, count = 0; again && count < mostSweeps; count++) {
    again = false;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) if (turnPair(p, q)) again = true;
  }
}

export const eigh: RoutineRuleOf<"eigh"> = ([slice]) => {
  const n = slice!.shape[0]!;
  let a = toMatrix(slice!);
  a = a.map((row, i) => row.map((x, j) => (j <= i ? x : a[j]![i]!)));
  const vectors = identity(n);
  const least = (2 ** -52 * Math.hypot(...a.flat())) / n;
  sweep(n, (p, q) => {
    const beside = a[p]![q]!;
    if (!(Math.abs(beside) > least)) return false;
    const cotangent = (a[q]![q]! - a[p]![p]!) / (2 * beside);
    turn(a, p, q, cotangent);
    a = transposed(a, n);
    turn(a, p, q, cotangent);
    turn(vectors, p, q, cotangent);
    a[p]![q] = a[q]![p] = 0;
    return true;
  });
  const order = vectors.map((_, i) => i).sort((i, j) => a[i]![i]! - a[j]![j]!);
  return [
    order.map((i) => a[i]![i]!),
    transposed(
      order.map((i) => vectors[i]!),
      n,
    ).flat(),
  ];
};

export const svd: RoutineRuleOf<"svd"> = ([slice]) => {
  const [m, n] = slice!.shape as readonly [number, number];
  const columns = transposed(toMatrix(slice!), n);
  const rows = identity(n);
  sweep(n, (p, q) => {
    const [atP, atQ] = [dot(columns[p]!, columns[p]!), dot(columns[q]!, columns[q]!)];
    const both = dot(columns[p]!, columns[q]!);
    if (!(Math.abs(both) > 2 ** -52 * Math.sqrt(m) * Math.sqrt(atP * atQ))) return false;
    const cotangent = (atQ - atP) / (2 * both);
    turn(columns, p, q, cotangent);
    turn(rows, p, q, cotangent);
    return true;
  });
  const lengths = columns.map((x) => Math.sqrt(dot(x, x)));
  const order = lengths.map((_, i) => i).sort((i, j) => lengths[j]! - lengths[i]!);
  const unit: Matrix = [];
  for (const i of order) unit.push(lengths[i]! > 0 ? columns[i]!.map((x) => x / lengths[i]!) : outside(unit, m));
  return [
    transposed(unit, m).flat(),
    order.map((i) => lengths[i]!),
    transposed(
      order.map((i) => rows[i]!),
      n,
    ).flat(),
  ];
};

/** A unit vector at right angles to orthonormal ones: the axis that they hold least of, less its parts along them. */
function outside(unit: Matrix, m: number): number[] {
  const held = Array.from({ length: m }, (_, k) => unit.reduce((sum, x) => sum + x[k]! ** 2, 0));
  const axis = held.indexOf(Math.min(...held));
  let rest = held.map((_, k) => Number(k === axis));
  for (let time = 0; time < 2; time++) {
    for (const x of unit) {
      const part = dot(rest, x);
      rest = rest.map((v, k) => v - part * x[k]!);
    }
    const length = Math.sqrt(dot(rest, rest));
    rest = rest.map((v) => v / length);
  }
  return rest;
}
