/** Factors of symmetric matrices, and what is solved with them, as every back end has to compute them. */
import { describe, expect, test } from "vitest";
import type { DType } from "../../../ir/dtype.ts";
import type { RoutineCall } from "../../../ir/routines/index.ts";
import { distance, random, runRoutine, type Input, type Variant } from "./run.ts";

const epsilon: Partial<Record<DType, number>> = { float32: 2 ** -23, float64: 2 ** -52 };
const batch = 3;
const n = 11;

/** Symmetric (`sign` 1) or skew matrices; their diagonals grow from nothing, so that blocks of both sizes are met. */
function mirrored(seed: number, sign: 1 | -1): Input {
  const { shape, data } = random(seed, batch, n, n);
  const at = (b: number, i: number, j: number): number => data[(b * n + i) * n + j]!;
  return {
    shape,
    data: data.map((x, place) => {
      const [b, i, j] = [Math.floor(place / (n * n)), Math.floor(place / n) % n, place % n];
      if (i === j) return sign < 0 ? 0 : b * x;
      return (i > j ? at(b, i, j) : sign * at(b, j, i)) + 0;
    }),
  };
}
const symmetric = mirrored(60, 1);
const kinds: readonly (readonly [title: string, factor: RoutineCall, solve: RoutineCall, parts: readonly Input[]])[] = [
  ["real", { name: "ldl" }, { name: "ldl_solve" }, [symmetric]],
  [
    "complex symmetric",
    { name: "complex_ldl", hermitian: false },
    { name: "complex_ldl_solve", hermitian: false },
    [symmetric, mirrored(61, 1)],
  ],
  [
    "Hermitian",
    { name: "complex_ldl", hermitian: true },
    { name: "complex_ldl_solve", hermitian: true },
    [symmetric, mirrored(62, -1)],
  ],
];

export function describeSymmetric(name: string, variants: () => readonly Variant[], dtypes: readonly DType[]): void {
  describe.each(dtypes)(`factors of symmetric matrices on ${name} in %s`, (dtype) => {
    test.each(kinds)("%s", async (_title, factor, solve, parts) => {
      const columns = 3;
      const right = parts.map((_, part) => random(63 + part, batch, n, columns));
      for (const variant of variants()) {
        const found = await runRoutine(variant, dtype, factor, parts);
        const count = parts.length;
        const bound = 200 * n * epsilon[dtype]!;
        for (let part = 0; part < count; part++)
          expect(distance(found.actual[part]!, found.expected[part]!)).toBeLessThan(bound);
        expect(found.actual.slice(count)).toEqual(found.expected.slice(count));
        const pivots = found.actual[count]!;
        expect([pivots.some((pivot) => pivot < 0), pivots.some((pivot) => pivot > 0)]).toEqual([true, true]);

        const factors = found.actual.slice(0, count).map((data): Input => ({ shape: [batch, n, n], data }));
        const inputs = [...factors, { shape: [batch, n], data: pivots, dtype: "int32" } as const, ...right];
        const solved = await runRoutine(variant, dtype, solve, inputs);
        solved.expected.forEach((x, part) => expect(distance(solved.actual[part]!, x)).toBeLessThan(bound));
      }
    });

    test("say which block is the first of zero, and keep to the matrix whatever the pivots are", async () => {
      const singular = { shape: [2, 2, 2], data: [0, 0, 0, 3, 2, 0, 0, 0] };
      for (const variant of variants()) {
        const { actual } = await runRoutine(variant, dtype, { name: "ldl" }, [singular]);
        expect(actual.slice(1)).toEqual([
          [1, 2, 1, 2],
          [1, 2],
        ]);
        const wild: Input = { shape: [1, 2], data: [99, -99], dtype: "int32" };
        const one = { shape: [1, 2, 2], data: [1, 0, 0, 1] };
        const solved = await runRoutine(variant, dtype, { name: "ldl_solve" }, [
          one,
          wild,
          { ...one, data: [1, 2, 3, 4] },
        ]);
        expect([...solved.actual[0]!].sort((x, y) => x - y)).toEqual([1, 2, 3, 4]);
      }
    });
  });
}
