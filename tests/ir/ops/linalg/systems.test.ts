import { expect, test } from "vitest";
import * as torch from "cresset";
import { onEachDevice } from "../support.ts";

const { linalg } = torch;
onEachDevice("matrices that cannot be factored", () => {
  const singular = () =>
    torch.tensor([
      [1.0, 2.0],
      [2.0, 4.0],
    ]);

  test("are an error at the first read, which names the operator", () => {
    expect(() => linalg.inv(singular()).tolist()).toThrow(torch.LinAlgError);
    expect(() => linalg.solve(singular(), torch.ones(2)).tolist()).toThrow("linalg.solve: The solver failed");
    const negative = torch.tensor([
      [1.0, 0.0],
      [0.0, -1.0],
    ]);
    expect(() => linalg.cholesky(negative).tolist()).toThrow("not positive-definite");
    expect(() => torch.linalg.lu_factor(torch.zeros(2, 2), { pivot: false }).LU.tolist()).toThrow(
      "U[1,1] is zero and using it on lu_solve would result in a division by zero",
    );
    expect(linalg.LinAlgError).toBe(torch.LinAlgError);
  });

  test("are told by info where it is asked for", () => {
    expect(linalg.inv_ex(singular()).info.item()).toBe(2);
    expect(
      linalg
        .cholesky_ex(
          torch.tensor([
            [1.0, 0.0],
            [0.0, -1.0],
          ]),
        )
        .info.item(),
    ).toBe(2);
    expect(linalg.lu_factor_ex(torch.zeros(3, 2)).info.item()).toBe(1);
    expect(() => linalg.solve_ex(singular(), torch.ones(2), { check_errors: true }).result.tolist()).toThrow(
      torch.LinAlgError,
    );
  });

  test("have a determinant with a gradient, and a pseudo-inverse", () => {
    const a = singular().requires_grad_();
    const det = linalg.det(a);
    expect(Math.abs(det.item() as number)).toBe(0);
    det.backward();
    expect(
      torch.allclose(
        a.grad!,
        torch.tensor([
          [4.0, -2.0],
          [-2.0, 1.0],
        ]),
        { atol: 1e-5 },
      ),
    ).toBe(true);
    const inverted = linalg.pinv(singular());
    expect(torch.allclose(singular().matmul(inverted).matmul(singular()), singular(), { atol: 1e-5 })).toBe(true);
    expect(linalg.matrix_rank(singular()).item()).toBe(1);
    expect(linalg.cond(singular(), 1).item()).toBe(Infinity);
  });
});

onEachDevice("operators on matrices", () => {
  test("say what they do not take", () => {
    expect(() => linalg.inv(torch.ones(2, 3))).toThrow("must be batches of square matrices");
    expect(() => linalg.det(torch.ones(3))).toThrow("at least 2 dimensions");
    expect(() => linalg.qr(torch.ones(2, 2, { dtype: "int64" }))).toThrow("Expected a floating point");
    expect(() => linalg.svd(torch.ones(2, 2, { dtype: "float16" }))).toThrow("not implemented for 'Half'");
    expect(() => linalg.solve(torch.ones(2, 2), torch.ones(3, 1))).toThrow("Incompatible shapes");
    // @ts-expect-error no such mode
    expect(() => linalg.qr(torch.ones(2, 2), "half")).toThrow("unrecognized mode");
    expect(() => linalg.matrix_norm(torch.ones(2, 2), 3)).toThrow("Order 3 not supported");
  });

  test("have no gradient of R without Q", () => {
    const A = torch.tensor([
      [1.0, 2.0],
      [3.0, 4.0],
    ]);
    const { R } = linalg.qr(A.requires_grad_(), "r");
    expect(R.requires_grad).toBe(true);
    expect(() => R.sum().backward()).toThrow("depends on Q, which is not computed when mode='r'");
    linalg.qr(A).R.sum().backward();
    expect(A.grad!.shape).toEqual([2, 2]);
  });

  test("have norms of no elements where the largest of nothing is meant, none where the smallest is", () => {
    for (const shape of [
      [3, 0],
      [0, 3],
      [0, 0],
    ]) {
      const x = torch.zeros(shape);
      for (const order of [1, 2, Infinity, "nuc", "fro"] as const) {
        expect(linalg.matrix_norm(x, order as 1).item()).toBe(0);
        expect(linalg.norm(x, order as 1).item()).toBe(0);
        expect(linalg.matrix_norm(torch.zeros([2, ...shape]), order as 1).tolist()).toEqual([0, 0]);
      }
      expect(() => linalg.matrix_norm(x, -2)).toThrow("to have non-zero size");
    }
    expect(linalg.matrix_norm(torch.zeros([0, 3]), -1).item()).toBe(0);
    expect(linalg.matrix_norm(torch.zeros([3, 0]), -Infinity).item()).toBe(0);
    expect(() => linalg.matrix_norm(torch.zeros([3, 0]), -1)).toThrow("to have non-zero size");
    expect(linalg.matrix_norm(torch.zeros([0, 2, 3]), -2).shape).toEqual([0]);
    const x = torch.zeros([3, 0]).requires_grad_();
    linalg.matrix_norm(x, 1).backward();
    expect(x.grad!.shape).toEqual([3, 0]);
  });

  test("take matrices of no elements, and batches of none", () => {
    expect(linalg.det(torch.ones(0, 0)).item()).toBe(1);
    expect(linalg.inv(torch.ones(2, 0, 0)).shape).toEqual([2, 0, 0]);
    expect(linalg.svd(torch.ones(3, 0)).U.tolist()).toEqual([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
    expect(linalg.qr(torch.ones(0, 2, 3)).R.shape).toEqual([0, 2, 3]);
    expect(linalg.lu(torch.ones(0, 3)).P.shape).toEqual([0, 0]);
    expect(linalg.eigvalsh(torch.ones(2, 0, 0)).shape).toEqual([2, 0]);
  });

  test("work on what views show", () => {
    const a = torch.tensor([
      [0.0, 3.0],
      [2.0, 1.0],
    ]);
    expect(linalg.inv(a.mT).tolist()).toEqual(linalg.inv(a).mT.tolist());
    expect(linalg.solve(a.expand(2, 2, 2), torch.ones(2, 2, 1)).shape).toEqual([2, 2, 1]);
    const out = torch.empty(2, 2);
    linalg.inv(a, { out });
    expect(torch.allclose(out.matmul(a), torch.eye(2), { atol: 1e-6 })).toBe(true);
  });

  test("are compiled once for every size from the third on", () => {
    for (let n = 2; n < 7; n++) {
      const a = torch.eye(n).mul(2);
      expect(linalg.det(a).item()).toBe(2 ** n);
      expect(linalg.inv(a).sum().item()).toBe(n / 2);
    }
  });
});
