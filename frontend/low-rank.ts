/**
 * `torch.svd_lowrank` and `torch.pca_lowrank`: singular values of what a matrix makes of a few random vectors, which holds
 * nearly all of a matrix of low rank.
 */
import "../ir/ops/linalg/qr.ts";
import "../ir/ops/linalg/svd.ts";
import "./routines.ts";
import { ShapeError, ValueError } from "../ir/errors.ts";
import { signature, type CallOf } from "./arguments.ts";
import { callOperator, withSite } from "./call.ts";
import { randn } from "./random/index.ts";
import type { Tensor } from "./tensor.ts";

type LowRank = readonly [U: Tensor, S: Tensor, V: Tensor];

const svdArguments =
  signature<[A: Tensor, q: number | null, niter: number | null, M: Tensor | null]>()("A, q?, niter?, M?");
const pcaArguments =
  signature<[A: Tensor, q: number | null, center: boolean, niter: number]>()("A, q?, center?, niter?");

function sizesOf(name: string, a: Tensor): readonly [rows: number, columns: number] {
  if (a.shape.length < 2)
    throw new ShapeError(`${name}/rank`, `${name}: A must have at least 2 dimensions, got [${a.shape.join(", ")}].`);
  return [a.shape.at(-2)!, a.shape.at(-1)!];
}

const orthonormal = (x: Tensor): Tensor => (callOperator("linalg_qr", [x]) as readonly Tensor[])[0]!;

/** Of a matrix with at least as many rows as columns. */
function ofTall(a: Tensor, q: number, niter: number): LowRank {
  const random = randn(a.shape.at(-1)!, q, { dtype: a.dtype, device: a.device });
  let basis = orthonormal(a.matmul(random));
  for (let time = 0; time < niter; time++) basis = orthonormal(a.matmul(orthonormal(a.mH.matmul(basis))));
  const [u, s, vh] = callOperator("linalg_svd", [basis.mH.matmul(a), false]) as readonly [Tensor, Tensor, Tensor];
  return [basis.matmul(u), s, vh.mH];
}

function lowRank(a: Tensor, q: number, niter: number): LowRank {
  if (a.shape.at(-2)! >= a.shape.at(-1)!) return ofTall(a, q, niter);
  const [v, s, u] = ofTall(a.mH, q, niter);
  return [u, s, v];
}

/**
 * About the q largest singular values of A (of A - M): A = U diag(S) V^H. Random numbers of the default generator decide
 * how well it is met.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.svd_lowrank.html
 */
export function svd_lowrank(...args: CallOf<typeof svdArguments>): LowRank {
  return withSite(() => {
    const { A, q, niter, M } = svdArguments.bind("svd_lowrank", args);
    sizesOf("svd_lowrank", A);
    const moved = M === undefined || M === null ? A : A.sub(M.broadcast_to(A.shape));
    return lowRank(moved, q ?? 6, niter ?? 2);
  });
}

/**
 * Principal components: the singular values of A without the mean of its rows, or as it is when not `center`.
 * @throws ValueError for more components than A has rows or columns
 * @see https://docs.pytorch.org/docs/stable/generated/torch.pca_lowrank.html
 */
export function pca_lowrank(...args: CallOf<typeof pcaArguments>): LowRank {
  return withSite(() => {
    const { A, q, center = true, niter = 2 } = pcaArguments.bind("pca_lowrank", args);
    const least = Math.min(...sizesOf("pca_lowrank", A));
    if (typeof q === "number" && !(q >= 0 && q <= least))
      throw new ValueError(
        "pca_lowrank/q",
        `pca_lowrank: q(=${q}) must be non-negative integer and not greater than min(m, n)=${least}`,
      );
    if (!(niter >= 0))
      throw new ValueError("pca_lowrank/niter", `pca_lowrank: niter(=${niter}) must be non-negative integer`);
    return lowRank(center ? A.sub(A.mean(-2, { keepdim: true })) : A, q ?? Math.min(6, least), niter);
  });
}
