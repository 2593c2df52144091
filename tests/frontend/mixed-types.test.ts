/** Operands, ends and views of several types at once, as PyTorch 2.13 takes them. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";

const { Complex, complex64, complex128, float32, float64 } = torch;
const parts = (z: torch.Tensor): unknown => torch.view_as_real(z).tolist();
const wide = (...data: number[]): torch.Tensor => torch.tensor(data, { dtype: float64 });

test("equal compares in the type that both promote to", () => {
  expect(torch.equal(torch.tensor([1n]), torch.tensor([1]))).toBe(true);
  expect(torch.equal(torch.empty(0, { dtype: torch.int32 }), torch.empty(0, { dtype: torch.int64 }))).toBe(true);
  expect(torch.equal(torch.tensor([new Complex(1, 0)]), torch.tensor([1n]))).toBe(true);
  expect(torch.equal(torch.tensor([1.5]), torch.tensor([1n]))).toBe(false);
  expect(torch.equal(torch.tensor([0.1]), wide(0.1))).toBe(false);
});

test("a power of booleans with a boolean number stays one", () => {
  const x = torch.tensor([true, false]);
  expect([x.pow(true), torch.pow(x, true), x.clone().pow_(true)].map((y) => [y.dtype, y.tolist()])).toEqual(
    Array.from({ length: 3 }, () => [torch.bool, [true, false]]),
  );
  expect(x.pow(false).tolist()).toEqual([true, true]);
  expect(() => x.pow(x)).toThrow("not implemented for 'Bool'");
});

test("searched values and boundaries promote, 0-d ones not", () => {
  const sequence = wide(1, 2, 3);
  expect(torch.searchsorted(sequence, torch.tensor([1.5, 2])).tolist()).toEqual([1, 1]);
  expect(torch.searchsorted(torch.tensor([1n, 2n, 3n]), torch.tensor([1.5, 2])).tolist()).toEqual([1, 1]);
  expect(torch.searchsorted(torch.tensor([0.1]), wide(0.1000000016)).tolist()).toEqual([1]);
  expect(torch.searchsorted(torch.tensor([0.1]), torch.tensor(0.1000000016, { dtype: float64 })).item()).toBe(0);
  expect(torch.bucketize(torch.tensor([1n]), torch.tensor([0.5, 1.5])).tolist()).toEqual([1]);
});

describe("linspace between complex numbers", () => {
  test("goes along a line", () => {
    const line = torch.linspace(new Complex(1, 1), 2, 3);
    expect([line.dtype, parts(line)]).toEqual([
      complex64,
      [
        [1, 1],
        [1.5, 0.5],
        [2, 0],
      ],
    ]);
    expect(parts(torch.linspace(0, new Complex(0, 2), 3, { dtype: complex128 }))).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
    ]);
    const out = torch.empty(1, { dtype: complex64 });
    expect(torch.linspace(torch.tensor(new Complex(1, 1)), 2, 1, { out })).toBe(out);
    expect(parts(out)).toEqual([[1, 1]]);
  });

  test("is refused in a real type", () => {
    expect(() => torch.linspace(new Complex(1, 1), 2, 3, { dtype: float32 })).toThrow("can't be safely cast");
  });
});

describe("views of memory as complex numbers", () => {
  test("take the numbers of the last dimension in pairs", () => {
    const x = torch.arange(8, { dtype: float32 }).reshape(2, 4);
    const z = x.view(complex64);
    expect([z.shape, z.stride()]).toEqual([
      [2, 2],
      [2, 1],
    ]);
    expect(parts(z.at(1))).toEqual([
      [4, 5],
      [6, 7],
    ]);
    expect(torch.equal(z.view(float32), x)).toBe(true);
    expect(parts(x.double().view(complex128).at(0, 0))).toEqual([0, 1]);
    expect(torch.ones(2, { dtype: complex64 }).view(torch.int32).tolist()).toEqual([1065353216, 0, 1065353216, 0]);
    expect(torch.tensor(new Complex(0, 2)).view(float64).shape).toEqual([]);
  });

  test("share the memory both ways", () => {
    const x = torch.arange(4, { dtype: float32 });
    const z = x.view(complex64);
    z.at(0).fill_(new Complex(9, 8));
    expect(x.tolist()).toEqual([9, 8, 2, 3]);
    x.zero_();
    expect(parts(z)).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(torch.ones(2, { requires_grad: true }).view(complex64).requires_grad).toBe(false);
  });

  test("need pairs that lie side by side", () => {
    expect(() => torch.ones(2, 3).view(complex64)).toThrow("self.size(-1) must be divisible by 2");
    expect(() => torch.tensor(1).view(complex64)).toThrow("self.dim() cannot be 0");
    expect(() => torch.ones(4, 2).t().view(complex64)).toThrow("stride 1");
    expect(() => torch.ones(2, 3, { dtype: complex64 }).t().view(float32)).toThrow("self.stride(-1) must be 1");
  });
});

test("the pseudo-inverse of a matrix with an infinite element is NaN, and so is its gradient; NaN is refused", () => {
  const infinite = torch
    .tensor([
      [1, Infinity],
      [2, 3],
    ])
    .requires_grad_();
  const inverses = torch.linalg.pinv(torch.stack([infinite, torch.eye(2)]));
  expect(inverses.isnan().tolist()).toEqual([
    [
      [true, true],
      [true, true],
    ],
    [
      [false, false],
      [false, false],
    ],
  ]);
  expect(inverses.at(1).tolist()).toEqual([
    [1, 0],
    [0, 1],
  ]);
  torch.linalg.pinv(infinite).sum().backward();
  expect(infinite.grad!.isnan().all().item()).toBe(true);
  const unknown = torch.tensor([
    [1, NaN],
    [2, 3],
    [1, 1],
  ]);
  expect(() => torch.linalg.pinv(unknown).tolist()).toThrow("non-finite");
});

test("as_strided_scatter's input has the gradient of what is written, as PyTorch has it", () => {
  const [x, source] = [torch.ones(4, { requires_grad: true }), torch.ones(2, { requires_grad: true })];
  torch.as_strided_scatter(x, source, [2], [2], 0).mul(torch.arange(1, 5)).sum().backward();
  expect([x.grad!.tolist(), source.grad!.tolist()]).toEqual([
    [1, 0, 3, 0],
    [1, 3],
  ]);
});

test("rms_norm multiplies by a weight of any type, and the result is of the input's", () => {
  for (const [input, weight] of [
    [float64, float32],
    [float32, float64],
    [float32, torch.int64],
  ] as const) {
    const x = torch.tensor([[3, 4]], { dtype: input });
    const y = torch.nn.functional.rms_norm(x, [2], torch.tensor([1, 2], { dtype: weight }), 0);
    expect(y.dtype).toBe(input);
    expect(
      y
        .mul(12.5 ** 0.5)
        .round()
        .tolist(),
    ).toEqual([[3, 8]]);
  }
});

test("other norms refuse parameters of another width", () => {
  const { layer_norm, group_norm, batch_norm } = torch.nn.functional;
  const [x, weight] = [torch.ones(2, 4), wide(1, 1, 1, 1)];
  const single = "expect parameter to have scalar type of Float";
  expect(() => layer_norm(x, [4], weight)).toThrow(single);
  expect(() => group_norm(x, 2, weight)).toThrow(single);
  expect(() => batch_norm(x, null, null, weight, null, true)).toThrow(single);
  expect(() => batch_norm(x, weight, weight)).toThrow(single);
  expect(() => layer_norm(x.double(), [4], weight.float())).toThrow("all inputs must share same datatype");
  expect(layer_norm(x.half(), [4], weight.float()).dtype).toBe(torch.float16);
});
