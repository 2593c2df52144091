import { expect, test } from "vitest";
import { columnSums } from "../../../codegen/schedule/column-sums.ts";
import { vectorise } from "../../../codegen/schedule/vectorise.ts";
import type { LoopKernel } from "../../../ir/loop.ts";
import { parseKernel } from "../../../ir/text/index.ts";
import { runKernel } from "../wasm/harness.ts";

/** Sums of the columns, and of their squares times a factor a column; the squares are stored, too. */
const kernel = (rows: number, columns: number): LoopKernel =>
  parseKernel(
    `kernel k(b0: read float32[${rows * columns}], b1: read float32[${columns}], b2: write float32[${rows * columns}], b3: write float32[${columns}], b4: write float32[${columns}]) workgroup 64
  parallel i = 0 .. ${columns}
    var plain: f64 = 0:f64
    var squares: f64 = 0:f64
    serial r = 0 .. ${rows}
      let x: f32 = b0[(i + (r * ${columns}))]
      let y: f32 = mul(mul(x, x), b1[i])
      b2[(i + (r * ${columns}))] = y
      plain = add(plain, cast<f64>(x))
      squares = add(squares, cast<f64>(y))
    b3[i] = cast<f32>(plain)
    let s: f32 = cast<f32>(squares)
    b4[i] = mul(s, 2:f32)
`,
  );

const inner = (code: LoopKernel): string => JSON.stringify(code.body);

test.each([
  [256, 512],
  [300, 1003],
  [1000, 259],
  [257, 16_500],
])("sums down the columns of %i x %i are those of single columns", (rows, columns) => {
  const code = columnSums(kernel(rows, columns));
  expect(inner(code)).toContain("_tile");
  const x = Float32Array.from({ length: rows * columns }, (_, i) => Math.fround(Math.sin(i) + 0.5));
  const factors = Float32Array.from({ length: columns }, (_, i) => Math.fround(Math.cos(i)));
  const [squares, sums, weighted] = [x.slice().fill(0), factors.slice(), factors.slice()];
  runKernel(vectorise(code), [x, factors, squares, sums, weighted]);
  const products = x.map((value, i) => Math.fround(value * value) * factors[i % columns]!);
  expect(squares.every((value, i) => value === products[i])).toBe(true);
  let worst = 0;
  for (let i = 0; i < columns; i++) {
    let [plain, square] = [0, 0];
    for (let r = 0; r < rows; r++) {
      plain += x[r * columns + i]!;
      square += products[r * columns + i]!;
    }
    worst = Math.max(worst, Math.abs(sums[i]! - plain), Math.abs(weighted[i]! - 2 * square));
  }
  expect(worst).toBeLessThan(1e-6 * rows);
});

test("a sum of very many rows keeps its digits", () => {
  const [rows, columns] = [2 ** 16, 256];
  const x = new Float32Array(rows * columns).fill(0.1);
  const [factors, sums, weighted] = [
    new Float32Array(columns).fill(1),
    new Float32Array(columns),
    new Float32Array(columns),
  ];
  runKernel(vectorise(columnSums(kernel(rows, columns))), [x, factors, x.slice(), sums, weighted]);
  const exact = Math.fround(0.1) * rows;
  for (const sum of sums) expect(Math.abs(sum / exact - 1)).toBeLessThan(4e-6);
});

test("few rows, few columns and reads across are left as they are", () => {
  for (const [rows, columns] of [
    [255, 4096],
    [4096, 255],
  ] as const) {
    const code = kernel(rows, columns);
    expect(columnSums(code)).toBe(code);
  }
  const across = parseKernel(`kernel k(b0: read float32[1048576], b1: write float32[1024]) workgroup 64
  parallel i = 0 .. 1024
    var sum: f64 = 0:f64
    serial r = 0 .. 1024
      sum = add(sum, cast<f64>(b0[((i * 1024) + r)]))
    b1[i] = cast<f32>(sum)
`);
  expect(columnSums(across)).toBe(across);
});
