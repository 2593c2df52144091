/** The routines as every back end has to run them. */
import { describe, expect, test } from "vitest";
import type { DType } from "../../../ir/dtype.ts";
import type { RoutineCall } from "../../../ir/routines/index.ts";
import { distance, random, runRoutine, type Input, type Variant } from "./run.ts";

const product = (a: readonly number[], b: readonly number[], inner: number, columns: number): number[] =>
  Array.from({ length: (a.length / inner) * columns }, (_, place) => {
    const [i, j] = [Math.floor(place / columns), place % columns];
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += a[i * inner + k]! * b[k * columns + j]!;
    return sum;
  });
const transpose = (a: readonly number[], columns: number): number[] =>
  Array.from({ length: a.length }, (_, place) => {
    const rows = a.length / columns;
    return a[(place % rows) * columns + Math.floor(place / rows)]!;
  });
const ones = (n: number): Input => ({ shape: [n, n], data: Array.from({ length: n * n }, () => 1) });
const eye = (n: number): number[] => Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0));

/** A complex matrix as a real one: [[re, -im], [im, re]]. */
const blocks = (re: readonly number[], im: readonly number[], m: number, n: number): number[] =>
  Array.from({ length: 4 * m * n }, (_, place) => {
    const [i, j] = [Math.floor(place / (2 * n)), place % (2 * n)];
    const at = (i % m) * n + (j % n);
    if (i < m === j < n) return re[at]!;
    return i < m ? -im[at]! : im[at]!;
  });

/** Batches of symmetric matrices with the squares of random ones, so positive. */
function positive(seed: number, batch: number, n: number): Input {
  const data = Array.from({ length: batch }, (_, b) => {
    const a = random(seed + b, n, n).data;
    return product(a, transpose(a, n), n, n).map((x, i) => x + (i % (n + 1) === 0 ? 0.5 : 0));
  });
  return { shape: [batch, n, n], data: data.flat() };
}

/** Triangular systems whose diagonal is not small. */
const triangle = (seed: number, batch: number, n: number): Input => {
  const { shape, data } = random(seed, batch, n, n);
  return { shape, data: data.map((x, i) => ((i % (n * n)) % (n + 1) === 0 ? x + Math.sign(x) * 2 : x / n)) };
};

const circle = (n: number, batch: number, f: (angle: number) => number): Input => ({
  shape: [batch, n],
  data: Array.from({ length: batch * n }, (_, k) => f((2 * Math.PI * (k % n)) / n)),
});
const line = (n: number, batch: number): Input[] => [
  random(n, batch, n),
  random(n + 1, batch, n),
  circle(n, batch, Math.cos),
  circle(n, batch, Math.sin),
];

const spread = (from: number, to: number): Input => ({
  shape: [11],
  data: Array.from({ length: 11 }, (_, i) => from + ((to - from) * i) / 10),
});
/** Degrees from -1 on. */
const polynomials = (): Input[] => [
  spread(-0.9, 1.2),
  { shape: [11], data: Array.from({ length: 11 }, (_, i) => i - 1), dtype: "int32" },
];

/** Routines whose results are fixed: every element as the interpreter has it. */
const fixed: readonly (readonly [title: string, call: RoutineCall, inputs: () => readonly Input[]])[] = [
  ["cholesky", { name: "cholesky" }, () => [positive(1, 3, 17)]],
  [
    "solve_triangular upper",
    { name: "solve_triangular", upper: true, unit: false },
    () => [triangle(2, 2, 13), random(3, 2, 13, 6)],
  ],
  [
    "solve_triangular lower unit",
    { name: "solve_triangular", upper: false, unit: true },
    () => [triangle(4, 2, 13), random(5, 2, 13, 1)],
  ],
  ["lu of wide matrices", { name: "lu", pivot: true }, () => [random(6, 3, 9, 14)]],
  ["lu of tall matrices", { name: "lu", pivot: true }, () => [random(7, 2, 19, 6)]],
  ["lu without pivots", { name: "lu", pivot: false }, () => [positive(8, 2, 8)]],
  ["reflect tall", { name: "reflect" }, () => [random(9, 2, 18, 7)]],
  ["reflect wide", { name: "reflect" }, () => [random(10, 3, 5, 12)]],
  [
    "permutation",
    { name: "permutation", rows: 5 },
    () => [{ shape: [2, 3], data: [3, 2, 5, 1, 4, 3], dtype: "int32" }],
  ],
  ["exponential", { name: "exponential" }, () => [random(15, 2, 7, 7)]],
  [
    "complex lu of wide matrices",
    { name: "complex_lu", pivot: true },
    () => [random(20, 2, 6, 9), random(21, 2, 6, 9)],
  ],
  ["complex lu without pivots", { name: "complex_lu", pivot: false }, () => [positive(22, 2, 6), random(23, 2, 6, 6)]],
  ["complex reflect tall", { name: "complex_reflect" }, () => [random(24, 2, 9, 5), random(25, 2, 9, 5)]],
  ["complex reflect wide", { name: "complex_reflect" }, () => [random(26, 1, 4, 7), random(27, 1, 4, 7)]],
  [
    "complex reflections",
    { name: "complex_reflections", columns: 7 },
    () => [random(28, 2, 7, 4), random(29, 2, 7, 4), random(30, 2, 4), random(31, 2, 4)],
  ],
  ["fft of 1", { name: "fft" }, () => line(1, 3)],
  ["fft of 64", { name: "fft" }, () => line(64, 2)],
  ["fft of 30", { name: "fft" }, () => line(30, 3)],
  ["fft of 7 * 11 * 13", { name: "fft" }, () => line(1001, 1)],
  ...(["chebyshev_t", "chebyshev_v", "hermite_h", "laguerre_l", "legendre_p"] as const).map(
    (family) => [family, { name: "polynomial", family }, polynomials] as const,
  ),
  ["gamma_sum as a series", { name: "gamma_sum", upper: false }, () => [spread(1, 40), spread(0.1, 30)]],
  ["gamma_sum as a fraction", { name: "gamma_sum", upper: true }, () => [spread(0.5, 20), spread(1.5, 40)]],
];

const epsilon: Partial<Record<DType, number>> = { float32: 2 ** -23, float64: 2 ** -52 };

export function describeRoutines(name: string, variants: () => readonly Variant[], dtypes: readonly DType[]): void {
  describe.each(dtypes)(`routines on ${name} in %s`, (dtype) => {
    const bound = (n: number): number => 20 * n * epsilon[dtype]!;

    test.each(fixed)("%s", async (_title, call, inputs) => {
      for (const variant of variants()) {
        const { actual, expected } = await runRoutine(variant, dtype, call, inputs());
        expected.forEach((values, i) => expect(distance(actual[i]!, values)).toBeLessThan(bound(20)));
      }
    });

    // What ones leave to later reflections is the rounding of rounding, until it is out of range.
    test.each([
      ["numbers", random(11, 11, 6)],
      ["ones", ones(60)],
    ])("reflections make the orthogonal matrix whose triangle reflect left: %s", async (_title, input) => {
      const [m, n] = input.shape as readonly [number, number];
      for (const variant of variants()) {
        const packed = await runRoutine(variant, dtype, { name: "reflect" }, [input]);
        const parts = [
          { shape: [m, n], data: packed.actual[0]! },
          { shape: [n], data: packed.actual[1]! },
        ];
        const { actual, expected } = await runRoutine(variant, dtype, { name: "reflections", columns: m }, parts);
        expect(distance(actual[0]!, expected[0]!)).toBeLessThan(bound(m));
        const upper = packed.actual[0]!.map((x, i) => (i % n < Math.floor(i / n) ? 0 : x));
        expect(distance(product(actual[0]!, upper, m, n), input.data)).toBeLessThan(bound(m));
        expect(distance(product(transpose(actual[0]!, m), actual[0]!, m, m), eye(m))).toBeLessThan(bound(m));
      }
    });

    const similar = { ...ones(40), shape: [1, 40, 40] };
    const matrices: readonly (readonly [title: string, input: Input])[] = [
      ...[1, 2, 9, 24, 40].map((n) => [`of ${n} x ${n}`, positive(12, 1, n)] as const),
      ["of ones", similar],
      ["of huge elements", { ...similar, data: similar.data.map((x) => x * 2 ** 120) }],
      ["of zeros", { ...similar, data: similar.data.map(() => 0) }],
    ];
    test.each(matrices)("eigenvectors of matrices %s", async (_title, input) => {
      const n = input.shape[1]!;
      for (const variant of variants()) {
        const { actual, expected } = await runRoutine(variant, dtype, { name: "eigh" }, [input]);
        const [values, vectors] = actual as [number[], number[]];
        expect(distance(values, expected[0]!)).toBeLessThan(bound(n));
        const scaled = vectors.map((x, i) => x * values[i % n]!);
        expect(distance(product(scaled, transpose(vectors, n), n, n), input.data)).toBeLessThan(bound(n));
        expect(distance(product(transpose(vectors, n), vectors, n, n), eye(n))).toBeLessThan(bound(n));
      }
    });

    test.each([
      [1, 1, 1],
      [9, 4, 4],
      [21, 12, 12],
      [10, 7, 3],
      [6, 5, 0],
    ])("singular values of %i x %i matrices of rank %i", async (m, n, rank) => {
      const [left, right] = [random(13, m, Math.max(1, rank)), random(14, Math.max(1, rank), n)];
      const data = product(left.data, right.data, Math.max(1, rank), n).map((x) => Math.fround(rank === 0 ? 0 : x));
      for (const variant of variants()) {
        const { actual, expected } = await runRoutine(variant, dtype, { name: "svd" }, [{ shape: [m, n], data }]);
        const [u, s, v] = actual as [number[], number[], number[]];
        expect(distance([...s, 1], [...expected[1]!, 1])).toBeLessThan(bound(m));
        const scaled = u.map((x, i) => x * s[i % n]!);
        expect(distance([...product(scaled, transpose(v, n), n, n), 1], [...data, 1])).toBeLessThan(bound(m));
        expect(distance(product(transpose(u, n), u, m, n), eye(n))).toBeLessThan(bound(m));
        expect(distance(product(transpose(v, n), v, n, n), eye(n))).toBeLessThan(bound(m));
      }
    });

    test("singular vectors beside one huge element", async () => {
      const n = 19;
      const data = random(15, n, n).data.map((x, i) => (i === 100 ? 1e18 : x));
      for (const variant of variants()) {
        const { actual } = await runRoutine(variant, dtype, { name: "svd" }, [{ shape: [n, n], data }]);
        for (const vectors of [actual[0]!, actual[2]!])
          expect(distance(product(transpose(vectors, n), vectors, n, n), eye(n))).toBeLessThan(bound(n));
      }
    });

    test.each([1, 2, 7, 16, 40])("eigenvectors of Hermitian matrices of size %i", async (n) => {
      const [re, im] = [positive(32, 1, n), random(33, 1, n, n)];
      // As real symmetric matrices of twice the size: [[re, -im], [im, re]].
      const skew = im.data.map((x, i) => (x - im.data[(i % n) * n + Math.floor(i / n)]!) / 2);
      const whole = blocks(re.data, skew, n, n);
      for (const variant of variants()) {
        const inputs = [re, { shape: [1, n, n], data: skew }];
        const { actual, expected } = await runRoutine(variant, dtype, { name: "complex_eigh" }, inputs);
        const [values, vectorsRe, vectorsIm] = actual as [number[], number[], number[]];
        expect(distance(values, expected[0]!)).toBeLessThan(bound(n));
        const vectors = blocks(vectorsRe, vectorsIm, n, n);
        const scaled = vectors.map((x, i) => x * values[i % n]!);
        expect(distance(product(scaled, transpose(vectors, 2 * n), 2 * n, 2 * n), whole)).toBeLessThan(bound(2 * n));
        expect(distance(product(transpose(vectors, 2 * n), vectors, 2 * n, 2 * n), eye(2 * n))).toBeLessThan(
          bound(2 * n),
        );
      }
    });

    test.each([
      [1, 1, 1],
      [7, 4, 4],
      [9, 6, 2],
    ])("singular values of complex %i x %i matrices of rank %i", async (m, n, rank) => {
      const left = blocks(random(34, m, rank).data, random(35, m, rank).data, m, rank);
      const right = blocks(random(36, rank, n).data, random(37, rank, n).data, rank, n);
      const whole = product(left, right, 2 * rank, 2 * n).map(Math.fround);
      const part = (row: number): number[] =>
        Array.from({ length: m * n }, (_, i) => whole[(row * m + Math.floor(i / n)) * 2 * n + (i % n)]!);
      for (const variant of variants()) {
        const inputs = [0, 1].map((row) => ({ shape: [m, n], data: part(row) }));
        const { actual, expected } = await runRoutine(variant, dtype, { name: "complex_svd" }, inputs);
        const [uRe, uIm, s, vRe, vIm] = actual as [number[], number[], number[], number[], number[]];
        expect(distance(s, expected[2]!)).toBeLessThan(bound(m));
        const [u, v] = [blocks(uRe, uIm, m, n), blocks(vRe, vIm, n, n)];
        const scaled = u.map((x, i) => x * s[i % n]!);
        expect(distance(product(scaled, transpose(v, 2 * n), 2 * n, 2 * n), whole)).toBeLessThan(bound(2 * m));
        expect(distance(product(transpose(u, 2 * n), u, 2 * m, 2 * n), eye(2 * n))).toBeLessThan(bound(2 * m));
      }
    });

    test("cholesky and lu say where they failed", async () => {
      const failing = { shape: [2, 2, 2], data: [1, 2, 2, 1, 4, 2, 2, 5] };
      const singular = { shape: [2, 2, 2], data: [1, 2, 2, 4, 0, 0, 0, 1] };
      for (const variant of variants()) {
        expect((await runRoutine(variant, dtype, { name: "cholesky" }, [failing])).actual[1]).toEqual([2, 0]);
        const { actual } = await runRoutine(variant, dtype, { name: "lu", pivot: true }, [singular]);
        expect([actual[1], actual[2]]).toEqual([
          [2, 2, 1, 2],
          [2, 1],
        ]);
      }
    });
  });
}
