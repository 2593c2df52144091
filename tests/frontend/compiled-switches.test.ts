/** Compiled functions and what stands around their calls: switches, and arguments of any form. */
import * as torch from "cresset";
import { afterEach, describe, expect, test, vi } from "vitest";

afterEach(() => {
  torch.set_grad_enabled(true);
  torch.set_default_dtype(torch.float32);
  vi.restoreAllMocks();
});

describe("a switch that a compiled function leaves", () => {
  test.each<[string, () => void, () => unknown, () => void]>([
    [
      "set_grad_enabled",
      () => torch.set_grad_enabled(false),
      () => torch.is_grad_enabled(),
      () => torch.set_grad_enabled(true),
    ],
    [
      "set_default_dtype",
      () => torch.set_default_dtype(torch.float64),
      () => String(torch.get_default_dtype()),
      () => torch.set_default_dtype(torch.float32),
    ],
  ])("%s is left by each call", (_, change, read, reset) => {
    const double = torch.compile((x: torch.Tensor) => {
      const y = x.mul(2);
      change();
      return y;
    });
    const reads = [1, 2, 3].map((i) => {
      reset();
      const y = double(torch.tensor([i], { dtype: "float32" }));
      return [y.tolist(), read()];
    });
    expect(reads.map(([, value]) => value)).toEqual(Array(3).fill(reads[0]![1]));
    expect(reads.map(([y]) => y)).toEqual([[2], [4], [6]]);
    expect(double.statistics.compileCount).toBe(1);
  });

  test("another switch is not touched", () => {
    const double = torch.compile((x: torch.Tensor) => {
      torch.set_default_dtype(torch.float64);
      return x.mul(2);
    });
    for (const grad of [true, false, true, false]) {
      torch.set_default_dtype(torch.float32);
      torch.set_grad_enabled(grad);
      double(torch.ones(2));
      expect(torch.is_grad_enabled()).toBe(grad);
    }
  });
});

test("an argument that is inside of itself is taken, uncompiled", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  interface Ring {
    value: torch.Tensor;
    next?: Ring;
  }
  const double = torch.compile((ring: Ring) => ring.next!.value.mul(2));
  const ring: Ring = { value: torch.ones(2) };
  ring.next = ring;
  for (let i = 0; i < 2; i++) expect(double(ring).tolist()).toEqual([2, 2]);
  expect(warn.mock.calls).toEqual([[expect.stringContaining("inside of itself")]]);
  expect(double({ value: torch.ones(2), next: { value: torch.full([2], 3) } }).tolist()).toEqual([6, 6]);
});
