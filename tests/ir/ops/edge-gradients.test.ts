/** Gradients where a formula has no value of its own: expected values recorded with PyTorch. */
import { expect, test } from "vitest";
import * as torch from "cresset";

const { huber_loss, smooth_l1_loss } = torch.nn.functional;
const gradient = (values: number[], f: (x: torch.Tensor) => torch.Tensor): unknown => {
  const x = torch.tensor(values, { requires_grad: true });
  f(x).sum().backward();
  return x.grad!.tolist();
};

test("sinc's slope is zero where squares are out of range", () => {
  expect(gradient([0, 1e-42, -1e-30, 1e-20], (x) => x.sinc())).toEqual([0, 0, 0, 0]);
});

test.each([
  ["smooth_l1_loss", (x: torch.Tensor) => smooth_l1_loss(x, torch.zeros(3), { reduction: "none" })],
  ["huber_loss", (x: torch.Tensor) => huber_loss(x, torch.zeros(3), { reduction: "none" })],
])("%s hands NaN on", (_name, loss) => {
  expect(gradient([NaN, 0.5, -2], loss)).toEqual([NaN, 0.5, -1]);
});

test("logsumexp's slope of finite elements beside an infinite one is zero", () => {
  expect(gradient([100, Infinity, 1], (x) => x.logsumexp(0))).toEqual([0, NaN, 0]);
  expect(gradient([100, -Infinity, 100], (x) => x.logsumexp(0))).toEqual([0.5, 0, 0.5]);
});
