/** What was overwritten, and what had no elements, stays part of the graph: its gradient is zero. */
import * as torch from "cresset";
import type { Tensor } from "cresset";
import { describe, expect, test } from "vitest";

const leaf = (count: number): Tensor => torch.ones(count, { requires_grad: true });
const gradients = (y: Tensor, ...xs: Tensor[]): unknown =>
  torch.autograd.grad(y.sum(), xs, { allow_unused: true }).map((grad) => grad?.tolist() ?? null);

describe("copy_ and fill_ over all of", () => {
  test.each<[string, (x: Tensor) => Tensor]>([
    ["a copy", (x) => x.clone()],
    ["what was computed", (x) => x.mul(2)],
    ["what was moved and copied", (x) => x.flip(0).clone()],
    ["another shape", (x) => x.reshape(3, 1).clone()],
  ])("%s", (_name, of) => {
    const [x, y] = [leaf(3), leaf(3)];
    const copied = of(x);
    copied.copy_(y.reshape(copied.shape));
    expect(gradients(copied, x, y)).toEqual([
      [0, 0, 0],
      [1, 1, 1],
    ]);
    const filled = of(x);
    filled.fill_(y.sum());
    expect(gradients(filled, x, y)).toEqual([
      [0, 0, 0],
      [3, 3, 3],
    ]);
  });
  test("a complex tensor of no dimensions", () => {
    const [x, y] = [
      torch.ones([], { dtype: "complex64", requires_grad: true }),
      torch.ones([], { dtype: "complex64" }),
    ];
    const copied = x.clone();
    copied.set_at([], y);
    copied.abs().backward();
    expect(torch.view_as_real(x.grad!).tolist()).toEqual([0, 0]);
  });
});

test("a view that is overwritten gives its gradient up, the rest keeps it", () => {
  const [x, y] = [leaf(3), leaf(1)];
  const base = x.mul(2);
  base.at("0:1").copy_(y);
  expect(gradients(base, x, y)).toEqual([[0, 2, 2], [1]]);
});

describe("what has no elements", () => {
  test("gives what it is written into a history", () => {
    const x = leaf(3);
    const base = torch.zeros(3);
    base.set_at(["0:0"], x.at("0:0"));
    expect([base.requires_grad, gradients(base, x)]).toEqual([true, [[0, 0, 0]]]);
  });
  test("but not what autograd knows nothing of", () => {
    const base = torch.zeros(3);
    base.detach().at("0:0").copy_(leaf(3).at("0:0"));
    expect(base.requires_grad).toBe(false);
  });
  const none = (): Tensor => torch.zeros(0).long();
  test.each<[string, (x: Tensor, nothing: Tensor) => Tensor]>([
    ["slice_scatter", (x, nothing) => x.slice_scatter(nothing, 0, 0, 0)],
    ["masked_scatter", (x, nothing) => x.masked_scatter(torch.zeros(3).bool(), nothing)],
    ["put", (x, nothing) => x.put(none(), nothing)],
    ["index_add", (x, nothing) => x.index_add(0, none(), nothing)],
  ])("has a gradient without elements from %s", (_name, f) => {
    const [x, nothing] = [leaf(3), leaf(0)];
    expect(gradients(f(x, nothing), x, nothing)).toEqual([[1, 1, 1], []]);
    expect(gradients(f(torch.ones(3), nothing), nothing)).toEqual([[]]);
  });
});
