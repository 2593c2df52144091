/** A value that is read after the step that overwrote what it is computed from. */
import { compilations } from "./counters.ts";
import { describe, expect, it } from "vitest";
import * as torch from "cresset";

const { nn, optim } = torch;

function training(device: string, width = 7) {
  torch.manual_seed(1);
  const layer = new nn.Linear(width, 3).to(device);
  const optimizer = new optim.SGD(layer.parameters(), { lr: 0.1 });
  const x = torch.randn(9, width).to(device);
  /** The loss before the step, not read yet; and an early read of the same loss. */
  const step = (): torch.Tensor => {
    optimizer.zero_grad();
    // Not through the module, whose result each flush would keep.
    const loss = nn.functional.linear(x, layer.weight, layer.bias).pow(2).mean();
    loss.backward();
    optimizer.step();
    return loss;
  };
  const lossNow = (): number => Number(torch.no_grad(() => layer(x).pow(2).mean()).item());
  return { step, lossNow };
}

describe.each(["cpu", "cpu:js"])("a late read on %s", (device) => {
  it("gives the value from before the step", () => {
    const { step, lossNow } = training(device);
    const before = lossNow();
    const loss = step();
    expect(Number(loss.item())).toBeCloseTo(before, 5);
    expect(lossNow()).toBeLessThan(before);
  });

  it("is right one step later too", () => {
    const { step, lossNow } = training(device);
    const before = lossNow();
    const loss = step();
    step();
    expect(Number(loss.item())).toBeCloseTo(before, 5);
  });

  it("makes the value a result of the step's program from then on", () => {
    const { step } = training(device);
    for (let i = 0; i < 3; i++) step().item();
    const after = compilations();
    for (let i = 0; i < 20; i++) step().item();
    expect(compilations()).toBe(after);
  });

  it("is right however late, where nothing else was computed of it", () => {
    const { step, lossNow } = training(device, 5);
    const before = lossNow();
    const loss = step();
    for (let i = 0; i < 4; i++) step();
    expect(Number(loss.item())).toBeCloseTo(before, 5);
  });

  it("is right for norms by which gradients are clipped", () => {
    const norms = (isLate: boolean): unknown[] => {
      const w = torch.tensor([1, 2], { device, requires_grad: true });
      const optimizer = new optim.Adam([w], { lr: 0.1 });
      const found = Array.from({ length: 6 }, () => {
        optimizer.zero_grad();
        w.pow(2).sum().backward();
        const norm = nn.utils.clip_grad_norm_([w], 0.5);
        optimizer.step();
        return isLate ? norm : norm.item();
      });
      return found.map((norm) => (norm instanceof torch.Tensor ? norm.item() : norm));
    };
    expect(norms(true)).toEqual(norms(false));
  });

  it("throws for a value inside a step when two more have passed, naming the line", () => {
    const w = torch.tensor([1, 2], { device, dtype: "float32", requires_grad: true });
    const step = (): torch.Tensor => {
      const inner = w.mul(3);
      const [grad] = torch.autograd.grad([inner.pow(2).sum()], [w]);
      torch.no_grad(() => w.sub_(grad));
      w.tolist();
      return inner;
    };
    const inner = step();
    for (let i = 0; i < 4; i++) step();
    expect(() => inner.tolist()).toThrow(torch.ReadError);
    expect(() => inner.tolist()).toThrow(/overwritten since[\s\S]*at .*late-read\.test\.ts:\d+/);
  });
});
