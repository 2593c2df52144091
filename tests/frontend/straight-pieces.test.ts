/** Functions of straight pieces: the slope rests on the operand, in jumps, so that gradients can be differentiated again. */
import * as torch from "cresset";
import type { Tensor } from "cresset";
import { expect, test } from "vitest";

const F = torch.nn.functional;
const values = [
  [0.3, -0.4],
  [1.2, -2],
];
const slope = (f: (x: Tensor) => Tensor): readonly [x: Tensor, slope: Tensor] => {
  const x = torch.tensor(values, { requires_grad: true });
  return [x, torch.autograd.grad(f(x).sum(), [x], { create_graph: true })[0]];
};

// As PyTorch 2.13 answers.
test.each<[string, (x: Tensor) => Tensor]>([
  ["abs", (x) => x.abs()],
  ["abs_", (x) => x.clone().abs_()],
  ["relu", (x) => x.relu()],
  ["relu_", (x) => x.clone().relu_()],
  ["hardtanh", (x) => F.hardtanh(x)],
  ["relu6", (x) => F.relu6(x)],
  ["leaky_relu", (x) => F.leaky_relu(x)],
  ["softshrink", (x) => F.softshrink(x)],
  ["hardshrink", (x) => F.hardshrink(x)],
  ["hardsigmoid", (x) => F.hardsigmoid(x)],
  ["threshold", (x) => F.threshold(x, 0.1, 0.2)],
  ["rrelu", (x) => F.rrelu(x)],
  ["rrelu in training", (x) => F.rrelu(x, { training: true })],
  ["prelu", (x) => F.prelu(x, torch.tensor([0.25]))],
  ["norm(1)", (x) => x.norm(1)],
  ["norm(inf)", (x) => x.norm(Infinity)],
  ["dist(p=1)", (x) => x.dist(torch.ones(2, 2), 1)],
  ["l1_loss", (x) => F.l1_loss(x, torch.ones(2, 2))],
  ["matrix_norm(1)", (x) => torch.linalg.matrix_norm(x, 1)],
  ["max_pool1d", (x) => F.max_pool1d(x, 2)],
  ["max_pool2d", (x) => F.max_pool2d(x.unsqueeze(0), 2)],
  ["fractional_max_pool2d", (x) => F.fractional_max_pool2d(x.unsqueeze(0), 1, { output_size: 1 })],
])("the second gradient of %s is zero", (_name, f) => {
  const [x, first] = slope(f);
  expect(first.requires_grad).toBe(true);
  first.sum().backward();
  expect(x.grad!.add(0).tolist()).toEqual([
    [0, 0],
    [0, 0],
  ]);
});

test.each<[string, (x: Tensor) => Tensor]>([
  ["clamp", (x) => x.clamp(-1, 1)],
  ["maximum", (x) => torch.maximum(x, torch.zeros(2, 2))],
  ["amax", (x) => x.amax(1)],
  ["where", (x) => torch.where(x.gt(0), x, x.mul(2))],
  ["a product with a number", (x) => x.mul(3)],
])("the slope of %s has no history, as in PyTorch", (_name, f) => {
  expect(slope(f)[1].requires_grad).toBe(false);
});
