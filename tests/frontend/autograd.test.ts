/** `torch.autograd`: arguments of backward and grad, Function's contract, hooks' results, layouts of gradients. */
import * as torch from "cresset";
import { afterEach, describe, expect, it, test, vi } from "vitest";

type Tensor = torch.Tensor;
const { autograd } = torch;
const leaf = (...shape: number[]): Tensor => torch.ones(shape, { requires_grad: true });
const warned = () => vi.spyOn(console, "warn").mockImplementation(() => {});
afterEach(() => void vi.restoreAllMocks());

describe("backward and grad", () => {
  test("a leaf that is several of the outputs gets each of their gradients once", () => {
    const x = torch.tensor(3).requires_grad_();
    torch.autograd.backward([x, x.mul(2), x], [torch.tensor(1.5), torch.tensor(-2), torch.tensor(1)]);
    expect(x.grad!.item()).toBe(-1.5);
  });

  test("grad_tensors by position and by name, and by its old name with a warning", () => {
    const x = leaf(2);
    autograd.backward(x.mul(2), torch.ones(2));
    autograd.backward([x.mul(2)], { grad_tensors: [torch.ones(2)] });
    const warning = warned();
    autograd.backward(x.mul(2), { grad_variables: torch.ones(2) });
    expect(warning).toHaveBeenCalledWith("`grad_variables` is deprecated. Use `grad_tensors` instead.");
    expect(x.grad!.tolist()).toEqual([6, 6]);
    const both = { grad_variables: torch.ones(2) };
    expect(() => autograd.backward(x.mul(2), torch.ones(2), both)).toThrow(/Please only use `grad_tensors`/);
  });

  test("what does not fit is refused", () => {
    const x = leaf(2);
    const y = x.mul(2);
    expect(() => autograd.backward([y, y], [torch.ones(2)])).toThrow(/got 2 tensors and 1 gradients/);
    expect(() => y.sum().backward({ inputs: [] })).toThrow(/`inputs` argument to `backward\(\)` cannot be empty/);
    expect(() => y.sum().backward({ inputs: [torch.ones(2)] })).toThrow(/can't retain_grad on Tensor/);
    expect(() => autograd.grad(y.sum(), [])).toThrow(/`inputs` argument to `grad\(\)` cannot be empty/);
    expect(() => autograd.grad(y.sum(), [x, leaf(2)])).toThrow(/The differentiated Tensor at index 1 appears/);
    const batched = { is_grads_batched: true };
    expect(() => autograd.grad(y, [x], torch.ones(3), batched)).toThrow(
      /interpret the first dimension .* as the batch/,
    );
    const exclusive = { materialize_grads: true, allow_unused: false };
    expect(() => autograd.grad(y.sum(), [x], exclusive)).toThrow(/Expected allow_unused to be True or not passed/);
    expect(autograd.backward([])).toBeUndefined();
  });

  test("only_inputs is ignored with a warning", () => {
    const x = leaf(2);
    const warning = warned();
    expect(autograd.grad(x.mul(2).sum(), [x], { only_inputs: false })[0].tolist()).toEqual([2, 2]);
    expect(warning).toHaveBeenCalledWith(expect.stringContaining("only_inputs argument is deprecated"));
    expect(x.grad).toBe(null);
  });

  test("a gradient has its tensor's strides where those leave no gaps, and grows in place", () => {
    const x = torch.ones(2, 3).t().requires_grad_();
    x.mul(torch.arange(6).reshape(3, 2)).sum().backward();
    expect(x.grad!.stride()).toEqual([1, 3]);
    expect(x.grad!.tolist()).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    const held = x.grad;
    x.sum().backward();
    expect(x.grad).toBe(held);
    expect(held!.at(2).tolist()).toEqual([5, 6]);
    const gaps = torch.ones(4, 2).at("::2").detach().requires_grad_();
    gaps.sum().backward();
    expect(gaps.grad!.stride()).toEqual([2, 1]);
  });

  test("hooks return gradients or nothing", () => {
    const run = (result: unknown): unknown => {
      const x = leaf(2);
      x.register_hook(() => result as Tensor);
      x.mul(3).sum().backward();
      return x.grad!.tolist();
    };
    expect(run(undefined)).toEqual([3, 3]);
    expect(run(torch.zeros(2))).toEqual([0, 0]);
    expect(() => run(3)).toThrow(/expected Tensor, but hook returned number/);
    expect(() => run(torch.ones(3))).toThrow(/hook has changed the size of value/);
    expect(() => run(torch.ones([2], { dtype: "float64" }))).toThrow(/hook has changed the type of value/);
  });

  test("Variable is a tensor's old name", () => {
    const values = torch.ones(2);
    const x = new autograd.Variable(values, { requires_grad: true });
    expect([x.requires_grad, x instanceof torch.Tensor, values instanceof autograd.Variable]).toEqual([
      true,
      true,
      true,
    ]);
    expect(autograd.Variable(values).requires_grad).toBe(false);
    const warning = warned();
    autograd.Variable(values, { volatile: true });
    expect(warning).toHaveBeenCalledWith(expect.stringContaining("volatile was removed"));
  });
});

describe("Function", () => {
  const { Function } = autograd;
  type Ctx = torch.autograd.FunctionCtx;

  test("backward gives one gradient for each argument; nulls beyond are dropped", () => {
    class Scaled extends Function {
      static returned: readonly (Tensor | null)[] = [];
      static override forward(_ctx: Ctx, x: Tensor, factor: number) {
        return x.mul(factor);
      }
      static override backward() {
        return this.returned;
      }
    }
    const run = (...returned: (Tensor | null)[]): unknown => {
      Scaled.returned = returned;
      const x = leaf(2);
      Scaled.apply(x, 2).sum().backward();
      return x.grad?.tolist();
    };
    expect(run(torch.ones(2), null, null)).toEqual([1, 1]);
    expect(() => run(torch.ones(2))).toThrow(
      /ScaledBackward returned an incorrect number of gradients \(expected 2, got 1\)/,
    );
    expect(() => run(torch.ones(2), null, torch.ones(2))).toThrow(/expected 2, got 3/);
    expect(() => run(torch.ones(3), null)).toThrow(
      /invalid gradient at index 0 - got \[3\] but expected shape compatible with \[2\]/,
    );
    expect(run(torch.ones(3, 2), null)).toEqual([3, 3]);
  });

  test("results that are no tensors pass through, and only tensors are saved", () => {
    class Mixed extends Function {
      static override forward(_ctx: Ctx, x: Tensor) {
        return [x.mul(2), 5, null] as const;
      }
      static override backward(_ctx: Ctx, grad: Tensor) {
        return grad.mul(2);
      }
    }
    const x = leaf(2);
    const [y, ...others] = Mixed.apply(x);
    y.sum().backward();
    expect([x.grad!.tolist(), others]).toEqual([
      [2, 2],
      [5, null],
    ]);
    class Saving extends Function {
      static override forward(ctx: Ctx, x: Tensor) {
        ctx.save_for_backward(3 as unknown as Tensor);
        return x;
      }
    }
    expect(() => Saving.apply(x)).toThrow(/can only save variables, but argument 0 is of type number/);
  });

  test("setup_context, vjp, and a leaf that is marked dirty", () => {
    class Power extends Function {
      static override forward(x: Tensor, factor: number) {
        return x.mul(factor);
      }
      static override setup_context(ctx: Ctx, inputs: readonly [Tensor, number], _output: Tensor) {
        ctx["factor"] = inputs[1];
      }
      static override vjp(ctx: Ctx, grad: Tensor) {
        return [grad.mul(ctx["factor"] as number), null];
      }
    }
    const x = leaf(2);
    Power.apply(x, 3).sum().backward();
    expect(x.grad!.tolist()).toEqual([3, 3]);
    class Increment extends Function {
      static override forward(ctx: Ctx, x: Tensor) {
        ctx.mark_dirty(x);
        return x.add_(1);
      }
      static override backward(_ctx: Ctx, grad: Tensor) {
        return grad.mul(5);
      }
    }
    const y = x.mul(1);
    expect(Increment.apply(y)).toBe(y);
    expect(autograd.grad(y.sum(), [x])[0].tolist()).toEqual([5, 5]);
    expect(() => Increment.apply(x)).toThrow(/a leaf Variable that requires grad/);
  });
});

describe("results without elements", () => {
  const empty = (...shape: number[]) => torch.zeros(shape, { requires_grad: true });
  it.each([
    ["householder_product", () => torch.linalg.householder_product(empty(0, 0), torch.zeros(0))],
    ["householder_product of no columns", () => torch.linalg.householder_product(empty(3, 0), torch.zeros(0))],
    ["householder_product of factors", () => torch.linalg.householder_product(torch.zeros(3, 2), empty(0))],
    ["diag_embed", () => torch.diag_embed(empty(0), 1)],
    ["median", () => torch.median(empty(3, 0))],
    ["median along a dimension", () => torch.median(empty(3, 0), 0).values],
    ["lstsq's residuals", () => torch.linalg.lstsq(torch.eye(2, { requires_grad: true }), torch.ones(2, 1)).residuals],
  ])("%s requires a gradient", (_, make) => {
    expect(make().requires_grad).toBe(true);
  });

  it("give gradients of zero", () => {
    const tau = empty(0);
    const a = torch.ones([2, 1], { requires_grad: true });
    torch.linalg.householder_product(a, tau).sum().backward();
    expect([a.grad!.tolist(), tau.grad!.shape]).toEqual([[[0], [0]], [0]]);
  });
});

it("nextafter's gradient is its input's, where it moves", () => {
  const a = torch.tensor([1, 2, 3, NaN, 0], { requires_grad: true });
  const b = torch.tensor([2, 1, 3, 1, -0], { requires_grad: true });
  torch.nextafter(a, b).sum().backward();
  expect([a.grad!.tolist(), b.grad!.tolist()]).toEqual([
    [1, 1, 0, 1, 0],
    [0, 0, 0, 0, 0],
  ]);
});
