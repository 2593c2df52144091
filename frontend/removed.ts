/** Functions that PyTorch has taken out: they say, as its own do, what takes their place. */
import { NotImplementedError } from "../ir/errors.ts";
import { withSite } from "./site.ts";

const removed =
  (name: string, cure: string) =>
  (..._args: unknown[]): never =>
    withSite(() => {
      throw new NotImplementedError(
        `${name}/removed`,
        `${name}: This function was deprecated since version 1.9 and is now removed.`,
        cure,
      );
    });

/** Removed: use linalg.eig. https://docs.pytorch.org/docs/stable/generated/torch.linalg.eig.html */
export const eig = removed("eig", "Use torch.linalg.eig(A), or eigvals(A); they give complex tensors.");
/** Removed: use linalg.lstsq. https://docs.pytorch.org/docs/stable/generated/torch.linalg.lstsq.html */
export const lstsq = removed("lstsq", "Use torch.linalg.lstsq(A, B), with the arguments the other way around.");
/** Removed: use linalg.matrix_rank. https://docs.pytorch.org/docs/stable/generated/torch.linalg.matrix_rank.html */
export const matrix_rank = removed("matrix_rank", "Use torch.linalg.matrix_rank(A); symmetric is called hermitian.");
/** Removed: use linalg.solve. https://docs.pytorch.org/docs/stable/generated/torch.linalg.solve.html */
export const solve = removed("solve", "Use torch.linalg.solve(A, B), with the arguments the other way around.");
/** Removed: use linalg.eigh. https://docs.pytorch.org/docs/stable/generated/torch.linalg.eigh.html */
export const symeig = removed("symeig", "Use torch.linalg.eigh(A), or eigvalsh(A); they read the lower triangle.");
