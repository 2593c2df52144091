/**
 * Graphs of many nodes: nothing may recurse over them, and nothing may take time that grows with their square (the
 * tests' time limits are far above what they take, and far below that).
 */
import * as torch from "cresset";
import type { Tensor } from "cresset";
import { describe, expect, test } from "vitest";
import { searchCost } from "../../passes/region-draft.ts";

/** Applies a step many times, differentiates when it can, reads the result. */
function run(start: Tensor, count: number, step: (x: Tensor, i: number) => Tensor): unknown {
  let x = start;
  for (let i = 0; i < count; i++) x = step(x, i);
  if (start.requires_grad) x.sum().backward();
  return (start.requires_grad ? start.grad! : x).tolist();
}

describe.each(["cpu:js", "cpu"])("on %s", (device) => {
  test("20,000 operations are recorded, differentiated, compiled and run", { timeout: 60_000 }, () => {
    const x = torch.ones([4], { requires_grad: true, device });
    const value = run(x, 20_000, (y, i) => (i % 2 === 0 ? y.add(1) : y.mul(1)));
    expect(value).toEqual([1, 1, 1, 1]);
  });

  test("so are 5,000 kernels that wait for each other", { timeout: 60_000 }, () => {
    const x = torch.eye(3, { device }).requires_grad_();
    const value = run(x, 1_700, (y) => y.matmul(y));
    expect(value).toHaveLength(3);
  });

  test("so are 5,000 writes through views", { timeout: 60_000 }, () => {
    const x = torch.zeros([4, 4], { device });
    const value = run(x, 5_000, (y, i) => y.set_at([i % 4, ":"], i % 7));
    expect(value).toEqual([4996, 4997, 4998, 4999].map((i) => Array.from({ length: 4 }, () => i % 7)));
  });
});

describe("searching for cycles between regions looks at few regions for each operation", () => {
  const steps: Readonly<Record<string, (x: Tensor) => Tensor>> = {
    "a chain of dear operations": (x) => x.sin(),
    "dear operations between products": (x) => x.tanh().matmul(x),
    "a chain of row reductions": (x) => x.softmax(1).mul(x),
  };
  test.each(Object.entries(steps))("in %s", { timeout: 60_000 }, (_, step) => {
    const visited = (count: number): number => {
      const before = searchCost.drafts;
      run(torch.ones([2, 2], { requires_grad: true, device: "cpu:js" }), count, step);
      return searchCost.drafts - before;
    };
    visited(10); // the first searches of all
    const [short, long] = [visited(400), visited(1_600)];
    expect(long).toBeLessThan(1_600 * 20);
    expect(long).toBeLessThan(6 * Math.max(short, 400));
  });
});
