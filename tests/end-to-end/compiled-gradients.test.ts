/** `.grad` around compiled functions, and what is read late after them. */
import { describe, expect, it } from "vitest";
import * as torch from "cresset";

describe.each(["cpu", "cpu:js"])("gradients of compiled functions on %s", (device) => {
  const tensor = (data: torch.TensorData): torch.Tensor => torch.tensor(data, { device });

  it("are new tensors where there were none, and older ones keep their values", () => {
    const w = tensor([1, 1]).requires_grad_();
    const f = torch.compile((x: torch.Tensor) => {
      w.grad = null;
      w.mul(x).sum().backward();
    });
    const held: torch.Tensor[] = [];
    for (const x of [
      [1, 2],
      [3, 4],
      [5, 6],
      [7, 8],
    ]) {
      f(tensor(x));
      held.push(w.grad!);
      expect(w.grad).toBe(w.grad);
      f(tensor([0, 0]));
    }
    expect(held.map((grad) => grad.tolist())).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
      [7, 8],
    ]);
    expect(f.statistics.compileCount).toBe(1);
  });

  it("accumulate where they are, in rounds, without another program", () => {
    const w = tensor([1, 1]).requires_grad_();
    const f = torch.compile((x: torch.Tensor) => w.mul(x).sum().backward());
    for (let round = 0; round < 4; round++) {
      w.grad = null;
      f(tensor([1, 2]));
      const held = w.grad!;
      f(tensor([1, 2]));
      f(tensor([1, 2]));
      expect(w.grad).toBe(held);
      expect(held.tolist()).toEqual([3, 6]);
    }
    expect(f.statistics.compileCount).toBe(2);
  });

  it("are taken by another compiled function, whichever tensors they are", () => {
    const w = tensor([1, 1]).requires_grad_();
    const optimizer = new torch.optim.SGD([w], { lr: 1 });
    const backward = torch.compile(() => {
      w.grad = null;
      w.mul(2).sum().backward();
    });
    const step = torch.compile(() => void optimizer.step());
    for (let i = 1; i <= 4; i++) {
      backward();
      step();
      expect(w.tolist()).toEqual([1 - 2 * i, 1 - 2 * i]);
    }
    expect([backward, step].map((f) => f.statistics.compileCount)).toEqual([1, 1]);
  });

  it("are cleared at each call that clears them", () => {
    const w = tensor([1]).requires_grad_();
    const clear = torch.compile((x: torch.Tensor) => {
      w.grad = null;
      return x.add(1);
    });
    for (let i = 0; i < 3; i++) {
      w.mul(2).sum().backward();
      clear(tensor([1]));
      expect(w.grad).toBe(null);
    }
  });
});

describe.each(["cpu", "cpu:js"])("a late read after compiled steps on %s", (device) => {
  const training = (): { w: torch.Tensor; step: () => void } => {
    const w = torch.ones([3], { device });
    const step = torch.compile(() => void w.add_(1));
    step();
    return { w, step };
  };

  it("gives the value from before two steps", () => {
    const { w, step } = training();
    for (let i = 0; i < 3; i++) {
      const pending = w.detach().mul(10);
      const expected = (10 * Number(w.sum().item())) / 3;
      step();
      step();
      expect(pending.tolist()).toEqual([expected, expected, expected]);
    }
  });

  it("counts what was recorded before a flush, and before the function was compiled", () => {
    const w = torch.ones([3], { device });
    w.tolist();
    const pending = w.mul(10);
    torch.ones([2], { device }).mul(3).tolist();
    const step = torch.compile(() => void w.add_(1));
    step();
    step();
    expect(pending.tolist()).toEqual([10, 10, 10]);
  });

  it("throws after more steps, saying what to do", () => {
    const { w, step } = training();
    const pending = w.detach().mul(10);
    // What nothing else is computed of would be kept.
    pending.add(1);
    for (let i = 0; i < 4; i++) step();
    expect(() => pending.tolist()).toThrow(/not read in time[\s\S]*Read it before/);
  });

  it("is not needed for what was written outside: a step computes it", () => {
    const { w, step } = training();
    const sum = torch.zeros([3], { device });
    sum.add_(w);
    for (let i = 0; i < 5; i++) step();
    expect(sum.tolist()).toEqual([2, 2, 2]);
  });
});

describe("a generator in a compiled function", () => {
  it("is seeded at each call, in order with the draws", () => {
    const results = (compile: boolean): unknown[] => {
      const body = (x: torch.Tensor): torch.Tensor => {
        torch.manual_seed(3);
        const first = torch.rand(2);
        torch.manual_seed(4);
        return x.add(first).mul(torch.rand(2));
      };
      const fn = compile ? torch.compile(body) : body;
      return [1, 2, 3].flatMap(() => [fn(torch.ones(2)).tolist(), torch.rand(1).item()]);
    };
    expect(results(true)).toEqual(results(false));
  });

  it("is as before where the function forks it", () => {
    const results = (compile: boolean): unknown[] => {
      torch.manual_seed(1);
      const body = (): torch.Tensor => torch.fork_rng(() => torch.rand(2)).add(0);
      const fn = compile ? torch.compile(body) : body;
      return [1, 2, 3].flatMap(() => [fn().tolist(), torch.rand(1).item()]);
    };
    expect(results(true)).toEqual(results(false));
  });
});
