/** Complex functions where parts are infinite, and sums of exponentials; the numbers are PyTorch's. */
import * as torch from "cresset";
import { expect, test } from "vitest";

const c = (re: number, im: number): torch.Complex => new torch.Complex(re, im);
const { PI } = Math;
const parts = (tensor: torch.Tensor): number[] => torch.view_as_real(tensor).flatten().tolist() as number[];

type Name =
  "acos" | "acosh" | "asin" | "asinh" | "atan" | "atanh" | "cos" | "cosh" | "exp" | "sin" | "sinh" | "tan" | "tanh";
test.each<[Name, number, number, number, number]>([
  ["acos", Infinity, Infinity, PI / 4, -Infinity],
  ["acos", -Infinity, -Infinity, (3 * PI) / 4, Infinity],
  ["acos", -Infinity, 2, PI, -Infinity],
  ["acos", NaN, Infinity, NaN, -Infinity],
  ["acosh", -Infinity, Infinity, Infinity, (3 * PI) / 4],
  ["acosh", Infinity, NaN, Infinity, NaN],
  ["acosh", 1, -Infinity, Infinity, -PI / 2],
  ["asin", -Infinity, 2, -PI / 2, Infinity],
  ["asin", Infinity, -Infinity, PI / 4, -Infinity],
  ["asinh", 1, Infinity, Infinity, PI / 2],
  ["asinh", -1, -Infinity, -Infinity, -PI / 2],
  ["atan", Infinity, -2, PI / 2, -0],
  ["atanh", Infinity, Infinity, 0, PI / 2],
  ["atanh", -1, -Infinity, -0, -PI / 2],
  ["atanh", NaN, Infinity, 0, PI / 2],
  ["cosh", 1e30, 0, Infinity, 0],
  ["cosh", -Infinity, NaN, Infinity, NaN],
  ["sinh", Infinity, -0, Infinity, -0],
  ["sinh", -0, NaN, -0, NaN],
  ["sin", 0, 1e30, 0, Infinity],
  ["sin", NaN, 0, NaN, 0],
  ["cos", 0, 1e30, Infinity, -0],
  ["exp", Infinity, NaN, Infinity, NaN],
  ["tan", Infinity, 0, NaN, 0],
  ["tanh", 0, Infinity, 0, NaN],
])("%s(%d + %di)", (name, x, y, re, im) => {
  const at = (device: string): number[] =>
    parts(torch[name](torch.tensor([c(x, y)], { dtype: torch.complex128, device })));
  expect([at("cpu"), at("cpu:js")]).toEqual([
    [re, im],
    [re, im],
  ]);
});

const near = (expected: readonly number[]): unknown[] =>
  expected.map((value) => (Number.isFinite(value) ? (expect.closeTo(value, 3) as unknown) : value));

test("logaddexp, logsumexp and logcumsumexp of complex numbers", () => {
  const x = torch.tensor([c(1, 2), c(-3, 4), c(2, -1)]);
  const y = torch.tensor([c(2, -2), c(-3, 1), c(1000, 1)]);
  expect(parts(torch.logaddexp(x, y))).toEqual(near([1.788, -2.3513, -4.9556, 2.5, 1000, 1]));
  expect(parts(torch.logsumexp(x, 0))).toEqual(near([1.5527, -0.9288]));
  expect(parts(torch.logcumsumexp(x, 0))).toEqual(near([1, 2, 0.9925, 2.0168, 1.5527, -0.9288]));
  expect(parts(torch.logcumsumexp(y, 0))).toEqual(near([2, -2, 1.9933, -1.999, 1000, 1]));
  const nothing = torch.tensor([c(-Infinity, 0), c(-Infinity, 1), c(1, 1)]);
  expect(parts(torch.logcumsumexp(nothing, 0))).toEqual(near([-Infinity, 0, -Infinity, 0, 1, 1]));
});

test("logcumsumexp of complex numbers has the gradient of its definition", () => {
  const inputs = [torch.tensor([c(1, 2), c(-3, 4), c(2, -1), c(0, 1), c(1, 1)], { dtype: torch.complex128 })];
  const [x, y] = [inputs[0]!.clone().requires_grad_(true), inputs[0]!.clone().requires_grad_(true)];
  torch.logcumsumexp(x, 0).abs().sum().backward();
  y.exp().cumsum(0).log().abs().sum().backward();
  expect(parts(x.grad!)).toEqual(near(parts(y.grad!)));
});
