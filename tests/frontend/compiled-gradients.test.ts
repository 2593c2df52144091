/** Gradients that a compiled function finds, leaves, and gives back are those that the function itself would. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";

const { optim } = torch;
type Tensor = torch.Tensor;
type Compile = typeof torch.compile;

describe.each(["cpu", "cpu:js"])("on %s", (device) => {
  const ones = (): Tensor => torch.ones(2, { device, requires_grad: true });
  const full = (value: number): Tensor => torch.full([2], value, { device });
  /** A program does the same whether what it compiles is compiled or not. */
  const same = (program: (compile: Compile) => unknown): void =>
    expect(program(torch.compile)).toEqual(program(((fn: unknown) => fn) as Compile));

  test("gradients are accumulated, used and cleared in one function", () => {
    same((compile) => {
      const w = ones();
      const optimizer = new optim.SGD([w], { lr: 0.1 });
      const step = compile((x: Tensor, isLast: boolean) => {
        w.mul(x).sum().backward();
        if (!isLast) return;
        optimizer.step();
        optimizer.zero_grad();
      });
      return [1, 2, 3, 4, 5, 6].map((i) => {
        step(full(i), i % 2 === 0);
        return [w.tolist(), w.grad?.tolist() ?? null];
      });
    });
  });

  test("a gradient that is cleared at the end is that of whoever holds it", () => {
    same((compile) => {
      const w = ones();
      const step = compile((x: Tensor) => {
        w.mul(x).sum().backward();
        w.grad = null;
      });
      return [1, 2, 3].map((i) => {
        w.sum().backward();
        const held = w.grad!;
        step(full(i));
        return [held.tolist(), w.grad];
      });
    });
  });

  test("a gradient that another takes the place of is that of whoever holds it", () => {
    same((compile) => {
      const w = ones();
      const step = compile((x: Tensor) => {
        w.mul(x).sum().backward();
        w.grad = x.mul(10);
      });
      w.sum().backward();
      return [1, 2, 3].map((i) => {
        const held = w.grad!;
        step(full(i));
        return [held.tolist(), w.grad!.tolist()];
      });
    });
  });

  test("a gradient that is returned is .grad, and so are views of it", () => {
    same((compile) => {
      const w = ones();
      const step = compile((x: Tensor) => {
        w.grad = null;
        w.mul(x).sum().backward();
        return [w.grad!, w.grad!.at(":1"), w.grad!.detach()] as const;
      });
      return [1, 2, 3].map((i) => {
        const [grad, first] = step(full(i));
        grad.mul_(2);
        const doubled = w.grad!.tolist();
        first.zero_();
        return [grad === w.grad, doubled, w.grad!.tolist()];
      });
    });
  });

  test("a gradient from before that is returned is the one that was there", () => {
    same((compile) => {
      const w = ones();
      const add = compile((x: Tensor) => {
        w.mul(x).sum().backward();
        return w.grad!;
      });
      const take = compile(() => {
        const { grad } = w;
        w.grad = null;
        return grad!.mul_(10);
      });
      return [1, 2, 3].map((i) => {
        w.sum().backward();
        const before = w.grad;
        const added = add(full(i));
        const values = added.tolist();
        const taken = take();
        return [added === before, taken === before, values, taken.tolist(), w.grad];
      });
    });
  });

  test("an argument's gradient that is returned is the argument's", () => {
    const x = ones();
    const step = torch.compile((of: Tensor) => {
      of.grad = null;
      of.mul(3).sum().backward();
      return of.grad!;
    });
    for (let i = 0; i < 3; i++) expect(step(x)).toBe(x.grad);
  });

  test.each<[string, (w: Tensor) => Tensor]>([
    ["drawn", () => torch.rand(2, { device }).requires_grad_()],
    ["computed", (w) => w.detach().mul(2).requires_grad_()],
    ["that shares memory with a weight", (w) => w.detach().requires_grad_()],
    ["that shares memory with a part of a weight", (w) => w.detach().at(":1").requires_grad_()],
  ])("a leaf %s in the function is no reason to record it again", (_, make) => {
    const run = (compile: Compile): { losses: unknown[]; compileCount: number | undefined } => {
      torch.manual_seed(1);
      const w = ones();
      const step = compile(() => {
        const x = make(w);
        w.grad = null;
        x.pow(2).mul(w).sum().backward();
        torch.no_grad(() => w.sub_(x.grad!.mul(0.1)));
        return x.grad!;
      });
      const losses = [1, 2, 3, 4].map(() => [step().tolist(), w.tolist(), w.grad!.tolist()]);
      return { losses, compileCount: (step as Partial<typeof step>).statistics?.compileCount };
    };
    const { losses, compileCount } = run(torch.compile);
    expect(losses).toEqual(run(((fn: unknown) => fn) as Compile).losses);
    expect(compileCount).toBe(1);
  });

  test("a gradient of what the function computes is no reason to record it again", () => {
    const w = ones();
    const step = torch.compile((x: Tensor) => {
      const y = w.view([2, 1]);
      y.retain_grad();
      w.grad = null;
      y.t().mul(x).sum().backward();
      return y.grad!;
    });
    for (let i = 1; i < 4; i++) expect(step(full(i)).tolist()).toEqual([[i], [i]]);
    expect(step.statistics.compileCount).toBe(1);
  });

  test("a gradient that a replay has left is not the next function's own", () => {
    const p = ones();
    const set = torch.compile((x: Tensor) => {
      p.grad = null;
      p.mul(x).sum().backward();
    });
    const half = torch.compile(() => void p.grad!.mul_(0.5));
    for (const [x, halves] of [
      [16, 1],
      [16, 1],
      [16, 3],
      [8, 2],
    ] as const) {
      set(full(x));
      for (let i = 0; i < halves; i++) half();
      expect(p.grad!.tolist()).toEqual([x / 2 ** halves, x / 2 ** halves]);
    }
  });

  test("a gradient that is also written to a view is there for both", () => {
    const base = torch.arange(6, { dtype: "float32", device });
    const p = ones();
    const fn = torch.compile((a: Tensor) => {
      a.mul_(2);
      p.grad = a.detach().clone();
    });
    for (let i = 1; i < 5; i++) {
      fn(base.narrow(0, 1, 2));
      expect(p.grad!.tolist()).toEqual([2 ** i, 2 * 2 ** i]);
    }
    expect(base.tolist()).toEqual([0, 16, 32, 3, 4, 5]);
  });

  test("tensors that have one gradient", () => {
    const [p, q] = [ones(), ones()];
    const give = torch.compile(() => void (q.grad = p.grad));
    const add = torch.compile((x: Tensor) => {
      p.mul(x).add(q.mul(2)).sum().backward();
    });
    add(full(1));
    give();
    expect(q.grad === p.grad).toBe(true);
    add(full(1));
    expect([p.grad!.tolist(), q.grad === p.grad]).toEqual([[4, 4], true]);
    p.grad = null;
    add(full(5));
    add(full(5));
    expect([p.grad, q.grad].map((grad) => grad!.tolist())).toEqual([
      [10, 10],
      [8, 8],
    ]);
  });

  test.each<[string, (b: Tensor) => Tensor]>([
    ["a row", (b) => b.at(1)],
    ["transposed", (b) => b.t()],
  ])("a view that was read before the recording is no constant: %s", (_, view) => {
    const b = torch.ones(2, 2, { device });
    const v = view(b);
    const first = torch.compile((x: Tensor) => {
      v.mul_(3);
      return x;
    });
    first(ones());
    v.tolist();
    const second = torch.compile((x: Tensor) => {
      v.mul_(2);
      return v.sum().add(x);
    });
    const sums = [3, 4, 5].map(() => second(torch.tensor(0, { device, dtype: "float32" })).item());
    const all = v.shape.length === 1 ? 2 : 4;
    expect(sums).toEqual([6 * all, 12 * all, 24 * all]);
    expect(v.sum().item()).toBe(24 * all);
  });
});
