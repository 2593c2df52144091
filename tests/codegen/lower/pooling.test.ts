/** Maximum pooling in vectors: rows of every length, NaN and ties, against loops. */
import { describe, expect, it, test } from "vitest";
import * as torch from "../../../frontend/index.ts";
import { generate } from "../../../bench/generate.ts";

const { functional: F } = torch.nn;

/** Each window's maximum and where it is, the first NaN before all. */
function pool(
  x: Float32Array,
  [rows, columns]: readonly [number, number],
  kernel: number,
  stride: number,
  padding: number,
): [number[], number[]] {
  const values: number[] = [];
  const places: number[] = [];
  for (let i = -padding; i + kernel <= rows + padding; i += stride)
    for (let j = -padding; j + kernel <= columns + padding; j += stride) {
      let place = -1;
      for (let p = 0; p < kernel; p++)
        for (let q = 0; q < kernel; q++) {
          if (i + p < 0 || i + p >= rows || j + q < 0 || j + q >= columns) continue;
          const at = (i + p) * columns + j + q;
          const [value, best] = [x[at]!, x[place]!];
          if (place < 0 || value > best || (Number.isNaN(value) && !Number.isNaN(best))) place = at;
        }
      values.push(x[place]!);
      places.push(place);
    }
  return [values, places];
}

describe("maximum pooling", () => {
  for (const [kernel, stride, padding] of [
    [2, 2, 0],
    [3, 3, 0],
    [3, 2, 0],
    [2, 1, 0],
    [3, 2, 1],
    [3, 1, 1],
    [2, 2, 1],
    [4, 1, 0],
    [5, 1, 2],
    [7, 2, 3],
  ] as const) {
    it(`of ${kernel}x${kernel} windows, stride ${stride}, padding ${padding}`, () => {
      for (const columns of [5, 8, 11, 14, 19, 28, 83]) {
        const rows = 7;
        const x = generate(columns, rows * columns).map((value) => Math.round(value * 4) + 0);
        x[9] = Number.NaN;
        x[10] = Number.NaN;
        const [values, places] = pool(x, [rows, columns], kernel, stride, padding);
        const input = torch
          .tensor([...x])
          .reshape([1, rows, columns])
          .requires_grad_();
        const [y, indices] = F.max_pool2d_with_indices(input, kernel, stride, padding);
        expect(y.flatten().tolist()).toEqual(values);
        expect((indices.flatten().tolist() as bigint[]).map(Number)).toEqual(places);
        const grad = values.map((_, i) => i + 1);
        const expected = new Array<number>(x.length).fill(0);
        places.forEach((place, i) => (expected[place]! += grad[i]!));
        const [gx] = torch.autograd.grad(y, input, torch.tensor(grad).reshape([...y.shape]));
        expect(gx.flatten().tolist()).toEqual(expected);
      }
    });
  }
});

test("what is read of a padded matrix is cut where the padding begins", () => {
  for (const [before, after] of [
    [1, 1],
    [3, 0],
    [0, 5],
    [-2, 4],
  ] as const) {
    const x = generate(3, 6 * 40);
    const padded = F.pad(torch.tensor([...x]).reshape([6, 40]), [before, after, 1, 0], "constant", 7)
      .mul(2)
      .tolist() as number[][];
    const expected = Array.from({ length: 7 }, (_, i) =>
      Array.from({ length: 40 + before + after }, (__, j) => {
        const column = j - before;
        return 2 * (i < 1 || column < 0 || column >= 40 ? 7 : x[(i - 1) * 40 + column]!);
      }),
    );
    expect(padded).toEqual(expected);
  }
});
