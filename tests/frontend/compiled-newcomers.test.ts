/** What is another thing at each call of a compiled function: it is not compiled for each. */
import * as torch from "cresset";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

type Tensor = torch.Tensor;
const x = torch.tensor([1, 2]);

beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => {}));
afterEach(() => void vi.restoreAllMocks());

const numbers = Array.from({ length: 30 }, (_, i) => i + 1);

test("a number that is another one at each call is compiled for a few times", () => {
  const scaled = torch.compile((input: Tensor, scale: number) => input.mul(scale));
  for (const i of numbers) expect(scaled(x, i).tolist()).toEqual([i, 2 * i]);
  expect(scaled.statistics.compileCount).toBe(8);
  expect(vi.mocked(console.warn).mock.calls).toEqual([[expect.stringMatching(/finds another scale at each call/)]]);
  // Those that are known are replayed, and what stays is recorded.
  for (let i = 0; i < 3; i++) expect(scaled(x, 3).tolist()).toEqual([3, 6]);
  expect(scaled.statistics.compileCount).toBe(8);
  for (let i = 0; i < 3; i++) expect(scaled(x, 99).tolist()).toEqual([99, 198]);
  expect(scaled.statistics.compileCount).toBe(9);
});

test("so is a function that closes over an object which changes between all calls", () => {
  class Scaling extends torch.nn.Module {
    scale = 0;
    override forward(input: Tensor): Tensor {
      return input.mul(this.scale);
    }
  }
  const model = new Scaling();
  const scaled = torch.compile((input: Tensor) => model(input));
  for (const i of numbers) {
    model.scale = i;
    expect(scaled(x).tolist()).toEqual([i, 2 * i]);
  }
  expect(scaled.statistics.compileCount).toBe(8);
});

test("a tensor that requires grad and is another one at each call has its gradient", () => {
  const weight = torch.tensor([3, 4]);
  const slope = torch.compile((input: Tensor) => {
    input.mul(weight).sum().backward();
  });
  for (const i of numbers) {
    const input = torch.full([2], i).requires_grad_(true);
    slope(input);
    expect(input.grad!.tolist()).toEqual([3, 4]);
  }
  expect(slope.statistics.compileCount).toBeLessThan(9);
});

test("more shapes than recordings are kept for are no reason to compile for ever", () => {
  const sum = torch.compile((input: Tensor) => input.sum());
  for (let round = 0; round < 2; round++)
    for (let size = 1; size <= 80; size++) expect(sum(torch.ones(size)).item()).toBe(size);
  expect(sum.explain_recompiles()).toHaveLength(63);
  expect(vi.mocked(console.warn).mock.calls).toEqual([[expect.stringMatching(/called in 64 ways/)]]);
});

test("explain_recompiles keeps names of objects", () => {
  class Batch {
    readonly items: Tensor;
    constructor(items: Tensor) {
      this.items = items;
    }
  }
  const sum = torch.compile((batch: Batch | Map<string, number>, other: unknown) => [x.sum(), other, batch]);
  for (const batch of [new Batch(x), new Batch(x), new Map([["a", 1]])]) sum(batch, 1);
  expect(sum.explain_recompiles().map(({ before, now }) => [before, now])).toEqual([
    ["Batch", "another Batch"],
    ["Batch", expect.any(Number)],
  ]);
});
