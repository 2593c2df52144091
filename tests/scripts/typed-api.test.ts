/** Uses of the generated declarations: this file compiles only while they say what PyTorch's documentation says. */
import { describe, expect, expectTypeOf, it } from "vitest";
import * as torch from "../../frontend/index.ts";
import type { Tensor } from "../../frontend/index.ts";

const x = (): Tensor =>
  torch.tensor([
    [1, 2, 3],
    [4, 6, 5],
  ]);

describe("the generated API", () => {
  it("takes arguments by position or by name", () => {
    expect(x().sum(1).tolist()).toEqual([6, 15]);
    expect(x().sum(1, { keepdim: true }).tolist()).toEqual([[6], [15]]);
    expect(x().sum({ dim: 1 }).tolist()).toEqual([6, 15]);
    expect(x().sum({ axis: 1, keepdim: true, dtype: torch.float64 }).dtype).toBe(torch.float64);
    expect(torch.sum(x(), [0, 1]).item()).toBe(21);
    expect(torch.sum({ input: x(), dim: 0 }).tolist()).toEqual([5, 8, 8]);
    // @ts-expect-error -- misspelt
    expect(() => x().sum({ dims: 1 })).toThrow("unexpected keyword argument 'dims'");
    // @ts-expect-error -- not a number
    expect(() => x().sum("1")).toThrow("must be");
  });

  it("gives named results by position and by name", () => {
    const { values, indices } = x().max(1);
    const [first, second] = x().max(1, { keepdim: true });
    expectTypeOf(indices).toEqualTypeOf<Tensor>();
    expectTypeOf(first).toEqualTypeOf<Tensor>();
    expect([values.add(0).tolist(), indices.tolist()]).toEqual([
      [3, 6],
      [2, 1],
    ]);
    expect([first.shape, second.shape]).toEqual([
      [2, 1],
      [2, 1],
    ]);
    expectTypeOf(x().max()).toEqualTypeOf<Tensor>();
    expectTypeOf(x().max(x())).toEqualTypeOf<Tensor>();
    const [variance, mean] = torch.var_mean(x(), { dim: 1 });
    expect([variance.tolist(), mean.tolist()]).toEqual([
      [1, 1],
      [2, 5],
    ]);
  });

  it("takes sizes spread or in a list", () => {
    expect(x().reshape(3, 2).shape).toEqual([3, 2]);
    expect(x().reshape([3, -1]).shape).toEqual([3, 2]);
    expect(torch.reshape(x(), [6]).shape).toEqual([6]);
    expect(x().permute({ dims: [1, 0] }).shape).toEqual([3, 2]);
  });

  it("writes in place and into out", () => {
    const target = x();
    const same: Tensor = target.mul_(2);
    expect(same).toBe(target);
    expect(target.sum().item()).toBe(42);
    const out = torch.empty(2, 3);
    expect(torch.add(x(), 1, { alpha: 2, out })).toBe(out);
    expect(out.tolist()).toEqual([
      [3, 4, 5],
      [6, 8, 7],
    ]);
  });

  it("has functions whose names JavaScript reserves", () => {
    expect(torch.var(x(), 1).tolist()).toEqual([1, 1]);
  });
});

describe("the declarations of autograd", () => {
  const leaf = (): Tensor => torch.ones([2], { requires_grad: true });

  it("have exact options, one gradient for each input, and named duals", () => {
    const [a, b] = [leaf(), leaf()];
    const gradients = torch.autograd.grad(a.mul(b).sum(), [a, b]);
    expectTypeOf(gradients).toEqualTypeOf<[Tensor, Tensor]>();
    const maybe = torch.autograd.grad(a.sum(), [a, b], { allow_unused: true });
    expectTypeOf(maybe).toEqualTypeOf<[Tensor | null, Tensor | null]>();
    // @ts-expect-error -- misspelt
    torch.autograd.grad(a.sum(), [a], { retain_graphs: true });
    // @ts-expect-error -- misspelt
    a.sum().backward({ create_graphs: false });
    const { primal, tangent } = torch.autograd.forward_ad.dual_level(() =>
      torch.autograd.forward_ad.unpack_dual(torch.autograd.forward_ad.make_dual(b, torch.ones(2))),
    );
    expectTypeOf(primal).toEqualTypeOf<Tensor>();
    expectTypeOf(tangent).toEqualTypeOf<Tensor | null>();
    expect([gradients.length, maybe[1], tangent!.tolist()]).toEqual([2, null, [1, 1]]);
  });

  it("hand a hook what the other one made", () => {
    const { saved_tensors_hooks } = torch.autograd.graph;
    const y = saved_tensors_hooks(
      (tensor) => ({ kept: tensor }),
      (packed) => {
        expectTypeOf(packed).toEqualTypeOf<{ kept: Tensor }>();
        return packed.kept;
      },
      () => leaf().exp(),
    );
    expectTypeOf(y).toEqualTypeOf<Tensor>();
    // @ts-expect-error -- not a tensor
    const wrong = (): unknown => saved_tensors_hooks(String, () => 3);
    expect([y.requires_grad, typeof wrong]).toEqual([true, "function"]);
  });
});
