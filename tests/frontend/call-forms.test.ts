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

test("einsum takes numbers of dimensions beside their tensors", () => {
  const [a, b] = [torch.arange(6).view(2, 3), torch.arange(6).view(3, 2)];
  expect(torch.einsum(a, [0, 1], b, [1, 2], [0, 2]).tolist()).toEqual(a.matmul(b).tolist());
  expect(torch.einsum(a, [0, 51]).tolist()).toEqual(a.tolist());
  expect(torch.einsum(a, ["...", 1], ["..."]).tolist()).toEqual(a.sum(1).tolist());
  expect(() => torch.einsum(a, [0, 52])).toThrow("not within the valid range [0, 52)");
});

test("histogramdd takes bins by name beside the rest", () => {
  const x = torch.tensor([[0], [0.5], [1]]);
  const weight = torch.tensor([1, 2, 4]);
  const { hist } = torch.histogramdd(x, { bins: [2], weight });
  expect(hist.tolist()).toEqual([1, 6]);
  expect(torch.histogramdd({ input: x, bins: [2], range: [0, 2], density: true }).hist.tolist()).toEqual(
    torch.histogramdd(x, [2], [0, 2], null, true).hist.tolist(),
  );
});

test("draws like a tensor take their numbers by name, and nothing else by position", () => {
  const x = torch.zeros(50);
  const draws = [torch.randint_like(x, 2), torch.randint_like(x, { high: 2 }), torch.randint_like(x, 0, { high: 2 })];
  for (const drawn of draws) expect([drawn.min().item(), drawn.max().item()]).toEqual([0, 1]);
  expect(() => torch.randint_like(x, 3, 3)).toThrow("expects 'from' to be less than 'to'");
  const rand_like = torch.rand_like as (...args: unknown[]) => torch.Tensor;
  expect(() => rand_like(x, 5)).toThrow("positional argument");
  expect(() => rand_like(null)).toThrow("argument 'input' (position 1) must be Tensor");
});

test("what is no tensor is refused where one is wanted", () => {
  const given = [null, "a", 3] as unknown as torch.Tensor[];
  for (const value of given) {
    expect(() => torch.zeros_like(value)).toThrow("argument 'input' (position 1) must be Tensor");
    expect(() => torch.ones(1).resize_as_(value)).toThrow("argument 'the_template' (position 1) must be Tensor");
  }
});

test("masked functions refuse words that they do not know, and what is no tensor", () => {
  const x = torch.tensor([1, 2, 4]);
  const mask = torch.tensor([true, false, true]);
  expect(torch.masked.sum({ input: x, dim: 0, mask }).item()).toBe(5);
  expect(torch.masked.var(x, 0, false, { mask }).item()).toBe(2.25);
  const { sum, softmax, normalize } = torch.masked as unknown as Record<string, (...args: unknown[]) => unknown>;
  expect(() => sum!(x, 0, { masks: mask })).toThrow("unexpected keyword argument 'masks'");
  expect(() => softmax!(x, 0, { keepdim: true })).toThrow("unexpected keyword argument 'keepdim'");
  expect(() => sum!(null)).toThrow("argument 'input' (position 1) must be Tensor");
  expect(() => normalize!(x)).toThrow("missing 2 required positional arguments: 'ord' and 'dim'");
});

test("a tensor without a size is refused", () => {
  const { zeros, rand } = torch as unknown as Record<string, (...args: unknown[]) => torch.Tensor>;
  for (const make of [zeros!, rand!])
    for (const args of [[], [{ dtype: "float64" }]])
      expect(() => make(...args)).toThrow("missing 1 required positional");
  expect(torch.zeros([]).shape).toEqual([]);
});

test("first arguments are taken by name", () => {
  expect(torch.randperm({ n: 1 }).tolist()).toEqual([0]);
  expect(torch.tril_indices({ row: 2, col: 2 }).tolist()).toEqual(torch.tril_indices(2, 2).tolist());
  expect(torch.triu_indices(2, { col: 2, offset: 1 }).tolist()).toEqual(torch.triu_indices(2, 2, 1).tolist());
  expect(torch.empty_strided({ size: [2, 3], stride: [1, 2] }).stride()).toEqual([1, 2]);
  expect(torch.can_cast({ from_: "int8", to: "float32" })).toBe(true);
  expect(torch.promote_types({ type1: "int8", type2: "float16" })).toBe(torch.float16);
  expect(torch.scalar_tensor({ s: 3 }).item()).toBe(3);
  expect(
    torch
      .ones(1)
      .new_tensor({ data: [1, 2] })
      .tolist(),
  ).toEqual([1, 2]);
  expect(torch.ones(4).resize_as_({ the_template: torch.ones(2, 1) }).shape).toEqual([2, 1]);
  const x = torch.arange(6) as unknown as Record<string, (options: object) => readonly torch.Tensor[]>;
  for (const split of [{ sections: 3 }, { indices: [2, 4] }])
    for (const name of ["tensor_split", "hsplit"])
      expect(x[name]!(split).map((part) => part.tolist())).toEqual([[0, 1], [2, 3], [4, 5]]); // prettier-ignore
});
