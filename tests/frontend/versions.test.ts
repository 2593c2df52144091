/** Which writes a backward pass takes for changes of what it saved. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";

function isRefused(backward: () => void): boolean {
  try {
    backward();
    return false;
  } catch (error) {
    return /modified by an inplace operation/.test(String(error));
  }
}

describe.each(["cpu", "cpu:js"])("versions on %s", (device) => {
  const leaf = (...values: number[]): torch.Tensor => torch.tensor(values, { device, requires_grad: true });

  test("a write through .data is not counted, one through detach() is", () => {
    const x = torch.tensor([1, 2], { device });
    const [data, detached] = [x.data, x.detach()];
    data.add_(1);
    data.at(0).mul_(3);
    expect([x._version, detached._version, data._version, x.data._version]).toEqual([0, 0, 2, 0]);
    detached.add_(1);
    expect([x._version, detached._version, data._version]).toEqual([1, 1, 2]);
    expect([x.tolist(), data.tolist(), detached.tolist()]).toEqual(new Array(3).fill([7, 4]));
  });

  test("autograd does not see a write through .data of what it saved", () => {
    for (const x of [leaf(1, 2), torch.tensor([1, 2], { device })]) {
      const w = leaf(3, 4);
      const y = w.mul(x);
      x.data.zero_();
      y.sum().backward();
      expect(w.grad!.tolist()).toEqual([1, 2]);
      expect(x.tolist()).toEqual([0, 0]);
    }
  });

  test("autograd sees a write through .data of what was saved through that very tensor", () => {
    const w = leaf(3, 4);
    const data = torch.tensor([1, 2], { device }).data;
    const y = w.mul(data);
    data.zero_();
    expect(() => y.sum().backward()).toThrow(/modified by an inplace operation.*mul.*zero_.*version 1/);
  });

  test("an assignment to .data is not counted", () => {
    const x = leaf(1, 2);
    const y = x.mul(x);
    x.data = torch.tensor([5, 6], { device });
    expect([x._version, x.tolist()]).toEqual([0, [5, 6]]);
    y.sum().backward();
    expect(x.grad!.tolist()).toEqual([2, 4]);
  });

  test("a write to no elements leaves other values as they are, and counts for those saved before", () => {
    const w = leaf(3, 4);
    const x = torch.tensor([1, 2], { device });
    const before = w.mul(x);
    x.at("0:0").fill_(5);
    const after = w.mul(x);
    after.sum().backward();
    expect([w.grad!.tolist(), x._version]).toEqual([[1, 2], 1]);
    expect(() => before.sum().backward()).toThrow(/modified by an inplace operation/);
  });

  test("a tensor that another was copied into may be written", () => {
    const w = leaf(3, 4);
    const x = torch.tensor([1, 2], { device });
    const y = w.mul(x);
    const other = torch.zeros([2], { device }).copy_(x);
    other.add_(1);
    y.sum().backward();
    expect([w.grad!.tolist(), other.tolist()]).toEqual([
      [1, 2],
      [2, 3],
    ]);
  });

  test("a copy of a view may be written", () => {
    const w = leaf(3, 4);
    const view = w.unsqueeze(-1);
    const y = view.mul(view);
    view.clone().add_(1);
    y.sum().backward();
    expect(w.grad!.tolist()).toEqual([6, 8]);
  });

  test("a saved argument counts though an earlier operator has expanded it", () => {
    const w = torch.ones([2, 2], { device, requires_grad: true });
    const x = leaf(1, 2).detach();
    const y = x.mul(w).mul(x);
    x.copy_(x);
    expect(x._version).toBe(1);
    expect(() => y.diagonal().sum().backward()).toThrow(/mul saved a float32\[2\], changed since by copy_/);
  });

  test.each<[string, (y: torch.Tensor) => unknown]>([
    ["zero_", (y) => y.zero_()],
    ["eq_", (y) => y.eq_(1)],
    ["normal_", (y) => y.normal_()],
    ["bernoulli_", (y) => y.bernoulli_()],
    ["copy_", (y) => y.copy_(torch.ones([2], { device, requires_grad: true }))],
    ["fill_", (y) => y.fill_(torch.ones([], { device, requires_grad: true }))],
  ])("what %s overwrites has a gradient of zero, for which what was saved has to be there", (name, write) => {
    const w = leaf(3, 4);
    const y = w.mul(1);
    write(y);
    expect([y.requires_grad, y.grad_fn!.name().toLowerCase()]).toEqual([true, `${name.slice(0, -1)}backward0`]);
    y.sum().backward();
    expect(w.grad!.tolist()).toEqual([0, 0]);

    const softmax = w.softmax(0);
    write(softmax);
    expect(() => softmax.sum().backward()).toThrow(/softmax saved a float32\[2\], changed since by/);
  });

  const grid = (): torch.Tensor => leaf(0.5, 0.25, 0.75, 0.1).mul(1).reshape(2, 2);
  const kept: [name: string, run: (x: torch.Tensor) => torch.Tensor, result: boolean, input: boolean][] = [
    ["amax", (x) => x.amax(1), true, true],
    ["logsumexp", (x) => x.logsumexp(1), true, true],
    ["prod", (x) => x.prod(), true, true],
    ["std", (x) => x.std(), true, true],
    ["median", (x) => x.median(), true, true],
    ["norm", (x) => x.norm(), true, true],
    ["relu", (x) => x.relu(), true, false],
    ["reciprocal", (x) => x.reciprocal(), true, false],
    ["rsqrt", (x) => x.rsqrt(), true, false],
    ["erfinv", (x) => x.erfinv(), false, true],
    ["max along a dimension", (x) => x.max(1).values, false, false],
    ["cummax", (x) => x.cummax(1)[0], false, true],
  ];
  test.each(kept)("%s keeps what PyTorch's keeps", (_name, run, result, input) => {
    for (const [isInput, refused] of [
      [false, result],
      [true, input],
    ]) {
      const x = grid();
      const y = run(x);
      const sum = y.mul(1).sum();
      (isInput ? x : y).add_(1);
      expect(isRefused(() => sum.backward())).toBe(refused);
    }
  });

  test("an in-place operator keeps a copy of what it overwrites, but not of its other arguments", () => {
    const w = leaf(3, 4);
    const x = torch.tensor([1, 2], { device });
    x.mul_(w).sum().backward();
    expect(w.grad!.tolist()).toEqual([1, 2]);
    const y = w.mul(1);
    y.addcmul_(y, w);
    expect(() => y.sum().backward()).toThrow(/modified by an inplace operation/);
  });
});

describe("what is written through a view", () => {
  const squares = (): torch.Tensor => {
    const x = torch
      .tensor([
        [1, 2],
        [3, 4],
      ])
      .requires_grad_();
    return x.mul(x);
  };
  const refused = /modified by an inplace operation/;

  test("is what the operator has saved of its result", () => {
    const writes: readonly ((y: torch.Tensor) => unknown)[] = [
      (y) => [y.t().exp_(), y.mul_(2)],
      (y) => [y.view(-1).tanh_(), y.mul_(2)],
      (y) => [y.at(0).relu_(), y.add_(2)],
      (y) => [y.at(0).exp_(), y.at(1).exp_()],
    ];
    for (const write of writes) {
      const y = squares();
      write(y);
      expect(() => y.sum().backward()).toThrow(refused);
    }
    const unsaved = squares();
    unsaved.t().mul_(3);
    unsaved.mul_(2);
    unsaved.sum().backward();
  });

  test("is refused of views that gradients cannot follow there", () => {
    const several = [(y: torch.Tensor) => y.split(1)[1]!, (y: torch.Tensor) => y.unbind(0)[1]!.view(2)];
    for (const part of several) {
      const y = squares();
      const view = part(y);
      y.mul_(2);
      expect(view.requires_grad).toBe(true);
      expect(torch.no_grad(() => view.add(1)).requires_grad).toBe(false);
      expect(() => view.add(1)).toThrow(/is a view and its base or another view of its base has been modified inplace/);
      expect(() => view.t()).toThrow(/a function that returns multiple views/);
    }
    const y = squares();
    const view = torch.no_grad(() => y.at(0));
    y.mul_(2);
    expect(() => view.mul(2)).toThrow(/created in no_grad mode and its base or another view of its base/);
    expect(() => squares().unbind(0)[1]!.mul_(2)).toThrow(/Output 1 of Unbind is a view and is being modified inplace/);
    const apart = squares().detach();
    const [row] = apart.unbind(0);
    apart.mul_(2);
    expect(row!.add(1).tolist()).toEqual([3, 9]);
  });
});

test("a write of the contents that are there leaves what is saved afterwards as it was saved", () => {
  const model = new torch.nn.Sequential(new torch.nn.Linear(3, 4), new torch.nn.BatchNorm1d(4));
  const loss = (x: torch.Tensor): torch.Tensor => {
    const value = model.forward(x).pow(2).mean();
    value.backward();
    return value;
  };
  const compiled = torch.compile(loss);
  const infer = torch.compile((x: torch.Tensor) => torch.no_grad(() => model.forward(x)));
  for (const rows of [2, 3, 4]) {
    for (const step of [compiled, loss]) {
      model.train();
      infer(torch.ones(4, 3)).tolist();
      step(torch.randn(4, 3)).item();
      model.eval();
      model.load_state_dict(model.state_dict());
      expect(Number(step(torch.randn(rows, 3)).item())).toBeGreaterThan(0);
    }
  }
});

test("what was copied from a tensor is not overwritten with it", () => {
  const copies: readonly ((x: torch.Tensor) => torch.Tensor)[] = [
    (x) => x.detach().clone(),
    (x) => torch.zeros(2).copy_(x.detach()),
    (x) => torch.no_grad(() => torch.zeros(2).copy_(x)),
  ];
  for (const copyOf of copies) {
    const weight = torch.tensor([1, 2]).requires_grad_();
    const old = copyOf(weight);
    const loss = weight.mul(3).mul(old).sum();
    torch.no_grad(() => weight.add_(1));
    loss.backward();
    expect([old.tolist(), weight.grad!.tolist()]).toEqual([
      [1, 2],
      [3, 6],
    ]);
    expect(isRefused(() => weight.mul(weight).sum().backward())).toBe(false);
    const saved = weight.mul(weight).sum();
    torch.no_grad(() => weight.add_(1));
    expect(isRefused(() => saved.backward())).toBe(true);
  }
});
