import "../../../frontend/gpu-kernels.ts";
import "../../../frontend/sorts.ts";
import "../../../frontend/regions.ts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileGraph } from "../../../frontend/pipeline.ts";
import { parseGraph, parseKernel, parseProgram, printKernel, printProgram } from "../../../ir/text/index.ts";
import { verifyKernel } from "../../../ir/verify/index.ts";
import { instructionList } from "../../fuzz/choices.ts";
import { gpuDTypes, RandomGraph } from "../../fuzz/graphs.ts";
import { randomKernel } from "./loops.ts";

describe("loop IR as text", () => {
  test("is indented, with types only where they are not implied", () => {
    const text = `kernel scale(b0: read float32[6], b1: write float32[6], n0: f32) workgroup 64
  scratch s0: float16[4]
  parallel i = 0 .. 6 step 4
    let t0: f32x4 = b0[i]<f32x4>
    var acc: f32 = 0:f32
    if lt(i, 4)
      acc = (acc + reduce_add(t0))
    else
      acc = max(-inf:f32, nan:f32)
    s0[0] = narrow((acc * n0), float16)
    b1[i] = splat<f32x4>(extract(t0, lane 3))
    fence i never -1
`;
    expect(printKernel(parseKernel(text))).toBe(text);
  });

  test("reads back as the same kernel", () => {
    fc.assert(
      fc.property(randomKernel, (kernel) => {
        verifyKernel(kernel);
        expect(parseKernel(printKernel(kernel))).toEqual(kernel);
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  test.each([
    ["kernel k() workgroup 64\n  let t: f32 = b0[0]", "expected a buffer (not b0)"],
    ["kernel k() workgroup 64\n  let t: f99 = 1", "expected f32 or f64"],
    ["kernel k() workgroup 64\n  let t: i32 = (1 ? 2)", "expected +, - or *"],
  ])("that is wrong is refused: %j", (text, message) => {
    expect(() => parseKernel(text)).toThrow(message);
  });
});

describe("a program as text", () => {
  test("lists its slots, its numbers and what runs", () => {
    const roots = parseGraph(`%1 = input float32[2, 3]
%2 = scalar float32[]
%3 = reshape float32[1, 1] %2 shape=[1,1]
%4 = expand float32[2, 3] %3 shape=[2,3]
%5 = mul float32[2, 3] %1, %4
return %5
`);
    const { program } = compileGraph(roots, { device: "cpu:js", name: "scale" });
    expect(printProgram(program)).toBe(`program scale inputs 1 outputs 1 arena 0
slot 0: float32[2, 3] bytes 24 input 0
slot 1: float32[2, 3] bytes 24 output 0
number 0: float32
run buffers (0, 1) numbers (0)
  kernel mul(b0: read float32[6], b1: write float32[6], number0: f32) workgroup 64
    parallel i0 = 0 .. 6
      let t0: f32 = b0[i0]
      let t1: f32 = (t0 * number0)
      b1[i0] = t1
`);
  });

  test.each(["cpu", "cpu:js", "webgpu"] as const)("reads back as the same program for %s", (device) => {
    fc.assert(
      fc.property(instructionList(16), (graph) => {
        const { roots } = new RandomGraph(graph, { dtypes: gpuDTypes });
        const { program } = compileGraph(roots, { device, name: "random" });
        expect(parseProgram(printProgram(program))).toEqual(program);
      }),
      { numRuns: 60, seed: 8 },
    );
  });
});
