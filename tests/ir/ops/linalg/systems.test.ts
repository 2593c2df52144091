import { describe, expect, test } from "vitest";
import * as torch from "cresset";
import { onEachDevice } from "../support.ts";

const { linalg } = torch;
const epsilon = { float32: 2 ** -23, float64: 2 ** -52 } as const;
type Float = keyof typeof epsilon;

/** Numbers of both signs without pattern. */
function random(dtype: Float, ...shape: number[]): torch.Tensor {
  const count = shape.reduce((n, size) => n * size, 1);
  return torch
    .tensor(
      Array.from({ length: count }, (_, i) => Math.sin(1 + i * i * 0.37 + i * 1.7)),
      { dtype },
    )
    .reshape(shape);
}
const sizeOf = (x: torch.Tensor): number => linalg.vector_norm(x.to(torch.float64)).item() as number;
/** The residual, measured in n roundings of the matrix. */
const expectSmall = (residual: torch.Tensor, of: torch.Tensor, n: number, dtype: Float): void =>
  expect(sizeOf(residual)).toBeLessThan(4 * n * epsilon[dtype] * (sizeOf(of) + 1e-30));
const eye = (n: number, dtype: Float): torch.Tensor => torch.eye(n, { dtype });

onEachDevice("residuals", () => {
  describe.each(["float32", "float64"] as const)("in %s", (dtype) => {
    const n = 40;

    test("of factors", () => {
      const a = random(dtype, 2, n, n);
      const [p, l, u] = linalg.lu(a);
      expectSmall(p.matmul(l).matmul(u).sub(a), a, n, dtype);
      const tall = random(dtype, n, 23);
      for (const [x, mode] of [
        [tall, "reduced"],
        [tall, "complete"],
        [tall.mT, "reduced"],
      ] as const) {
        const [q, r] = linalg.qr(x, mode);
        expectSmall(q.matmul(r).sub(x), x, n, dtype);
        expectSmall(q.mT.matmul(q).sub(eye(q.shape[1]!, dtype)), q, n, dtype);
      }
      const positive = a.matmul(a.mT).add(eye(n, dtype));
      const factor = linalg.cholesky(positive);
      expectSmall(factor.matmul(factor.mT).sub(positive), positive, n, dtype);
    });

    test("of eigenvalues and singular values", () => {
      const a = random(dtype, 2, n, n);
      const even = a.add(a.mT);
      const [values, vectors] = linalg.eigh(even);
      expectSmall(even.matmul(vectors).sub(vectors.mul(values.unsqueeze(-2))), even, n, dtype);
      expectSmall(vectors.mT.matmul(vectors).sub(eye(n, dtype)), vectors, n, dtype);
      for (const x of [random(dtype, n, 17), random(dtype, 17, n), random(dtype, n, 5).matmul(random(dtype, 5, n))]) {
        const [u, s, vh] = linalg.svd(x, false);
        expectSmall(u.mul(s).matmul(vh).sub(x), x, n, dtype);
        expectSmall(u.mT.matmul(u).sub(eye(s.shape[0]!, dtype)), u, n, dtype);
        const [full, , right] = linalg.svd(x);
        expectSmall(full.mT.matmul(full).sub(eye(x.shape[0]!, dtype)), full, n, dtype);
        expectSmall(right.mT.matmul(right).sub(eye(x.shape[1]!, dtype)), right, n, dtype);
      }
    });

    test("of systems of equations, in units of the matrix and the solution", () => {
      const [a, b] = [random(dtype, n, n).add(eye(n, dtype).mul(4)), random(dtype, n, 3)];
      const x = linalg.solve(a, b);
      expectSmall(a.matmul(x).sub(b), a.abs().matmul(x.abs()), n, dtype);
      expectSmall(linalg.solve(a, b.mT, { left: false }).matmul(a).sub(b.mT), a.abs().matmul(x.abs()), n, dtype);
      const inverted = linalg.inv(a);
      expectSmall(a.matmul(inverted).sub(eye(n, dtype)), a.abs().matmul(inverted.abs()), n, dtype);
      const [lu, pivots] = linalg.lu_factor(a);
      const adjoint = linalg.lu_solve(lu, pivots, b, { adjoint: true });
      expectSmall(a.mT.matmul(adjoint).sub(b), a.abs().mT.matmul(adjoint.abs()), n, dtype);
    });
  });
});

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
    expect(() => torch.linalg.lu_factor(torch.zeros(2, 2), { pivot: false }).LU.tolist()).toThrow("without pivoting");
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
    expect(() => linalg.svd(torch.ones(2, 2, { dtype: "float16" }))).toThrow("Low precision");
    expect(() => linalg.solve(torch.ones(2, 2), torch.ones(3, 1))).toThrow("Incompatible shapes");
    expect(() => linalg.qr(torch.ones(2, 2), "half")).toThrow("unrecognized mode");
    expect(() => linalg.matrix_norm(torch.ones(2, 2), 3)).toThrow("Order 3 not supported");
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
