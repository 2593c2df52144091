import { beforeAll, describe, expect, it } from "vitest";
import * as torch from "cresset";
import { kernelsOf, ready } from "./support.ts";

const F = torch.nn.functional;

describe.each(["cpu:js", "cpu"])("on %s", (device) => {
  beforeAll(() => torch.set_default_device(device));
  const random = (...shape: number[]): torch.Tensor => ready(torch.randn(shape));

  it("a softmax, its logarithm, and a normalisation with weights are one kernel each", () => {
    const x = random(16, 48);
    const [w, b] = [random(48), random(48)];
    expect(kernelsOf([F.softmax(x, 1)])).toBe(1);
    expect(kernelsOf([F.log_softmax(x, 1)])).toBe(1);
    expect(kernelsOf([F.layer_norm(x, [48], w, b)])).toBe(1);
    expect(kernelsOf([F.rms_norm(x, [48], w)])).toBe(1);
    const image = random(4, 8, 5, 5);
    const [scale, shift] = [random(8), random(8)];
    expect(kernelsOf([F.group_norm(image, 2, scale, shift)])).toBe(1);
    expect(kernelsOf([F.relu(F.batch_norm(image, null, null, scale, shift, true))])).toBe(1);
  });

  it("bias and activation are part of a matrix product and of a convolution", () => {
    const x = random(8, 32);
    const [w, b] = [random(24, 32), random(24)];
    expect(kernelsOf([F.gelu(F.linear(x, w, b))])).toBe(1);
    expect(kernelsOf([F.relu(F.linear(x.reshape(2, 4, 32), w, b))])).toBe(1);
    const image = random(2, 3, 9, 9);
    const [kernel, bias] = [random(5, 3, 3, 3), random(5)];
    expect(kernelsOf([F.relu(F.conv2d(image, kernel, bias))])).toBe(1);
    // Padding is copied out first.
    expect(kernelsOf([F.relu(F.conv2d(image, kernel, bias, 1, 1))])).toBe(2);
  });

  it("the gradient of a softmax reads its rows once", () => {
    const x = random(16, 48).requires_grad_();
    const grad = random(16, 48);
    expect(kernelsOf(torch.autograd.grad([F.softmax(x, 1)], [x], [grad]))).toBe(1);
    expect(kernelsOf(torch.autograd.grad([F.log_softmax(x, 1)], [x], [grad]))).toBe(1);
  });

  it("a batch normalisation with all its gradients is one kernel, whichever of its sums is met first", () => {
    const x = random(4, 8, 5, 5).requires_grad_();
    const [w, b] = [random(8).requires_grad_(), random(8).requires_grad_()];
    const out = F.batch_norm(x, null, null, w, b, true);
    expect(kernelsOf([out, ...torch.autograd.grad([out], [x, w, b], [random(4, 8, 5, 5)])])).toBe(1);
  });

  it("cross entropy and its gradient read the logits once", () => {
    const x = random(16, 48).requires_grad_();
    const target = ready(torch.arange(16n));
    const loss = F.cross_entropy(x, target);
    // The number of targets; the loss of each row with the gradient; their mean.
    expect(kernelsOf([loss, ...torch.autograd.grad([loss], [x])])).toBeLessThanOrEqual(4);
  });

  it("a transposed convolution with a large stride is one product", () => {
    const [x, weight] = [random(2, 4, 3, 3), random(4, 2, 16, 8)];
    expect(kernelsOf([F.conv_transpose2d(x, weight, null, 8, 4)])).toBeLessThanOrEqual(4);
  });

  it("the gradient of pooling side by side scatters nothing", () => {
    const x = random(2, 3, 8, 8).requires_grad_();
    expect(kernelsOf(torch.autograd.grad([F.max_pool2d(x, 2)], [x], [random(2, 3, 4, 4)]))).toBeLessThanOrEqual(2);
  });
});
