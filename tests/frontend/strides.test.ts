/** Strides of results; every expected value is torch 2.13.0+cpu's. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";

describe.each(["cpu", "cpu:js"])("strides on %s", (device) => {
  const x = (...shape: number[]): torch.Tensor =>
    torch
      .arange(
        shape.reduce((n, size) => n * size, 1),
        { device },
      )
      .float()
      .reshape(shape);
  const last = () => x(2, 3, 4, 5).to({ memory_format: torch.channels_last });
  const symmetric = () =>
    torch
      .eye(3, { device })
      .mul(2)
      .add(torch.ones(2, 3, 3, { device }));
  const tall = () => torch.eye(4, 3, { device }).add(1);

  test.each<[string, () => torch.Tensor, readonly number[]]>([
    ["square of a transposed", () => x(2, 5, 3).transpose(-2, -3).square(), [3, 15, 1]],
    ["a transposed and a number", () => x(2, 3).t().add(1), [1, 3]],
    ["a comparison", () => x(2, 3).t().gt(1), [1, 3]],
    [
      "a permuted with rows",
      () =>
        x(2, 3, 4)
          .permute(2, 0, 1)
          .mul(x(4, 2, 3)),
      [1, 12, 4],
    ],
    ["rows with a permuted", () => x(4, 2, 3).mul(x(2, 3, 4).permute(2, 0, 1)), [6, 3, 1]],
    ["every second row", () => x(4, 3).at("::2").neg(), [3, 1]],
    ["an expanded", () => x(3, 1).expand(3, 4).neg(), [4, 1]],
    ["a transposed with a broadcast row", () => x(3, 2).t().add(x(3)), [1, 2]],
    ["where", () => torch.where(x(3, 2).t().gt(1), x(3, 2).t(), 0), [1, 2]],
    ["gelu", () => torch.nn.functional.gelu(x(3, 2).t()), [1, 2]],
    ["softmax", () => x(3, 2).t().softmax(0), [3, 1]],
    ["cumsum", () => x(3, 2).t().cumsum(0), [3, 1]],
    ["sort", () => x(2, 3).t().sort(0).values, [1, 3]],
    ["the positions of sort", () => x(2, 3).t().sort(1).indices, [1, 3]],
    ["argsort", () => x(2, 3).t().argsort(0), [1, 3]],
    ["flip", () => x(2, 3).t().flip(0), [1, 3]],
    ["fliplr", () => x(2, 3).t().fliplr(), [1, 3]],
    ["tril", () => x(2, 3).t().tril(), [2, 1]],
    ["masked_fill", () => x(2, 3).t().masked_fill(x(2, 3).t().gt(1), 0), [2, 1]],
    [
      "index_fill",
      () =>
        x(2, 3)
          .t()
          .index_fill(0, torch.tensor([0n], { device }), 1),
      [1, 3],
    ],
    ["nonzero", () => x(2, 3).add(1).nonzero(), [1, 6]],
    ["argwhere", () => torch.argwhere(x(2, 3).add(1)), [1, 6]],
    ["cat of channels last", () => torch.cat([last(), last()]), [60, 1, 15, 3]],
    ["cat along the channels", () => torch.cat([last(), last()], 1), [120, 1, 30, 6]],
    ["cat with rows", () => torch.cat([last(), x(2, 3, 4, 5)]), [60, 20, 5, 1]],
    ["stack of channels last", () => torch.stack([last(), last()]), [120, 60, 1, 15, 3]],
    ["stack along the channels", () => torch.stack([last(), last()], 1), [120, 3, 1, 30, 6]],
    ["fft", () => torch.fft.fft(x(2, 3), { dim: 0 }), [1, 2]],
    ["rfft2", () => torch.fft.rfft2(x(2, 3, 4), { dim: [1, 0] }), [1, 2, 6]],
    ["ihfft2", () => torch.fft.ihfft2(x(2, 3, 4), { dim: [0, 1] }), [1, 2, 4]],
    ["fftn of a permuted", () => torch.fft.fftn(x(2, 3, 4).permute(2, 1, 0)), [1, 4, 12]],
  ])("%s", (_name, make, strides) => {
    const result = make();
    expect(result.stride()).toEqual(strides);
    expect(result._base).toBe(null);
    expect(result.contiguous().stride()).toEqual(torch.empty(result.shape).stride());
  });

  const { linalg } = torch;
  test.each<[string, () => readonly torch.Tensor[], readonly (readonly number[])[]]>([
    ["inv", () => [linalg.inv(symmetric())], [[9, 1, 3]]],
    ["cholesky", () => [linalg.cholesky(symmetric())], [[9, 1, 3]]],
    [
      "qr",
      () => [...linalg.qr(tall())],
      [
        [1, 4],
        [1, 3],
      ],
    ],
    ["svd", () => [...linalg.svd(tall(), false)], [[1, 4], [1], [1, 3]]],
    [
      "eigh",
      () => [...linalg.eigh(symmetric())],
      [
        [3, 1],
        [9, 1, 3],
      ],
    ],
    [
      "eig",
      () => [...linalg.eig(symmetric())],
      [
        [3, 1],
        [9, 1, 3],
      ],
    ],
    ["lu_factor", () => [...linalg.lu_factor(tall())], [[1, 4], [1]]],
    [
      "lu",
      () => [...linalg.lu(tall())],
      [
        [4, 1],
        [3, 1],
        [3, 1],
      ],
    ],
    ["solve", () => [linalg.solve(symmetric(), x(2, 3, 2))], [[6, 1, 3]]],
    ["solve for vectors", () => [linalg.solve(symmetric(), x(2, 3))], [[3, 1]]],
    ["solve from the right", () => [linalg.solve(symmetric(), x(2, 2, 3), { left: false })], [[6, 3, 1]]],
    ["lstsq", () => [linalg.lstsq(symmetric(), x(2, 3, 2)).solution], [[6, 1, 3]]],
    ["pinv", () => [linalg.pinv(tall())], [[4, 1]]],
  ])("of matrices: %s", (_name, make, strides) => {
    expect(make().map((result) => result.stride())).toEqual(strides);
  });

  test("a result by columns is written, read and differentiated as any other", () => {
    const a = symmetric().requires_grad_();
    const inverse = linalg.inv(a);
    const product = inverse.matmul(symmetric()).sub(torch.eye(3, { device })).abs().max().item() as number;
    expect(product).toBeLessThan(1e-5);
    inverse.sum().backward();
    const rows = inverse.detach().contiguous();
    const wanted = rows.mT
      .matmul(torch.ones(2, 3, 3, { device }))
      .matmul(rows.mT)
      .neg();
    expect(torch.allclose(a.grad!, wanted, { atol: 1e-5 })).toBe(true);
    const free = linalg.inv(symmetric());
    const before = free.tolist() as number[][][];
    free.at(0, 1).mul_(2);
    const after = free.tolist() as number[][][];
    expect(after[0]![1]).toEqual(before[0]![1]!.map((value) => 2 * value));
    expect([after[0]![0], after[1]]).toEqual([before[0]![0], before[1]]);
  });

  test("a reshape that needs a copy is one, so that writes to it go nowhere else", () => {
    const squared = x(2, 5, 3).transpose(-2, -3).square();
    const before = squared.tolist();
    squared.reshape(5, -1).view(-1).add_(1);
    const copy = squared.reshape(2, -1);
    copy.add_(1);
    expect(squared.transpose(0, 1).reshape(2, -1).tolist()).toEqual(
      torch.tensor(before, { device }).add(0).transpose(0, 1).reshape(2, -1).tolist(),
    );
  });

  test("a view that would need a copy is refused, whatever it is called", () => {
    const turned = x(2, 3).t();
    for (const view of [() => turned.view(6), () => turned.view_as(x(6))])
      expect(view).toThrow(/view size is not compatible with input tensor's size and stride/);
    expect(x(2, 3).view_as(x(6)).stride()).toEqual([1]);
  });

  test("a write to such a result counts where its operator has saved it", () => {
    const w = x(2, 3).requires_grad_();
    const y = w.t().exp();
    expect(String(y.grad_fn)).toBe("<ExpBackward0>");
    y.add_(1);
    expect(() => y.sum().backward()).toThrow(/exp saved a float32\[3, 2\], changed since by add_/);
    const z = w.t().mul(2);
    z.add_(1).sum().backward();
    expect(w.grad!.tolist()).toEqual(torch.full([2, 3], 2).tolist());
  });

  test("gradients, views and writes go through them", () => {
    const w = x(2, 3).add(1).requires_grad_();
    const y = w.t().mul(2);
    y.at(0).mul_(10);
    y.square().sum().backward();
    expect(w.grad!.tolist()).toEqual([
      [800, 16, 24],
      [3200, 40, 48],
    ]);
    expect(y.as_strided([6], [1]).tolist()).toEqual([20, 4, 6, 80, 10, 12]);
  });
});

test("memory around a leaf that is a view has the leaf's gradients", () => {
  const gradient = (part: (x: torch.Tensor) => torch.Tensor, size: number[], stride: number[], offset: number) => {
    const x = torch.arange(12).float().reshape(3, 4).requires_grad_();
    const view = part(x).as_strided(size, stride, offset);
    expect(String(view.grad_fn)).toBe("<AsStridedBackward0>");
    view
      .mul(torch.arange(1, view.numel() + 1).reshape(size))
      .sum()
      .backward();
    return x.grad!.flatten().tolist();
  };
  expect(gradient((x) => x.t(), [2, 2], [1, 1], 1)).toEqual([0, 1, 5, 4, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect(gradient((x) => x.narrow(0, 1, 2), [2], [4], 1)).toEqual([0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0]);
  expect(gradient((x) => x.expand(2, 3, 4), [2], [1], 0)).toEqual([1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test.each(["float32", "float16", "complex64"] as const)("windows of no elements lie somewhere: %s", (dtype) => {
  const windows = torch.ones(4, 5, 3, { dtype }).unfold(1, 0, 3);
  expect([windows.shape, windows.is_contiguous(), windows.clone().shape]).toEqual([[4, 2, 3, 0], true, [4, 2, 3, 0]]);
  const parts = torch.view_as_real(windows.to("complex64").mul(2));
  expect(parts.shape).toEqual([4, 2, 3, 0, 2]);
});

test.each<[string, (z: torch.Tensor) => torch.Tensor]>([
  ["exp", (z) => z.exp()],
  ["div", (z) => z.div(z.add(1))],
  ["mul", (z) => z.mul(torch.ones(2, 2, { dtype: "complex64" }))],
  ["tanh", (z) => z.tanh()],
  ["pow", (z) => z.pow(3.5)],
])("complex elements lie as what they are computed from: %s", (_name, f) => {
  const z = torch.rand(2, 2, { dtype: "complex64" });
  expect(f(z.t()).stride()).toEqual([1, 2]);
  expect(f(z.clone().requires_grad_().t()).stride()).toEqual([1, 2]);
  expect(f(z).stride()).toEqual([2, 1]);
});
