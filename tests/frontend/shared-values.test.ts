/** Tensors that a program gave one value: each keeps it, whatever is written into the others. */
import { describe, expect, test } from "vitest";
import * as torch from "cresset";

describe.each(["cpu", "cpu:js"])("values of several tensors on %s", (device) => {
  test("outlive the one that was read, whether steps are recorded or compiled", () => {
    const step = (x: torch.Tensor) => (): torch.Tensor => x.add_(1).sum();
    for (const write of [step, (x: torch.Tensor) => torch.compile(step(x))]) {
      const made = torch.ones(2, { device }).mul(2);
      const copy = made.clone();
      made.add(copy).tolist();
      copy.add(0).tolist();
      const [first, second] = [torch.ones(2, { device }), torch.ones(2, { device })];
      first.zero_();
      second.zero_();
      first.tolist();
      for (const next of [write(made), write(first)]) for (let i = 0; i < 5; i++) next().item();
      expect([made.tolist(), copy.add(1).tolist()]).toEqual([
        [7, 7],
        [3, 3],
      ]);
      expect([first.tolist(), second.add(1).tolist()]).toEqual([
        [5, 5],
        [1, 1],
      ]);
    }
  });

  test("a copy of what is known does not wait for it", () => {
    const x = torch.tensor([1, 2], { device, requires_grad: true });
    const kept = x.detach().clone();
    const held = torch.zeros(2, { device }).copy_(x.detach());
    for (let i = 0; i < 5; i++) torch.no_grad(() => x.add_(1)).tolist();
    expect([kept.tolist(), held.tolist()]).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });
});
