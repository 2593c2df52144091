import * as torch from "cresset";
import { afterEach, describe, expect, test, vi } from "vitest";

const { gradcheck, gradgradcheck, GradcheckError, functional } = torch.autograd;
const f64 = { dtype: torch.float64, requires_grad: true } as const;
afterEach(() => void vi.restoreAllMocks());

/** Its backward is wrong by a factor. */
class Wrong extends torch.autograd.Function {
  static override forward(_ctx: torch.autograd.FunctionCtx, input: torch.Tensor) {
    return input.mul(2);
  }
  static override backward(_ctx: torch.autograd.FunctionCtx, grad: torch.Tensor) {
    return grad.mul(3);
  }
}

describe("gradcheck", () => {
  test("accepts right gradients, of one input and of several", () => {
    const x = torch.tensor(
      [
        [0.3, -0.7],
        [1.2, 0.4],
      ],
      f64,
    );
    const y = torch.tensor([0.5, 0.9], f64);
    expect(gradcheck((a) => a.sin(), x)).toBe(true);
    expect(gradcheck((a, b) => a.matmul(b).tanh(), [x, y])).toBe(true);
    expect(gradcheck((a, b) => [a.mul(b), a.sum(), a.argmax()], [x, y])).toBe(true);
    expect(
      gradcheck((a) => a.mul(2), [x], { fast_mode: true, check_batched_grad: true, check_grad_dtypes: true }),
    ).toBe(true);
  });

  test("refuses wrong gradients with both Jacobians and the user's line", () => {
    const x = torch.tensor([1, 2], f64);
    const check = (options?: torch.autograd.GradcheckOptions): boolean =>
      gradcheck((a) => Wrong.apply(a), [x], options);
    expect(() => check()).toThrow(GradcheckError);
    expect(() => check()).toThrow(
      /Jacobian mismatch for output 0 with respect to input 0,\nnumerical:tensor\(\[\[2\.0000, 0\.0000\],[^]*analytical:tensor\(\[\[3\., 0\.\],[^]*dtype=torch\.float64\)[^]*\n {2}at .*gradcheck\.test\.ts:\d+:\d+$/,
    );
    expect(() => check({ fast_mode: true })).toThrow("computed in fast mode");
    expect(check({ raise_exception: false })).toBe(false);
  });

  test("refuses a missing gradient, and one that is another each time", () => {
    const x = torch.tensor([1, 2], f64);
    expect(() => gradcheck((a) => a.detach().mul(2).add(a.mul(0)), [x])).toThrow("Jacobian mismatch");
    let pass = 0;
    class Drifting extends torch.autograd.Function {
      static override forward(_ctx: torch.autograd.FunctionCtx, input: torch.Tensor) {
        return input.clone();
      }
      static override backward(_ctx: torch.autograd.FunctionCtx, grad: torch.Tensor) {
        return grad.add(1e-9 * pass++);
      }
    }
    expect(() => gradcheck((a) => Drifting.apply(a), [x])).toThrow("Backward is not reentrant");
    expect(gradcheck((a) => Drifting.apply(a), [x], { nondet_tol: 1e-6 })).toBe(true);
  });

  test("asks for inputs that need gradients, and warns of narrow ones", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    expect(() => gradcheck((a) => a, [torch.ones(1)])).toThrow("expects at least one input tensor to require gradient");
    expect(gradcheck((a) => a.mul(2), [torch.ones(1, { requires_grad: true })], { eps: 1e-2 })).toBe(true);
    expect(warn.mock.calls[0]![0]).toContain("is not a double precision floating point");
  });

  test("works by promises, too", async () => {
    expect(await torch.autograd.gradcheckAsync((a) => a.exp(), torch.tensor([0.5], f64))).toBe(true);
    await expect(torch.autograd.gradcheckAsync((a) => Wrong.apply(a), torch.tensor([0.5], f64))).rejects.toThrow(
      /Jacobian mismatch[^]*gradcheck\.test\.ts/,
    );
  });

  test("leaves the random stream alone", () => {
    torch.manual_seed(3);
    const expected = torch.rand(1).item();
    torch.manual_seed(3);
    gradgradcheck((a) => a.pow(3), [torch.tensor([0.5], f64)]);
    expect(torch.rand(1).item()).toBe(expected);
  });
});

describe("gradgradcheck", () => {
  test("accepts right second derivatives", () => {
    const x = torch.tensor([0.3, -0.7], f64);
    expect(gradgradcheck((a) => a.pow(3), [x])).toBe(true);
    expect(gradgradcheck((a, b) => a.mul(b).exp(), [x, torch.tensor([1.5, 0.2], f64)], torch.tensor([1, 2], f64))).toBe(
      true,
    );
  });

  test("refuses wrong second derivatives of right first ones", () => {
    class Square extends torch.autograd.Function {
      static override forward(ctx: torch.autograd.FunctionCtx, input: torch.Tensor) {
        ctx.save_for_backward(input);
        return input.mul(input);
      }
      static override backward(ctx: torch.autograd.FunctionCtx, grad: torch.Tensor) {
        const [input] = ctx.saved_tensors;
        return grad.mul(input.detach()).mul(2);
      }
    }
    const x = torch.tensor([0.3, -0.7], f64);
    expect(gradcheck((a) => Square.apply(a), [x])).toBe(true);
    expect(() => gradgradcheck((a) => Square.apply(a), [x])).toThrow("Jacobian mismatch");
  });
});

describe("autograd.functional", () => {
  const x = torch.tensor([1, 2], { dtype: torch.float64 });
  const cubes = (a: torch.Tensor): torch.Tensor => a.pow(3);

  test("jacobian of one and of several inputs and outputs", () => {
    expect(functional.jacobian(cubes, x).tolist()).toEqual([
      [3, 0],
      [0, 12],
    ]);
    const [byA, byB] = functional.jacobian((a, b) => a.mul(b), [x, torch.tensor([3, 4], { dtype: torch.float64 })]);
    expect([byA.tolist(), byB.tolist()]).toEqual([
      [
        [3, 0],
        [0, 4],
      ],
      [
        [1, 0],
        [0, 2],
      ],
    ]);
    const rows = functional.jacobian((a: torch.Tensor) => [a.sum(), a.mul(2)], x);
    expect(rows.map((row) => row.tolist())).toEqual([
      [1, 1],
      [
        [2, 0],
        [0, 2],
      ],
    ]);
    expect(functional.jacobian((a: torch.Tensor) => a.reshape(2, 1), x).shape).toEqual([2, 1, 2]);
  });

  test("hessian", () => {
    expect(functional.hessian((a: torch.Tensor) => a.pow(3).sum(), x).tolist()).toEqual([
      [6, 0],
      [0, 12],
    ]);
    const blocks = functional.hessian((a, b) => a.mul(b).sum(), [x, x]);
    expect(blocks.map((row) => row.map((block) => block.tolist()))).toEqual([
      [
        [
          [0, 0],
          [0, 0],
        ],
        [
          [1, 0],
          [0, 1],
        ],
      ],
      [
        [
          [1, 0],
          [0, 1],
        ],
        [
          [0, 0],
          [0, 0],
        ],
      ],
    ]);
  });

  test("products with vectors", () => {
    const v = torch.tensor([1, 10], { dtype: torch.float64 });
    const lists = (pair: readonly [torch.Tensor, torch.Tensor]): unknown => pair.map((t) => t.tolist());
    expect(lists(functional.vjp(cubes, x, v))).toEqual([
      [1, 8],
      [3, 120],
    ]);
    expect(lists(functional.jvp(cubes, x, v))).toEqual([
      [1, 8],
      [3, 120],
    ]);
    const total = (a: torch.Tensor): torch.Tensor => a.pow(3).sum();
    expect(lists(functional.vhp(total, x, v))).toEqual([9, [6, 120]]);
    expect(lists(functional.hvp(total, x, v))).toEqual([9, [6, 120]]);
    expect(() => functional.vjp(cubes, x)).toThrow("v can only be None");
    expect(() => functional.jvp(cubes, x, torch.ones(3))).toThrow("v has invalid size: should be [2] but got [3]");
  });

  test("create_graph keeps the derivative differentiable; strict refuses independence", () => {
    const w = torch.tensor([1, 2], { dtype: torch.float64, requires_grad: true });
    functional.jacobian(cubes, w, { create_graph: true }).sum().backward();
    expect(w.grad!.tolist()).toEqual([6, 12]);
    expect(functional.jacobian(cubes, w).requires_grad).toBe(false);
    const constant = (): torch.Tensor => torch.ones(2, { dtype: torch.float64 });
    expect(functional.jacobian(constant, x).tolist()).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(() => functional.jacobian(constant, x, { strict: true })).toThrow("strict mode");
  });
});

describe("detect_anomaly", () => {
  const nan = (): void => torch.tensor([0], { requires_grad: true }).sqrt().mul(0).sum().backward();

  test("names the operator whose gradient is NaN, and the line that called it", () => {
    expect(nan).not.toThrow();
    expect(() => torch.autograd.detect_anomaly(nan)).toThrow(
      /Function 'SqrtBackward0' returned nan values in its 0th output\. Traceback of forward call that caused the error: .*gradcheck\.test\.ts:\d+:\d+/,
    );
    expect(() => torch.autograd.detect_anomaly(nan, { check_nan: false })).not.toThrow();
    expect(torch.autograd.is_anomaly_enabled()).toBe(false);
  });

  test("leaves gradients as they were", () => {
    const x = torch.tensor([0], { requires_grad: true });
    expect(() => torch.autograd.detect_anomaly(() => x.sqrt().mul(0).sum().backward())).toThrow("nan values");
    expect(x.grad).toBeNull();
  });

  test("tells where a user's function was called when its backward fails", () => {
    class MyFunc extends torch.autograd.Function {
      static override forward(_ctx: torch.autograd.FunctionCtx, input: torch.Tensor) {
        return input.clone();
      }
      static override backward(): torch.Tensor {
        throw new Error("Some error in backward");
      }
    }
    const run = (): void =>
      MyFunc.apply(torch.rand(10, 10, { requires_grad: true }))
        .sum()
        .backward();
    expect(run).toThrow(/^Some error in backward$/);
    expect(() => torch.autograd.detect_anomaly(run)).toThrow(
      /^Some error in backward\n {2}Error detected in MyFuncBackward\. Traceback of forward call.*gradcheck\.test\.ts/,
    );
  });

  test("lasts until its scope is disposed of", () => {
    const scope = torch.autograd.set_detect_anomaly(true);
    expect(nan).toThrow("nan values");
    scope[Symbol.dispose]();
    expect(nan).not.toThrow();
  });
});
