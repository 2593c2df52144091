/** Linear algebra and Fourier transforms. */
import * as torch from "cresset";
import type { Tensor } from "cresset";
import { is } from "./expected.ts";

export function products(x: Tensor): void {
  is<Tensor>()(x.matmul(x));
  is<Tensor>()(torch.mm(x, x, { out: x }));
  is<Tensor>()(torch.addmm(x, x, x, { beta: 0, alpha: 2 }));
  is<Tensor>()(torch.cdist(x, x, 2, { compute_mode: "donot_use_mm_for_euclid_dist" }));
  is<Tensor>()(torch.linalg.multi_dot([x, x, x]));
  is<Tensor>()(torch.linalg.cross(x, x, { dim: 0 }));
  // @ts-expect-error a number is no matrix
  x.matmul(2);
  // @ts-expect-error no such mode
  torch.cdist(x, x, { compute_mode: "fast" });
}

export function factors(x: Tensor): void {
  const { Q, R } = torch.linalg.qr(x, "complete");
  const [q] = torch.linalg.qr(x, { mode: "r" });
  const { U, S, Vh } = torch.linalg.svd(x, { full_matrices: false, driver: "gesvd" });
  const { eigenvalues, eigenvectors } = torch.linalg.eigh(x, "U");
  const { sign, logabsdet } = torch.linalg.slogdet(x);
  const { P, L } = torch.linalg.lu(x);
  const { LU, pivots } = torch.linalg.lu_factor(x);
  const { solution, residuals, rank, singular_values } = torch.linalg.lstsq(x, x, { driver: "gelsy" });
  for (const part of [Q, R, q, U, S, Vh, eigenvalues, eigenvectors, sign, logabsdet, P, L, LU, pivots])
    is<Tensor>()(part);
  for (const part of [solution, residuals, rank, singular_values]) is<Tensor>()(part);
  is<Tensor>()(torch.linalg.cholesky(x, { upper: true }));
  is<Tensor>()(torch.linalg.inv_ex(x).info);
  is<readonly [LU: Tensor, pivots: Tensor]>()(torch.lu(x));
  is<readonly [LU: Tensor, pivots: Tensor, info: Tensor]>()(torch.lu(x, { get_infos: true }));
  // @ts-expect-error no such mode
  torch.linalg.qr(x, "full");
  // @ts-expect-error no such part
  void torch.linalg.qr(x).q;
  // @ts-expect-error no such triangle
  torch.linalg.eigh(x, "lower");
  // @ts-expect-error a misspelled option
  torch.linalg.svd(x, { full_matrixes: false });
  // @ts-expect-error no such method
  torch.linalg.lstsq(x, x, { driver: "qr" });
  // @ts-expect-error a misspelled option
  torch.lu(x, { pivot: true, get_info: true });
}

export function norms(x: Tensor): void {
  is<Tensor>()(torch.linalg.norm(x, "nuc", { dim: [0, 1] }));
  is<Tensor>()(torch.linalg.norm(x, Infinity));
  is<Tensor>()(torch.linalg.matrix_norm(x, -2));
  is<Tensor>()(torch.linalg.vector_norm(x, 3, { dim: 0, dtype: torch.float64 }));
  is<Tensor>()(torch.linalg.cond(x, "fro"));
  is<Tensor>()(torch.linalg.matrix_rank(x, { hermitian: true }));
  is<Tensor>()(torch.linalg.pinv(x, { rtol: 1e-3 }));
  // @ts-expect-error no such norm
  torch.linalg.norm(x, "inf");
  // @ts-expect-error vectors have no such norm
  torch.linalg.vector_norm(x, "fro");
  // @ts-expect-error a misspelled option
  torch.linalg.pinv(x, { rcnd: 1e-3 });
}

export function fourier(x: Tensor): void {
  is<Tensor>()(torch.fft.fft(x, 8, { norm: "ortho" }));
  is<Tensor>()(torch.fft.irfft2(x, [4, 4], { dim: [0, 1], norm: "forward" }));
  is<Tensor>()(torch.fft.fftfreq(8, { d: 0.5 }));
  is<Tensor>()(torch.fft.fftshift(x, [0]));
  is<Tensor>()(torch.stft(x, 8, { return_complex: true, pad_mode: "constant" }));
  is<Tensor>()(torch.istft(x, 8, { center: false }));
  // @ts-expect-error no such norm
  torch.fft.fft(x, { norm: "unitary" });
  // @ts-expect-error a size is a number
  torch.fft.fft(x, "8");
  // @ts-expect-error a misspelled option
  torch.stft(x, 8, { hop: 2 });
}
