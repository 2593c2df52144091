import { expect, test } from "vitest";
import { split } from "../../../codegen/schedule/split.ts";
import type { LoopKernel } from "../../../ir/loop.ts";
import { parseKernel } from "../../../ir/text/index.ts";
import { runKernel } from "../wasm/harness.ts";

const elements = 1003;
const kernel = (body: string): LoopKernel =>
  parseKernel(`kernel k(b0: read float32[${elements}], b1: write float32[${elements}]) workgroup 64\n${body}`);

/** What the kernel writes when the given ranges of parts are run one after the other. */
function runParts(code: LoopKernel, ranges: readonly (readonly number[])[]): number[] {
  const input = Float32Array.from({ length: elements }, (_, i) => Math.sin(i));
  const output = new Float32Array(elements);
  const arrays = code.buffers.filter(({ scope }) => scope === "argument").map((_, i) => [input, output][i]!);
  for (const range of ranges) runKernel(code, arrays, range);
  return [...output];
}

const flat = `  parallel i = 0 .. ${elements}
    b1[i] = exp(b0[i])
`;
const vectorAndRest = `  parallel i = 0 .. 1000 step 4
    b1[i] = mul(b0[i]<f32x4>, b0[i]<f32x4>)
  serial i_rest = 1000 .. ${elements}
    b1[i_rest] = mul(b0[i_rest], b0[i_rest])
`;
const fewRows = `  parallel i = 0 .. 3
    parallel j = 0 .. 300
      b1[((i * 300) + j)] = exp(b0[((i * 300) + j)])
`;
const packed = `  scratch s0: float32[2]
  parallel i = 0 .. 3
    s0[1] = b0[i]
    parallel j = 0 .. 300
      b1[((i * 300) + j)] = exp(mul(s0[1], b0[j]))
`;
const packedInRows = `  scratch s0: float32[300]
  parallel i = 0 .. 3
    serial k = 0 .. 300
      s0[k] = b0[((i * 300) + k)]
    parallel j = 0 .. 300
      b1[((i * 300) + j)] = mul(s0[j], s0[(299 - j)])
`;

test.each([
  ["one loop", flat],
  ["a loop in vectors and its rest", vectorAndRest],
  ["few rows, cut inside", fewRows],
  ["a little scratch that every part fills for itself", packed],
  ["much scratch, filled once", packedInRows],
])("any order of the parts gives the same: %s", (_, body) => {
  const whole = kernel(body);
  const cut = split(whole, 100)!;
  const { parts } = cut.jobOf(new Map());
  expect(parts).toBeGreaterThan(2);
  const expected = runParts(whole, [[]]);
  expect(runParts(cut.kernel, [[0, parts, parts]])).toEqual(expected);
  const each = Array.from({ length: parts }, (__, part) => [part, part + 1, parts]);
  expect(runParts(cut.kernel, each)).toEqual(expected);
  expect(runParts(cut.kernel, each.reverse())).toEqual(expected);
  // Every part does something of its own: without one, something is missing.
  expect(runParts(cut.kernel, each.slice(1))).not.toEqual(expected);
});

const sized = `  let wide: i32 = and(z0, -4)
  parallel i = 0 .. wide step 4
    b1[i] = mul(b0[i]<f32x4>, b0[i]<f32x4>)
  serial i_rest = wide .. z0
    b1[i_rest] = mul(b0[i_rest], b0[i_rest])
`;

test("a kernel whose sizes are numbers is cut for all of them", () => {
  const whole = parseKernel(
    `kernel k(b0: read float32[${elements}], b1: write float32[${elements}], z0: i32) workgroup 64\n${sized}`,
  );
  const numbers = whole.numbers.map((number) => ({ ...number, typical: 64 }));
  const cut = split({ ...whole, numbers }, 100)!;
  for (const size of [1, 5, 64, 1003]) {
    const { parts } = cut.jobOf(new Map([["z0", size]]));
    expect(parts > 1).toBe(size > 64);
    const expected = runParts(whole, [[size]]);
    for (const count of [parts, 7]) {
      const each = Array.from({ length: count }, (_, part) => [size, part, part + 1, count]);
      expect(runParts(cut.kernel, each.reverse())).toEqual(expected);
    }
  }
});

test("a small kernel stays whole", () => {
  expect(split(kernel("  parallel i = 0 .. 100\n    b1[i] = b0[i]\n"))).toBeNull();
});

test("a kernel whose loops wait for each other stays whole", () => {
  const code = parseKernel(`kernel k(b0: readwrite float32[1000], b1: write float32[1000]) workgroup 64
  parallel i = 0 .. 1000
    b0[i] = 1:f32
  parallel j = 0 .. 1000
    b1[j] = b0[(999 - j)]
`);
  expect(split(code, 1)).toBeNull();
});

test("a sum over everything stays whole", () => {
  const code = kernel(`  var total: f32 = 0:f32
  serial i = 0 .. ${elements}
    total = add(total, b0[i])
  b1[0] = total
`);
  expect(split(code, 1)).toBeNull();
});
