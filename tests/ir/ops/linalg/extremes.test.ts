/** Decompositions of matrices whose elements, or whose squares, are near the end of what their type holds. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as torch from "cresset";

const { linalg } = torch;
const n = 19;
const kinds = ["float32", "float64", "complex64", "complex128"] as const;
type Kind = (typeof kinds)[number];
const isWide = (kind: Kind): boolean => kind === "float64" || kind === "complex128";
const epsilonOf = (kind: Kind): number => (isWide(kind) ? 2 ** -52 : 2 ** -23);

/** Numbers of both signs without pattern. */
function random(kind: Kind, seed: number): torch.Tensor {
  const part = (phase: number): torch.Tensor =>
    torch
      .tensor(
        Array.from({ length: n * n }, (_, i) => Math.sin(seed + phase + i * i * 0.37 + i * 1.7)),
        { dtype: isWide(kind) ? "float64" : "float32" },
      )
      .reshape(n, n);
  return kind.startsWith("complex") ? torch.complex(part(0), part(0.5)) : part(0);
}
function expectSmall(left: torch.Tensor, kind: Kind): void {
  const size = linalg.vector_norm(left, Infinity).item() as number;
  expect(size / (n * epsilonOf(kind))).toBeLessThan(4);
}
const expectUnitary = (q: torch.Tensor, kind: Kind): void =>
  expectSmall(q.mH.matmul(q).sub(torch.eye(q.shape.at(-1)!, { dtype: kind })), kind);

describe.each([
  ["cpu", kinds],
  ["cpu:js", ["complex64", "complex128"]],
] as const)("on %s", (device, those) => {
  beforeAll(() => torch.set_default_device(device));
  afterAll(() => torch.set_default_device(null));

  test.each(those)("eigenvectors of tiny matrices in %s", (kind) => {
    const a = random(kind, 1);
    const hermitian = a.add(a.mH);
    for (const scale of isWide(kind) ? [2 ** -700, 2 ** -1000] : [2 ** -60, 2 ** -110]) {
      const { eigenvalues, eigenvectors } = linalg.eigh(hermitian.mul(scale));
      expectUnitary(eigenvectors, kind);
      const left = hermitian.matmul(eigenvectors).sub(eigenvectors.mul(eigenvalues.div(scale)));
      expectSmall(left.div(n), kind);
    }
  });

  test.each(those)("singular vectors of matrices with one huge element in %s", (kind) => {
    for (const seed of [2, 3, 4, 5]) {
      const a = random(kind, seed);
      // Lengths are in its units: those of the others are far below it, their squares further.
      a.select(0, 3)
        .select(0, 5)
        .fill_(isWide(kind) ? 2 ** 499 : 1e18);
      const { U, Vh } = linalg.svd(a);
      expectUnitary(U, kind);
      expectUnitary(Vh, kind);
    }
  });

  test.each(those)("singular vectors of matrices whose rows are repeated in %s", (kind) => {
    const a = random(kind, 6).narrow(0, 0, 9).repeat_interleave(2, 0);
    const { U, Vh } = linalg.svd(a);
    expectUnitary(U, kind);
    expectUnitary(Vh.mH, kind);
  });
});
