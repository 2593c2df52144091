/** Factors of complex matrices, each by the plainest method: both parts as matrices of their own. */
import type { RoutineRuleOf, Slice } from "./index.ts";

export type Complex = readonly [re: number, im: number];
export type Matrix = Complex[][];

export const plus = (a: Complex, b: Complex): Complex => [a[0] + b[0], a[1] + b[1]];
export const minus = (a: Complex, b: Complex): Complex => [a[0] - b[0], a[1] - b[1]];
export const times = (a: Complex, b: Complex): Complex => [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]];
export const conjugate = ([re, im]: Complex): Complex => [re, -im];
export const scale = ([re, im]: Complex, by: number): Complex => [re * by, im * by];
export const size = (a: Complex): number => Math.hypot(a[0], a[1]);
export const over = (a: Complex, b: Complex): Complex => scale(times(a, conjugate(b)), 1 / (b[0] * b[0] + b[1] * b[1]));
export const zero: Complex = [0, 0];

export const matrixOf = (re: Slice, im: Slice): Matrix =>
  Array.from({ length: re.shape[0]! }, (_, i) =>
    Array.from({ length: re.shape[1]! }, (_unused, j): Complex => {
      const place = i * re.shape[1]! + j;
      return [re.data[place]!, im.data[place]!];
    }),
  );
const lineOf = (re: Slice, im: Slice): Complex[] => re.data.map((x, i): Complex => [x, im.data[i]!]);
export const identity = (n: number): Matrix =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_unused, j): Complex => [Number(i === j), 0]));
export const parts = (values: readonly Complex[]): [number[], number[]] => [
  values.map(([re]) => re),
  values.map(([, im]) => im),
];
export const inner = (x: readonly Complex[], y: readonly Complex[]): Complex =>
  x.reduce((sum, v, i) => plus(sum, times(conjugate(v), y[i]!)), zero);
export const columnsOf = (a: Matrix, count: number): Matrix =>
  Array.from({ length: count }, (_, j) => a.map((row) => row[j]!));

export const complexLu: RoutineRuleOf<"complex_lu"> = ([re, im], { pivot }) => {
  const [m, n] = re!.shape as readonly [number, number];
  const a = matrixOf(re!, im!);
  const pivots: number[] = [];
  let info = 0;
  const sum1 = (z: Complex): number => Math.abs(z[0]) + Math.abs(z[1]);
  for (let k = 0; k < Math.min(m, n); k++) {
    let chosen = k;
    const last = pivot ? m : k;
    for (let i = k + 1; i < last; i++) if (sum1(a[i]![k]!) > sum1(a[chosen]![k]!)) chosen = i;
    pivots.push(chosen + 1);
    [a[k], a[chosen]] = [a[chosen]!, a[k]!];
    if (sum1(a[k]![k]!) === 0) {
      if (info === 0) info = k + 1;
      continue;
    }
    for (let i = k + 1; i < m; i++) {
      const factor = (a[i]![k] = over(a[i]![k]!, a[k]![k]!));
      for (let j = k + 1; j < n; j++) a[i]![j] = minus(a[i]![j]!, times(factor, a[k]![j]!));
    }
  }
  return [...parts(a.flat()), pivots, [info]];
};

/** a becomes (I - tau v v^H) a. */
function reflectRows(a: Matrix, v: readonly Complex[], tau: Complex): void {
  for (let j = 0; j < a[0]!.length; j++) {
    const along = times(
      tau,
      inner(
        v,
        a.map((row) => row[j]!),
      ),
    );
    a.forEach((row, i) => (row[j] = minus(row[j]!, times(v[i]!, along))));
  }
}

export const complexReflect: RoutineRuleOf<"complex_reflect"> = ([re, im]) => {
  const a = matrixOf(re!, im!);
  const [m, n] = re!.shape as readonly [number, number];
  const taus: Complex[] = [];
  const vectors: Complex[][] = [];
  for (let i = 0; i < Math.min(m, n); i++) {
    const head = a[i]![i]!;
    const below = a.slice(i + 1).map((row) => row[i]!);
    const still = head[1] === 0 && below.every((x) => size(x) === 0);
    const length = Math.hypot(size(head), ...below.map(size));
    const end = still ? head[0] : -(head[0] < 0 || Object.is(head[0], -0) ? -1 : 1) * length;
    const tau: Complex = still ? zero : [(end - head[0]) / end, -head[1] / end];
    const v = a.map((row, r): Complex => {
      if (r === i) return [1, 0];
      return r < i || still ? zero : over(row[i]!, minus(head, [end, 0]));
    });
    if (!still) reflectRows(a, v, conjugate(tau));
    a[i]![i] = still ? head : [end, 0];
    taus.push(tau);
    vectors.push(v);
  }
  vectors.forEach((v, i) => a.forEach((row, r) => r > i && (row[i] = v[r]!)));
  return [...parts(a.flat()), ...parts(taus)];
};

export const complexReflections: RoutineRuleOf<"complex_reflections"> = ([re, im, tauRe, tauIm], { columns }) => {
  const a = matrixOf(re!, im!);
  const taus = lineOf(tauRe!, tauIm!);
  const q = identity(a.length);
  for (let i = taus.length - 1; i >= 0; i--) {
    const v = a.map((row, r): Complex => (r < i ? zero : r === i ? [1, 0] : row[i]!));
    reflectRows(q, v, taus[i]!);
  }
  return parts(q.flatMap((row) => row.slice(0, columns)));
};

const mostSweeps = 100;

/** Row q multiplied by a number of size one, then rows p and q turned by the angle whose double has this cotangent. */
function turn(a: Matrix, p: number, q: number, cotangent: number, phase: Complex): void {
  const t = (cotangent < 0 ? -1 : 1) / (Math.abs(cotangent) + Math.hypot(1, cotangent));
  const [c, s] = [1 / Math.hypot(1, t), t / Math.hypot(1, t)];
  const [x, y] = [a[p]!, a[q]!.map((v) => times(phase, v))];
  a[p] = x.map((v, k) => minus(scale(v, c), scale(y[k]!, s)));
  a[q] = x.map((v, k) => plus(scale(v, s), scale(y[k]!, c)));
}

function sweep(n: number, turnPair: (p: number, q: number) => boolean): void {
  for (let again = true, count = 0; again && count < mostSweeps; count++) {
    again = false;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) if (turnPair(p, q)) again = true;
  }
}

export const complexEigh: RoutineRuleOf<"complex_eigh"> = ([re, im]) => {
  const n = re!.shape[0]!;
  let a = matrixOf(re!, im!);
  a = a.map((row, i) => row.map((z, j) => (j < i ? z : j === i ? [z[0], 0] : conjugate(a[j]![i]!))));
  const vectors = identity(n);
  const least = (2 ** -52 * Math.hypot(...a.flat(2))) / n;
  sweep(n, (p, q) => {
    const beside = a[p]![q]!;
    if (!(size(beside) > least)) return false;
    const cotangent = (a[q]![q]![0] - a[p]![p]![0]) / (2 * size(beside));
    const phase = scale(beside, 1 / size(beside));
    turn(a, p, q, cotangent, phase);
    a = columnsOf(a, n);
    turn(a, p, q, cotangent, conjugate(phase));
    a = columnsOf(a, n);
    turn(vectors, p, q, cotangent, conjugate(phase));
    a[p]![q] = a[q]![p] = zero;
    return true;
  });
  const order = vectors.map((_, i) => i).sort((i, j) => a[i]![i]![0] - a[j]![j]![0]);
  return [
    order.map((i) => a[i]![i]![0]),
    ...parts(
      columnsOf(
        order.map((i) => vectors[i]!),
        n,
      ).flat(),
    ),
  ];
};

export const complexSvd: RoutineRuleOf<"complex_svd"> = ([re, im]) => {
  const [m, n] = re!.shape as readonly [number, number];
  const columns = columnsOf(matrixOf(re!, im!), n);
  const rows = identity(n);
  sweep(n, (p, q) => {
    const [atP, atQ] = [inner(columns[p]!, columns[p]!)[0], inner(columns[q]!, columns[q]!)[0]];
    const both = inner(columns[p]!, columns[q]!);
    if (!(size(both) > 2 ** -52 * Math.sqrt(m) * Math.sqrt(atP * atQ))) return false;
    const cotangent = (atQ - atP) / (2 * size(both));
    const phase = conjugate(scale(both, 1 / size(both)));
    turn(columns, p, q, cotangent, phase);
    turn(rows, p, q, cotangent, phase);
    return true;
  });
  const lengths = columns.map((x) => Math.sqrt(inner(x, x)[0]));
  const order = lengths.map((_, i) => i).sort((i, j) => lengths[j]! - lengths[i]!);
  const unit: Matrix = [];
  for (const i of order)
    unit.push(lengths[i]! > 0 ? columns[i]!.map((x) => scale(x, 1 / lengths[i]!)) : outside(unit, m));
  return [
    ...parts(columnsOf(unit, m).flat()),
    order.map((i) => lengths[i]!),
    ...parts(
      columnsOf(
        order.map((i) => rows[i]!),
        n,
      ).flat(),
    ),
  ];
};

/** A unit vector at right angles to orthonormal ones: the axis that they hold least of, less its parts along them. */
export function outside(unit: Matrix, m: number): Complex[] {
  const taken = Array.from({ length: m }, (_, k) => unit.reduce((sum, x) => sum + size(x[k]!) ** 2, 0));
  const axis = taken.indexOf(Math.min(...taken));
  let rest = taken.map((_, k): Complex => [Number(k === axis), 0]);
  for (let time = 0; time < 2; time++) {
    for (const x of unit) {
      const part = inner(x, rest);
      rest = rest.map((v, k) => minus(v, times(part, x[k]!)));
    }
    const length = Math.sqrt(inner(rest, rest)[0]);
    rest = rest.map((v) => scale(v, 1 / length));
  }
  return rest;
}
