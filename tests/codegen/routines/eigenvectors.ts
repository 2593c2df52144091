/** Eigenvectors of matrices of any kind, as every back end has to find them: by what is left of A V - V diag(values). */
import { describe, expect, test } from "vitest";
import type { DType } from "../../../ir/dtype.ts";
import { random, runRoutine, type Variant } from "./run.ts";

const epsilon: Partial<Record<DType, number>> = { float32: 2 ** -23, float64: 2 ** -52 };
const n = 8;
const matrixOf = (element: (i: number, j: number) => number, size = n): number[] =>
  Array.from({ length: size * size }, (_, place) => element(Math.floor(place / size), place % size));
const scaledBy = (factor: (i: number, j: number) => number): number[] =>
  matrixOf((i, j) => random(41, n, n).data[i * n + j]! * factor(i, j));

/** Real parts, and of the last the imaginary part. */
const matrices: readonly (readonly [title: string, re: readonly number[], im?: readonly number[]])[] = [
  ["one number", [-3]],
  ["2 x 2", random(42, 2, 2).data],
  ["a pair of complex values", [0, 1, -1, 0]],
  ["3 x 3", random(43, 3, 3).data],
  ["8 x 8", random(44, n, n).data],
  ["21 x 21", random(45, 21, 21).data, random(46, 21, 21).data],
  ["zeros", matrixOf(() => 0)],
  ["ones", matrixOf(() => 1)],
  ["a symmetric matrix", matrixOf((i, j) => Math.sin(i + j))],
  ["one Jordan block", matrixOf((i, j) => (i === j ? 2 : Number(j === i + 1)))],
  ["one Jordan block, transposed", matrixOf((i, j) => (i === j ? 2 : Number(i === j + 1)))],
  ["a nilpotent matrix", matrixOf((i, j) => Number(j === i + 1))],
  ["a permutation", matrixOf((i, j) => Number(j === (i + 1) % n))],
  ["a permutation of three", matrixOf((i, j) => Number(j === (i + 1) % 3), 3)],
  ["repeated pairs", matrixOf((i, j) => (i >> 1 === j >> 1 ? [0.6, -0.8, 0.8, 0.6][2 * (i % 2) + (j % 2)]! : 0))],
  ["rows and columns of wild scales", scaledBy((i, j) => 100 ** (i - j))],
  ["tiny elements", scaledBy(() => 2 ** -100)],
  ["huge elements", scaledBy(() => 2 ** 125)],
  ["eigenvalues far from exact", matrixOf((i, j) => (j < i - 1 ? 0 : 12 - Math.max(i, j)), 12)],
  ["nearly equal eigenvalues", matrixOf((i, j) => Number(i === j) + 1e-10 * random(49, 16, 16).data[i * 16 + j]!, 16)],
  ["complex numbers", random(47, 7, 7).data, random(48, 7, 7).data],
];

interface Found {
  readonly values: readonly (readonly [re: number, im: number])[];
  /** What is left of A v - value v, by column, relative to the size of A. */
  readonly residuals: readonly number[];
  readonly lengths: readonly number[];
}

function examine(re: readonly number[], im: readonly number[], results: readonly number[][]): Found {
  const [valueRe, valueIm, vectorRe, vectorIm] = results as [number[], number[], number[], number[]];
  const size = valueRe.length;
  const values = valueRe.map((x, k) => [x, valueIm[k]!] as const);
  const norm = Math.hypot(...re, ...im) || 1;
  const column = (k: number): (readonly [number, number])[] =>
    values.map((_, i) => [vectorRe[i * size + k]!, vectorIm[i * size + k]!] as const);
  return {
    values,
    lengths: values.map((_, k) => Math.hypot(...column(k).flat())),
    residuals: values.map(([a, b], k) => {
      const v = column(k);
      const left = v.map(([x, y], i) => {
        let [sumRe, sumIm] = [b * y - a * x, -a * y - b * x];
        v.forEach(([p, q], j) => {
          const [s, t] = [re[i * size + j]!, im[i * size + j]!];
          sumRe += s * p - t * q;
          sumIm += s * q + t * p;
        });
        return Math.hypot(sumRe, sumIm);
      });
      return Math.hypot(...left) / norm;
    }),
  };
}

/** Each value has one of its own among the others. */
function farthest(values: Found["values"], others: Found["values"]): number {
  const rest = [...others];
  return Math.max(
    ...values.map(([re, im]) => {
      const distances = rest.map(([x, y]) => Math.hypot(re - x, im - y));
      const nearest = Math.min(...distances);
      rest.splice(distances.indexOf(nearest), 1);
      return nearest;
    }),
  );
}

export function describeEigenvectors(name: string, variants: () => readonly Variant[], dtypes: readonly DType[]): void {
  describe.each(dtypes)(`eigenvectors on ${name} in %s`, (dtype) => {
    const rounded = (data: readonly number[]): readonly number[] =>
      dtype === "float32" ? data.map(Math.fround) : data;

    test.each(matrices.map(([title, re, im]) => ({ title, data: re, imaginary: im })))(
      "$title",
      async ({ data, imaginary }) => {
        const size = Math.sqrt(data.length);
        const [re, im] = [rounded(data), rounded(imaginary ?? data.map(() => 0))];
        const bound = 3 * size * epsilon[dtype]!;
        const input = (part: readonly number[]) => ({ shape: [size, size], data: part });
        for (const variant of variants()) {
          const { actual } = await runRoutine(variant, dtype, { name: "complex_eig" }, [input(re), input(im)]);
          expect(actual[4]).toEqual([0]);
          const found = examine(re, im, actual);
          for (const residual of found.residuals) expect(residual).toBeLessThan(bound);
          for (const length of found.lengths) expect(Math.abs(length - 1)).toBeLessThan(bound);
          if (imaginary !== undefined) continue;
          const real = await runRoutine(variant, dtype, { name: "eig" }, [input(re)]);
          expect(real.actual[4]).toEqual([0]);
          const { values, residuals, lengths } = examine(re, im, real.actual);
          for (const residual of residuals) expect(residual).toBeLessThan(bound);
          for (const length of lengths) expect(Math.abs(length - 1)).toBeLessThan(bound);
          const above = values.flatMap(([, y], k) => (y > 0 ? [k] : []));
          expect(above.map((k) => values[k + 1])).toEqual(above.map((k) => [values[k]![0], -values[k]![1]]));
        }
      },
    );

    test("agree with the interpreter's values", async () => {
      const [re, im] = [rounded(random(49, 9, 9).data), rounded(random(50, 9, 9).data)];
      const inputs = [re, im].map((data) => ({ shape: [9, 9], data }));
      for (const variant of variants())
        for (const call of [{ name: "eig" }, { name: "complex_eig" }] as const) {
          const own = call.name === "eig" ? inputs.slice(0, 1) : inputs;
          const { actual, expected } = await runRoutine(variant, dtype, call, own);
          const imaginary = call.name === "eig" ? im.map(() => 0) : im;
          const [found, plain] = [actual, expected].map((results) => examine(re, imaginary, results as number[][]));
          expect(farthest(found!.values, plain!.values)).toBeLessThan(500 * epsilon[dtype]!);
          for (const residual of plain!.residuals) expect(residual).toBeLessThan(100 * epsilon[dtype]!);
        }
    });

    test("of each matrix of a batch by itself", async () => {
      const both = random(51, 2, 5, 5);
      for (const variant of variants()) {
        const { actual } = await runRoutine(variant, dtype, { name: "eig" }, [both]);
        for (const which of [0, 1]) {
          const data = both.data.slice(which * 25, which * 25 + 25);
          const alone = await runRoutine(variant, dtype, { name: "eig" }, [{ shape: [5, 5], data }]);
          const part = (list: readonly number[]): readonly number[] =>
            list.slice((which * list.length) / 2, ((which + 1) * list.length) / 2);
          expect(actual.map(part)).toEqual(alone.actual);
        }
      }
    });
  });
}
