/** Tensors that share memory with others and not their history: `detach()`, `.data`, and what `.data =` and `set_` leave. */
import * as torch from "cresset";
import type { Tensor } from "cresset";
import { describe, expect, test } from "vitest";

const ones = (): Tensor => torch.ones(3, { requires_grad: true });
const grid = (): Tensor => torch.tensor([1, 2, 3, 4, 5, 6]).reshape(2, 3).clone();
const gradient = (y: Tensor, x: Tensor): unknown => torch.autograd.grad(y.sum(), [x])[0].tolist();

describe.each<[string, (x: Tensor) => Tensor]>([
  ["detach()", (x) => x.detach()],
  [".data", (x) => x.data],
])("a write to x.%s", (_, cut) => {
  test("of what has a history gives it one, and x none", () => {
    const [x, w] = [grid(), ones()];
    const d = cut(x);
    d.at(0).add_(w);
    d.mul_(2);
    expect([d.requires_grad, d.is_leaf, d.grad_fn!.name(), x.requires_grad]).toEqual([
      true,
      false,
      "MulBackward0",
      false,
    ]);
    expect(x.tolist()).toEqual([
      [4, 6, 8],
      [8, 10, 12],
    ]);
    expect(gradient(d.at("0:1"), w)).toEqual([2, 2, 2]);
  });
  test("leaves x's own history", () => {
    const [x, w] = [ones(), ones()];
    const y = x.mul(3);
    const d = cut(y);
    d.add_(w.mul(5));
    expect([y.tolist(), gradient(d.mul(2), w), gradient(y.mul(2), x)]).toEqual([
      [8, 8, 8],
      [10, 10, 10],
      [6, 6, 6],
    ]);
  });
  test("stays its history when x is written later", () => {
    const [x, w] = [grid(), ones()];
    const d = cut(x);
    d.copy_(w);
    x.zero_();
    expect([d.at(0).tolist(), d.requires_grad, gradient(d, w)]).toEqual([[0, 0, 0], true, [2, 2, 2]]);
  });
  test("may be made of one of several views", () => {
    const x = torch.ones(2, 3, { requires_grad: true });
    const [row] = x.unbind() as [Tensor];
    cut(row).copy_(row.mul(2));
    expect(x.at(0).tolist()).toEqual([2, 2, 2]);
  });
});

describe("detach_", () => {
  test("of what lies in another order keeps its values", () => {
    const y = torch.mul(grid().requires_grad_().t(), 2);
    y.detach_();
    expect([y.requires_grad, y.stride(), y.tolist()]).toEqual([
      false,
      [1, 3],
      [
        [2, 8],
        [4, 10],
        [6, 12],
      ],
    ]);
  });
  test("of a part that was cut leaves the rest", () => {
    const x = grid();
    const d = x.at(0).detach();
    d.add_(ones());
    d.detach_();
    expect([d.requires_grad, x.tolist()]).toEqual([
      false,
      [
        [2, 3, 4],
        [4, 5, 6],
      ],
    ]);
  });
});

describe("detach_ of what shares memory", () => {
  // As PyTorch 2.13 answers.
  test.each<[string, (x: Tensor) => Tensor]>([
    ["squeeze_ that finds nothing", (x) => x.squeeze_()],
    ["t_", (x) => x.t_()],
    ["unsqueeze_", (x) => x.unsqueeze_(0)],
  ])("cuts what %s has reshaped", (_name, reshape) => {
    const x = ones();
    const y = torch.stack([x, x], 1);
    reshape(y);
    y.detach_();
    expect([y.requires_grad, y.is_leaf, y._base]).toEqual([false, true, null]);
  });
  test("leaves its views their history", () => {
    const x = ones();
    const y = x.mul(2);
    const view = y.view(3, 1);
    y.detach_();
    y.mul_(3);
    expect([y.requires_grad, y.view(3, 1).requires_grad, view.requires_grad]).toEqual([false, false, true]);
    expect([view.sum().item(), gradient(view, x)]).toEqual([18, [2, 2, 2]]);
  });
});

test("what .data is assigned to stays what was computed", () => {
  const x = ones();
  const y = x.mul(3);
  y.data = torch.tensor([7, 8, 9]);
  expect([y.tolist(), y.is_leaf, gradient(y, x)]).toEqual([[7, 8, 9], false, [3, 3, 3]]);
});

test("versions are a tensor's own when it takes another's memory, or another shape", () => {
  const [x, other] = [ones().detach(), torch.zeros(3)];
  x.add_(1);
  x.set_(other);
  x.add_(1);
  expect([x._version, other._version, other.tolist()]).toEqual([3, 0, [1, 1, 1]]);
  expect(() => x.set_(torch.zeros(3, { dtype: torch.int64 }))).toThrow("Could not set tensor of type");
  const data = x.data;
  data.resize_(7);
  expect([x._version, data._version]).toEqual([3, 1]);
});

describe("complex numbers", () => {
  const z = (): Tensor => torch.complex(torch.tensor([1, 2]), torch.tensor([1, -1])).requires_grad_();
  test("keep their history when they are written under no_grad", () => {
    const x = z();
    const y = x.clone();
    torch.no_grad(() => torch.mul(y, y, { out: y }));
    expect([y.requires_grad, y.is_leaf]).toEqual([true, false]);
    expect(torch.view_as_real(torch.autograd.grad(y.real.sum(), [x])[0]).tolist()).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });
  test("that are conjugates are read before others of their memory are written", () => {
    const x = z().detach();
    torch.add(x.conj().at("1:"), 0, { out: x.at(":1") });
    expect(torch.view_as_real(x).tolist()).toEqual([
      [2, 1],
      [2, -1],
    ]);
    expect(() => x.conj().numpy()).toThrow("conjugate bit set");
  });
  test("lie as what they are computed from", () => {
    const x = torch.ones(2, 3, { dtype: torch.complex64 }).t();
    expect([x.add(x), x.mul(2), x.flip(0)].map((y) => y.stride())).toEqual(new Array(3).fill([1, 3]));
  });
});

describe("a backward pass after a write to what was saved", () => {
  test.each<[string, (x: Tensor) => Tensor]>([
    ["sin", (x) => x.sin()],
    ["mul", (x) => x.mul(x)],
  ])("is refused of %s as often as it is tried, also where one went through before", (_, fn) => {
    const x = ones();
    const y = fn(x);
    const tried = (): unknown => torch.autograd.grad(y.sum(), [x], { retain_graph: true });
    tried();
    torch.no_grad(() => x.mul_(2));
    expect(tried).toThrow("modified by an inplace operation");
    expect(tried).toThrow("modified by an inplace operation");
  });
});
