/** Gradients where a formula has no value of its own: expected values recorded with PyTorch. */
import { expect, test } from "vitest";
import * as torch from "cresset";

const { ctc_loss, huber_loss, smooth_l1_loss } = torch.nn.functional;
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

test("ctc_loss has no slope where there is no alignment, and zero where such samples are left out", () => {
  const slopes = (zero_infinity: boolean): unknown => {
    const x = torch.zeros(3, 2, 2, { requires_grad: true });
    const [targets, inputs, lengths] = [torch.ones(2, 2).long(), torch.tensor([2n, 3n]), torch.tensor([2n, 1n])];
    ctc_loss(x.log_softmax(-1), targets, inputs, lengths, { reduction: "none", zero_infinity }).sum().backward();
    return x.grad!.isnan().any(-1).tolist();
  };
  const some = [
    [true, false],
    [true, false],
    [false, false],
  ];
  expect(slopes(false)).toEqual(some);
  expect(slopes(true)).toEqual(some.map((row) => row.map(() => false)));
});
