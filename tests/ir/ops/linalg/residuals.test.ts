/**
 * What every decomposition leaves of its matrices, in units of n roundings: real and complex ones of both sizes, in
 * batches, well and badly conditioned.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as torch from "cresset";

const { linalg } = torch;
type Kind = "float32" | "float64" | "complex64" | "complex128";
const epsilonOf = (kind: Kind): number => (kind === "float32" || kind === "complex64" ? 2 ** -23 : 2 ** -52);
const isComplex = (kind: Kind): boolean => kind.startsWith("complex");
const n = 24;

/** Numbers of both signs without pattern. */
function real(kind: Kind, seed: number, shape: readonly number[]): torch.Tensor {
  const count = shape.reduce((total, size) => total * size, 1);
  const data = Array.from({ length: count }, (_, i) => Math.sin(seed + i * i * 0.37 + i * 1.7));
  return torch.tensor(data, { dtype: epsilonOf(kind) > 1e-10 ? "float32" : "float64" }).reshape(shape);
}
const random = (kind: Kind, seed: number, ...shape: number[]): torch.Tensor =>
  isComplex(kind) ? torch.complex(real(kind, seed, shape), real(kind, seed + 0.5, shape)) : real(kind, seed, shape);
const eye = (kind: Kind, size = n): torch.Tensor => torch.eye(size, { dtype: kind });
const sizeOf = (x: torch.Tensor): number => linalg.vector_norm(x, Infinity).item() as number;

/** Largest elements: of what is left, and of what it is measured by. */
function expectSmall(left: torch.Tensor, of: torch.Tensor | number, kind: Kind, what: string): void {
  const unit = typeof of === "number" ? of : sizeOf(of);
  expect(sizeOf(left) / (n * epsilonOf(kind) * unit), `what is left: ${what}`).toBeLessThan(4);
}
const expectUnitary = (q: torch.Tensor, kind: Kind, what: string): void =>
  expectSmall(q.mH.matmul(q).sub(eye(kind, q.shape.at(-1))), 1, kind, `${what} is unitary`);

interface Matrices {
  readonly square: torch.Tensor;
  readonly tall: torch.Tensor;
  /** D such that D A D⁻¹ has rows and columns of like size, in which eigenvectors are exact. */
  readonly balance?: torch.Tensor;
}
/** Batches: of any numbers; with singular values from 1 down to a few roundings; of columns of wild scales. */
const inputs: Readonly<Record<string, (kind: Kind) => Matrices>> = {
  "any numbers": (kind) => ({ square: random(kind, 1, 2, n, n), tall: random(kind, 2, 2, n, 9) }),
  "nearly singular matrices": (kind) => {
    const falling = (size: number): torch.Tensor =>
      torch.logspace(0, Math.log10(4 * epsilonOf(kind)), size, { dtype: random(kind, 0, 1).real.dtype });
    const between = (seed: number, rows: number, columns: number): torch.Tensor => {
      const left = linalg.qr(random(kind, seed, 2, rows, columns)).Q;
      return left.mul(falling(columns)).matmul(linalg.qr(random(kind, seed + 1, 2, columns, columns)).Q);
    };
    return { square: between(3, n, n), tall: between(5, n, 9) };
  },
  "columns of wild scales": (kind) => {
    const scales = (size: number): torch.Tensor =>
      torch.logspace(-6, 6, size, { dtype: random(kind, 0, 1).real.dtype });
    return {
      square: random(kind, 7, 2, n, n).mul(scales(n)),
      tall: random(kind, 8, 2, n, 9).mul(scales(9)),
      balance: scales(n).sqrt(),
    };
  },
};
const kinds: readonly Kind[] = ["float32", "float64", "complex64", "complex128"];

describe.each([
  ["cpu", kinds],
  ["cpu:js", ["float64"]],
] as const)("residuals of decompositions on %s", (device, those) => {
  beforeAll(() => torch.set_default_device(device));
  afterAll(() => torch.set_default_device(null));
  const cases = those.flatMap((kind) => Object.entries(inputs).map(([title, make]) => ({ kind, title, make })));

  describe.each(cases)("$title in $kind", ({ kind, make }) => {
    test("lu, qr and cholesky", () => {
      const { square, tall } = make(kind);
      for (const a of [square, tall, tall.mT]) {
        const [p, l, u] = linalg.lu(a);
        // Elimination is stable in units of its factors.
        expectSmall(p.matmul(l).matmul(u).sub(a), l.abs().matmul(u.abs()), kind, "P L U");
        expect(l.abs().max().item()).toBeLessThan(isComplex(kind) ? 1.5 : 1 + 1e-6);
        for (const mode of ["reduced", "complete"] as const) {
          const [q, r] = linalg.qr(a, mode);
          expectSmall(q.matmul(r).sub(a), a, kind, `Q R ${mode}`);
          expectUnitary(q, kind, `Q ${mode}`);
        }
      }
      const positive = square.matmul(square.mH).add(eye(kind).mul(sizeOf(square) ** 2 * n * 8 * epsilonOf(kind)));
      const factor = linalg.cholesky(positive);
      expectSmall(factor.matmul(factor.mH).sub(positive), positive, kind, "L L^H");
    });

    test("svd and eigh", () => {
      const { square, tall } = make(kind);
      for (const a of [square, tall, tall.mT]) {
        const [u, s, vh] = linalg.svd(a, false);
        const size = sizeOf(s);
        expectSmall(u.mul(s.unsqueeze(-2)).matmul(vh).sub(a), size, kind, "U S V^H");
        expectUnitary(u, kind, "U");
        expectUnitary(vh.mH, kind, "V");
        expectSmall(linalg.svdvals(a).sub(s), size, kind, "svdvals");
        const [left, , right] = linalg.svd(a);
        expectUnitary(left, kind, "all of U");
        expectUnitary(right, kind, "all of V^H");
      }
      const hermitian = square.add(square.mH);
      const [values, vectors] = linalg.eigh(hermitian);
      const size = sizeOf(values);
      expectSmall(hermitian.matmul(vectors).sub(vectors.mul(values.unsqueeze(-2))), size, kind, "eigh");
      expectUnitary(vectors, kind, "eigenvectors");
      expectSmall(linalg.eigvalsh(hermitian).sub(values), size, kind, "eigvalsh");
    });

    test("eig", () => {
      const { square, balance = torch.ones(n) } = make(kind);
      const { eigenvalues, eigenvectors } = linalg.eig(square);
      expectSmall(linalg.vector_norm(eigenvectors, 2, -2).sub(1), 1, kind, "lengths");
      const column = balance.to(square.real.dtype).unsqueeze(-1);
      const balanced = square.mul(column).div(column.mT);
      const vectors = eigenvectors.mul(column);
      const left = balanced
        .to(vectors.dtype)
        .matmul(vectors)
        .sub(vectors.mul(eigenvalues.unsqueeze(-2)));
      const relative = left.abs().div(linalg.vector_norm(vectors, 2, -2, true));
      expectSmall(relative, sizeOf(linalg.svdvals(balanced)), kind, "A V - V diag(w)");
      expectSmall(linalg.eigvals(square).sum(-1).sub(eigenvalues.sum(-1)), sizeOf(square) * n, kind, "eigvals");
    });

    test("ldl", () => {
      const { square } = make(kind);
      for (const hermitian of isComplex(kind) ? [false, true] : [false]) {
        const a = square.add(hermitian ? square.mH : square.mT);
        const b = random(kind, 11, n, 3);
        const [ld, pivots] = linalg.ldl_factor(a, { hermitian });
        const x = linalg.ldl_solve(ld, pivots, b, { hermitian });
        expectSmall(a.matmul(x).sub(b), n * sizeOf(a) * sizeOf(x), kind, "ldl_solve");
      }
    });

    test("solve, inv and lu_solve, in units of the matrix and what is found", () => {
      const { square } = make(kind);
      const b = random(kind, 12, n, 3);
      const x = linalg.solve(square, b);
      expectSmall(square.matmul(x).sub(b), square.abs().matmul(x.abs()), kind, "solve");
      const y = linalg.solve(square, b.mT, { left: false });
      expectSmall(y.matmul(square).sub(b.mT), y.abs().matmul(square.abs()), kind, "solve from the right");
      const inverted = linalg.inv(square);
      expectSmall(square.matmul(inverted).sub(eye(kind)), square.abs().matmul(inverted.abs()), kind, "inv");
      const [lu, pivots] = linalg.lu_factor(square);
      const turned = linalg.lu_solve(lu, pivots, b.expand(square.shape[0]!, n, 3), { adjoint: true });
      expectSmall(square.mH.matmul(turned).sub(b), square.abs().mT.matmul(turned.abs()), kind, "lu_solve");
    });

    test("pinv and lstsq", () => {
      const { tall } = make(kind);
      const b = random(kind, 13, tall.shape[0]!, n, 2);
      const singular = linalg.svdvals(tall);
      const condition = (singular.amax().item() as number) / (singular.amin().item() as number);
      // Both take singular values below a tolerance for zero.
      const inverted = linalg.pinv(tall);
      const unit = Math.min(condition, 1 / epsilonOf(kind));
      expectSmall(tall.matmul(inverted).matmul(tall).sub(tall), sizeOf(singular) * unit, kind, "A P A");
      const { solution } = linalg.lstsq(tall, b);
      const left = tall.mH.matmul(tall.matmul(solution).sub(b));
      expectSmall(left, sizeOf(singular) * (sizeOf(singular) * sizeOf(solution) + sizeOf(b)) * n, kind, "lstsq");
    });
  });
});
