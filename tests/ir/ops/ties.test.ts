/** Whom the gradient goes to where several could have it, as PyTorch 2.13 has it. */
import * as torch from "cresset";
import { expect, test } from "vitest";
import { onEachDevice } from "./support.ts";

const leaf = (data: torch.TensorData): torch.Tensor => torch.tensor(data, { requires_grad: true });
const gradients = (value: torch.Tensor, ...leaves: torch.Tensor[]): unknown[] => {
  value.sum().backward();
  return leaves.map((x) => x.grad?.tolist() ?? null);
};

onEachDevice("shared gradients", () => {
  test.each([
    [
      [2, 2, 1],
      [0.5, 0.5, 0],
    ],
    [
      [1, 2, 2, 3],
      [0, 0.5, 0.5, 0],
    ],
    [
      [3, 1, 2],
      [0, 0, 1],
    ],
  ])("all elements that equal the median of %j share", (data, expected) => {
    for (const name of ["median", "nanmedian"] as const) {
      const x = leaf(data);
      expect(gradients(x[name](), x)).toEqual([expected]);
    }
  });

  test("NaN shares the median's gradient with NaN alone, and has none of nanmedian's", () => {
    const x = leaf([NaN, 2, 2, NaN]);
    expect(gradients(x.median(), x)).toEqual([[0.5, 0, 0, 0.5]]);
    const y = leaf([NaN, 2, 2, NaN]);
    expect(gradients(y.nanmedian(), y)).toEqual([[0, 0.5, 0.5, 0]]);
  });

  test("nothing equals an extreme that is NaN, whose gradient is NaN", () => {
    for (const name of ["amax", "amin"] as const) {
      const x = leaf([NaN, 1]);
      expect(gradients(x[name](), x)).toEqual([[NaN, NaN]]);
      const rows = leaf([[NaN, 1], [2, 2]]); // prettier-ignore
      expect(gradients(rows[name](1), rows)).toEqual([[[NaN, NaN], [0.5, 0.5]]]); // prettier-ignore
    }
    const x = leaf([NaN, 1]);
    expect(gradients(torch.aminmax(x).max, x)).toEqual([[NaN, NaN]]);
  });

  test("along a dimension the median's own element has it", () => {
    const x = leaf([[2, 2, 2]]);
    expect(gradients(x.median(1).values, x)).toEqual([[[0, 1, 0]]]);
  });

  test("what equals a bound of clamp has the whole gradient, and the bound none", () => {
    const of = (options: Record<string, number>): unknown[] => {
      const x = leaf([1, 2, 3]);
      const bounds = Object.fromEntries(Object.entries(options).map(([name, value]) => [name, leaf(value)]));
      return gradients(torch.clamp(x, bounds), x, ...Object.values(bounds));
    };
    expect(of({ min: 2 })).toEqual([[0, 1, 1], 1]);
    expect(of({ max: 2 })).toEqual([[1, 1, 0], 1]);
    expect(of({ min: 2, max: 2 })).toEqual([[0, 1, 0], 0, 1]);
    expect(of({ min: 1, max: 3 })).toEqual([[1, 1, 1], 0, 0]);
    expect(of({ min: 3, max: 2 })).toEqual([[0, 0, 0], 0, 3]);
    const [x, low] = [leaf([NaN, 1, 2]), leaf([1, NaN, 2])];
    expect(gradients(torch.clamp(x, { min: low }), x, low)).toEqual([
      [0, 0, 1],
      [0, 0, 0],
    ]);
  });

  test("the angle of the origin has no gradient", () => {
    const [y, x] = [leaf([0, 1]), leaf([0, 0])];
    expect(gradients(torch.atan2(y, x).mul(torch.tensor([1, 2])), y, x)).toEqual([
      [0, 0],
      [-0, -2],
    ]);
  });

  test("the median of nothing is what NaN becomes", () => {
    const none = (dtype: torch.dtype): torch.Tensor => torch.nanmedian(torch.empty(0, { dtype }));
    expect(none(torch.int32).item()).toBe(-(2 ** 31));
    expect(none(torch.uint8).item()).toBe(0);
    expect(none(torch.float32).item()).toBe(NaN);
  });
});
