/** Inputs of operators on matrices. */
import * as torch from "cresset";
import { complexSigned, positive, signed, type Samples } from "./inputs.ts";

/** Matrices far from singular, of distinct singular values. */
const regular = (...shape: number[]): torch.Tensor =>
  signed(...shape)
    .detach()
    .add(torch.diag(torch.arange(1, shape.at(-1)! + 1, { dtype: torch.float64 })))
    .requires_grad_();
const square = (): readonly (readonly unknown[])[] => [[regular(3, 3)], [regular(2, 3, 3)]];
const any = (): readonly (readonly unknown[])[] => [[regular(3, 3)], [signed(4, 2)], [signed(2, 2, 3)]];
const pivots = (): torch.Tensor => torch.tensor([2, 2, 3], { dtype: torch.int32 });

/** Eigenvalues: all real, two real and a pair. */
const ofAnyValues = (): readonly (readonly unknown[])[] => [
  [regular(3, 3)],
  [
    torch
      .tensor([
        [1, 2, 0.3, 0.1],
        [-2, 1.2, 0.2, 0.4],
        [0.1, 0.3, 3, 0.5],
        [0.2, 0.1, 0.4, -1],
      ])
      .double()
      .detach()
      .requires_grad_(),
  ],
  [complexSigned(2, 3, 3)],
];

export const linalg: Samples = {
  linalg_solve_triangular: () => [
    [regular(3, 3), signed(3, 2), { upper: true }],
    [regular(3, 3), signed(2, 2, 3), { upper: false, left: false, unitriangular: true }],
  ],
  triangular_solve: () => [
    [signed(3, 2), regular(3, 3)],
    [signed(3, 2), regular(3, 3), false, true],
  ],
  linalg_lu_factor: any,
  linalg_lu_factor_ex: any,
  linalg_lu: () => [[regular(3, 3)], [regular(3, 3), { pivot: false }], [signed(2, 3)]],
  lu_unpack: () => [[regular(3, 3), pivots()]],
  linalg_lu_solve: () => [
    [regular(3, 3), pivots(), signed(3, 2)],
    [regular(3, 3), pivots(), signed(2, 3), { left: false, adjoint: true }],
  ],
  lu_solve: () => [[signed(3, 2), regular(3, 3), pivots()]],
  linalg_solve: () => [
    [regular(3, 3), signed(3)],
    [regular(3, 3), signed(2, 2, 3), { left: false }],
  ],
  linalg_solve_ex: () => [[regular(2, 3, 3), signed(3, 2)]],
  linalg_inv: square,
  linalg_inv_ex: square,
  inverse: square,
  linalg_det: square,
  det: square,
  linalg_slogdet: square,
  slogdet: square,
  logdet: () => [[regular(3, 3)]],
  linalg_matrix_power: () => [
    [regular(3, 3), 3],
    [regular(3, 3), -2],
  ],
  matrix_power: () => [[regular(3, 3), 3]],
  linalg_tensorinv: () => [[regular(4, 4).detach().reshape(2, 2, 4).requires_grad_()]],
  linalg_tensorsolve: () => [[regular(4, 4).detach().reshape(2, 2, 4).requires_grad_(), signed(2, 2)]],
  linalg_matrix_exp: square,
  matrix_exp: square,
  linalg_qr: any,
  qr: any,
  linalg_householder_product: () => [[signed(4, 2), positive(2)]],
  orgqr: () => [[signed(4, 2), positive(2)]],
  ormqr: () => [
    [signed(3, 2), positive(2), signed(3, 2)],
    [signed(3, 2), positive(2), signed(2, 3), false, true],
  ],
  linalg_eigvals: ofAnyValues,
  linalg_svdvals: any,
  linalg_pinv: any,
  "linalg_pinv.rcond": () => [[signed(4, 3), 0.01]],
  pinverse: any,
  linalg_lstsq: () => [[signed(4, 2), signed(4, 3)]],
  linalg_matrix_norm: () => [
    [regular(3, 3), 2],
    [regular(3, 3), -1],
    [signed(2, 3, 2), Infinity, [0, 2]],
  ],
  "linalg_matrix_norm.named": () => [[regular(3, 3)], [regular(3, 3), "nuc"]],
  "linalg_norm.named": () => [[regular(3, 3), "nuc"]],
  linalg_cond: () => [[regular(3, 3)], [regular(3, 3), 1]],
  "linalg_cond.named": () => [[regular(3, 3), "fro"]],
  linalg_vander: () => [[signed(3)], [signed(2, 2), { N: 3 }]],
};
