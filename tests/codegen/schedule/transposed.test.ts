/** Operands that lie the other way round, turned a block of rows at a time: the results stay what they were. */
import * as torch from "cresset";
import { expect, test } from "vitest";
import { transposed } from "../../../codegen/schedule/transposed.ts";
import { vectorise } from "../../../codegen/schedule/vectorise.ts";
import type { LoopKernel } from "../../../ir/loop.ts";
import { parseKernel } from "../../../ir/text/index.ts";
import { runKernel } from "../wasm/harness.ts";

const [rows, columns] = [37, 150];
const elements = rows * columns;
const kernelOf = (body: string): LoopKernel =>
  parseKernel(
    `kernel k(b0: read float32[${elements}], b1: read float32[${elements}], b2: write float32[${elements}]) workgroup 64
  parallel i = 0 .. ${rows}
${body}`,
  );
const run = (kernel: LoopKernel): Float32Array => {
  const [x, y] = [7, 3].map((step) =>
    Float32Array.from({ length: elements }, (_, i) => Math.fround(Math.sin(i * step))),
  );
  const result = new Float32Array(elements);
  runKernel(kernel, [x!, y!, result]);
  return result;
};

test.each([
  [
    "each element by itself",
    `    parallel j = 0 .. ${columns}
      let x: f32 = b0[(i + (j * ${rows}))]
      let y: f32 = b1[(i + (j * ${rows}))]
      b2[((i * ${columns}) + j)] = add(mul(x, x), y)
`,
  ],
  [
    "a reduction, and an element each",
    `    var most: f32 = -inf:f32
    serial r = 0 .. ${columns}
      most = max(most, b0[(i + (r * ${rows}))])
    serial q = 0 .. ${columns}
      b2[((i * ${columns}) + q)] = sub(b0[(i + (q * ${rows}))], most)
`,
  ],
])("%s", (_, body) => {
  const kernel = kernelOf(body);
  const changed = transposed(kernel);
  expect(changed.buffers.map(({ name }) => name)).toContain("b0_turned0");
  expect(run(vectorise(changed))).toEqual(run(kernel));
});

test("what is read twice is turned once", () => {
  const changed = transposed(
    kernelOf(`    var most: f32 = -inf:f32
    serial r = 0 .. ${columns}
      most = max(most, b0[(i + (r * ${rows}))])
    serial q = 0 .. ${columns}
      b2[((i * ${columns}) + q)] = sub(b0[(i + (q * ${rows}))], most)
`),
  );
  expect(changed.buffers.map(({ name }) => name)).toEqual(["b0", "b1", "b2", "b0_turned0"]);
});

test.each([
  ["what lies along the rows", `b0[((i * ${columns}) + j)]`],
  ["what is read on a condition", `select(lt(j, 20), b0[(i + (j * ${rows}))], 0:f32)`],
  ["what the kernel writes, too", `b2[(i + (j * ${rows}))]`],
  ["every second element of a column", `b0[((i * 2) + (j * ${rows}))]`],
])("%s stays as it is", (_, value) => {
  const kernel = kernelOf(`    parallel j = 0 .. ${columns}
      b2[((i * ${columns}) + j)] = ${value}
`);
  expect(transposed(kernel)).toEqual(kernel);
});

const shapes = [
  [16, 16],
  [33, 65],
  [100, 17],
  [3, 40, 50],
  [20, 3, 70],
  [4, 18, 5, 19],
] as const;
const orders = (rank: number): number[][] => {
  if (rank === 1) return [[0]];
  return orders(rank - 1).flatMap((order) =>
    Array.from({ length: rank }, (_, i) => [...order.slice(0, i), rank - 1, ...order.slice(i)]),
  );
};
const dtypes = ["float32", "float64", "float16", "bfloat16", "int64", "int32", "int8", "uint8", "bool"] as const;

test.each(dtypes)("axes in every order, %s", (dtype) => {
  torch.manual_seed(5);
  for (const shape of shapes) {
    const x = torch.randint(-9, 9, shape).to(torch[dtype]);
    const flat = x.flatten().tolist() as unknown[];
    for (const order of orders(shape.length)) {
      const turned = x.permute(...order);
      const strides = turned.stride();
      // By hand: each element from where its strides say it lies.
      const expected: unknown[] = [];
      const gather = (axis: number, at: number): void => {
        if (axis === strides.length) return void expected.push(flat[at]);
        for (let i = 0; i < turned.shape[axis]!; i++) gather(axis + 1, at + i * strides[axis]!);
      };
      gather(0, 0);
      expect(turned.contiguous().flatten().tolist()).toEqual(expected);
    }
  }
});

test.each<[string, (x: torch.Tensor, y: torch.Tensor) => torch.Tensor]>([
  ["elementwise work", (x, y) => x.div(2).exp().sub(y)],
  ["softmax", (x) => x.softmax(-1)],
  ["log_softmax and a product", (x, y) => x.log_softmax(-1).mul(y)],
  ["layer_norm", (x, y) => torch.nn.functional.layer_norm(x, x.shape.slice(-1)).add(y)],
  ["running sums beside", (x, y) => x.cumsum(-1).add(y)],
])("%s of what lies the other way round", (_, compute) => {
  torch.manual_seed(6);
  for (const shape of [
    [40, 90],
    [130, 20],
    [3, 35, 60],
    [2, 17, 4, 33],
  ] as const) {
    for (const order of orders(shape.length)) {
      const x = torch.randn(shape);
      const y = torch.randn(order.map((axis) => shape[axis]!));
      x.add_(0).sum().item();
      const turned = x.permute(...order);
      const expected = compute(turned.clone({ memory_format: torch.contiguous_format }).add_(0), y);
      expected.sum().item();
      expect(compute(turned, y).sub(expected).abs().max().item()).toBeLessThan(3e-6);
    }
  }
});

test.each(dtypes)("rows of %s that lie the other way round are sorted", (dtype) => {
  torch.manual_seed(7);
  const x = torch.randint(0, 100, [300, 20]).to(torch[dtype]);
  const expected = x.t().contiguous();
  expected.sum().item();
  expect(x.t().sort(1).values.tolist()).toEqual(expected.sort(1).values.tolist());
});
