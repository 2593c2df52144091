/** Maximum pooling in vectors: rows of every length, NaN and ties, against loops. */
import { describe, expect, it } from "vitest";
import * as torch from "../../../frontend/index.ts";
import { generate } from "../../../bench/generate.ts";

const { functional: F } = torch.nn;

/** Each window's maximum and where it is, the first NaN before all. */
function pool(x: Float32Array, rows: number, columns: number, kernel: number, stride: number): [number[], number[]] {
  const values: number[] = [];
  const places: number[] = [];
  for (let i = 0; i + kernel <= rows; i += stride)
    for (let j = 0; j + kernel <= columns; j += stride) {
      let place = -1;
      for (let p = 0; p < kernel; p++)
        for (let q = 0; q < kernel; q++) {
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
  for (const [kernel, stride] of [
    [2, 2],
    [3, 3],
    [3, 2],
    [2, 1],
  ] as const) {
    it(`of ${kernel}x${kernel} windows, stride ${stride}`, () => {
      for (const columns of [5, 8, 11, 14, 19, 28]) {
        const rows = 7;
        const x = generate(columns, rows * columns).map((value) => Math.round(value * 4) + 0);
        x[9] = Number.NaN;
        x[10] = Number.NaN;
        const [values, places] = pool(x, rows, columns, kernel, stride);
        const input = torch
          .tensor([...x])
          .reshape([1, rows, columns])
          .requires_grad_();
        const [y, indices] = F.max_pool2d_with_indices(input, kernel, stride);
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
