/** Memory that is read and written by one call, and writes where nothing is recorded: as PyTorch has them. */
import * as torch from "cresset";
import type { Tensor } from "cresset";
import { describe, expect, test } from "vitest";

const row = (): Tensor => torch.arange(6, { dtype: torch.float32 });
const overlap = "some elements of the input tensor and the written-to tensor refer to a single memory location";
const first = torch.tensor([0n, 1n]);

describe("work on single elements", () => {
  test.each<[string, (x: Tensor) => unknown]>([
    ["a neighbouring part", (x) => x.at("1:3").sub_(x.at("0:2"))],
    ["one of its own elements", (x) => x.at("1:3").div_(x.at(1))],
    ["itself in another order", (x) => x.at(":4").view(2, 2).copy_(x.at(":4").view(2, 2).t())],
    ["itself in another shape", (x) => x.unsqueeze(0).add_(x)],
    ["a part by out=", (x) => torch.maximum(x.at("1:3"), x.at("0:2"), { out: x.at("1:3") })],
    ["a third tensor's memory", (x) => x.at("1:3").addcmul_(torch.ones(2), x.at("2:4"))],
  ])("is refused of %s", (_, write) => {
    const x = row();
    expect(() => write(x)).toThrow(overlap);
    expect([x.tolist(), x._version]).toEqual([[0, 1, 2, 3, 4, 5], 0]);
  });
  test("may read the very elements that it writes, and memory beside them", () => {
    const x = row();
    x.at("0:2").add_(x.at("2:4"));
    x.at("2:4").mul_(x.view(6).at("2:4"));
    torch.add(x, x, { out: x });
    expect(x.tolist()).toEqual([4, 8, 8, 18, 8, 10]);
  });
  test("may broadcast an element to what holds it by set_at", () => {
    const x = row();
    x.set_at(["1:4"], x.at("2:3"));
    expect(x.tolist()).toEqual([0, 2, 2, 2, 4, 5]);
  });
  test("of complex numbers and integers is no different", () => {
    const numbers = torch.arange(4);
    expect(() => numbers.at("1:3").mul_(numbers.at("0:2"))).toThrow(overlap);
    const z = torch.ones(3, { dtype: torch.complex64 });
    expect(() => z.at(":2").mul_(z.at("1:"))).toThrow(overlap);
  });
  test("does not resize what it reads", () => {
    const x = torch.ones([]);
    expect(() => torch.add(x, torch.ones(4), { out: x })).toThrow(
      "output with shape [] doesn't match the broadcast shape",
    );
  });
});

test.each<[string, (x: Tensor) => unknown]>([
  ["index_add_", (x) => x.index_add_(0, first, x)],
  ["index_copy_", (x) => x.index_copy_(0, first, x.t())],
  ["index_put_", (x) => x.index_put_([first], x.view(2, 2))],
  ["scatter_", (x) => x.scatter_(0, torch.zeros(2, 2, { dtype: torch.int64 }), x)],
  ["scatter_add_", (x) => x.scatter_add_(0, torch.zeros(2, 2, { dtype: torch.int64 }), x)],
])("%s does not read what it writes", (_, write) => {
  expect(() => write(torch.ones(2, 2))).toThrow(overlap);
});

test("an expanded tensor takes one value in some of its elements", () => {
  const x = torch.tensor([[1], [2]]);
  x.expand(2, 2).index_fill_(0, torch.tensor([1n]), 5);
  x.expand(2, 2).masked_fill_(
    torch.tensor([
      [true, true],
      [false, false],
    ]),
    7,
  );
  expect(x.tolist()).toEqual([[7], [5]]);
  expect(() => x.expand(2, 2).index_add_(0, first, torch.ones(2, 2))).toThrow(
    "more than one element of the written-to",
  );
});

describe("a write under no_grad", () => {
  test("leaves the history of what is no leaf", () => {
    const x = torch.tensor([1, 2]).requires_grad_();
    const y = x.mul(3);
    torch.no_grad(() => y.zero_());
    expect([y.requires_grad, y.is_leaf, y.tolist()]).toEqual([true, false, [0, 0]]);
    y.sum().backward();
    expect(x.grad!.tolist()).toEqual([3, 3]);
  });
  test("through a view does, too", () => {
    const x = torch.tensor([1, 2]).requires_grad_();
    const y = x.mul(3);
    torch.no_grad(() => y.at("1:").neg_());
    expect([y.requires_grad, y.tolist()]).toEqual([true, [3, -6]]);
    y.sum().backward();
    expect(x.grad!.tolist()).toEqual([3, 3]);
  });
});

test("changes of a tensor's own shape count as writes", () => {
  const x = row();
  const view = x.at(0);
  x.unsqueeze_(0).t_().squeeze_().as_strided_([2], [1]);
  x.set_(torch.ones(2));
  expect(view._version).toBe(5);
});

test("a reshape to the same shape is a view of its own", () => {
  const x = row();
  const same = x.reshape(6);
  expect([same === x, same._base === x, x.flatten() === x, x.detach()._base]).toEqual([false, true, true, null]);
});

describe("an expanded tensor", () => {
  test("takes its own elements, and no others", () => {
    const base = torch.tensor([3]);
    const wide = base.expand(3);
    for (const same of [wide, wide.detach(), base.expand(3), wide.view(3)]) expect(wide.copy_(same)).toBe(wide);
    expect(wide.tolist()).toEqual([3, 3, 3]);
    expect(() => wide.copy_(torch.ones(1).expand(3))).toThrow("refers to a single memory location");
    expect(() => wide.view(torch.int32).copy_(wide)).toThrow("refers to a single memory location");
    const leaf = torch.ones(1, { requires_grad: true }).expand(3);
    expect(() => leaf.copy_(leaf)).toThrow("a view of a leaf Variable that requires grad");
  });
  test("takes no slices by out=", () => {
    const index = torch.tensor([0n, 1n, 2n]);
    expect(() => torch.index_select(row(), 0, index, { out: torch.ones(1).expand(3) })).toThrow(
      "refers to a single memory location",
    );
  });
});

test.each<[string, () => unknown, RegExp]>([
  [
    "complex",
    () => torch.complex(torch.ones(2), torch.ones(2), { out: torch.zeros(2, { dtype: torch.complex128 }) }),
    /Expected object of scalar type ComplexFloat but got scalar type ComplexDouble for argument 'out'/,
  ],
  [
    "polar",
    () => torch.polar(torch.ones(2), torch.ones(2), { out: torch.zeros(2) }),
    /Expected object of scalar type ComplexFloat but got scalar type Float for argument 'out'/,
  ],
  [
    "index_select",
    () => torch.index_select(row(), 0, first, { out: torch.zeros(2, { dtype: torch.float64 }) }),
    /self and result must have the same scalar type/,
  ],
])("%s converts nothing for out=", (_, write, words) => {
  expect(write).toThrow(words);
});

test.each(["abs_", "absolute_"] as const)("%s of complex numbers is refused", (name) => {
  const z = torch.complex(torch.tensor([3]), torch.tensor([4]));
  expect(() => z[name]()).toThrow("In-place abs is not supported for complex tensors");
});
