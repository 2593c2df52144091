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

class Batch {
  items: Tensor;
  factor = 2;
  seen: Tensor | null = null;
  readonly inner: { list: Tensor[] } = { list: [] };
  constructor(items: Tensor) {
    this.items = items;
  }
  scaled(): Tensor {
    return this.items.mul(this.factor);
  }
}
class Private {
  readonly #items: Tensor;
  constructor(items: Tensor) {
    this.#items = items;
  }
  scaled(): Tensor {
    return this.#items.mul(2);
  }
}
class Knowing {
  items: Tensor;
  constructor(items: Tensor) {
    this.items = items;
  }
  readonly scaled = (): Tensor => this.items.mul(2);
}

test("an object of a class that is another one at each call is what it holds", () => {
  const use = torch.compile((batch: Batch) => {
    batch.seen = batch.items.add(1);
    batch.inner.list.push(batch.seen);
    return [batch.scaled(), batch, batch instanceof Batch] as const;
  });
  for (const i of numbers) {
    const batch = new Batch(torch.full([2], i));
    if (i > 20) batch.factor = 3;
    const [scaled, same, isBatch] = use(batch);
    expect(scaled.tolist()).toEqual(Array(2).fill(i * batch.factor));
    expect([same === batch, isBatch, batch.inner.list.length]).toEqual([true, true, 1]);
    expect(batch.inner.list[0]).toBe(batch.seen);
    expect(batch.seen!.tolist()).toEqual([i + 1, i + 1]);
  }
  expect(use.explain_recompiles().map(({ guard }) => guard)).toEqual(["batch", "batch.factor"]);
  expect(console.warn).not.toHaveBeenCalled();
});

test.each([Private, Knowing])("one that holds more than is seen is not taken apart: %o", (Class) => {
  const use = torch.compile((batch: Private | Knowing) => batch.scaled());
  for (const i of numbers) expect(use(new Class(torch.full([2], i))).tolist()).toEqual([2 * i, 2 * i]);
  expect(use.statistics.compileCount).toBe(8);
});

test("explain_recompiles keeps names of objects", () => {
  const sum = torch.compile((batch: Private | Map<string, number>, other: unknown) => [x.sum(), other, batch]);
  for (const batch of [new Private(x), new Private(x), new Map([["a", 1]])]) sum(batch, 1);
  expect(sum.explain_recompiles().map(({ before, now }) => [before, now])).toEqual([
    ["Private", "another Private"],
    ["Private", expect.any(Number)],
  ]);
});
