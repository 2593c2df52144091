/** Tiles of products and convolutions at sizes that do not come out even, against loops. */
import { describe, expect, it } from "vitest";
import * as torch from "../../../frontend/index.ts";
import { compileGraph } from "../../../frontend/pipeline.ts";
import { GraphBuilder } from "../../../ir/builder.ts";
import { leafNode } from "../../../ir/graph.ts";
import { mayOverwrite } from "../../../ir/overwrite.ts";
import { elementCount } from "../../../ir/shape.ts";
import { matmulOf } from "../../../ir/ops/matmul.ts";
import { createWasmDevice } from "../../../runtime/wasm/device.ts";
import { generate } from "../../../bench/generate.ts";

const { functional: F } = torch.nn;
const rounding = 1e-5;

function expectClose(actual: torch.Tensor, expected: readonly number[], within = rounding): void {
  const values = actual.flatten().tolist() as number[];
  expect(values.length).toBe(expected.length);
  const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
  expect(worst).toBeLessThan(within);
}

type At = (...at: number[]) => number;

function product(m: number, n: number, k: number, a: At, b: At): number[] {
  return Array.from({ length: m * n }, (_, at) => {
    let total = 0;
    for (let i = 0; i < k; i++) total += a(Math.floor(at / n), i) * b(i, at % n);
    return total;
  });
}

/** Bounds of a tensor and its values. */
const made = (seed: number, shape: readonly number[]): { tensor: torch.Tensor; values: Float32Array } => {
  const values = generate(
    seed,
    shape.reduce((size, length) => size * length, 1),
  );
  return { tensor: torch.tensor([...values]).reshape([...shape]), values };
};

describe("products at every size of an edge", () => {
  const rows = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 17, 50];
  for (const n of [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15, 20, 21, 28]) {
    it(`of ${n} columns`, () => {
      for (const m of rows) {
        const k = 11;
        const a = made(1, [m, k]);
        const b = made(2, [k, n]);
        const bias = made(3, [n]);
        const expected = product(
          m,
          n,
          k,
          (i, j) => a.values[i * k + j]!,
          (i, j) => b.values[i * n + j]!,
        );
        const transposed = b.tensor.t().contiguous();
        for (const dtype of ["float32", "float64"] as const) {
          const [left, right, turned] = [a.tensor, b.tensor, transposed].map((tensor) => tensor.to(dtype));
          const within = dtype === "float32" ? rounding : 1e-14;
          expectClose(left!.matmul(right!), expected, within);
          expectClose(left!.matmul(turned!.t()), expected, within);
        }
        expectClose(
          F.relu(a.tensor.matmul(b.tensor).add(bias.tensor)),
          expected.map((value, at) => Math.max(0, value + bias.values[at % n]!)),
        );
      }
    });
  }
});

describe("every schedule of a product gives the same", () => {
  const device = createWasmDevice({ relaxedSimd: false });
  const shapes = [
    [48, 9, 2],
    [65, 8, 70], // the rest of the rows is two tiles of other heights
    [64, 33, 600], // two blocks of the depth
    [127, 35, 521], // two that are not as long
    [100, 300, 100], // two bands of columns, of which one is short
    [210, 20, 1031], // tiles that are no whole blocks, three blocks of the depth
  ] as const;
  const layouts = [
    ["rows beside each other", true, 0],
    ["depth beside each other", false, 0],
    ["rows of a batch, as its axes lie", true, 2],
  ] as const;
  for (const [layout, transposed, batch] of layouts) {
    it.each(shapes)(`${layout}: %i rows, %i columns, %i deep`, (m, n, k) => {
      const outer = batch === 0 ? [] : [batch];
      const product = (place: number | null): { readonly values: Float32Array; readonly schedules: number } => {
        let schedules = 0;
        const choose = (kernels: readonly unknown[]): number => {
          schedules = kernels.length;
          return place ?? 0;
        };
        const g = new GraphBuilder();
        const leaves = [
          leafNode("input", "float32", [...outer, ...(transposed ? [k, m] : [m, k])], 0),
          leafNode("input", "float32", [...outer, k, n], 1),
          leafNode("input", "float32", [n], 2),
        ] as const;
        const left = transposed ? g.swap(leaves[0], outer.length, outer.length + 1) : leaves[0];
        const result = g.binary("max", g.binary("add", matmulOf(g, left, leaves[1]), leaves[2]), 0);
        const { program, inputs } = compileGraph([result], {
          device: "cpu",
          name: "p",
          fused: false,
          tuner: { name: `place ${place}`, choose },
        });
        const memories = inputs.map((leaf) => {
          const at = leaves.indexOf(leaf);
          return device.upload(generate(at, elementCount(leaf.shape)), "float32");
        });
        const [memory] = device.prepare(program).run(memories, [], [], []);
        return { values: new Float32Array(device.readSync(memory!)), schedules };
      };
      const { values: expected, schedules } = product(null);
      expect(schedules).toBeGreaterThan(3);
      for (let place = 1; place < schedules; place++) expect(product(place).values).toEqual(expected);
    });
  }
});

describe("products of columns whose elements are pages apart", () => {
  const [depth, apart] = [300, 1024];
  const whole = made(9, [depth, apart]);
  // Whole bands of packed strips, the strips that are left, and columns that fill no vector.
  for (const n of [4, 47, 64, 70, 151])
    it(`of ${n} columns`, () => {
      const b = whole.tensor.narrow(1, 5, n);
      for (const m of [1, 2, 3, 5, 12, 33]) {
        const a = made(m, [m, depth]);
        const expected = product(
          m,
          n,
          depth,
          (i, j) => a.values[i * depth + j]!,
          (i, j) => whole.values[i * apart + j + 5]!,
        );
        // A sum of so many products is rounded more often.
        const within = 5 * rounding;
        const positive = expected.map((value) => Math.max(0, value));
        expectClose(a.tensor.matmul(b), expected, within);
        expectClose(F.relu(a.tensor.matmul(b)), positive, within);
      }
    });
});

describe("products that are added in place", () => {
  for (const n of [8, 9, 11, 12, 14, 25])
    it(`of ${n} columns`, () => {
      for (const m of [3, 16]) {
        const k = 6;
        const [a, b, c] = [made(1, [m, k]), made(2, [k, n]), made(3, [m, n])];
        const expected = product(
          m,
          n,
          k,
          (i, j) => a.values[i * k + j]!,
          (i, j) => b.values[i * n + j]!,
        );
        const step = torch.compile((total: torch.Tensor) => void total.add_(a.tensor.matmul(b.tensor)));
        const total = c.tensor.clone();
        const times = 3;
        for (let i = 0; i < times; i++) step(total);
        expectClose(
          total,
          expected.map((value, at) => c.values[at]! + times * value),
          times * rounding,
        );
      }
    });
});

describe("products on devices with and without a fused multiply-add", () => {
  for (const fused of [true, false]) {
    it(`agree with loops, fused: ${fused}`, () => {
      const device = createWasmDevice({ relaxedSimd: false });
      for (const n of [7, 8, 12, 21]) {
        const [m, k] = [23, 5];
        const [a, b] = [leafNode("input", "float32", [m, k], 0), leafNode("input", "float32", [k, n], 1)];
        const { program, inputs } = compileGraph([matmulOf(new GraphBuilder(), a, b)], {
          device: "cpu",
          name: "p",
          fused,
        });
        const values = [made(1, [m, k]).values, made(2, [k, n]).values] as const;
        const memories = inputs.map((leaf) => device.upload(leaf === a ? values[0] : values[1], "float32"));
        const [result] = device.prepare(program).run(memories, [], [], []);
        const actual = new Float32Array(device.readSync(result!));
        const expected = product(
          m,
          n,
          k,
          (i, j) => values[0][i * k + j]!,
          (i, j) => values[1][i * n + j]!,
        );
        expectClose(torch.tensor([...actual]), expected);
      }
    });
  }
});

interface Geometry {
  readonly channels: readonly [inputs: number, outputs: number];
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/** Calls `visit` with the places of an output, an image's element and a filter's that are multiplied. */
function taps(geometry: Geometry, batch: number, visit: (y: number, x: number, w: number) => void): number {
  const { channels, size, kernel, stride, padding } = geometry;
  const [inputs, outputs] = channels;
  const out = Math.floor((size + 2 * padding - kernel) / stride) + 1;
  const line = (at: number, tap: number): number => at * stride + tap - padding;
  for (let n = 0; n < batch; n++)
    for (let o = 0; o < outputs; o++)
      for (let i = 0; i < out; i++)
        for (let j = 0; j < out; j++)
          for (let c = 0; c < inputs; c++)
            for (let p = 0; p < kernel; p++)
              for (let q = 0; q < kernel; q++) {
                const [row, column] = [line(i, p), line(j, q)];
                if (row < 0 || column < 0 || row >= size || column >= size) continue;
                visit(
                  ((n * outputs + o) * out + i) * out + j,
                  ((n * inputs + c) * size + row) * size + column,
                  ((o * inputs + c) * kernel + p) * kernel + q,
                );
              }
  return out;
}

describe("convolutions and their gradients", () => {
  const geometries: Geometry[] = [];
  for (const size of [7, 12, 14, 19])
    for (const kernel of [1, 3, 5])
      for (const stride of [1, 2]) geometries.push({ channels: [3, 9], size, kernel, stride, padding: kernel >> 1 });
  geometries.push({ channels: [13, 8], size: 8, kernel: 3, stride: 3, padding: 2 });
  const batch = 2;
  for (const geometry of geometries) {
    const { channels, size, kernel, stride, padding } = geometry;
    it(`of ${size}x${size} images by ${kernel}x${kernel} filters, stride ${stride}, padding ${padding}`, () => {
      const image = made(5, [batch, channels[0], size, size]);
      const filters = made(6, [channels[1], channels[0], kernel, kernel]);
      const out = taps(geometry, 0, () => {});
      const grad = made(7, [batch, channels[1], out, out]);
      const forward = new Array<number>(grad.values.length).fill(0);
      const ofImage = new Array<number>(image.values.length).fill(0);
      const ofFilters = new Array<number>(filters.values.length).fill(0);
      taps(geometry, batch, (y, x, w) => {
        forward[y]! += image.values[x]! * filters.values[w]!;
        ofImage[x]! += grad.values[y]! * filters.values[w]!;
        ofFilters[w]! += grad.values[y]! * image.values[x]!;
      });
      const [x, w] = [image.tensor.requires_grad_(), filters.tensor.requires_grad_()];
      const y = F.conv2d(x, w, null, stride, padding);
      expectClose(y.detach(), forward);
      const [gx, gw] = torch.autograd.grad(y, [x, w], grad.tensor);
      expectClose(gx, ofImage);
      expectClose(gw, ofFilters);
    });
  }
});

describe("an update within a product is in place", () => {
  it.each([128, 512, 600, 768, 1024, 1300])("of rows that are %i deep", (depth) => {
    const g = new GraphBuilder();
    const [weight, input, gradient] = [
      [128, 512],
      [depth, 128],
      [depth, 512],
    ].map((shape, i) => leafNode("input", "float32", shape, i));
    const result = g.sub(weight!, g.mul(matmulOf(g, g.swap(input!, 0, 1), gradient!), 0.1));
    const { program, inputs } = compileGraph([result], { device: "cpu", name: "update" });
    const [step, ...others] = program.steps;
    expect(others).toEqual([]);
    const { kernel, buffers } = step as Extract<typeof step, { kind: "kernel" }>;
    const names = kernel.buffers.filter(({ scope }) => scope === "argument").map(({ name }) => name);
    const at = (kind: string, index: number): string => {
      const slot = program.slots.find(({ place }) => place.kind === kind && "index" in place && place.index === index)!;
      return names[buffers.indexOf(slot.id)]!;
    };
    expect(mayOverwrite(kernel, at("input", inputs.indexOf(weight!)), at("output", 0))).toBe(true);
  });
});
