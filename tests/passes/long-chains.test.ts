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

describe("joining regions looks at few regions for each of them", () => {
  const graphs: Readonly<Record<string, (count: number) => Tensor>> = {
    "in sums that have nothing in common": (count) =>
      Array.from({ length: count }, (_, i) => {
        const x = torch.full([4], i, { device: "cpu:js", requires_grad: true });
        return x.mul(x).sum();
      }).reduce((sum, x) => sum.add(x)),
    "in products that have nothing in common": (count) =>
      Array.from({ length: count }, (_, i) => {
        const x = torch.full([2, 2], i, { device: "cpu:js" });
        return x.matmul(x).sum();
      }).reduce((sum, x) => sum.add(x)),
    "in lookups of what was looked up": (count) => {
      let x = torch.arange(4, { device: "cpu:js" });
      for (let i = 0; i < count; i++) x = x.index_select(0, x.add(1n).remainder(4n));
      return x.sum();
    },
    "in gradients of gradients": (count) => {
      const x = torch.ones([4], { device: "cpu:js", requires_grad: true });
      let y: Tensor = x;
      for (let i = 0; i < count; i++) y = y.sin();
      const [slope] = torch.autograd.grad(y.sum(), [x], { create_graph: true });
      return torch.autograd.grad(slope.sum(), [x])[0].sum();
    },
  };
  test.each(Object.entries(graphs))("%s", { timeout: 60_000 }, (_, graph) => {
    const visited = (count: number): number => {
      const before = searchCost.drafts;
      graph(count).item();
      return searchCost.drafts - before;
    };
    expect(visited(600)).toBeLessThan(600 * 40);
  });
});

describe.each(["cpu", "cpu:js"])("on %s a kernel has few enough arguments", (device) => {
  const row = torch.tensor([0, 1, 2, 3], { device, dtype: torch.float32 });
  const sumOfParts = (length: number, part: (i: number) => Tensor): number =>
    torch
      .stack(Array.from({ length }, (_, i) => part(i)))
      .sum()
      .item() as number;
  const sumOf = (length: number, at: (x: number, i: number) => number): number =>
    Array.from({ length }, (_, i) => [0, 1, 2, 3].reduce((sum, x) => sum + at(x, i), 0)).reduce((a, b) => a + b);

  test("where each part of a join has two numbers", () => {
    expect(sumOfParts(700, (i) => row.mul(i).add(2 * i))).toBe(sumOf(700, (x, i) => x * i + 2 * i));
  });

  test("where each part of a join has ten", () => {
    const part = (i: number): Tensor => {
      let x = row;
      for (let k = 0; k < 10; k++) x = x.add(i + k);
      return x;
    };
    expect(sumOfParts(300, part)).toBe(sumOf(300, (x, i) => x + 10 * i + 45));
  });

  test("where each part of a join is a row of one value", () => {
    const rows = torch.ones([2000, 4], { device }).cumsum(1);
    rows.tolist();
    expect(sumOfParts(2000, (i) => rows.at(i).mul(i % 50))).toBe(sumOf(2000, (x, i) => (x + 1) * (i % 50)));
  });

  test("where many updates have many numbers each", () => {
    const weights = Array.from({ length: 48 }, () => torch.zeros([3], { device }));
    torch.cat(weights).tolist();
    for (const [i, weight] of weights.entries()) for (let k = 0; k < 24; k++) weight.add_(i + k);
    expect(weights.map((weight) => weight.at(0).item())).toEqual(weights.map((_, i) => 24 * i + 276));
  });

  test("where positions are looked up in what was looked up", () => {
    let x = torch.arange(4, { device });
    for (let i = 0; i < 1000; i++) x = x.index_select(0, x.add(1n).remainder(4n));
    expect(x.sum().item()).toBe(6);
  });
});
