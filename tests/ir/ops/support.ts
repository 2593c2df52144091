/** What the tests of operators share: both CPU devices, and gradients against differences. */
import { afterAll, beforeAll, describe, expect } from "vitest";
import * as torch from "cresset";

/** Runs a suite once with each device as the default one. */
export function onEachDevice(subject: string, suite: () => void): void {
  describe.each(["cpu", "cpu:js"])(`${subject} on %s`, (device) => {
    beforeAll(() => torch.set_default_device(device));
    afterAll(() => torch.set_default_device("cpu"));
    suite();
  });
}

/** Numbers of a nested list, flat. */
export const flat = (tensor: torch.Tensor): number[] => tensor.reshape(-1).tolist() as number[];

/** Both lists agree within a relative and absolute tolerance. */
export function expectClose(actual: torch.Tensor, expected: readonly number[], tolerance = 1e-5): void {
  const values = flat(actual);
  expect(values.length).toBe(expected.length);
  values.forEach((value, i) =>
    expect(Math.abs(value - expected[i]!), `element ${i}: ${value}, expected ${expected[i]}`).toBeLessThanOrEqual(
      tolerance * (1 + Math.abs(expected[i]!)),
    ),
  );
}

const cosine = (n: number): number[] => Array.from({ length: n }, (_, i) => Math.cos(1 + 1.7 * i));

/** The gradients of `f` by all inputs (float64) agree with central differences. */
export function expectGradients(f: (...inputs: torch.Tensor[]) => torch.Tensor, inputs: readonly torch.Tensor[]): void {
  const leaves = inputs.map((input) => input.detach().clone().requires_grad_());
  const output = f(...leaves);
  const weights = torch.tensor(cosine(output.numel()), { dtype: "float64" }).reshape(output.shape);
  const gradients = torch.autograd.grad(output.mul(weights).sum(), leaves);
  const value = (points: readonly torch.Tensor[]): number =>
    f(...points)
      .mul(weights)
      .sum()
      .item() as number;
  inputs.forEach((input, which) => {
    const found = flat(gradients[which]!);
    const data = flat(input);
    const step = 1e-5;
    data.forEach((x, i) => {
      const at = (moved: number): number =>
        value(
          inputs.map((other, k) =>
            k === which ? torch.tensor(data.with(i, moved), { dtype: "float64" }).reshape(input.shape) : other,
          ),
        );
      const slope = (at(x + step) - at(x - step)) / (2 * step);
      expect(
        Math.abs(found[i]! - slope),
        `input ${which}, element ${i}: ${found[i]}, expected ${slope}`,
      ).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(slope)));
    });
  });
}

/** Distinct float64 values without symmetry. */
export function sample(...shape: number[]): torch.Tensor {
  const count = shape.reduce((n, size) => n * size, 1);
  return torch
    .tensor(
      Array.from({ length: count }, (_, i) => Math.sin(3 + 2.3 * i) * 2 + i * 0.01),
      { dtype: "float64" },
    )
    .reshape(shape);
}
export const long = (data: torch.TensorData): torch.Tensor => torch.tensor(data, { dtype: "int64" });
