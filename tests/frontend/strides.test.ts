/** Strides of results that are computed element by element; every expected value is torch 2.13.0+cpu's. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";

describe.each(["cpu", "cpu:js"])("strides on %s", (device) => {
  const x = (...shape: number[]): torch.Tensor =>
    torch
      .arange(
        shape.reduce((n, size) => n * size, 1),
        { device },
      )
      .float()
      .reshape(shape);

  test.each<[string, () => torch.Tensor, readonly number[]]>([
    ["square of a transposed", () => x(2, 5, 3).transpose(-2, -3).square(), [3, 15, 1]],
    ["a transposed and a number", () => x(2, 3).t().add(1), [1, 3]],
    ["a comparison", () => x(2, 3).t().gt(1), [1, 3]],
    [
      "a permuted with rows",
      () =>
        x(2, 3, 4)
          .permute(2, 0, 1)
          .mul(x(4, 2, 3)),
      [1, 12, 4],
    ],
    ["rows with a permuted", () => x(4, 2, 3).mul(x(2, 3, 4).permute(2, 0, 1)), [6, 3, 1]],
    ["every second row", () => x(4, 3).at("::2").neg(), [3, 1]],
    ["an expanded", () => x(3, 1).expand(3, 4).neg(), [4, 1]],
    ["a transposed with a broadcast row", () => x(3, 2).t().add(x(3)), [1, 2]],
    ["where", () => torch.where(x(3, 2).t().gt(1), x(3, 2).t(), 0), [1, 2]],
    ["gelu", () => torch.nn.functional.gelu(x(3, 2).t()), [1, 2]],
    ["softmax", () => x(3, 2).t().softmax(0), [3, 1]],
    ["cumsum", () => x(3, 2).t().cumsum(0), [3, 1]],
  ])("%s", (_name, make, strides) => {
    const result = make();
    expect(result.stride()).toEqual(strides);
    expect(result._base).toBe(null);
    expect(result.contiguous().stride()).toEqual(torch.empty(result.shape).stride());
  });

  test("a reshape that needs a copy is one, so that writes to it go nowhere else", () => {
    const squared = x(2, 5, 3).transpose(-2, -3).square();
    const before = squared.tolist();
    squared.reshape(5, -1).view(-1).add_(1);
    const copy = squared.reshape(2, -1);
    copy.add_(1);
    expect(squared.transpose(0, 1).reshape(2, -1).tolist()).toEqual(
      torch.tensor(before, { device }).add(0).transpose(0, 1).reshape(2, -1).tolist(),
    );
  });

  test("a write to such a result counts where its operator has saved it", () => {
    const w = x(2, 3).requires_grad_();
    const y = w.t().exp();
    expect(String(y.grad_fn)).toBe("<ExpBackward0>");
    y.add_(1);
    expect(() => y.sum().backward()).toThrow(/exp saved a float32\[3, 2\], changed since by add_/);
    const z = w.t().mul(2);
    z.add_(1).sum().backward();
    expect(w.grad!.tolist()).toEqual(torch.full([2, 3], 2).tolist());
  });

  test("gradients, views and writes go through them", () => {
    const w = x(2, 3).add(1).requires_grad_();
    const y = w.t().mul(2);
    y.at(0).mul_(10);
    y.square().sum().backward();
    expect(w.grad!.tolist()).toEqual([
      [800, 16, 24],
      [3200, 40, 48],
    ]);
    expect(y.as_strided([6], [1]).tolist()).toEqual([20, 4, 6, 80, 10, 12]);
  });
});
