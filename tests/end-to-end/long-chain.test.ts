/** Graph walks use explicit stacks: a chain of 20,000 operations records, differentiates, compiles and runs. */
import { expect, it } from "vitest";
import * as torch from "cresset";

it.each(["cpu", "cpu:js"])("a chain of 20,000 operations works on %s", { timeout: 120_000 }, (device) => {
  const x = torch.tensor([1, 2, 3], { requires_grad: true, device });
  let y: torch.Tensor = x;
  for (let i = 0; i < 10_000; i++) y = y.add(1).mul(0.9999);
  y.sum().backward();
  const factor = 0.9999 ** 10_000;
  for (const slope of x.grad!.tolist() as number[]) expect(slope).toBeCloseTo(factor, 3);
  // y = f^n x + f (1 - f^n) / (1 - f)
  const rest = (0.9999 * (1 - factor)) / 0.0001;
  (y.tolist() as number[]).forEach((value, i) =>
    expect(Math.abs(value / (factor * (i + 1) + rest) - 1)).toBeLessThan(1e-3),
  );
});
