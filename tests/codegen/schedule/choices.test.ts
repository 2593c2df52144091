/** The best of a row and where it is: the first of equals, NaN before everything, whatever the vectors look like. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";
import { choicesOf } from "../../../codegen/schedule/choices.ts";
import { vectorise } from "../../../codegen/schedule/vectorise.ts";
import { assignedFromOutside } from "../../../codegen/schedule/statements.ts";
import type { LoopKernel } from "../../../ir/loop.ts";
import { parseKernel } from "../../../ir/text/index.ts";
import { webgpuAvailable } from "../../support/webgpu.ts";

const kernelOf = (condition: string, where = "where"): LoopKernel =>
  parseKernel(
    `kernel k(b0: read float32[100], b1: write int32[1]) workgroup 64
  var best: f32 = -inf:f32
  var where: i32 = 0
  serial r = 0 .. 100
    let x: f32 = b0[r]
    let better: bool = ${condition}
    best = select(better, x, best)
    where = select(better, r, ${where})
  b1[0] = where
`,
  );

const choices = ({ body }: LoopKernel): number => {
  const loop = body.find((s) => s.kind === "for")!;
  return choicesOf(loop.body, assignedFromOutside(loop.body)).length;
};

test("a choice is known by its form: its condition is of the value and the best so far alone", () => {
  expect(choices(kernelOf("gt(x, best)"))).toBe(1);
  expect(choices(kernelOf("and(not(le(x, best)), eq(best, best))"))).toBe(1);
  expect(choices(kernelOf("gt(x, b0[0])"))).toBe(0);
  expect(choices(kernelOf("gt(x, cast<f32>(where))"))).toBe(0);
  expect(JSON.stringify(vectorise(kernelOf("gt(x, best)")).body)).toContain("best_lane3");
});

type Values = readonly number[];
const specials = [NaN, Infinity, -Infinity, -0, 0];
/** Rows with many equals, with NaN and infinities in some places, of one value alone, and in order. */
const rowsOf: Record<string, (i: number, random: () => number) => number> = {
  "many equals": (_, random) => Math.floor(random() * 5) - 2,
  "rare specials": (_, random) => (random() < 0.02 ? specials[Math.floor(random() * 5)]! : Math.floor(random() * 90)),
  "two zeros": (_, random) => (random() < 0.5 ? -0 : 0),
  "nothing but the lowest": () => -Infinity,
  "nothing but the highest": () => Infinity,
  "nothing but NaN": () => NaN,
  growing: (i) => i,
};
const isWhole = (dtype: string): boolean => dtype.includes("int");

function bestOf(row: Values, largest: boolean): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) {
    const [x, y] = [row[i]!, row[best]!];
    if (Number.isNaN(y)) break;
    if (Number.isNaN(x) || (largest ? x > y : x < y)) best = i;
  }
  return best;
}

function check(values: Values, dtype: "float32", device: "cpu", rows: number): void {
  const columns = values.length / rows;
  const x = torch.tensor([...values], { dtype, device }).reshape([rows, columns]);
  for (const largest of [true, false]) {
    const wanted = Array.from({ length: rows }, (_, r) =>
      bestOf(values.slice(r * columns, (r + 1) * columns), largest),
    );
    const [all, found] = [largest ? x.argmax() : x.argmin(), largest ? x.max(1) : x.min(1)];
    const across = largest ? x.t().argmax(0) : x.t().argmin(0);
    expect(all.item()).toBe(bestOf(values, largest));
    expect(found.indices.tolist()).toEqual(wanted);
    expect(across.tolist()).toEqual(wanted);
    // Zeros of both signs are equal: which one it is may depend on vectors.
    const unsigned = (found.values.tolist() as number[]).map((value) => value + 0);
    expect(unsigned).toEqual(wanted.map((at, r) => values[r * columns + at]! + 0));
    // Of what is computed on the way, too.
    const doubled = x.mul(2);
    expect((largest ? doubled.argmax(1) : doubled.argmin(1)).tolist()).toEqual(wanted);
  }
}

const widths = [1, 2, 3, 5, 9, 10, 15, 16, 17, 31, 63, 64, 65, 200, 1001];

describe.each(["cpu", "cpu:js"])("on %s the first of the best is found", (device) => {
  test.each(["float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8"])("among %s", (dtype) => {
    let seed = 1;
    const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
    for (const [kind, element] of Object.entries(rowsOf)) {
      for (const width of widths) {
        const rows = 1 + Math.floor(random() * 3);
        let values = Array.from({ length: rows * width }, (_, i) => element(i % width, random));
        if (isWhole(dtype)) values = values.map((value) => (Number.isFinite(value) ? (value + 0) % 50 : -60));
        if (kind === "growing" && dtype !== "float32") values = values.map((value) => value % 50);
        check(
          values.map((value) => (isWhole(dtype) ? value + 0 : value)),
          dtype as "float32",
          device as "cpu",
          rows,
        );
      }
    }
  });

  test("among more elements than one stream takes", () => {
    for (const at of [[5], [299_999], [150_000, 150_016], [149_999, 250_000], []]) {
      const values = new Float32Array(300_001).fill(-Infinity);
      for (const i of at) values[i] = 3;
      const x = torch.tensor(values, { device: device as "cpu" });
      expect(x.argmax().item()).toBe(at[0] ?? 0);
      expect(x.neg().argmin().item()).toBe(at[0] ?? 0);
    }
  });
});

test.runIf(await webgpuAvailable())("on a graphics card", async () => {
  await torch.webgpu.init();
  const values = [-Infinity, -Infinity, 2, NaN, 2, NaN, -0, 0, 7];
  for (const width of [1, 2, 3, 4, 9, 70, 300]) {
    const row = Array.from({ length: width }, (_, i) => values[i % values.length]!);
    for (const data of [row, row.map((x) => (Number.isNaN(x) ? 7 : x)), row.map(() => -Infinity)]) {
      const x = torch.tensor(data, { device: "webgpu" });
      const { values: best, indices } = x.reshape([1, width]).max(1);
      expect(await indices.tolistAsync()).toEqual([bestOf(data, true)]);
      expect(await best.tolistAsync()).toEqual([data[bestOf(data, true)]]);
      expect(await x.argmin().itemAsync()).toBe(bestOf(data, false));
    }
  }
});
