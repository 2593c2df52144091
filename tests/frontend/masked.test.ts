import { describe, expect, test } from "vitest";
import * as torch from "cresset";

describe("torch.masked", () => {
  const x = torch.tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  const mask = torch.tensor([
    [true, false, true],
    [false, false, true],
  ]);

  test("reductions leave out what the mask leaves out", () => {
    expect(torch.masked.sum(x, 1, { mask }).tolist()).toEqual([4, 6]);
    expect(torch.masked.mean(x, { mask }).item()).toBeCloseTo(10 / 3);
    expect(torch.masked.amax(x, 0, { mask, keepdim: true }).tolist()).toEqual([[1, -Infinity, 6]]);
    expect(torch.masked.median(x, 1, { mask }).tolist()).toEqual([1, 6]);
    expect(torch.masked.var(x, 1, false, { mask }).tolist()).toEqual([1, 0]);
  });

  test("softmax is over the elements that count", () => {
    expect(torch.masked.softmax(torch.zeros(2, 3), 1, { mask }).tolist()).toEqual([
      [0.5, 0, 0.5],
      [0, 0, 1],
    ]);
    expect(torch.masked.cumsum(x, 1, { mask }).tolist()).toEqual([
      [1, 1, 4],
      [0, 0, 6],
    ]);
  });

  test("what is left out gets no gradient", () => {
    const leaf = x.clone().requires_grad_();
    torch.masked.prod(leaf, { mask }).backward();
    expect(leaf.grad!.tolist()).toEqual([
      [18, 0, 6],
      [0, 0, 3],
    ]);
  });
});
