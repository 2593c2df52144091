/** Reductions of half floats are computed in float32 and rounded once: what is between may be out of their range. */
import * as torch from "cresset";
import { expect, test } from "vitest";

const of = (value: number, count: number): torch.Tensor => torch.full([count], value).to(torch.float16);

test.each<[string, () => torch.Tensor, number]>([
  ["mean", () => of(30000, 4).mean(), 30000],
  ["mean of many", () => of(300, 1000).mean(0), 300],
  ["mean of large float32s as float16", () => torch.tensor([1e5, -1e5, 3]).mean({ dtype: torch.float16 }), 1],
  ["norm", () => of(300, 4).norm(), 600],
  ["norm of order 3", () => of(300, 4).norm(3), 476.25],
  ["norm along a dimension", () => of(300, 4).norm({ dim: 0 }), 600],
  ["linalg.vector_norm", () => torch.linalg.vector_norm(of(300, 4)), 600],
  ["linalg.norm of a matrix", () => torch.linalg.norm(of(300, 4).reshape(2, 2)), 600],
  ["dist", () => torch.dist(of(300, 4), of(0, 4)), 600],
  ["cosine_similarity", () => torch.cosine_similarity(of(300, 4), of(300, 4), 0), 1],
  ["var", () => of(60000, 3).var(), 0],
  ["std", () => torch.tensor([60000, -60000, 3]).half().std(), 60000],
  ["var_mean's variance", () => torch.var_mean(of(60000, 3))[0], 0],
  ["var_mean's mean", () => torch.var_mean(of(60000, 3))[1], 60000],
  ["renorm", () => torch.renorm(torch.full([2, 3], 300).half(), 2, 0, 5).max(), 2.88671875],
  ["linalg.vecdot", () => torch.linalg.vecdot(of(300, 2), torch.tensor([300, -300]).half()), 0],
])("%s", (_name, make, expected) => {
  const result = make();
  expect(result.dtype).toBe(torch.float16);
  expect(result.item()).toBe(expected);
});

test("gradients have the input's type", () => {
  const x = of(300, 4).requires_grad_(true);
  x.norm().add(x.mean()).add(x.std()).backward();
  expect(x.grad!.dtype).toBe(torch.float16);
  const y = of(300, 4).requires_grad_(true);
  y.norm().add(y.mean()).backward();
  expect(y.grad!.tolist()).toEqual([0.75, 0.75, 0.75, 0.75]);
});

test.each([torch.float16, torch.bfloat16])("rms_norm's own eps is that of what it computes in (%s)", (dtype) => {
  const x = torch.tensor([[0.02], [0.001]], { dtype });
  const results = [torch.nn.functional.rms_norm(x, [1]), new torch.nn.RMSNorm(1, { dtype }).forward(x)];
  for (const result of results) expect(result.flatten().tolist()).toEqual([1, 0.9453125]);
});
