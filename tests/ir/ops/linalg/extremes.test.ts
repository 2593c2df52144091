/** Decompositions of matrices whose elements, or whose squares, are near the end of what their type holds. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as torch from "cresset";
import { onEachDevice } from "../support.ts";

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

onEachDevice("systems and norms of extremes", () => {
  test("the determinant of a small singular matrix has its own gradient, and not that of rounding", () => {
    const a = torch.full([2, 2], 2 ** -40).requires_grad_();
    linalg.det(a).backward();
    const expected = torch.tensor([
      [1.0, -1.0],
      [-1.0, 1.0],
    ]);
    expect(torch.allclose(a.grad!.mul(2 ** 40), expected, { atol: 1e-5 })).toBe(true);
  });

  test("a singular matrix has an infinite condition number in the nuclear norm, too", () => {
    expect(linalg.cond(torch.diag(torch.tensor([1.0, 0.0])), "nuc").item()).toBe(Infinity);
    expect(linalg.cond(torch.diag(torch.tensor([1.0, 2.0])), "nuc").item()).toBeCloseTo(4.5, 5);
  });

  test('lstsq by "gels" leaves no column out, however short', () => {
    const a = torch.tensor([
      [1.0, 2 ** -30],
      [1.0, 2 ** -29],
      [1.0, 2 ** -28],
    ]);
    const b = torch.tensor([[1.0], [2.0], [4.0]]);
    const x = linalg.lstsq(a, b, null, { driver: "gels" }).solution;
    expect(x.select(0, 0).item()).toBeCloseTo(0, 5);
    expect((x.select(0, 1).item() as number) * 2 ** -30).toBeCloseTo(1, 5);
  });

  test("the gradient of matrix_exp is as exact whatever size the gradient has that flows in", () => {
    const a = torch.linspace(-1, 1, 9, { dtype: "float32" }).reshape(3, 3).requires_grad_();
    const of = (size: number): torch.Tensor =>
      torch.autograd.grad([linalg.matrix_exp(a)], [a], { grad_outputs: [torch.eye(3).mul(size)] })[0].div(size);
    for (const size of [2 ** 16, 2 ** 40, 2 ** -40]) expect(torch.allclose(of(size), of(1), { rtol: 1e-5 })).toBe(true);
    const empty = torch.zeros(0, 3, 3).requires_grad_();
    expect(torch.autograd.grad([linalg.matrix_exp(empty).sum()], [empty])[0].shape).toEqual([0, 3, 3]);
  });

  test("one number is as far from zero as it is in every norm", () => {
    const x = torch.tensor([[2 ** -60], [-(2 ** 60)]]).requires_grad_();
    for (const order of [1, 2, 3, 0.5, -1, Infinity]) {
      const norm = linalg.vector_norm(x, order, 1);
      expect(norm.tolist()).toEqual([2 ** -60, 2 ** 60]);
      expect(torch.autograd.grad([norm.sum()], [x])[0].tolist()).toEqual([[1], [-1]]);
    }
  });
});
