/** Loops over columns around loops over rows, the other way round: each column's bits stay. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";
import { interchange } from "../../../codegen/schedule/interchange.ts";
import { vectorise } from "../../../codegen/schedule/vectorise.ts";
import type { LoopKernel } from "../../../ir/loop.ts";
import { parseKernel } from "../../../ir/text/index.ts";
import { runKernel } from "../wasm/harness.ts";

const [rows, columns] = [200, 1100];
const kernelOf = (body: string): LoopKernel =>
  parseKernel(
    `kernel k(b0: read float32[${rows * columns}], b1: write float32[${columns}], b2: write float32[${rows * columns}]) workgroup 64
  parallel i = 0 .. ${columns}
${body}`,
  );

const bodies = {
  "two numbers a column": `    var best: f32 = -inf:f32
    var where: i32 = -1
    serial r = 0 .. ${rows}
      let x: f32 = b0[(i + (r * ${columns}))]
      let better: bool = gt(x, best)
      best = select(better, x, best)
      where = select(better, r, where)
    b1[i] = add(best, cast<f32>(where))
`,
  "two loops, and results a row": `    var sum: f32 = 0:f32
    serial r = 0 .. ${rows}
      sum = add(sum, b0[(i + (r * ${columns}))])
    let mean: f32 = div(sum, ${rows}:f32)
    var most: f32 = 0:f32
    serial q = 0 .. ${rows}
      let d: f32 = sub(b0[(i + (q * ${columns}))], mean)
      b2[(i + (q * ${columns}))] = d
      most = max(most, d)
    b1[i] = most
`,
  "blocks of rows": `    var total: f64 = 0:f64
    serial block = 0 .. ${rows} step 64
      var part: f64 = 0:f64
      let stop: i32 = min(${rows}, add(block, 64))
      serial r = block .. stop
        part = add(part, cast<f64>(b0[(i + (r * ${columns}))]))
      total = add(total, part)
    b1[i] = cast<f32>(total)
`,
};

test.each(Object.entries(bodies))("%s", (_, body) => {
  const run = (kernel: LoopKernel): Float32Array[] => {
    const x = Float32Array.from({ length: rows * columns }, (_, i) => Math.fround(Math.sin(i * 7) * 3));
    const [sums, all] = [new Float32Array(columns), new Float32Array(rows * columns)];
    runKernel(kernel, [x, sums, all]);
    return [sums, all];
  };
  const kernel = kernelOf(body);
  const changed = interchange(kernel);
  expect(JSON.stringify(changed.body)).toContain("i_tile");
  expect(run(vectorise(changed))).toEqual(run(kernel));
});

test.each([
  ["rows that depend on a column", "and(i, 127)", "i", "b2"],
  ["results that columns share", String(rows), "r", "b2"],
])("%s stay as they are", (_, end, index, buffer) => {
  const kernel = kernelOf(`    var sum: f32 = 0:f32
    serial r = 0 .. ${end}
      sum = add(sum, b0[(i + (r * ${columns}))])
      ${buffer}[${index}] = sum
    b1[i] = sum
`);
  expect(interchange(kernel)).toEqual(kernel);
});

test("a column that is gathered first is read where it is", () => {
  const gathering = parseKernel(
    `kernel k(b0: read float32[${rows * columns}], b1: write float32[${columns}]) workgroup 64
  scratch s0: float32[${rows}]
  parallel i = 0 .. ${columns}
    var sum: f32 = 0:f32
    serial r = 0 .. ${rows}
      let x: f32 = b0[(i + (r * ${columns}))]
      s0[r] = x
      sum = add(sum, x)
    var most: f32 = 0:f32
    serial q = 0 .. ${rows}
      most = max(most, sub(s0[q], sum))
    b1[i] = most
`,
  );
  const changed = interchange(gathering);
  expect(changed.buffers.map(({ name }) => name)).toEqual(["b0", "b1", "sum_i", "most_i"]);
  const x = Float32Array.from({ length: rows * columns }, (_, i) => Math.fround(Math.cos(i * 3)));
  const [expected, given] = [new Float32Array(columns), new Float32Array(columns)];
  runKernel(gathering, [x, expected]);
  runKernel(vectorise(changed), [x, given]);
  expect(given).toEqual(expected);
});

const ofColumns: Readonly<Record<string, (x: torch.Tensor, axis: number) => torch.Tensor>> = {
  std: (x, axis) => x.std(axis),
  var: (x, axis) => x.var(axis),
  softmax: (x, axis) => x.softmax(axis),
  logsumexp: (x, axis) => x.logsumexp(axis),
};
test.each(Object.entries(ofColumns))("%s down a matrix is that across", (name, compute) => {
  torch.manual_seed(4);
  const x = torch.randn(600, 300);
  x.add_(0).sum().item();
  const across = x.t().contiguous();
  const [down, expected] = [compute(x, 0), compute(across, 1)];
  const same = name === "softmax" ? expected.t() : expected;
  expect(down.sub(same).abs().max().item()).toBeLessThan(2e-6);
});

describe.each(["float32", "float64", "int32", "int64", "int8"] as const)("down a matrix of %s", (dtype) => {
  torch.manual_seed(3);
  const x = torch.randint(-50, 50, [600, 300]).to(torch[dtype]);
  x.add_(0).sum().item();
  const across = x.t().contiguous();
  test.each(["sum", "amax", "amin", "argmax", "argmin", "count_nonzero"] as const)("%s", (name) => {
    const down = x[name](0);
    expect(down.tolist()).toEqual(across[name](1).tolist());
  });
});
