/** Views stay what they are when the tensor that they were taken of becomes something else. */
import * as torch from "cresset";
import type { Tensor } from "cresset";
import { describe, expect, test } from "vitest";

const matrix = (): Tensor =>
  torch.tensor([
    [1.5, 2],
    [3, 4],
    [5, 6],
  ]);

describe("a view taken before", () => {
  const changes: Record<string, (x: Tensor) => Tensor> = {
    t_: (x) => x.t_(),
    transpose_: (x) => x.transpose_(0, 1),
    swapaxes_: (x) => x.swapaxes_(0, 1),
    swapdims_: (x) => x.swapdims_(0, 1),
    squeeze_: (x) => x.unsqueeze_(0).squeeze_(0),
    unsqueeze_: (x) => x.unsqueeze_(1),
    as_strided_: (x) => x.as_strided_([2, 3], [1, 2]),
    resize_: (x) => x.resize_(2),
  };
  test.each(Object.keys(changes))("shows and writes the same memory after %s", (name) => {
    const x = matrix();
    const [row, column, detached] = [x.at(0), x.at(":, 1"), x.detach()];
    changes[name]!(x);
    expect([row.tolist(), column.tolist(), detached.tolist()]).toEqual([[1.5, 2], [2, 4, 6], matrix().tolist()]);
    column.mul_(10);
    expect(detached.tolist()).toEqual([
      [1.5, 20],
      [3, 40],
      [5, 60],
    ]);
    expect(x.as_strided([6], [1], 0).tolist()).toEqual([1.5, 20, 3, 40, 5, 60]);
    x.fill_(7);
    expect(row.tolist()).toEqual([7, 7]);
    expect([row._base === x, x._base]).toEqual([true, null]);
  });

  test("keeps its gradient after t_", () => {
    const x = matrix().requires_grad_();
    const y = x.mul(1);
    const row = y.at(0);
    y.t_();
    row.sum().backward();
    expect(x.grad!.tolist()).toEqual([
      [1, 1],
      [0, 0],
      [0, 0],
    ]);
  });

  test.each<[string, (x: Tensor, source: Tensor) => unknown]>([
    ["set_", (x, source) => x.set_(source)],
    ["an assignment to .data", (x, source) => (x.data = source)],
  ])("keeps the old memory after %s, and the tensor shares the new one", (_, change) => {
    const x = torch.zeros(2);
    const view = x.at("0:1");
    const source = torch.full([3], 3.5);
    change(x, source);
    expect([view.tolist(), x.tolist()]).toEqual([[0], [3.5, 3.5, 3.5]]);
    x.fill_(7);
    view.fill_(1);
    expect([view.tolist(), x.tolist(), source.tolist()]).toEqual([[1], [7, 7, 7], [7, 7, 7]]);
  });
});

test.each<[string, () => Tensor]>([
  ["changed its shape", () => matrix().t_()],
  ["lies in another order", () => matrix().t().clone()],
])("what was made under no_grad and %s has the history of what is written to it", (_, make) => {
  const x = torch.no_grad(make);
  x.mul_(torch.full([2, 1], 2).requires_grad_());
  expect([x.requires_grad, x.at(0).tolist()]).toEqual([true, [3, 6, 10]]);
});

describe("memory that grows", () => {
  const grown: [string, (x: Tensor) => unknown][] = [
    ["resize_", (x) => x.resize_(3, 4)],
    ["resize_ of a view", (x) => x.at(0).resize_(9)],
    ["out=", (x) => torch.full([12], 8, { out: x })],
    ["set_ to more than there is", (x) => torch.zeros(1).set_(x, 5, [4], [2])],
  ];
  test.each(grown)("by %s is still that of all views", (_, grow) => {
    const x = matrix();
    const [row, column] = [x.at(1), x.t().at(0)];
    grow(x);
    row.fill_(7);
    expect(row.untyped_storage().size()).toBeGreaterThan(24);
    expect(x.as_strided([2], [1], 2).tolist()).toEqual([7, 7]);
    expect([column.at(1).item(), column._base === x, x._base]).toEqual([7, true, null]);
    x.fill_(9);
    expect([row.tolist(), column.tolist()]).toEqual([
      [9, 9],
      [9, 9, 9],
    ]);
  });
  test("belongs to what becomes smaller, too", () => {
    const x = torch.arange(4);
    expect(x.resize_(2).resize_(4).tolist()).toEqual([0, 1, 2, 3]);
    const out = torch.arange(4).at("1:3");
    torch.add(torch.ones(3), 1, { out: out.float() });
    expect(out.resize_(3).tolist()).toEqual([1, 2, 3]);
  });
  test("is shown by views as another type", () => {
    const x = torch.zeros(2, { dtype: torch.complex64 });
    x.real.resize_(5).fill_(3);
    expect(x.tolist()).toEqual([new torch.Complex(3, 3), new torch.Complex(3, 3)]);
    const bytes = torch.zeros(3, { dtype: torch.int8 });
    bytes.view(torch.uint8).resize_(5).fill_(7);
    expect(bytes.tolist()).toEqual([7, 7, 7]);
  });
  test("is a leaf's where a detached view of it grows", () => {
    const x = torch.ones(2).requires_grad_();
    const all = x.detach().resize_(3);
    x.mul(3).sum().backward();
    expect([x.is_leaf, x.grad!.tolist(), all.requires_grad, all.tolist()]).toEqual([true, [3, 3], false, [1, 1, 0]]);
  });
  test("has its old contents in its new size after a step that failed", () => {
    const x = torch.ones(2);
    const view = x.at(":1");
    x.add_(torch.ones(3).index_select(0, torch.tensor([0n, 9n])));
    x.resize_(3);
    expect(() => x.tolist()).toThrow("out of range");
    expect([x.tolist(), view.tolist()]).toEqual([[1, 1, 0], [1]]);
  });
  test("counts as written where a backward pass needs it", () => {
    const x = torch.tensor([1.5, 2]);
    const y = x.mul(torch.ones(2).requires_grad_());
    x.resize_(3);
    expect(() => y.sum().backward()).toThrow("modified by an inplace operation");
  });
});

describe("an assignment to .data", () => {
  test("leaves a leaf a leaf, also when it is given itself", () => {
    const x = torch.ones(2).requires_grad_();
    x.data = x.data.mul(2);
    x.data = x;
    x.mul(x).sum().backward();
    expect([x.is_leaf, x.tolist(), x.grad!.tolist()]).toEqual([true, [2, 2], [4, 4]]);
  });
  test("refuses integers for what requires gradients", () => {
    const x = torch.ones(2).requires_grad_();
    expect(() => {
      x.data = torch.tensor([1n, 2n]);
    }).toThrow(/data set to a tensor that requires gradients must be floating point or complex dtype/);
  });
  test("changes the view alone that it is made to", () => {
    const x = matrix();
    const row = x.at(0);
    row.data = torch.tensor([8.5, 9]);
    expect([row.tolist(), x.tolist()]).toEqual([[8.5, 9], matrix().tolist()]);
  });
  test("in a compiled function is made again at each call", () => {
    const x = torch.zeros(2);
    const step = torch.compile((by: Tensor) => {
      x.data = x.add(by);
    });
    for (let i = 0; i < 3; i++) step(torch.ones(2));
    expect(x.tolist()).toEqual([3, 3]);
  });
});

describe("a view that shows elements several times", () => {
  const first = torch.tensor([0n]);
  test("keeps what is written to one sight of them", () => {
    for (const middle of [0.5, NaN]) {
      const x = torch.tensor([0.25, middle, 2]);
      x.unfold(-1, 2, 1).index_fill_(0, first, 0.75);
      expect(x.tolist()).toEqual([0.75, 0.75, 2]);
    }
    const x = torch.tensor([1.5, 2, 3]);
    x.as_strided([2, 2], [1, 1]).index_add_(0, first, torch.tensor([[10, 20.5]]));
    expect(x.tolist()).toEqual([11.5, 22.5, 3]);
  });
  test("writes what it computes of each element once", () => {
    const x = torch.tensor([0.25, 0.5, 2]);
    x.as_strided([2, 2], [1, 1]).neg_();
    expect(x.tolist()).toEqual([-0.25, -0.5, -2]);
  });
  test("gives gradients to what is left of the old values, and to a factor of 1", () => {
    const [x, factor] = [torch.tensor([1.5, 2, 3]).requires_grad_(), torch.tensor(1.5).requires_grad_()];
    const y = x.mul(1);
    y.unfold(-1, 2, 1).index_fill_(0, first, 0.75);
    y.sum().backward();
    expect(x.grad!.tolist()).toEqual([0, 0, 1]);
    const z = torch.tensor([1.5, 2, 3]);
    z.unfold(-1, 2, 1).mul_(factor.div(1.5));
    z.sum().backward();
    expect(factor.grad!.item()).toBeCloseTo(6.5 / 1.5, 5);
  });
});
