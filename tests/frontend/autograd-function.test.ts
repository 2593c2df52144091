import * as torch from "cresset";
import { describe, expect, test } from "vitest";
import { recorder } from "../../frontend/recorder.ts";

class Exp extends torch.autograd.Function {
  static override forward(ctx: torch.autograd.FunctionCtx, input: torch.Tensor) {
    const out = input.exp();
    ctx.save_for_backward(out);
    return out;
  }
  static override backward(ctx: torch.autograd.FunctionCtx, grad: torch.Tensor) {
    const [out] = ctx.saved_tensors;
    return grad.mul(out);
  }
}

/** Compilations of each of some equal steps. */
const compilations = (step: () => void): number[] =>
  Array.from({ length: 5 }, () => {
    const before = recorder.compileCount;
    step();
    return recorder.compileCount - before;
  });

describe.each(["cpu", "cpu:js"])("autograd.Function on %s", (device) => {
  test("its backward is used, to any order", () => {
    const x = torch.tensor([0, 1], { device, requires_grad: true });
    const y = Exp.apply(x);
    expect(y.grad_fn!.name()).toBe("ExpBackward");
    const [first] = torch.autograd.grad(y.sum(), [x], { create_graph: true });
    const [second] = torch.autograd.grad(first.sum(), [x]);
    for (const t of [y, first, second])
      [1, Math.E].forEach((value, i) => expect((t.tolist() as number[])[i]).toBeCloseTo(value, 6));
  });

  test("apply works by itself", () => {
    const exp = Exp.apply;
    const x = torch.tensor([0, 1], { device, dtype: "float64", requires_grad: true });
    exp(x).sum().backward();
    expect(x.grad!.tolist()).toEqual([1, Math.E]);
    expect(torch.autograd.gradcheck(Exp.apply, [x])).toBe(true);
  });

  test("a step with it compiles once", () => {
    const w = torch.ones([2], { device, requires_grad: true });
    const counts = compilations(() => {
      w.grad = null;
      Exp.apply(w).sum().backward();
      torch.no_grad(() => w.sub_(w.grad!.mul(0.1)));
      w.tolist();
    });
    expect(counts.slice(2)).toEqual([0, 0, 0]);
  });

  test("equal calls have contexts of their own, and one tensor given twice gets both gradients", () => {
    class Scaled extends torch.autograd.Function {
      static override forward(ctx: torch.autograd.FunctionCtx, a: torch.Tensor, b: torch.Tensor, factor: number) {
        ctx["factor"] = factor;
        return a.add(b);
      }
      static override backward(ctx: torch.autograd.FunctionCtx, grad: torch.Tensor) {
        return [grad.mul(ctx["factor"] as number), grad.mul(10), null];
      }
    }
    const x = torch.ones([1], { device, requires_grad: true });
    Scaled.apply(x, x, 2).backward();
    expect(x.grad!.tolist()).toEqual([12]);
    x.grad = null;
    Scaled.apply(x, x, 3)
      .add(Scaled.apply(x, x, 4))
      .backward();
    expect(x.grad!.tolist()).toEqual([27]);
  });

  test("a saved tensor that has been overwritten since is refused", () => {
    class Square extends torch.autograd.Function {
      static override forward(ctx: torch.autograd.FunctionCtx, input: torch.Tensor) {
        ctx.save_for_backward(input);
        return input.pow(2);
      }
      static override backward(ctx: torch.autograd.FunctionCtx, grad: torch.Tensor) {
        const [input] = ctx.saved_tensors;
        return grad.mul(input).mul(2);
      }
    }
    const x = torch.ones([2], { device, requires_grad: true });
    const y = x.mul(3);
    const z = Square.apply(y).sum();
    y.add_(1);
    expect(() => z.backward()).toThrow("has been modified by an inplace operation");
  });
});

describe("programs that differ in nothing but the tensors' identities", () => {
  test("compile once: two tensors computed by one node", () => {
    const x = torch.ones([2]);
    expect(compilations(() => x.add(1).mul(x.add(1)).sum().item()).slice(2)).toEqual([0, 0, 0]);
  });

  test("compile once: moves between devices that gradients pass", () => {
    const w = torch.ones([2], { requires_grad: true });
    const v = torch.ones([2], { device: "cpu:js", requires_grad: true });
    const counts = compilations(() => {
      w.grad = v.grad = null;
      const loss = w.mul(2).to("cpu:js").mul(v).sum();
      loss.backward();
      loss.item();
      w.grad!.tolist();
    });
    expect(counts.slice(3)).toEqual([0, 0]);
  });
});

describe("a leaf that is written after it was used", () => {
  const used = (): { w: torch.Tensor; y: torch.Tensor } => {
    const w = torch.ones([2], { requires_grad: true });
    const first = w.mul(2);
    torch.no_grad(() => w.add_(1));
    return { w, y: first.add(w.mul(3)).sum() };
  };

  test("gets the gradients of all its uses, by backward, by grad and by name", () => {
    const { w, y } = used();
    y.backward();
    expect(w.grad!.tolist()).toEqual([5, 5]);
    const again = used();
    expect(torch.autograd.grad(again.y, [again.w])[0].tolist()).toEqual([5, 5]);
    const named = used();
    torch.autograd.backward(named.y, null, { inputs: named.w });
    expect(named.w.grad!.tolist()).toEqual([5, 5]);
  });
});
