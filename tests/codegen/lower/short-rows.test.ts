/** Rows of few elements have no loop, whatever is computed once a row: neighbouring rows share vectors. */
import { describe, expect, test } from "vitest";
import * as torch from "../../../frontend/index.ts";

const { functional: F } = torch.nn;

const works: Record<string, (x: torch.Tensor) => torch.Tensor> = {
  mean: (x) => x.mean(1),
  norm: (x) => x.norm(2, 1),
  "mean of columns": (x) => x.t().mean(0),
  "a root of a sum of squares": (x) => x.square().sum(1).add(1).sqrt().reciprocal(),
  "an average of windows": (x) => F.avg_pool2d(x.unsqueeze(0), 3, { stride: 1, padding: 1 }),
  "an average of windows apart": (x) => F.avg_pool2d(x.unsqueeze(0), 2, { stride: 2, ceil_mode: true }),
};

describe.each(Object.entries(works))("%s", (_, work) => {
  test("is that of single elements", () => {
    for (const columns of [1, 2, 3, 4, 5, 8, 9, 10])
      for (const rows of [1, 2, 3, 4, 5, 17, 64, 67]) {
        if (columns < 2 && work === works["an average of windows apart"]) continue;
        const values = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * 7) * 3);
        values[values.length >> 1] = Number.NaN;
        const on = (device: "cpu" | "cpu:js"): torch.Tensor =>
          work(torch.tensor(values, { device }).reshape([rows, columns])).cpu();
        const [fast, slow] = [on("cpu"), on("cpu:js").to("cpu")];
        expect(torch.allclose(fast, slow, { rtol: 1e-6, atol: 1e-6, equal_nan: true })).toBe(true);
      }
  });
});
