/** Eigenvalues and eigenvectors of any matrix: the QR method on the whole of it, real ones among the complex. */
import {
  columnsOf,
  conjugate,
  identity,
  inner,
  matrixOf,
  minus,
  outside,
  over,
  parts,
  plus,
  scale,
  size,
  times,
  zero,
  type Complex,
  type Matrix,
} from "./complex.ts";
import type { RoutineRuleOf } from "./index.ts";

const mostSteps = 1000;
const epsilon = 2 ** -52;

const product = (a: Matrix, b: Matrix): Matrix => {
  const columns = columnsOf(b, b.length);
  return a.map((row) => columns.map((column) => inner(row.map(conjugate), column)));
};
const adjoint = (a: Matrix): Matrix => columnsOf(a, a.length).map((row) => row.map(conjugate));

/** An orthonormal basis whose first k vectors span the first k columns. */
function orthonormal(a: Matrix): Matrix {
  const m = a.length;
  const unit: Complex[][] = [];
  for (const column of columnsOf(a, m)) {
    const norm = Math.sqrt(inner(column, column)[0]);
    let rest = column;
    for (let time = 0; time < 2; time++)
      for (const x of unit) {
        const part = inner(x, rest);
        rest = rest.map((v, k) => minus(v, times(part, x[k]!)));
      }
    const length = Math.sqrt(inner(rest, rest)[0]);
    unit.push(length > 4 * epsilon * norm ? rest.map((v) => scale(v, 1 / length)) : outside(unit, m));
  }
  return columnsOf(unit, m);
}

function root([re, im]: Complex): Complex {
  const length = Math.hypot(re, im);
  return [Math.sqrt((length + re) / 2), Math.sqrt((length - re) / 2) * (im < 0 ? -1 : 1)];
}

/** The eigenvalue of the last 2 x 2 block that is nearer to its last element. */
function shiftOf(t: Matrix, last: number): Complex {
  const [a, b] = [t[last - 1]![last - 1]!, t[last - 1]![last]!];
  const [c, d] = [t[last]![last - 1]!, t[last]![last]!];
  const half = scale(minus(a, d), 0.5);
  const away = root(plus(times(half, half), times(b, c)));
  const middle = scale(plus(a, d), 0.5);
  const [x, y] = [plus(middle, away), minus(middle, away)];
  return size(minus(x, d)) < size(minus(y, d)) ? x : y;
}

/** Schur's triangle T and Q with A = Q T Q^H. */
function triangular(a: Matrix): { readonly t: Matrix; readonly q: Matrix; readonly info: number } {
  const n = a.length;
  let [t, q] = [a, identity(n)];
  const least = epsilon * Math.hypot(...a.flat(2));
  let last = n - 1;
  for (let step = 0; last > 0 && step < mostSteps; step++) {
    if (Math.hypot(...t[last]!.slice(0, last).flat()) <= least) {
      t[last] = t[last]!.map((x, j) => (j < last ? zero : x));
      last--;
      continue;
    }
    const shift = plus(shiftOf(t, last), step % 10 === 9 ? [size(t[last]![last - 1]!), 0] : zero);
    const active = t
      .slice(0, last + 1)
      .map((row, i) => row.slice(0, last + 1).map((x, j) => (i === j ? minus(x, shift) : x)));
    const turn = orthonormal(active);
    const whole = identity(n).map((row, i) => row.map((x, j) => turn[i]?.[j] ?? x));
    t = product(adjoint(whole), product(t, whole));
    q = product(q, whole);
  }
  return { t, q, info: last > 0 ? last + 1 : 0 };
}

function vectorOf(t: Matrix, k: number): Complex[] {
  const value = t[k]![k]!;
  const least = Math.max(epsilon * size(value), 1e-290);
  let x = t.map((_, i): Complex => (i === k ? [1, 0] : zero));
  for (let i = k - 1; i >= 0; i--) {
    const known = inner(t[i]!.slice(i + 1).map(conjugate), x.slice(i + 1));
    const divisor = minus(value, t[i]![i]!);
    x[i] = size(divisor) < least ? scale(known, 1 / least) : over(known, divisor);
    const length = size(x[i]!);
    if (length > 1e6) x = x.map((v) => scale(v, 1 / length));
  }
  return x;
}

function eigenOf(a: Matrix): readonly (readonly number[])[] {
  const { t, q, info } = triangular(a);
  const columns = t.map((_, k) => {
    const x = vectorOf(t, k);
    const y = q.map((row) => inner(row.map(conjugate), x));
    const length = Math.sqrt(inner(y, y)[0]);
    return y.map((v) => scale(v, 1 / length));
  });
  return [...parts(t.map((row, i) => row[i]!)), ...parts(columnsOf(columns, t.length).flat()), [info]];
}

export const eig: RoutineRuleOf<"eig"> = ([a]) =>
  eigenOf(matrixOf(a!, { shape: a!.shape, data: a!.data.map(() => 0) }));
export const complexEig: RoutineRuleOf<"complex_eig"> = ([re, im]) => eigenOf(matrixOf(re!, im!));
