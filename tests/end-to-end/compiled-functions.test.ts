/** What a compiled function checks, reads again, and hands back. */
import { describe, expect, it } from "vitest";
import * as torch from "cresset";

const { nn, optim } = torch;

describe.each(["cpu", "cpu:js"])("torch.compile on %s", (device) => {
  const tensor = (data: torch.TensorData): torch.Tensor => torch.tensor(data, { device });

  it("may return its argument", () => {
    const same = torch.compile((x: torch.Tensor) => x);
    expect(same(tensor([1, 2])).tolist()).toEqual([1, 2]);
    expect(same(tensor([3, 4])).tolist()).toEqual([3, 4]);
  });

  it("gives nested results, and numbers as they are", () => {
    const f = torch.compile((x: torch.Tensor) => ({ twice: x.mul(2), parts: [x.sum(), 7] as const }));
    for (const start of [1, 5]) {
      const { twice, parts } = f(tensor([start, 2]));
      expect(twice.tolist()).toEqual([2 * start, 4]);
      expect(parts[0].item()).toBe(start + 2);
      expect(parts[1]).toBe(7);
    }
  });

  it("reads again what it closes over when that is a tensor", () => {
    const weight = tensor([1, 1]);
    const f = torch.compile((x: torch.Tensor) => x.mul(weight));
    expect(f(tensor([2, 3])).tolist()).toEqual([2, 3]);
    weight.mul_(10);
    expect(f(tensor([2, 3])).tolist()).toEqual([20, 30]);
  });

  it("records again when a module changes its mode, and says why", () => {
    const drop = new nn.Dropout(0.5);
    const f = torch.compile((x: torch.Tensor) => drop(x));
    const x = torch.ones([64], { device });
    expect((f(x).tolist() as number[]).some((value) => value === 0)).toBe(true);
    drop.eval();
    expect(f(x).tolist()).toEqual(new Array(64).fill(1));
    expect(String(f.explain_recompiles()[0])).toContain("training");
  });

  it("draws anew at each call", () => {
    torch.manual_seed(3);
    const f = torch.compile((x: torch.Tensor) => nn.functional.dropout(x, 0.5, true));
    const x = torch.ones([256], { device });
    const [a, b] = [f(x).tolist(), f(x).tolist()];
    expect(a).not.toEqual(b);
    torch.manual_seed(3);
    expect(f(x).tolist()).toEqual(a);
  });

  it("follows a learning rate that changes between calls", () => {
    const p = new nn.Parameter(tensor([1]));
    const optimizer = new optim.SGD([p], { lr: 0.5 });
    const step = torch.compile(() => {
      optimizer.zero_grad();
      p.mul(2).sum().backward();
      optimizer.step();
    });
    step();
    expect(p.item()).toBe(0);
    optimizer.param_groups[0]!.lr = 0.25;
    step();
    expect(p.item()).toBe(-0.5);
    expect(p.grad!.item()).toBe(2);
    expect(step.statistics.compileCount).toBe(1);
  });

  it("accumulates gradients that nobody sets to none", () => {
    const p = new nn.Parameter(tensor([1, 2]));
    const f = torch.compile((x: torch.Tensor) => p.mul(x).sum().backward());
    for (let i = 1; i <= 4; i++) {
      f(tensor([1, 10]));
      expect(p.grad!.tolist()).toEqual([i, 10 * i]);
    }
  });

  it("throws under verify when a value that is fixed at recording has changed", () => {
    let factor = 2;
    const f = torch.compile((x: torch.Tensor) => (factor === 2 ? x.mul(2) : x.exp()), { verify: 2 });
    f(tensor([1]));
    factor = 3;
    expect(() => f(tensor([1]))).toThrow(/another program/);
  });
});
