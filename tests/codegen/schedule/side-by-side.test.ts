/** Rows that are computed side by side, a lane of a vector for each, against those of single elements. */
import { describe, expect, test } from "vitest";
import * as torch from "../../../frontend/index.ts";

const { functional: F } = torch.nn;

const works: Record<string, (x: torch.Tensor, dim: number) => torch.Tensor> = {
  softmax: (x, dim) => x.softmax(dim),
  log_softmax: (x, dim) => x.log_softmax(dim),
  logsumexp: (x, dim) => x.logsumexp(dim),
  amax: (x, dim) => x.amax(dim).mul(2),
  std: (x, dim) => x.std(dim),
  normalize: (x, dim) => F.normalize(x, { dim }),
  standardised: (x, dim) => x.sub(x.mean(dim, true)).div(x.std(dim, { keepdim: true }).add(1)),
};

/** The value and the gradient of a weighted sum of it. */
function valueAndGradient(work: (x: torch.Tensor) => torch.Tensor, values: torch.Tensor, device: string) {
  const x = values.to(device).requires_grad_();
  const y = work(x);
  const weights = y.detach().cos().mul(2);
  const [gradient] = torch.autograd.grad(y.mul(weights).sum(), [x]);
  return [y, gradient].map((z) => z.detach().to("cpu"));
}

describe.each(Object.entries(works))("%s", (_, work) => {
  test.each([torch.float32, torch.float16, torch.float64])("of %s rows along every dimension", (dtype) => {
    torch.manual_seed(3);
    for (const shape of [
      [67, 5],
      [64, 10],
      [35, 31],
      [33, 33],
      [2, 7, 50],
      [3, 40, 20],
    ]) {
      for (let dim = 0; dim < shape.length; dim++) {
        const values = torch.randn(shape).mul(3).to(dtype);
        const [fast, slow] = ["cpu", "cpu:js"].map((device) => valueAndGradient((x) => work(x, dim), values, device));
        const isHalf = dtype === torch.float16;
        const tolerance = { rtol: isHalf ? 4e-3 : 3e-5, atol: isHalf ? 4e-3 : 3e-6 };
        fast!.forEach((value, i) => expect(torch.allclose(value, slow![i]!, tolerance)).toBe(true));
      }
    }
  });
});

test("averages of windows, padded and not", () => {
  const x = torch
    .arange(2 * 23 * 37)
    .remainder(11)
    .float()
    .reshape([1, 2, 23, 37]);
  for (const [kernel, stride, padding] of [
    [3, 1, 1],
    [5, 1, 2],
    [7, 1, 3],
    [7, 2, 0],
  ] as const) {
    const [fast, slow] = ["cpu", "cpu:js"].map((device) =>
      valueAndGradient((y) => F.avg_pool2d(y, kernel, { stride, padding }), x, device),
    );
    fast!.forEach((value, i) => expect(torch.allclose(value, slow![i]!, { rtol: 1e-6, atol: 1e-6 })).toBe(true));
  }
});
