/** Products of few rows compute their other operand as they read it: one kernel, with the values of two. */
import * as torch from "cresset";
import { beforeAll, describe, expect, it } from "vitest";
import { kernelsOf, ready } from "../../ir/ops/nn/support.ts";

const { float32, float16, bfloat16, int8, uint8, int16 } = torch;

describe.each(["cpu:js", "cpu"])("on %s", (device) => {
  beforeAll(() => {
    torch.set_default_device(device);
    torch.manual_seed(0);
  });
  const random = (...shape: number[]): torch.Tensor => ready(torch.randn(shape));

  describe.each([float32, float16, bfloat16, int8, uint8, int16])("weights of %s", (dtype) => {
    it.each([
      [1, 64, 40, false],
      [1, 33, 7, true],
      [3, 17, 21, false],
      [4, 40, 18, true],
      [2, 5, 1, false],
    ])("%i rows of %i by %i columns (transposed: %s)", (rows, depth, columns, transposed) => {
      const shape = transposed ? [columns, depth] : [depth, columns];
      const stored = ready(torch.rand(shape).mul(50).to(dtype));
      const scale = random(1);
      const side = (w: torch.Tensor): torch.Tensor => (transposed ? w.t() : w);
      const x = random(rows, depth);
      const product = x.matmul(side(stored.to(float32).sub(3).mul(scale)));
      expect(kernelsOf([product])).toBe(1);
      const weights = ready(stored.to(float32).sub(3));
      const expected = x.double().matmul(side(weights.mul(scale)).double());
      expect(torch.allclose(product.double(), expected, { rtol: 1e-4, atol: 1e-3 })).toBe(true);
      const exchanged = side(stored.to(float32).sub(3).mul(scale)).t().matmul(x.t());
      expect(kernelsOf([exchanged])).toBe(1);
      expect(torch.allclose(exchanged.double(), expected.t(), { rtol: 1e-4, atol: 1e-3 })).toBe(true);
    });
  });

  it("both operands at once, batched, with work on the result", () => {
    const [a, b] = [ready(random(5, 2, 30).to(bfloat16)), ready(random(5, 30, 3).to(float16))];
    const product = a.to(float32).abs().bmm(b.to(float32).neg()).relu();
    expect(kernelsOf([product])).toBe(1);
    const expected = ready(a.to(float32).abs())
      .bmm(ready(b.to(float32).neg()))
      .relu();
    expect(torch.allclose(product, expected, { rtol: 1e-5, atol: 1e-5 })).toBe(true);
  });

  it("what is read many times, or by others, is computed once", () => {
    const [x, w] = [random(16, 64), random(64, 16)];
    const scaled = w.mul(2);
    expect(kernelsOf([x.matmul(scaled)])).toBe(2);
    const shared = w.add(1);
    expect(kernelsOf([random(2, 64).matmul(shared), shared.sum()])).toBeGreaterThan(1);
  });
});
