/** Inputs that are smaller than a window, and batches of nothing, as PyTorch 2.13 has them. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";

const F = torch.nn.functional;
const ones = (...size: number[]): torch.Tensor => torch.ones(size);

describe("a window that is larger than the input is refused", () => {
  test.each<[string, () => torch.Tensor, string]>([
    [
      "avg_pool1d",
      () => F.avg_pool1d(ones(1, 2, 2), 5),
      "Given input size: (2x1x2). Calculated output size: (2x1x0). Output size is too small",
    ],
    [
      "avg_pool2d",
      () => F.avg_pool2d(ones(1, 2, 2, 2), [3, 1], 1),
      "Given input size: (2x2x2). Calculated output size: (2x0x2). Output size is too small",
    ],
    [
      "avg_pool3d",
      () => F.avg_pool3d(ones(1, 2, 2, 2, 2), [2, 3, 3]),
      "input image (T: 2 H: 2 W: 2) smaller than kernel size (kT: 2 kH: 3 kW: 3)",
    ],
    [
      "avg_pool3d, padded",
      () => F.avg_pool3d(ones(2, 2, 2, 2), 3, { padding: 1, ceil_mode: true }),
      "smaller than kernel size",
    ],
    [
      "max_pool2d",
      () => F.max_pool2d(ones(2, 2, 2), 5),
      "Given input size: (2x2x2). Calculated output size: (2x0x0). Output size is too small",
    ],
    [
      "max_pool3d",
      () => F.max_pool3d(ones(1, 2, 2, 2, 2), 2, { dilation: 3 }),
      "Given input size: (2x2x2x2). Calculated output size: (2x0x0x0)",
    ],
    [
      "fractional_max_pool2d",
      () => F.fractional_max_pool2d(ones(1, 2, 2, 2), 3, { output_size: 1 }),
      "fractional_max_pool2d(): pool height 3 too large relative to input height 2",
    ],
    [
      "fractional_max_pool3d",
      () => F.fractional_max_pool3d(ones(1, 2, 2, 2, 2), 3, { output_size: 1 }),
      "pool time 3 too large relative to input time 2",
    ],
  ])("%s", (_name, make, words) => expect(make).toThrow(words));

  test("a maximum takes a window that sticks out, where it rounds up", () => {
    expect(F.max_pool3d(ones(1, 2, 2, 2, 2), 3, { ceil_mode: true }).shape).toEqual([1, 2, 1, 1, 1]);
  });
});

test("a transposed convolution of no images may have no elements, and its weights a gradient of zero", () => {
  const weight = torch.ones(2, 3, 1, 1, { requires_grad: true });
  const result = F.conv_transpose2d(ones(0, 2, 2, 3), weight, { padding: 1 });
  expect(result.shape).toEqual([0, 3, 0, 1]);
  result.sum().backward();
  expect(weight.grad!.tolist()).toEqual(torch.zeros(2, 3, 1, 1).tolist());
  expect(F.conv_transpose1d(ones(0, 2, 2), ones(2, 3, 1), { padding: 1 }).shape).toEqual([0, 3, 0]);
  expect(() => F.conv_transpose1d(ones(1, 2, 2), ones(2, 3, 1), { padding: 1 })).toThrow("Output size is too small");
  expect(() => F.conv_transpose1d(ones(0, 2, 2), ones(2, 3, 1), { padding: 2 })).toThrow("Output size is too small");
});
