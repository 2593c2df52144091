import { expect, test } from "vitest";
import { peel } from "../../../codegen/schedule/peel.ts";
import { vectorise } from "../../../codegen/schedule/vectorise.ts";
import type { ForStmt } from "../../../codegen/schedule/statements.ts";
import type { LoopKernel } from "../../../ir/loop.ts";
import { parseKernel, printKernel } from "../../../ir/text/index.ts";
import { runKernel } from "../wasm/harness.ts";

const kernel = (position: string, condition: string): LoopKernel =>
  parseKernel(`kernel k(b0: read float32[100], b1: write float32[50]) workgroup 64
  parallel i = 0 .. 50
    let at: i32 = ${position}
    b1[i] = select(${condition}, b0[at], 7:f32)
`);
const padded = kernel("min(max(((i * 2) + -5), 0), 80)", "and(ge(((i * 2) + -5), 0), le(((i * 2) + -5), 80))");
const rangesOf = (code: LoopKernel): unknown => {
  const parts = peel(code.body[0] as ForStmt);
  return (
    parts && Object.values(parts).map(({ start, end }: ForStmt) => [start, end].map((e) => "value" in e && e.value))
  );
};

test("a loop is cut where what it asks of its counter has one answer", () => {
  expect(rangesOf(padded)).toEqual([
    [0, 3],
    [3, 43],
    [43, 50],
  ]);
  expect(printKernel(vectorise(padded, { peels: true }))).toContain("let at: i32 = ((i * 2) + -5)");
});

test("the parts of a loop do what the whole does", () => {
  const x = Float32Array.from({ length: 100 }, (_, i) => i + 1);
  const run = (code: LoopKernel): number[] => {
    const result = new Float32Array(50);
    runKernel(code, [x, result]);
    return [...result];
  };
  expect(run(vectorise(padded, { peels: true }))).toEqual(run(padded));
  expect(run(padded)[2]).toBe(7);
  expect(run(padded)[3]).toBe(2);
});

test("a loop of which most is border, or that asks of other things, stays whole", () => {
  expect(rangesOf(kernel("max((i + -30), 0)", "ge((i + -30), 0)"))).toBe(null);
  expect(rangesOf(kernel("i", "ge(rem(i, 3), 1)"))).toBe(null);
  expect(rangesOf(kernel("max((20 - i), 0)", "ge((20 - i), 0)"))).toBe(null);
});
