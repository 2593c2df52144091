/** What the tests of scan, cond and while_loop share. */
import * as torch from "cresset";
import { expect } from "vitest";

type Tensor = torch.Tensor;

export const expectClose = (actual: Tensor, expected: Tensor): void => {
  expect(actual.shape).toEqual(expected.shape);
  expect(torch.allclose(actual, expected, { atol: 1e-5 })).toBe(true);
};
export const leaf = (...shape: number[]): Tensor => torch.randn(...shape).requires_grad_();
/** The gradients of a sum of squares. */
export const gradientsOf = (outputs: readonly Tensor[], leaves: readonly Tensor[]): readonly Tensor[] =>
  torch.autograd.grad([outputs.map((x) => x.mul(x).sum()).reduce((a, b) => a.add(b))], [...leaves]);
