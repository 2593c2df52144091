/** Views that one call makes together are not written where gradients are recorded. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";

const together: readonly (readonly [string, (x: torch.Tensor) => readonly torch.Tensor[]])[] = [
  ["unbind", (x) => x.unbind(0)],
  ["split", (x) => x.split(1)],
  ["split of sizes", (x) => x.split([1, 2])],
  ["split_with_sizes", (x) => x.split_with_sizes([1, 2])],
  ["chunk", (x) => x.chunk(2)],
  ["iteration", (x) => [...x]],
];
const recorded = (): torch.Tensor => torch.ones(3, 3, { requires_grad: true }).mul(1);
const words = /This view is the output of a function that returns multiple views/;

describe.each(together)("%s", (_name, take) => {
  test("its views and theirs are not written in place", () => {
    const [first, second] = take(recorded());
    expect(() => first!.mul_(2)).toThrow(words);
    expect(() => second!.view(-1).add_(1)).toThrow(words);
    expect(() => first!.unsqueeze_(0)).toThrow(words);
  });

  test("nor is what has a history written into those of a plain tensor", () => {
    const base = torch.zeros(3, 3);
    const [first] = take(base);
    expect(() => first!.copy_(torch.ones(1, { requires_grad: true }))).toThrow(words);
    expect([base.requires_grad, base.sum().item()]).toEqual([false, 0]);
    first!.copy_(torch.ones(1));
    expect(base.sum().item()).toBe(first!.numel());
  });

  test("under no_grad they are written", () => {
    const base = recorded();
    const [first] = take(base);
    torch.no_grad(() => first!.mul_(2));
    expect(base.sum().item()).toBe(9 + first!.numel());
  });
});

test.each<readonly [string, (x: torch.Tensor) => readonly torch.Tensor[]]>([
  ["split(3)", (x) => x.split(3)],
  ["split([3])", (x) => x.split([3])],
  ["chunk(1)", (x) => x.chunk(1)],
  ["unbind of one", (x) => x.at("0:1").unbind()],
])("the only view of %s is one of several all the same", (_name, take) => {
  expect(() => take(recorded())[0]!.mul_(2)).toThrow(words);
  const base = recorded();
  const [only] = take(base);
  base.mul_(2);
  expect(() => only!.sum()).toThrow(words);
});

// As PyTorch 2.13 answers.
test("after their base was written they are read where no gradient is recorded", () => {
  const base = recorded();
  const [first] = base.unbind(0);
  base.add_(1);
  expect(first!.detach().tolist()).toEqual([2, 2, 2]);
  expect(first!.eq(2).tolist()).toEqual([true, true, true]);
  expect([first!.all().item(), first!.argmax().item(), first!.tolist()]).toEqual([true, 0, [2, 2, 2]]);
  expect(torch.where(first!.gt(1), 1, 0).tolist()).toEqual([1, 1, 1]);
  expect(torch.no_grad(() => first!.mul(2)).tolist()).toEqual([4, 4, 4]);
  for (const use of [() => first!.mul(2), () => first!.view(3, 1), () => torch.zeros(3).copy_(first!)])
    expect(use).toThrow(words);
});

test("tensor_split's views are written each by itself", () => {
  const base = recorded();
  base.tensor_split(3)[0]!.mul_(2);
  expect(base.tolist()).toEqual([
    [2, 2, 2],
    [1, 1, 1],
    [1, 1, 1],
  ]);
});
