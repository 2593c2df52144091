/** Ways to call that PyTorch has beside the usual ones. */
import * as torch from "cresset";
import { expect, test } from "vitest";

test("sums, differences, products and quotients of two numbers are 0-d tensors", () => {
  const cases: readonly [torch.Tensor, torch.dtype, unknown][] = [
    [torch.add(1, 2), torch.int64, 3n],
    [torch.add(1, 2, { alpha: 3 }), torch.int64, 7n],
    [torch.sub(1.5, 2), torch.float32, -0.5],
    [torch.subtract(3, 2), torch.int64, 1n],
    [torch.mul(true, false), torch.bool, false],
    [torch.div(1, 2), torch.float32, 0.5],
    [torch.div(7, 2, { rounding_mode: "floor" }), torch.int64, 3n],
  ];
  for (const [result, dtype, value] of cases) {
    expect(result.shape).toEqual([]);
    expect(result.dtype).toBe(dtype);
    expect(Number(result.item())).toBe(Number(value));
  }
});

test("take_along_dim counts negative indices from the end", () => {
  const x = torch.tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  expect(torch.take_along_dim(x, torch.tensor([[-1n], [-3n]]), 1).tolist()).toEqual([[3], [4]]);
  expect(() => torch.take_along_dim(x, torch.tensor([[-4n], [0n]]), 1).tolist()).toThrow(/out of range|out of bounds/);
});

test("polygamma takes its order by name", () => {
  const x = torch.tensor([1, 2]).float();
  expect(x.polygamma({ n: 1 }).tolist()).toEqual(torch.polygamma(1, x).tolist());
  expect(x.clone().polygamma_({ n: 1 }).tolist()).toEqual(torch.polygamma(1, x).tolist());
});

test("linalg.pinv takes rcond by position", () => {
  const x = torch.tensor([
    [1, 2],
    [3, 4.001],
  ]);
  const cut = torch.linalg.pinv(x, { rtol: 0.1 }).tolist();
  expect(torch.linalg.pinv(x, 0.1).tolist()).toEqual(cut);
  expect(torch.linalg.pinv(x, torch.tensor(0.1)).tolist()).toEqual(cut);
  const symmetric = x.matmul(x.t());
  expect(torch.linalg.pinv(symmetric, 0.1, true).tolist()).toEqual(
    torch.linalg.pinv(symmetric, { rtol: 0.1, hermitian: true }).tolist(),
  );
});
