import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as torch from "cresset";
import { webgpuAvailable } from "../../support/webgpu.ts";

const { linalg } = torch;
const n = 30;
const float64 = { dtype: torch.float64 } as const;
/** A positive-definite matrix whose eigenvalues are 1, 2, ... to some factor. */
function matrix(seed = 0): torch.Tensor {
  torch.manual_seed(seed);
  const { Q } = linalg.qr(torch.randn(n, n, float64));
  return Q.mul(torch.arange(1, n + 1, float64)).matmul(Q.mT);
}
const close = (a: torch.Tensor, b: torch.Tensor, atol = 1e-6): boolean => torch.allclose(a, b, { atol });

describe.each(["cpu", "cpu:js"])("lobpcg on %s", (device) => {
  beforeAll(() => torch.set_default_device(device));
  afterAll(() => torch.set_default_device(null));

  it("finds the largest or the smallest eigenvalues, and their vectors", () => {
    const a = matrix();
    const [values, vectors] = torch.lobpcg(a, 3);
    expect(close(values, torch.tensor([30.0, 29.0, 28.0]).double())).toBe(true);
    expect(close(a.matmul(vectors), vectors.mul(values), 1e-5)).toBe(true);
    expect(close(vectors.mT.matmul(vectors), torch.eye(3).double())).toBe(true);
    const [least] = torch.lobpcg(a, { k: 2, largest: false, method: "basic" });
    expect(close(least, torch.tensor([1.0, 2.0]).double())).toBe(true);
  });

  it("solves A x = E B x, with vectors that B makes orthonormal", () => {
    const [a, b] = [matrix(1), matrix(2)];
    const [values, x] = torch.lobpcg(a, { k: 2, B: b });
    expect(close(a.matmul(x), b.matmul(x).mul(values), 1e-4)).toBe(true);
    expect(close(x.mT.matmul(b).matmul(x), torch.eye(2).double())).toBe(true);
    const l = linalg.cholesky(b);
    const whole = linalg.solve(l, linalg.solve(l, a).mT);
    expect(close(values, linalg.eigvalsh(whole).flip(0).narrow(0, 0, 2), 1e-5)).toBe(true);
  });

  it("takes batches, starting vectors, preconditioners, and fewer pairs than vectors", () => {
    const both = torch.stack([matrix(3), matrix(4).mul(2)]);
    const [values, vectors] = torch.lobpcg(both, { k: 1, n: 3 });
    expect([values.shape, vectors.shape]).toEqual([
      [2, 1],
      [2, n, 1],
    ]);
    expect(close(values, torch.tensor([[30.0], [60.0]]).double())).toBe(true);
    const a = matrix(5);
    const steps = (iK: torch.Tensor | null): number => {
      let count = 0;
      const X = torch.ones(n, 1, float64).add(torch.arange(n).unsqueeze(1).mul(0.1));
      torch.lobpcg(a, { X, iK, largest: false, tracker: ({ ivars }) => (count = ivars.istep) });
      return count;
    };
    expect(steps(linalg.inv(a))).toBeLessThan(steps(null) / 2);
    expect(torch.lobpcg(torch.zeros(0, 9, 9), 2)[1].shape).toEqual([0, 9, 2]);
  });

  it("stops after niter steps, or when the tracker says so", () => {
    const counts: number[] = [];
    torch.lobpcg(matrix(6), { k: 2, niter: 3, tol: 0, tracker: ({ ivars }) => counts.push(ivars.istep) });
    expect(counts).toEqual([1, 2, 3]);
    const seen: number[][] = [];
    torch.lobpcg(matrix(6), {
      k: 2,
      tracker(state) {
        seen.push(state.tvars.rerr.tolist() as number[]);
        state.bvars.force_stop = true;
      },
    });
    expect(seen.map((errors) => errors.length)).toEqual([2]);
  });

  it("has the gradient of the eigenvalues and vectors of a symmetric matrix", () => {
    const wanted = (pairs: readonly torch.Tensor[], weights: torch.Tensor): torch.Tensor =>
      pairs[0]!
        .mul(torch.tensor([1.0, -2.0]).double())
        .sum()
        .add(pairs[1]!.square().mul(weights).sum());
    const weights = torch.randn(n, 2, float64);
    const ofAll = matrix(7).requires_grad_();
    const [values, vectors] = linalg.eigh(ofAll);
    wanted([values.flip(0).narrow(0, 0, 2), vectors.flip(1).narrow(1, 0, 2)], weights).backward();
    for (const largest of [true, false]) {
      const sign = largest ? 1 : -1;
      const a = matrix(7).mul(sign).detach().requires_grad_();
      const [some, theirs] = torch.lobpcg(a, { k: 2, tol: 1e-8, largest });
      wanted([some.mul(sign), theirs], weights).backward();
      expect(close(a.grad!.mul(sign), ofAll.grad!, 1e-5)).toBe(true);
    }
    const general = torch.lobpcg(matrix(7).requires_grad_(), { k: 1, B: matrix(8) });
    expect(() => general[0].sum().backward()).toThrow("does not support backward with B != I");
  });

  it("says what it does not take", () => {
    expect(() => torch.lobpcg(torch.ones(3, 4))).toThrow("A must be square");
    expect(() => torch.lobpcg(torch.eye(5), 2)).toThrow("smaller than 3 x the number of requested eigenpairs (=2)");
    expect(() => torch.lobpcg(torch.eye(5).long())).toThrow(torch.DTypeError);
    expect(() => torch.lobpcg(torch.eye(6), { B: torch.eye(5) })).toThrow("same shape");
    expect(() => torch.lobpcg(torch.eye(6), { k: 2, n: 1 })).toThrow(torch.ArgumentError);
    expect(() => torch.lobpcg(torch.eye(6), { method: "other" as "ortho" })).toThrow('"ortho" or "basic"');
  });
});

describe("low rank", () => {
  /** Of rank 4 but for noise of 1e-9. */
  function nearly(...shape: readonly [number, number, number]): torch.Tensor {
    torch.manual_seed(9);
    const [batch, rows, columns] = shape;
    const part = torch.randn(batch, rows, 4, float64).matmul(torch.randn(batch, 4, columns, float64));
    return part.add(torch.randn(batch, rows, columns, float64).mul(1e-9));
  }

  it.each([
    [2, 20, 12],
    [1, 9, 25],
  ] as const)("svd_lowrank finds what linalg.svd finds in %i matrices of %i x %i", (...shape) => {
    const a = nearly(shape[0], shape[1], shape[2]);
    const [u, s, v] = torch.svd_lowrank(a, 5);
    expect([u.shape, s.shape, v.shape]).toEqual([
      [shape[0], shape[1], 5],
      [shape[0], 5],
      [shape[0], shape[2], 5],
    ]);
    expect(close(u.mul(s.unsqueeze(-2)).matmul(v.mT), a, 1e-7)).toBe(true);
    expect(close(s, linalg.svdvals(a).narrow(-1, 0, 5), 1e-7)).toBe(true);
    const mean = a.mean(-2, { keepdim: true });
    const [, ofRest] = torch.svd_lowrank(a, { q: 5, niter: 3, M: mean });
    expect(close(ofRest, linalg.svdvals(a.sub(mean)).narrow(-1, 0, 5), 1e-7)).toBe(true);
  });

  it("pca_lowrank is that of the rows without their mean, and draws what PyTorch draws", () => {
    const a = nearly(1, 20, 12).at(0).add(5);
    const [u, s, v] = torch.pca_lowrank(a);
    const centred = a.sub(a.mean(0));
    expect([u.shape, v.shape]).toEqual([
      [20, 6],
      [12, 6],
    ]);
    expect(close(u.mul(s).matmul(v.mT), centred, 1e-7)).toBe(true);
    expect(close(torch.pca_lowrank(a, 6, false)[1], linalg.svdvals(a).narrow(0, 0, 6), 1e-7)).toBe(true);
    torch.manual_seed(1);
    torch.svd_lowrank(a, 2);
    const after = torch.rand(1).item();
    torch.manual_seed(1);
    torch.randn(12, 2, float64);
    expect(torch.rand(1).item()).toBe(after);
    expect(() => torch.pca_lowrank(a, 13)).toThrow("not greater than min(m, n)=12");
    expect(() => torch.pca_lowrank(a, { niter: -1 })).toThrow(torch.ValueError);
    expect(() => torch.svd_lowrank(torch.ones(3))).toThrow(torch.ShapeError);
  });

  it("has gradients", () => {
    const a = nearly(1, 7, 5).at(0).detach().requires_grad_();
    const singular = (x: torch.Tensor): torch.Tensor => {
      torch.manual_seed(2);
      return torch.svd_lowrank(x, 3)[1];
    };
    expect(torch.autograd.gradcheck(singular, [a])).toBe(true);
  });

  it("takes complex matrices", () => {
    const a = torch.complex(nearly(1, 8, 6).at(0), nearly(1, 8, 6).at(0).flip(0));
    const [u, s, v] = torch.svd_lowrank(a, 6);
    expect(torch.allclose(u.mul(s).matmul(v.mH), a, { atol: 1e-7 })).toBe(true);
  });
});

describe.runIf(await webgpuAvailable())("on WebGPU", () => {
  it("lobpcg names its twin, which finds the same", async () => {
    await torch.webgpu.init();
    const a = matrix().float();
    const there = a.to("webgpu");
    expect(() => torch.lobpcg(there, 2)).toThrow("await lobpcgAsync");
    const [values] = await torch.lobpcgAsync(there, 2, { tol: 1e-4 });
    const found = (await values.tolistAsync()) as number[];
    expect(Math.abs(found[0]! - 30) + Math.abs(found[1]! - 29)).toBeLessThan(0.01);
  });
});
