/** Forward-mode differentiation: `torch.autograd.forward_ad`, `torch.func.jvp` and `linearize`. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";

const { forward_ad } = torch.autograd;
type Tensor = torch.Tensor;
const F = torch.nn.functional;

describe.each(["cpu", "cpu:js"])("forward mode on %s", (device) => {
  const of = (...values: number[]): Tensor => torch.tensor(values, { device });
  /** How far values are from what is expected. */
  const off = (actual: Tensor | null, expected: readonly number[]): number => {
    const values = actual!.reshape(-1).tolist() as number[];
    if (values.length !== expected.length) return Infinity;
    return Math.max(...values.map((value, i) => Math.abs(value - expected[i]!)));
  };

  test("what is computed of a dual tensor carries its tangent, and requires no grad", () => {
    forward_ad.dual_level(() => {
      const x = of(1, 2);
      const dual = forward_ad.make_dual(x, of(3, 4));
      const y = dual.sin();
      expect([dual.requires_grad, y.requires_grad, y.grad_fn, y.is_leaf]).toEqual([false, false, null, true]);
      const { primal, tangent } = forward_ad.unpack_dual(y);
      expect(off(primal, [Math.sin(1), Math.sin(2)])).toBeLessThan(1e-4);
      expect(off(tangent, [3 * Math.cos(1), 4 * Math.cos(2)])).toBeLessThan(1e-4);
      expect(tangent!.requires_grad).toBe(false);
      expect(y.numpy()).toHaveLength(2);
      for (const without of [x, y.detach(), dual.argmax(), primal]) {
        const [, none] = forward_ad.unpack_dual(without);
        expect(none).toBe(null);
      }
      expect(off(forward_ad.unpack_dual(dual.view(2, 1)).tangent, [3, 4])).toBeLessThan(1e-4);
      expect(off(forward_ad.unpack_dual(dual.round()).tangent, [0, 0])).toBeLessThan(1e-4);
    });
  });

  test("views and writes carry tangents", () => {
    forward_ad.dual_level(() => {
      const dual = forward_ad.make_dual(of(0, 0), of(3, 4));
      dual.mul_(3);
      expect(off(forward_ad.unpack_dual(dual).tangent, [9, 12])).toBeLessThan(1e-4);
      const base = torch.zeros([2, 2], { device });
      base.at(1).copy_(dual);
      expect(off(forward_ad.unpack_dual(base).tangent, [0, 0, 9, 12])).toBeLessThan(1e-4);
      base.at(1).at(0).mul_(2);
      expect(off(forward_ad.unpack_dual(base).tangent, [0, 0, 18, 12])).toBeLessThan(1e-4);
      base.zero_();
      expect(off(forward_ad.unpack_dual(base).tangent, [0, 0, 0, 0])).toBeLessThan(1e-4);
    });
  });

  test("modes are combined: gradients of tangents, and tangents of gradients", () => {
    forward_ad.dual_level(() => {
      const r = of(1, 2).requires_grad_();
      const dual = forward_ad.make_dual(r, of(3, 4));
      const y = dual.pow(3);
      expect(y.requires_grad).toBe(true);
      const { tangent } = forward_ad.unpack_dual(y);
      expect(off(tangent, [9, 48])).toBeLessThan(1e-4);
      expect(off(torch.autograd.grad(tangent!.sum(), [r])[0], [18, 48])).toBeLessThan(1e-4);
      const [slope] = torch.autograd.grad(dual.pow(3).sum(), [r], { create_graph: true });
      expect(off(forward_ad.unpack_dual(slope).tangent, [18, 48])).toBeLessThan(1e-4);
    });
  });

  test("a Function's jvp is used, with what was saved for it", () => {
    class Square extends torch.autograd.Function {
      static override forward(ctx: torch.autograd.FunctionCtx, x: Tensor, factor: number) {
        ctx.save_for_forward(x);
        ctx["factor"] = factor;
        return x.mul(x).mul(factor);
      }
      static override jvp(ctx: torch.autograd.FunctionCtx, tangent: Tensor | null) {
        return tangent!.mul(ctx.saved_tensors[0]).mul(2 * (ctx["factor"] as number));
      }
    }
    class Cube extends torch.autograd.Function {
      static override forward(ctx: torch.autograd.FunctionCtx, x: Tensor) {
        ctx.save_for_backward(x);
        return x.pow(3);
      }
      static override backward(ctx: torch.autograd.FunctionCtx, grad: Tensor) {
        return grad.mul(ctx.saved_tensors[0].pow(2)).mul(3);
      }
    }
    forward_ad.dual_level(() => {
      const dual = forward_ad.make_dual(of(1, 2), of(3, 4));
      expect(off(forward_ad.unpack_dual(Square.apply(dual, 5).mul(2)).tangent, [60, 160])).toBeLessThan(1e-4);
      expect(off(forward_ad.unpack_dual(Cube.apply(dual)).tangent, [9, 48])).toBeLessThan(1e-4);
    });
  });

  test("what a level does not allow", () => {
    const [x, t] = [of(1, 2), of(3, 4)];
    expect(() => forward_ad.make_dual(x, t)).toThrow(/no level exists/);
    expect(() => forward_ad.exit_dual_level()).toThrow(/no level exists/);
    forward_ad.dual_level(() => {
      const dual = forward_ad.make_dual(x, t);
      expect(() => forward_ad.make_dual(dual, t)).toThrow(/already has a forward gradient/);
      expect(() => forward_ad.make_dual(x, of(1, 2, 3))).toThrow(/different size than that of the original/);
      expect(() => forward_ad.make_dual(x, t.to("float16"))).toThrow(/a tangent has its primal's type/);
      expect(() => forward_ad.make_dual(x.long(), t)).toThrow(/Expected primal to be floating point/);
      expect(() => forward_ad.dual_level(() => 0)).toThrow(/Nested forward mode AD is not supported/);
    });
    expect(forward_ad.enter_dual_level()).toBe(0);
    const y = forward_ad.make_dual(x, t).mul(2);
    forward_ad.exit_dual_level();
    expect(forward_ad.unpack_dual(y).tangent).toBe(null);
    expect(y.requires_grad).toBe(false);
  });

  const functions: Readonly<Record<string, (x: Tensor) => Tensor>> = {
    "softmax of a product": (x) => x.reshape(2, 3).matmul(x.reshape(3, 2)).softmax(1),
    "layer norm and gelu": (x) => F.gelu(F.layer_norm(x, [6])),
    "a running sum of exponentials": (x) => x.logcumsumexp(0),
    "sort, gather and extremes": (x) => x.sort(0, { descending: true }).values.cumsum(0).at([1, 3]).add(x.max()),
    "a loop": (x) => torch.scan((carry: Tensor, y: Tensor) => [carry.mul(y).tanh(), carry], x.at(0), x)[1],
    "linear algebra": (x) =>
      torch.linalg.inv(x.reshape(2, 3).matmul(x.reshape(2, 3).t()).add(torch.eye(2, { device }))),
    "a transform": (x) => torch.fft.rfft(x).abs(),
    convolution: (x) => F.conv1d(x.reshape(1, 1, 6), x.at("0:3").reshape(1, 1, 3)),
  };
  test.each(Object.keys(functions))("the tangent of %s is what differences say", (name) => {
    const func = functions[name]!;
    const at = torch.tensor([0.3, -1.2, 0.8, 1.5, -0.4, 0.6], { device, dtype: "float64" });
    const along = torch.tensor([1, -0.5, 0.25, 0.75, -1, 0.5], { device, dtype: "float64" });
    const eps = 1e-6;
    const shifted = (by: number): number[] =>
      func(at.add(along, { alpha: by }))
        .reshape(-1)
        .tolist() as number[];
    const [above, below] = [shifted(eps), shifted(-eps)];
    const expected = above.map((value, i) => (value - below[i]!) / (2 * eps));
    forward_ad.dual_level(() =>
      expect(off(forward_ad.unpack_dual(func(forward_ad.make_dual(at, along))).tangent, expected)).toBeLessThan(1e-4),
    );
    expect(off(torch.func.jvp(func, [at], [along])[1], expected)).toBeLessThan(1e-4);
    const [value, push] = torch.func.linearize(func, at);
    expect(off(value, func(at).reshape(-1).tolist() as number[])).toBeLessThan(1e-4);
    expect(off(push(along), expected)).toBeLessThan(1e-4);
    expect(off(torch.func.jacfwd(func)(at).matmul(along), expected)).toBeLessThan(1e-4);
  });

  test("linearize takes structures, and refuses tangents of other shapes", () => {
    const [output, push] = torch.func.linearize(
      (a: Tensor, b: Tensor) => ({ product: a.mul(b), first: a }),
      of(1, 2),
      of(3, 4),
    );
    expect(off(output.product, [3, 8])).toBeLessThan(1e-4);
    const tangents = push(of(1, 1), of(10, 10));
    expect(off(tangents.product, [13, 24])).toBeLessThan(1e-4);
    expect(off(tangents.first, [1, 1])).toBeLessThan(1e-4);
    expect(() => push(of(1, 1, 1), of(1, 1))).toThrow(/tangents have .*expected/);
  });
});

describe("checks of forward mode", () => {
  const { gradcheck, gradgradcheck, functional } = torch.autograd;
  const f64 = { dtype: torch.float64, requires_grad: true } as const;
  const x = torch.tensor([0.3, -0.7, 1.2], f64);
  const both = { check_forward_ad: true, check_batched_forward_grad: true } as const;

  /** Its tangents are wrong by a factor; it has no backward. */
  class WrongForward extends torch.autograd.Function {
    static override forward(_ctx: torch.autograd.FunctionCtx, input: Tensor) {
      return input.mul(2);
    }
    static override jvp(_ctx: torch.autograd.FunctionCtx, tangent: Tensor | null) {
      return tangent!.mul(3);
    }
  }

  test("gradcheck compares tangents with differences", () => {
    for (const fast_mode of [false, true]) {
      expect(gradcheck((a) => [a.sin().cumsum(0), a.exp().sum()], x, { ...both, fast_mode })).toBe(true);
      const forward = { check_forward_ad: true, check_backward_ad: false, fast_mode };
      expect(gradcheck((a) => a.mul(2), x, forward)).toBe(true);
      expect(() => gradcheck((a) => WrongForward.apply(a), x, forward)).toThrow(
        /Jacobian computed with forward mode mismatch for output 0 with respect to input 0,\nnumerical:tensor/,
      );
    }
    expect(gradgradcheck((a) => a.pow(3), x, null, { check_fwd_over_rev: true })).toBe(true);
    expect(gradgradcheck((a) => a.pow(3), x, null, { check_fwd_over_rev: true, check_rev_over_rev: false })).toBe(true);
  });

  test("gradcheck refuses choices that leave nothing to check", () => {
    const check = (options: torch.autograd.GradcheckOptions) => () => gradcheck((a) => a.sin(), x, options);
    expect(check({ check_backward_ad: false })).toThrow(/at least one of check_forward_ad or check_backward_ad/);
    expect(check({ check_batched_forward_grad: true })).toThrow(/requires check_forward_ad to be True/);
    expect(check({ check_forward_ad: true, check_backward_ad: false, check_batched_grad: true })).toThrow(
      /requires check_backward_ad to be True/,
    );
  });

  test("functional.jacobian and hessian by forward mode", () => {
    const forward = { strategy: "forward-mode", vectorize: true } as const;
    const pair = (a: Tensor, b: Tensor): [Tensor, Tensor] => [a.mul(b).sum(), a.add(b)];
    const inputs = [torch.tensor([1, 2]), torch.tensor([3, 4])] as const;
    const values = (tensors: unknown): unknown =>
      JSON.stringify(tensors, (_, t: unknown) => (t instanceof torch.Tensor ? t.tolist() : t));
    const listed = (options: object): unknown =>
      functional.jacobian(pair, inputs, options).map((row) => row.map((block) => block.tolist()));
    expect(values(listed(forward))).toEqual(values(listed({})));
    const cube = (a: Tensor): Tensor => a.pow(3).sum();
    const hessian = functional.hessian(cube, inputs[0], { outer_jacobian_strategy: "forward-mode", vectorize: true });
    expect(hessian.tolist()).toEqual([
      [6, 0],
      [0, 12],
    ]);
    const refused = (options: object) => () => functional.jacobian(cube, inputs[0], options);
    expect(refused({ strategy: "forward-mode" })).toThrow(/only implemented for vectorize=True/);
    expect(refused({ ...forward, create_graph: true })).toThrow(/not supported together/);
    expect(refused({ ...forward, strict: true })).toThrow(/not supported together/);
    expect(refused({ strategy: "sideways" })).toThrow(/Expected strategy to be either/);
  });
});
