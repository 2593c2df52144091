import { expect, test } from "vitest";
import { rowStreams } from "../../../codegen/schedule/row-streams.ts";
import { vectorise } from "../../../codegen/schedule/vectorise.ts";
import type { LoopKernel } from "../../../ir/loop.ts";
import { parseKernel } from "../../../ir/text/index.ts";
import { runKernel } from "../wasm/harness.ts";

/** The sum of the squares of each row, times a factor a row. */
const kernel = (rows: number, columns: number): LoopKernel =>
  parseKernel(
    `kernel k(b0: read float32[${rows * columns}], b1: read float32[${rows}], b2: write float32[${rows}]) workgroup 64
  parallel i = 0 .. ${rows}
    var total: f64 = 0:f64
    serial c = 0 .. ${columns}
      let x: f32 = b0[((i * ${columns}) + c)]
      total = add(total, cast<f64>(mul(x, x)))
    let s: f32 = cast<f32>(total)
    b2[i] = mul(s, b1[i])
`,
  );

test.each([
  [2048, 1024],
  [2051, 1027],
  [8, 262_144],
])("rows of %i x %i in four streams have the sums of single rows", (rows, columns) => {
  const code = rowStreams(kernel(rows, columns));
  expect(code.body).toHaveLength(rows % 4 === 0 ? 1 : 2);
  const x = Float32Array.from({ length: rows * columns }, (_, i) => Math.fround(Math.sin(i) + 0.5));
  const factors = Float32Array.from({ length: rows }, (_, i) => Math.fround(Math.cos(i)));
  const sums = new Float32Array(rows);
  runKernel(vectorise(code), [x, factors, sums]);
  let worst = 0;
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let c = 0; c < columns; c++) sum += x[i * columns + c]! ** 2;
    worst = Math.max(worst, Math.abs(sums[i]! - sum * factors[i]!) / sum);
  }
  expect(worst).toBeLessThan(3e-7);
});

test.each([
  [3, 2 ** 20],
  [2 ** 14, 128],
  [1024, 1024],
])("%i x %i, of few or short rows or in cache, is left as it is", (rows, columns) => {
  const plain = kernel(rows, columns);
  expect(rowStreams(plain)).toEqual(plain);
});
