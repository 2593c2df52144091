import { expect, test } from "vitest";
import * as torch from "cresset";
import { onEachDevice } from "../support.ts";

const { linalg, Complex } = torch;
const turning = () =>
  torch.tensor([
    [1.0, 2.0],
    [-2.0, 1.0],
  ]);

onEachDevice("linalg.eig", () => {
  test("gives complex values and vectors of length one, a pair of conjugates side by side", () => {
    const { eigenvalues, eigenvectors } = linalg.eig(turning());
    expect([eigenvalues.dtype, eigenvectors.dtype]).toEqual([torch.complex64, torch.complex64]);
    expect(eigenvalues.tolist()).toEqual([new Complex(1, 2), new Complex(1, -2)]);
    expect(torch.allclose(eigenvectors.at(":, 1"), eigenvectors.at(":, 0").conj())).toBe(true);
    expect(torch.allclose(eigenvectors.abs().square().sum(0), torch.ones(2))).toBe(true);
    expect(linalg.eig(turning().double()).eigenvalues.dtype).toBe(torch.complex128);
  });

  test("gives real values no imaginary part", () => {
    const a = torch.tensor([
      [4.0, 1.0, 2.0],
      [0.5, -3.0, 1.0],
      [1.0, 2.0, 7.0],
    ]);
    const { eigenvalues, eigenvectors } = linalg.eig(a);
    expect(eigenvalues.imag.tolist()).toEqual([0, 0, 0]);
    expect(eigenvectors.imag.count_nonzero().item()).toBe(0);
    const symmetric = a.add(a.mT);
    const found = linalg.eigvals(symmetric).real.sort().values;
    expect(torch.allclose(found, linalg.eigvalsh(symmetric), { atol: 1e-5 })).toBe(true);
  });

  test("takes matrices of no elements, batches of none, and numbers", () => {
    expect(linalg.eig(torch.ones(0, 0)).eigenvalues.shape).toEqual([0]);
    expect(linalg.eigvals(torch.ones(2, 0, 0)).dtype).toBe(torch.complex64);
    expect(linalg.eig(torch.ones(0, 3, 3)).eigenvectors.shape).toEqual([0, 3, 3]);
    expect(linalg.eig(torch.tensor([[-2.0]])).eigenvectors.tolist()).toEqual([[new Complex(1, 0)]]);
  });

  test("writes into tensors that are given", () => {
    const out = torch.empty(2, { dtype: torch.complex64 });
    linalg.eigvals(turning(), { out });
    expect(out.tolist()).toEqual([new Complex(1, 2), new Complex(1, -2)]);
    const both = [torch.empty(2, { dtype: torch.complex64 }), torch.empty(2, 2, { dtype: torch.complex64 })] as const;
    linalg.eig(turning(), { out: both });
    expect(both[0].tolist()).toEqual(out.tolist());
  });

  test("says what it does not take", () => {
    expect(() => linalg.eig(torch.ones(2, 3))).toThrow("must be batches of square matrices");
    expect(() => linalg.eigvals(torch.ones(3))).toThrow("at least 2 dimensions");
    expect(() => linalg.eig(torch.ones(2, 2, { dtype: "int64" }))).toThrow(torch.DTypeError);
    const unbounded = torch.tensor([
      [1.0, Infinity],
      [NaN, 1.0],
    ]);
    expect(() => linalg.eig(unbounded).eigenvectors.tolist()).toThrow("should not contain infs or NaNs");
    expect(() => linalg.eigvals(unbounded).tolist()).toThrow(torch.LinAlgError);
  });
});

onEachDevice("gradients of eigenvectors", () => {
  const gradOf = (loss: (vectors: torch.Tensor) => torch.Tensor): torch.Tensor => {
    const a = turning()
      .double()
      .add(torch.eye(2).mul(torch.tensor([0.3, 0.0])))
      .detach()
      .requires_grad_();
    loss(linalg.eig(a).eigenvectors).backward();
    return a.grad!;
  };

  test("are refused where the loss feels the angle of a vector", () => {
    expect(() => gradOf((v) => v.real.sum().add(v.imag.sum())).tolist()).toThrow(
      "linalg_eig_backward: The eigenvectors in the complex case are specified up to multiplication by e^{i phi}",
    );
    expect(() => gradOf((v) => v.imag.square().sum()).tolist()).toThrow(torch.AutogradError);
  });

  test("are real where the matrix is", () => {
    const grad = gradOf((v) => v.abs().pow(3).sum());
    expect(grad.dtype).toBe(torch.float64);
    expect(grad.isfinite().all().item()).toBe(true);
  });
});
