/** Each call is a step of its own to autograd, whatever it computes: equal ones, and those that change nothing. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";

const leaf = (...values: number[]): torch.Tensor => torch.tensor(values).requires_grad_();
const { grad } = torch.autograd;
const lists = (tensors: readonly (torch.Tensor | null)[]): unknown[] => tensors.map((x) => x?.tolist() ?? null);
const tenfold = (gradient: torch.Tensor): torch.Tensor => gradient.mul(10);

/** Pairs of equal tensors, computed from one leaf by the same calls. */
const pairs: Record<string, (x: torch.Tensor) => torch.Tensor> = {
  "an elementwise function": (x) => x.neg(),
  "a composite": (x) => torch.nn.functional.leaky_relu(x, 1),
  "a chain": (x) => x.mul(2).sub(x),
  "a copy": (x) => x.clone(),
  "a view": (x) => x.flip(0).at("::1"),
  "a view that changes nothing": (x) => x.view(2),
  "a reshape that changes nothing": (x) => x.reshape(2),
  "a slice of everything": (x) => x.at(":"),
  "views that undo each other": (x) => x.unsqueeze(0).squeeze(0),
  "one of meshgrid": (x) => torch.meshgrid(x, { indexing: "ij" })[0]!,
};

describe.each(Object.entries(pairs))("%s, made twice,", (_name, make) => {
  test("has a gradient of its own", () => {
    const x = leaf(1, 2);
    const [y, z] = [make(x), make(x)];
    expect(lists(grad(y.mul(2).add(z.mul(3)).sum(), [y, z]))).toEqual([
      [2, 2],
      [3, 3],
    ]);
  });

  test("is not part of what the other is used for", () => {
    const x = leaf(1, 2);
    const [y, z] = [make(x), make(x)];
    expect(lists(grad(z.mul(3).sum(), [y], { allow_unused: true }))).toEqual([null]);
    expect(y.grad_fn).not.toBe(z.grad_fn);
  });

  test("calls its own hooks and retains its own gradient", () => {
    const x = leaf(1, 2);
    const [y, z] = [make(x), make(x)];
    y.register_hook(tenfold);
    z.retain_grad();
    const scale = (grad(make(x).sum(), x)[0].tolist() as number[])[0]!;
    y.mul(2).add(z.mul(3)).sum().backward();
    expect(z.grad!.tolist()).toEqual([3, 3]);
    expect(x.grad!.tolist()).toEqual([23 * scale, 23 * scale]);
  });

  test("has a graph that is released by itself", () => {
    const x = leaf(1, 2);
    const [y, z] = [make(x).pow(2).sum(), make(x).pow(2).sum()];
    y.backward();
    const once = x.grad!.tolist() as number[];
    z.backward();
    expect(x.grad!.tolist()).toEqual(once.map((value) => 2 * value));
  });

  test("is a step apart from what it was made of", () => {
    const x = leaf(1, 2);
    const [y] = [make(x)];
    y.register_hook(tenfold);
    const [scale] = grad(make(x).sum(), x)[0].tolist() as number[];
    y.mul(2).add(x.mul(5)).sum().backward();
    expect(x.grad!.tolist()).toEqual([20 * scale! + 5, 20 * scale! + 5]);
  });
});

test("what is saved for one is not overwritten with the other", () => {
  const x = leaf(1, 2);
  const [y, z] = [x.exp(), x.exp()];
  y.mul_(2);
  z.sum().backward();
  expect(x.grad!.tolist()).toEqual(z.tolist());
});

test("gradients of gradients know them apart", () => {
  const x = torch.tensor(2).requires_grad_();
  const [y, z] = [x.mul(x), x.mul(x)];
  const [first] = grad(y.mul(z), y, { create_graph: true });
  expect(grad(first, x)[0].item()).toBe(4);
});

test("anomalies are found at the line of the one that is used", () => {
  torch.autograd.detect_anomaly(() => {
    const x = leaf(0, 1);
    const unused = x.sqrt();
    const y = x.sqrt();
    expect(unused.shape).toEqual(y.shape);
    expect(() => y.mul(0).sum().backward()).toThrow(/steps-apart\.test\.ts:90/);
  });
});

test("a compiled function keeps them apart, too", () => {
  const gradients = torch.compile((x: torch.Tensor) => {
    const [y, z] = [x.exp(), x.exp()];
    return grad(y.mul(2).add(z.mul(3)).sum(), [y, z]);
  });
  const x = leaf(1, 2);
  for (let i = 0; i < 2; i++)
    expect(lists(gradients(x))).toEqual([
      [2, 2],
      [3, 3],
    ]);
});

test("steps that change nothing have names", () => {
  const x = leaf(1, 2);
  const names = [x.t(), x.view(2), x.expand(2), x.squeeze(), x.clone()].map((y) => y.grad_fn!.name());
  expect(names).toEqual(["TBackward0", "ViewBackward0", "ExpandBackward0", "SqueezeBackward0", "CloneBackward0"]);
  const [before] = x.view(2).grad_fn!.next_functions[0]!;
  expect(before!.variable).toBe(x);
});

describe("a value that was written where nothing is recorded is the same step as before", () => {
  const writes: Record<string, (a: torch.Tensor) => void> = {
    "in no_grad": (a) => torch.no_grad(() => void a.add_(1)),
    "through .data": (a) => void a.data.add_(1),
    "through detach()": (a) => void a.detach().add_(1),
  };
  test.each(Object.entries(writes))("%s", (_name, write) => {
    const made = (): { x: torch.Tensor; a: torch.Tensor; total: () => torch.Tensor } => {
      const x = leaf(1, 1);
      const a = x.mul(2);
      const before = a.mul(3);
      write(a);
      return { x, a, total: () => before.sum().add(a.sum()) };
    };
    const first = made();
    expect(lists(grad(first.total(), [first.a]))).toEqual([[4, 4]]);
    const second = made();
    second.a.retain_grad();
    second.a.register_hook(tenfold);
    second.total().backward();
    expect(second.a.grad!.tolist()).toEqual([40, 40]);
    expect(second.x.grad!.tolist()).toEqual([80, 80]);
  });
});

test("a view of what was overwritten whole goes through it", () => {
  const x = torch.randn(3, 3).requires_grad_();
  const a = x.mul(1.5);
  const view = a.expand(2, 3, 3).at(1);
  view.relu_();
  const [all, part] = grad(view.mul(2).sum(), [a, view]);
  expect(all.tolist()).toEqual(part.tolist());
});

test("a view that an operator reshapes further has its gradient", () => {
  const x = torch.randn(3, 4).requires_grad_();
  const view = x.mul(2).flatten().view(2, 2, 3);
  const rows = view.reshape(6, 2);
  view.retain_grad();
  const [given] = grad(
    rows
      .repeat(2, 1)
      .sum()
      .add(torch.einsum("abc,abc->", view, view)),
    rows,
    {
      retain_graph: true,
    },
  );
  expect(given.tolist()).toEqual(Array.from({ length: 6 }, () => [2, 2]));
  rows.repeat(2, 1).sum().backward();
  expect(view.grad!.sum().item()).toBe(24);
});

test("a view of what was written since is one of the memory, not of the view that it was made of", () => {
  const x = torch.randn(2, 3).requires_grad_();
  const a = x.mul(1.5);
  const rows = a.t();
  const back = rows.t();
  rows.sin_();
  const [memory, between, all] = grad(back.sum(), [a, rows, x], { allow_unused: true });
  expect(between).toBe(null);
  expect(memory!.tolist()).toEqual([
    [1, 1, 1],
    [1, 1, 1],
  ]);
  const expected = x.detach().mul(1.5).cos().mul(1.5);
  expect(torch.allclose(all!, expected)).toBe(true);
  // Made afterwards, it is one of the view.
  expect(grad(rows.t().sum(), [rows], { allow_unused: true })[0]).not.toBe(null);
});

test("a hook stays with what a tensor was, and a retained gradient is of what it has become", () => {
  const x = torch.tensor([1, 2]).requires_grad_();
  const y = x.mul(2);
  y.register_hook(tenfold);
  y.retain_grad();
  y.mul_(3);
  y.register_hook((gradient) => gradient.mul(2));
  y.view(2).mul_(5);
  y.sum().backward();
  expect(y.grad!.tolist()).toEqual([1, 1]);
  expect(x.grad!.tolist()).toEqual([600, 600]);
});

test("what shares memory with what is written retains the gradient of what it has become", () => {
  const x = torch
    .tensor([
      [1, 2],
      [3, 4],
    ])
    .requires_grad_();
  const columns = x.t().mul(2);
  columns.retain_grad();
  columns.at(0).mul_(3);
  columns.sum().backward();
  expect(columns.grad!.tolist()).toEqual([
    [1, 1],
    [1, 1],
  ]);
  const base = x.mul(2);
  const view = base.view(4);
  view.retain_grad();
  const before = view.mul(7);
  base.mul_(3);
  view.mul(5).add(before).sum().add(base.sum()).backward();
  expect(view.grad!.tolist()).toEqual([5, 5, 5, 5]);
});

test("a view as the type that a tensor has is a view", () => {
  const x = torch.arange(4);
  const same = x.view(torch.int64);
  expect(same.view(2, 2).tolist()).toEqual([
    [0, 1],
    [2, 3],
  ]);
  same.fill_(7);
  expect([x.tolist(), same.stride()]).toEqual([[7, 7, 7, 7], [1]]);
});

test("an adjoint whose elements stay where they are is conjugated", () => {
  const z = torch.complex(torch.tensor([[1]]), torch.tensor([[2]]));
  expect(torch.view_as_real(z.adjoint().resolve_conj()).tolist()).toEqual([[[1, -2]]]);
  expect(torch.view_as_real(z.view(torch.complex64)).tolist()).toEqual([[[1, 2]]]);
});
