/** Householder reflections. */
import type { RoutineRuleOf } from "./index.ts";
import { dot, identity, toMatrix, type Matrix } from "./matrix.ts";

/** a becomes (I - tau v vᵀ) a. */
function reflectRows(a: Matrix, v: readonly number[], tau: number, columns: number): void {
  for (let j = 0; j < columns; j++) {
    const along = dot(
      v,
      a.map((row) => row[j]!),
    );
    a.forEach((row, i) => (row[j]! -= tau * v[i]! * along));
  }
}

export const reflect: RoutineRuleOf<"reflect"> = ([slice]) => {
  const [m, n] = slice!.shape as readonly [number, number];
  const a = toMatrix(slice!);
  const taus: number[] = [];
  const vectors: number[][] = [];
  for (let i = 0; i < Math.min(m, n); i++) {
    const head = a[i]![i]!;
    const below = a.slice(i + 1).map((row) => row[i]!);
    const end = below.every((x) => x === 0)
      ? head
      : -(head < 0 || Object.is(head, -0) ? -1 : 1) * Math.hypot(head, ...below);
    const tau = end === head ? 0 : (end - head) / end;
    const v = a.map((row, r) => (r < i ? 0 : r === i ? 1 : tau === 0 ? 0 : row[i]! / (head - end)));
    if (tau !== 0) reflectRows(a, v, tau, n);
    a[i]![i] = end;
    taus.push(tau);
    vectors.push(v);
  }
  vectors.forEach((v, i) => a.forEach((row, r) => r > i && (row[i] = v[r]!)));
  return [a.flat(), taus];
};

export const reflections: RoutineRuleOf<"reflections"> = ([packed, tau], { columns }) => {
  const a = toMatrix(packed!);
  const q = identity(a.length);
  for (let i = tau!.data.length - 1; i >= 0; i--) {
    const v = a.map((row, r) => (r < i ? 0 : r === i ? 1 : row[i]!));
    reflectRows(q, v, tau!.data[i]!, a.length);
  }
  return [q.flatMap((row) => row.slice(0, columns))];
};
