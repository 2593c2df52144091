/** Calls whose arguments do not fit, and Python's and PyTorch's words for them. */
import { describe, expect, test } from "vitest";
import * as torch from "../../frontend/index.ts";
import { functional as F } from "../../frontend/nn/index.ts";

const x = torch.ones(2, 3);
const loose = torch as unknown as Record<string, (...args: unknown[]) => unknown>;
const linalg = torch.linalg as unknown as typeof loose;
const { Linear } = torch.nn as unknown as { Linear: new () => unknown };
const { windows } = torch.signal as unknown as { windows: typeof loose };

describe("arguments that do not fit", () => {
  test.each<[string, () => unknown]>([
    ["abs() takes 1 positional argument but 2 were given", () => loose["abs"]!(x, 5)],
    ["trace() takes 1 positional argument but 3 were given", () => loose["trace"]!(x, 1, 2)],
    ["diagonal() takes from 1 to 4 positional arguments but 5 were given", () => loose["diagonal"]!(x, 0, 0, 1, 2)],
    ["hamming() missing 1 required positional argument: 'M'", () => windows["hamming"]!()],
    ["general_cosine() missing 1 required keyword-only argument: 'a'", () => windows["general_cosine"]!(5)],
    ["svd_lowrank() got multiple values for argument 'q'", () => loose["svd_lowrank"]!(x, 2, { q: 2 })],
    ["equal() got an unexpected keyword argument 'nosuch'", () => loose["equal"]!(x, x, { nosuch: 1 })],
    ["missing 2 required positional arguments: 'in_features' and 'out_features'", () => new Linear()],
    ["abs(): argument 'input' (position 1) must be Tensor, not int 5", () => loose["abs"]!(5)],
    ["argument 'input' (position 1) must be Tensor, not NoneType", () => loose["abs"]!(null)],
    [`argument 'input' (position 1) must be Tensor, not str "abc"`, () => loose["abs"]!("abc")],
    ["argument 'dim' (position 2) must be int, not float 1.5", () => loose["cumsum"]!(x, 1.5)],
    ["start must be an 0-dim integral Tensor", () => loose["narrow"]!(x, 0, torch.tensor([1, 2]), 1)],
    ["cat(): expected Tensor as element 1 in argument 0, but got NoneType", () => loose["cat"]!([x, null])],
    ["cat(): argument 'tensors' (position 1) must be tuple of Tensors, not int", () => loose["cat"]!(5)],
    ["multi_dot(): expected Tensor as element 1 in argument 0, but got int", () => linalg["multi_dot"]!([x, 1])],
    ["abs(): argument 'out' must be Tensor, not str", () => loose["abs"]!(x, { out: "a" })],
    ["cummax(): argument 'out' must be tuple of Tensors, not Tensor", () => loose["cummax"]!(x, 0, { out: x })],
    ["expected tuple of 2 elements but got 1", () => loose["cummax"]!(x, 0, { out: [x] })],
    ["expected Tensor as element 1, but got int", () => loose["cummax"]!(x, 0, { out: [x, 5] })],
    ["received an invalid combination of arguments", () => loose["linspace"]!(0, 1, 1.5)],
    ["argument 'steps' (position 3) must be int, not float", () => loose["logspace"]!(0, 1, 1.5)],
    ["normal() received an invalid combination of arguments", () => loose["normal"]!(x, 1, [2])],
  ])("%s", (phrase, action) => {
    expect(action).toThrow(torch.ArgumentError);
    expect(action).toThrow(phrase);
  });
});

describe("values that do not fit, in PyTorch's words", () => {
  const image = torch.ones(1, 1, 5, 5);
  test.each<[string, () => unknown]>([
    ["general_cosine requires non-negative window length, got M=-1", () => windows["hann"]!(-1)],
    [
      "general_cosine is implemented for strided tensors only, got: torch.sparse_coo",
      () => windows["nuttall"]!(5, { layout: torch.sparse_coo }),
    ],
    ["kaiser is implemented for strided", () => windows["kaiser"]!(5, { layout: torch.sparse_csr })],
    [
      "general_cosine expects float32 or float64 dtypes, got: torch.int64",
      () => windows["hamming"]!(5, { dtype: "int64" }),
    ],
    ["pad must be non-negative, but got pad: -1", () => F.max_pool2d(image, 2, 1, [0, -1])],
    [
      "pad should be at most half of effective kernel size, but got pad=2, kernel_size=3 and dilation=1",
      () => F.avg_pool2d(image, 3, 1, [1, 2]),
    ],
    ["internal error: output_size.size() must be 2", () => F.adaptive_max_pool2d(image, [] as never)],
    [
      "Expected shape of indices to be same as that of the input tensor ([1, 5, 5]) but got indices tensor with shape: [1, 4, 5]",
      () => F.max_unpool2d(image.at(0), torch.ones(1, 4, 5, { dtype: torch.int64 }), 2),
    ],
    [
      "got sizes: input1: torch.Size([2, 3]), input2: torch.Size([2, 3]), target: torch.Size([3])",
      () => F.margin_ranking_loss(x, x, x.at(0)),
    ],
    ["value cannot be converted to type float without overflow", () => x.masked_fill(x.gt(0), new torch.Complex(0, 1))],
    ["value cannot be converted to type int16_t without overflow", () => x.short().fill_(1e9)],
    ["expected input with shape [*, 4], but got input of size[2, 3]", () => F.layer_norm(x, [4])],
    [
      "linspace only supports 0-dimensional start and end tensors, but got end with 1 dimension(s)",
      () => torch.linspace(0, x.at(0), 3),
    ],
    ["len(size) = 1 is not equal to len(physical_layout) = 2", () => torch.empty_permuted([2], [0, 1])],
    ["(expected to be between 0 and 0, but got 3 at index 0)", () => torch.empty_permuted([2], [3])],
    ["boundaries tensor must be 1 dimension, but got dim(2)", () => torch.bucketize(x, x)],
    ["as input tensor", () => torch.gather(x, 0, torch.tensor([1n]))],
    ["as self tensor", () => torch.scatter(x, 0, torch.tensor([1n]), 1)],
    [
      "multinomial expects Long tensor out, got: Double",
      () => torch.multinomial(x.at(0), 1, { out: torch.ones(1, { dtype: "float64" }) }),
    ],
  ])("%s", (phrase, action) => {
    expect(action).toThrow(phrase);
  });
});
