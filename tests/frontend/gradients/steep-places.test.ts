/** Gradients where a function is steep, flat or takes something twice; the numbers are PyTorch's. */
import * as torch from "cresset";
import { expect, test } from "vitest";

const { Complex } = torch;
const leaf = (values: number[]): torch.Tensor => torch.tensor(values, { dtype: torch.float32, requires_grad: true });
const near = (expected: readonly number[]): unknown[] => expected.map((value) => expect.closeTo(value, 3) as unknown);

test("index_fill counts its value once where a slice is named twice", () => {
  const [x, value] = [leaf([1, 2, 3]), leaf([5]).detach().reshape([]).requires_grad_(true)];
  const filled = x.index_fill(0, torch.tensor([0n, -3n]), value);
  filled.sum().backward();
  expect(filled.tolist()).toEqual([5, 2, 3]);
  expect(value.grad!.item()).toBe(1);
  expect(x.grad!.tolist()).toEqual([0, 1, 1]);
});

test("quantile and nanquantile have a gradient for q", () => {
  const q = leaf([0.3, 0.6]);
  torch
    .quantile(torch.tensor([1, 2, 4], { dtype: torch.float32 }), q)
    .sum()
    .backward();
  expect(q.grad!.tolist()).toEqual(near([2, 4]));
  q.grad = null;
  torch
    .nanquantile(torch.tensor([1, 2, NaN, 4]), q)
    .sum()
    .backward();
  expect(q.grad!.tolist()).toEqual(near([2, 4]));
});

test.each(["trunc", "floor"] as const)("a quotient rounded by %s is flat, also by zero", (rounding_mode) => {
  const [a, b] = [leaf([1, -2, 7]), leaf([0, 0, 2])];
  const quotient = torch.div(a, b, { rounding_mode });
  quotient.sum().backward();
  expect(quotient.tolist()).toEqual([Infinity, -Infinity, 3]);
  expect([a.grad!.tolist(), b.grad!.tolist()]).toEqual([
    [0, 0, 0],
    [0, 0, 0],
  ]);
});

test("logit is infinitely steep at 0 and 1", () => {
  const x = leaf([0, 1, 0.5, 2]);
  x.logit().sum().backward();
  expect(x.grad!.tolist()).toEqual([Infinity, Infinity, 4, NaN]);
  const limited = leaf([0, 1, 0.5, 2]);
  limited.logit({ eps: 0 }).sum().backward();
  expect(limited.grad!.tolist()).toEqual([Infinity, Infinity, 4, 0]);
});

test.each([
  [false, [0.6043, 0.467, 0.2638, -0.8406, 0.1693, 0.7933, 1.1339, 0.0945]],
  [true, [0.6043, -0.1545, -0.3307, -0.5433, -0.2362, 0.5906, 1.1339, -0.0945]],
])("a Cholesky factor's gradient is PyTorch's where its diagonal is not real (upper: %s)", (upper, expected) => {
  const c = (re: number, im: number) => new Complex(re, im);
  const matrix = torch.tensor([
    [c(4, 0), c(1, 2)],
    [c(1, -2), c(3, 0)],
  ]);
  const given = torch.tensor([
    [c(1, 0.5), c(0, 0)],
    [c(2, 1), c(3, 0.25)],
  ]);
  const factors = [
    torch.linalg.cholesky,
    (a: torch.Tensor, options: { upper: boolean }) => torch.linalg.cholesky_ex(a, options)[0],
  ];
  for (const factor of factors) {
    const a = matrix.clone().requires_grad_(true);
    factor(a, { upper }).backward(given);
    expect(torch.view_as_real(a.grad!).flatten().tolist()).toEqual(near(expected));
  }
});

test.each([
  ["float16", [2.832, 0.395, 9.383, 0.0513]],
  ["bfloat16", [2.844, 0.3945, 9.375, 0.0513]],
] as const)("digamma's gradient in %s is computed wide", (type, expected) => {
  const x = leaf([0.7, 3, -1.5, 20]).detach().to(torch[type]).requires_grad_(true);
  x.digamma().sum().backward();
  expect(x.grad!.tolist()).toEqual(near(expected));
});

test("an exponential unit has the slope below zero at zero, and no curvature", () => {
  const { elu, celu, selu } = torch.nn.functional;
  const units: readonly [(x: torch.Tensor) => torch.Tensor, number[], number[]][] = [
    [elu, [1, 1, 1, 0.3679], [0, 0, 0, 0.3679]],
    [(x) => elu(x, 2), [2, 2, 1, 0.7358], [0, 0, 0, 0.7358]],
    [(x) => celu(x, 2), [1, 1, 1, 0.6065], [0, 0, 0, 0.3033]],
    [selu, [1.7581, 1.7581, 1.0507, 0.6468], [0, 0, 0, 0.6468]],
  ];
  for (const [unit, slopes, curvatures] of units) {
    const x = leaf([0, -0, 1, -1]);
    const [slope] = torch.autograd.grad([unit(x).sum()], [x], { create_graph: true });
    const [curvature] = torch.autograd.grad([slope.sum()], [x]);
    expect([slope.tolist(), curvature.tolist()]).toEqual([near(slopes), near(curvatures)]);
  }
});

test("the nearest pixel does not move with the grid, which has a gradient of zero", () => {
  const [image, grid] = [torch.arange(4).view(1, 1, 2, 2), torch.zeros(1, 1, 1, 2, { requires_grad: true })];
  const sampled = torch.nn.functional.grid_sample(image.float(), grid, "nearest", "zeros", false);
  sampled.sum().backward();
  expect(grid.grad!.tolist()).toEqual([[[[0, 0]]]]);
});

test("i1 and i1e at NaN have the slope that they have at zero", () => {
  for (const name of ["i1", "i1e"] as const) {
    const x = leaf([NaN, 0]);
    torch.special[name](x).sum().backward();
    expect(x.grad!.tolist()).toEqual([0.5, 0.5]);
  }
});
