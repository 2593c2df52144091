import { expect, test } from "vitest";
import * as torch from "cresset";
import { onEachDevice } from "../support.ts";

const { linalg } = torch;
const turned = () =>
  torch.tensor([
    [0.0, 1.0],
    [1.0, 0.0],
  ]);

onEachDevice("linalg.ldl_factor", () => {
  test("gives PyTorch's pivots: two negative ones for a block of two", () => {
    const { LD, pivots } = linalg.ldl_factor(turned());
    expect(LD.tolist()).toEqual([
      [0, 0],
      [1, 0],
    ]);
    expect([pivots.tolist(), pivots.dtype]).toEqual([[-2, -2], torch.int32]);
    const a = torch.tensor([
      [1.0, 3.0, 5.0],
      [3.0, 0.0, 9.0],
      [5.0, 9.0, 1.0],
    ]);
    const found = linalg.ldl_factor_ex(a);
    expect([found.pivots.tolist(), found.info.item()]).toEqual([[-3, -3, 3], 0]);
  });

  test("reads the lower triangle, and of a Hermitian matrix only the real part of the diagonal", () => {
    const a = torch.tensor([
      [2.0, NaN],
      [1.0, 5.0],
    ]);
    expect(linalg.ldl_factor(a).LD.tolist()).toEqual([
      [2, 0],
      [0.5, 4.5],
    ]);
    const hermitian = torch.complex(
      a,
      torch.tensor([
        [7.0, 0.0],
        [1.0, 7.0],
      ]),
    );
    const { LD, pivots } = linalg.ldl_factor(hermitian, { hermitian: true });
    const x = linalg.ldl_solve(LD, pivots, torch.ones(2, 1, { dtype: torch.complex64 }), { hermitian: true });
    const whole = torch.complex(
      torch.tensor([
        [2.0, 1.0],
        [1.0, 5.0],
      ]),
      torch.tensor([
        [0.0, -1.0],
        [1.0, 0.0],
      ]),
    );
    expect(torch.allclose(whole.matmul(x), torch.ones(2, 1, { dtype: torch.complex64 }))).toBe(true);
  });

  test("refuses singular matrices when what it gives is read", () => {
    expect(() => linalg.ldl_factor(torch.zeros(2, 2)).LD.tolist()).toThrow(torch.LinAlgError);
    expect(() => linalg.ldl_factor_ex(torch.zeros(2, 2), { check_errors: true }).LD.tolist()).toThrow("block of zero");
    expect(linalg.ldl_factor_ex(torch.zeros(2, 2)).info.item()).toBe(1);
  });

  test("takes matrices of no elements, and batches of none", () => {
    expect(linalg.ldl_factor(torch.ones(0, 0)).pivots.shape).toEqual([0]);
    expect(linalg.ldl_factor_ex(torch.ones(0, 2, 2)).info.shape).toEqual([0]);
    const none = torch.ones(0, 2, { dtype: torch.int32 });
    expect(linalg.ldl_solve(torch.ones(0, 2, 2), none, torch.ones(2, 5)).shape).toEqual([0, 2, 5]);
  });

  test("has no derivative, and says so", () => {
    const a = turned().requires_grad_();
    const { LD, pivots } = linalg.ldl_factor(a);
    expect(() => LD.sum().backward()).toThrow("is not implemented");
    const b = torch.ones(2, 1).requires_grad_();
    expect(() => linalg.ldl_solve(LD.detach(), pivots, b).sum().backward()).toThrow(torch.AutogradError);
  });
});

onEachDevice("linalg.ldl_solve", () => {
  test("broadcasts batches, and takes pivots of any integer type", () => {
    const a = torch.stack([turned(), torch.eye(2).mul(2)]);
    const { LD, pivots } = linalg.ldl_factor(a);
    const b = torch.tensor([[1.0], [2.0]]);
    expect(linalg.ldl_solve(LD, pivots.long(), b).tolist()).toEqual([
      [[2], [1]],
      [[0.5], [1]],
    ]);
    const out = torch.empty(2, 2, 1);
    linalg.ldl_solve(LD, pivots, b, { out });
    expect(out.sum().item()).toBe(4.5);
  });

  test("says what it does not take", () => {
    const one = torch.tensor([1, 2], { dtype: torch.int32 });
    const solve = (ld: torch.Tensor, pivots: torch.Tensor, b: torch.Tensor) => () => linalg.ldl_solve(ld, pivots, b);
    expect(solve(torch.eye(2), one.narrow(0, 0, 1), torch.ones(2, 1))).toThrow("pivots.shape");
    expect(solve(torch.eye(2), one.float(), torch.ones(2, 1))).toThrow("Expected pivots to be integers");
    expect(solve(torch.eye(2), one, torch.ones(3, 1))).toThrow("Incompatible matrix sizes for torch.linalg.ldl_solve");
    expect(solve(torch.eye(2), one, torch.ones(2, 1, { dtype: "float64" }))).toThrow(torch.DTypeError);
    expect(solve(torch.ones(2, 3), one, torch.ones(2, 1))).toThrow("must be batches of square matrices");
  });
});
