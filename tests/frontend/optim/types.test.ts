import { expect, it } from "vitest";
import * as torch from "cresset";

const { nn, optim } = torch;

/** What code that works for every optimizer declares. */
function decay(optimizer: torch.optim.Optimizer): number {
  for (const group of optimizer.param_groups) group.lr *= 0.5;
  return optimizer.param_groups[0]!.lr;
}

it("every optimizer is an Optimizer, and every schedule takes it", () => {
  const model = new nn.Linear(2, 2);
  const adam = new optim.AdamW(model.parameters(), { lr: 1, betas: [0.8, 0.9] });
  const sgd = new optim.SGD(model.parameters(), { lr: 1 });
  expect([decay(adam), decay(sgd), decay(new optim.LBFGS(model.parameters()))]).toEqual([0.5, 0.5, 0.5]);
  const scheduler = new optim.lr_scheduler.StepLR(adam, 1, { gamma: 0.1 });
  const chained: torch.optim.lr_scheduler.LRScheduler[] = [scheduler, new optim.lr_scheduler.ExponentialLR(adam, 0.5)];
  for (const each of chained) each.step();
  expect(adam.param_groups[0]!.lr).toBeCloseTo(0.025);
  expect(adam.param_groups[0]!.betas[0]).toBe(0.8);
});

it("an optimizer of one's own has typed groups and state", () => {
  class Sign extends optim.Optimizer<{ lr: number; scale: number }, { steps: number }> {
    constructor(params: Iterable<torch.Tensor>, lr: number) {
      super(params, { lr, scale: 2 });
    }
    protected override updateGroup_(
      group: torch.optim.ParamGroup<{ lr: number; scale: number }>,
      params: readonly torch.Tensor[],
    ): void {
      for (const param of params) param.sub_(param.grad!.sign(), { alpha: group.lr * group.scale });
    }
  }
  const w = torch.tensor([1, -1], { requires_grad: true });
  w.pow(2).sum().backward();
  new Sign([w], 0.25).step();
  expect(w.detach().tolist()).toEqual([0.5, -0.5]);
});
