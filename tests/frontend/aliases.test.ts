/** Functions that give the memory they are given; every expected value is torch 2.13.0+cpu's. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";

const ones = (): torch.Tensor => torch.ones(2, 3);
const square = (): torch.Tensor => torch.ones(3, 3);
const row = (): torch.Tensor => torch.ones(3);
const other = torch.arange(4).float();

type Row = readonly [
  name: string,
  make: () => torch.Tensor,
  take: (x: torch.Tensor) => torch.Tensor,
  strides: readonly number[],
];
const aliases: readonly Row[] = [
  ["broadcast_tensors", ones, (x) => torch.broadcast_tensors(x, torch.zeros(4, 2, 3))[0]!, [0, 3, 1]],
  ["the second of broadcast_tensors", ones, (x) => torch.broadcast_tensors(torch.zeros(2, 1), x)[1]!, [3, 1]],
  ["meshgrid ij", row, (x) => torch.meshgrid(x, other, { indexing: "ij" })[0]!, [1, 0]],
  ["meshgrid xy", row, (x) => torch.meshgrid(x, other, { indexing: "xy" })[0]!, [0, 1]],
  ["the second of meshgrid xy", row, (x) => torch.meshgrid(other, x, { indexing: "xy" })[1]!, [1, 0]],
  ["meshgrid of one", row, (x) => torch.meshgrid(x, { indexing: "ij" })[0]!, [1]],
  ["einsum of a diagonal", square, (x) => torch.einsum("ii->i", x), [4]],
  ["einsum of a transposition", ones, (x) => torch.einsum("ij->ji", x), [1, 3]],
  ["einsum of nothing", ones, (x) => torch.einsum("ij->ij", x), [3, 1]],
  ["einsum without a result", ones, (x) => torch.einsum("ba", x), [1, 3]],
  ["einsum with an ellipsis", ones, (x) => torch.einsum("...j->j...", [x]), [1, 3]],
  ["positive", ones, (x) => x.positive(), [3, 1]],
  ["sum_to_size", ones, (x) => x.sum_to_size(2, 3), [3, 1]],
  ["cartesian_prod", row, (x) => torch.cartesian_prod(x), [1]],
  ["atleast_2d of several", row, (x) => torch.atleast_2d(other, x)[1]!, [3, 1]],
];

describe.each(aliases)("%s", (_name, make, take, strides) => {
  test("lies in the tensor's memory", () => {
    const x = make();
    const view = take(x);
    expect(view.stride()).toEqual(strides);
    expect(view.data_ptr()).toBe(x.data_ptr());
  });

  test("shows what is written to the tensor", () => {
    const x = make();
    const view = take(x);
    x.fill_(5);
    expect(view.eq(5).all().item()).toBe(true);
  });

  test("is one in a compiled function", () => {
    const run = torch.compile((x: torch.Tensor) => {
      const view = take(x);
      x.add_(1);
      return view.sum();
    });
    for (const _ of [1, 2, 3]) expect(run(make()).item()).toBe(2 * take(make()).numel());
  });
});

const isStretched = ([, , , strides]: Row): boolean => strides.includes(0);

describe.each(aliases.filter((row) => !isStretched(row)))("%s", (_name, make, take) => {
  test("is written through", () => {
    const x = make();
    const view = take(x);
    view.mul_(7);
    expect(x.sum().item()).toBe(x.numel() + 6 * view.numel());
  });

  test("passes the gradient of what is written through it on", () => {
    const leaf = make().requires_grad_();
    const x = leaf.mul(1);
    const view = take(x);
    view.mul_(7);
    x.sum().backward();
    expect(leaf.grad!.sum().item()).toBe(x.numel() + 6 * view.numel());
  });
});

test.each(aliases.filter(isStretched))("%s is not written: its elements share places", (_name, make, take) => {
  const x = make();
  expect(() => take(x).mul_(2)).toThrow(
    "more than one element of the written-to tensor refers to a single memory location",
  );
  expect(x.eq(1).all().item()).toBe(true);
});

test("what is the tensor already is given as it is", () => {
  const [x, v] = [ones(), row()];
  const same = [x.positive(), x.sum_to_size(2, 3), torch.broadcast_tensors(x, v)[0]!, torch.atleast_2d(x, v)[0]!];
  expect(same.map((y) => y === x)).toEqual([true, true, true, true]);
  expect(torch.cartesian_prod(v) === v).toBe(true);
  expect(torch.einsum("ij->ij", x) === x).toBe(false);
});

test("what is computed is a tensor of its own", () => {
  const x = torch.ones(2, 1);
  for (const y of [torch.einsum("ij->i", x), torch.einsum("ij,ij->ij", x, x), x.sum_to_size(1, 1)]) {
    y.fill_(9);
    expect(x.tolist()).toEqual([[1], [1]]);
  }
  const v = row();
  torch.cartesian_prod(v, v).fill_(9);
  expect(v.tolist()).toEqual([1, 1, 1]);
});

describe("ravel", () => {
  const base = (): torch.Tensor => torch.arange(8).view(2, 4);
  test.each<[string, (b: torch.Tensor) => torch.Tensor]>([
    ["of columns", (b) => b.at("...", torch.slice(null, null, 2))],
    ["of a column", (b) => b.at("...", 0)],
    ["of a column of rank 2", (b) => b.at("...", torch.slice(0, 1))],
    ["of a transposition", (b) => b.t()],
  ])("%s is a copy in one row", (_name, cut) => {
    const b = base();
    const part = cut(b);
    const r = part.ravel();
    expect(r.stride()).toEqual([1]);
    expect(r.tolist()).toEqual(part.reshape(-1).tolist());
    r.fill_(9);
    expect(b.flatten().tolist()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("of what is contiguous is a view", () => {
    const b = base();
    b.ravel().at(0).fill_(9);
    b.at(1).ravel().fill_(7);
    expect(b.tolist()).toEqual([
      [9, 1, 2, 3],
      [7, 7, 7, 7],
    ]);
  });

  test("passes gradients through the copy", () => {
    const x = torch.ones(2, 4, { requires_grad: true });
    x.t().ravel().mul(torch.arange(8)).sum().backward();
    expect(x.grad!.tolist()).toEqual([
      [0, 2, 4, 6],
      [1, 3, 5, 7],
    ]);
  });

  test("reshape and flatten of a strided row stay views", () => {
    const b = base();
    b.at("...", 0).reshape(-1).fill_(9);
    b.at("...", 1).flatten().fill_(7);
    expect(b.tolist()).toEqual([
      [9, 7, 2, 3],
      [9, 7, 6, 7],
    ]);
  });
});

describe("rot90", () => {
  const permuted = (): torch.Tensor => torch.zeros(2, 3, 4).permute(2, 0, 1);
  test.each<[string, () => torch.Tensor, readonly number[]]>([
    ["a quarter", () => ones().rot90(), [1, 3]],
    ["a quarter back", () => ones().rot90(-1), [1, 3]],
    ["three quarters", () => ones().rot90(3), [1, 3]],
    ["a half", () => ones().rot90(2), [3, 1]],
    ["nothing", () => ones().rot90(0), [3, 1]],
    ["a quarter in the last two", () => torch.zeros(2, 3, 4).rot90(1, [1, 2]), [12, 1, 4]],
    ["a quarter back in the outer two", () => torch.zeros(2, 3, 4).rot90(-1, [0, 2]), [1, 4, 12]],
    ["a quarter of a permuted one", () => permuted().rot90(1, [0, 2]), [4, 12, 1]],
    ["a half of a permuted one", () => permuted().rot90(2, [0, 2]), [1, 12, 4]],
    ["nothing of a permuted one", () => permuted().rot90(0), [6, 3, 1]],
  ])("by %s", (_name, turned, strides) => {
    expect(turned().stride()).toEqual(strides);
  });

  test("by a quarter does not lie in one row", () => {
    const turned = torch.arange(6).view(2, 3).rot90();
    expect(turned.tolist()).toEqual([
      [2, 5],
      [1, 4],
      [0, 3],
    ]);
    expect(() => turned.view(-1)).toThrow("view size is not compatible");
  });
});
