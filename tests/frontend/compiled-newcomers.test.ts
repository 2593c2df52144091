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

const leaf = (value: number): Tensor => torch.full([2], value).requires_grad_(true);
test("a tensor that requires grad and is another one at each call is like any other, and has its gradient", () => {
  const weight = torch.tensor([3, 4]).requires_grad_(true);
  const slope = torch.compile((input: Tensor) => {
    input.mul(weight).sum().backward();
    const { grad } = input;
    torch.no_grad(() => input.sub_(grad!));
    return [grad!, grad!.mul(2), input] as const;
  });
  const early = leaf(3);
  const kept = numbers.map((i) => {
    const input = i === 3 ? early : leaf(i);
    const [grad, double, same] = slope(input);
    expect([grad === input.grad, same === input]).toEqual([true, true]);
    expect([input, grad, double].map((each) => each.tolist())).toEqual([
      [i - 3, i - 4],
      [3, 4],
      [6, 8],
    ]);
    return input;
  });
  expect(kept.map(({ grad }) => grad!.tolist())).toEqual(numbers.map(() => [3, 4]));
  const sum = numbers.reduce((a, b) => a + b, 0);
  expect(weight.grad!.tolist()).toEqual([sum, sum]);
  // Gradients are added to those that are there.
  slope(kept[5]!);
  expect(kept[5]!.grad!.tolist()).toEqual([6, 8]);
  expect(slope.statistics.compileCount).toBeLessThan(6);
  expect(console.warn).not.toHaveBeenCalled();
});

test("its values are not another call's", () => {
  const adversarial = torch.compile((input: Tensor, scale: Tensor) => {
    const [slope] = torch.autograd.grad(input.pow(2).mul(scale).sum(), [input]);
    return input.detach().add(slope);
  });
  for (const i of numbers) {
    const input = leaf(i);
    expect(adversarial(input, torch.full([2], i)).tolist()).toEqual([i + 2 * i * i, i + 2 * i * i]);
    expect(input.grad).toBeNull();
  }
  expect(adversarial.statistics.compileCount).toBe(2);
});

test("one that it closes over, too, and one of which a result is differentiated on, have their gradients", () => {
  const run = (compile: boolean): unknown => {
    let current = leaf(0);
    const square = (input: Tensor): void => input.mul(current).sum().backward();
    const sometimes = (input: Tensor, isLast: boolean): Tensor => (isLast ? input.pow(2) : input.detach().mul(2));
    const [both, last] = compile ? [torch.compile(square), torch.compile(sometimes)] : [square, sometimes];
    return numbers.slice(0, 6).map((i) => {
      current = leaf(i);
      both(current);
      const other = leaf(i);
      const result = last(other, i === 5);
      if (i === 5) result.sum().backward();
      return [current.grad!.tolist(), result.tolist(), other.grad?.tolist()];
    });
  };
  expect(run(true)).toEqual(run(false));
});

test("parameters that an optimizer has as well are trained in turn", () => {
  const run = (compile: boolean): unknown => {
    const weights = [1, 2, 3].map(leaf);
    const optimizer = new torch.optim.SGD(weights, { lr: 0.5 });
    const body = (weight: Tensor): void => {
      optimizer.zero_grad();
      weight.pow(2).sum().backward();
      optimizer.step();
    };
    const step = compile ? torch.compile(body) : body;
    for (let i = 0; i < 9; i++) step(weights[i % 3]!);
    return weights.map((weight) => weight.tolist());
  };
  expect(run(true)).toEqual(run(false));
});

test("more shapes than recordings are kept for are no reason to compile for ever", () => {
  const sum = torch.compile((input: Tensor) => Array.from({ length: 150 }, (_, k) => input.mul(k).sum()));
  for (let round = 0; round < 2; round++)
    for (let size = 1; size <= 80; size++) expect(sum(torch.ones(size))[1]!.item()).toBe(size);
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
    ["Private", "Map"],
  ]);
});
