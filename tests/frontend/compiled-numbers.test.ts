/** Numbers of optimizers and schedulers in compiled functions: read, assigned, changed, and put back. */
import * as torch from "cresset";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const { optim } = torch;
const { lr_scheduler } = optim;
type Tensor = torch.Tensor;

/** What a function may use. */
interface Parts {
  readonly p: Tensor;
  readonly optimizer: torch.optim.Optimizer;
  readonly scheduler: torch.optim.lr_scheduler.LRScheduler;
  readonly group: { lr: number; weight_decay?: number };
}
const train = ({ p, optimizer }: Parts): void => {
  optimizer.zero_grad();
  p.sum().backward();
  optimizer.step();
};
const stepNumber = ({ optimizer, p }: Parts): number => (optimizer.state.get(p) as { step: number }).step;

const functions: [string, (parts: Parts) => unknown][] = [
  ["returns a learning rate", (parts) => (train(parts), parts.optimizer.param_groups[0]!.lr)],
  ["computes with one", ({ p, optimizer }) => p.detach().mul(optimizer.param_groups[0]!.lr)],
  ["returns the number of a step", (parts) => (train(parts), stepNumber(parts))],
  [
    "looks at all states",
    (parts) => (train(parts), [...parts.optimizer.state.values()].map((state) => ({ ...state }))),
  ],
  ["reads an option that steps leave alone", (parts) => (train(parts), parts.group.weight_decay)],
  [
    "returns what the scheduler has set",
    (parts) => (train(parts), parts.scheduler.step(), parts.scheduler.get_last_lr()),
  ],
  ["reads the rates that the scheduler has set", ({ p, scheduler }) => p.detach().mul(scheduler.get_last_lr()[0]!)],
  [
    "reads the epoch before it goes on",
    (parts) => {
      train(parts);
      const { last_epoch } = parts.scheduler;
      parts.scheduler.step();
      return last_epoch;
    },
  ],
  [
    "assigns a learning rate",
    (parts) => {
      for (const group of parts.optimizer.param_groups) group.lr = 1 / (1 + stepNumber(parts));
      train(parts);
      return parts.p.detach().clone();
    },
  ],
  [
    "saves the optimizer's state",
    (parts) => (train(parts), Object.values(parts.optimizer.state_dict().param_groups[0]!)),
  ],
];
const plainly = (<F>(fn: F): F => fn) as typeof torch.compile;
const values = (result: unknown): string =>
  JSON.stringify(result, function (this: Record<string, unknown>, key) {
    const item = this[key];
    return item instanceof torch.Tensor ? item.tolist() : item;
  });

describe.each(["cpu", "cpu:js"])("on %s", (device) => {
  beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => undefined));
  afterEach(() => void vi.restoreAllMocks());

  const partsOf = (): Parts => {
    const p = torch.ones(2, { device, requires_grad: true });
    const optimizer = new optim.Adam([p], { lr: 0.5 });
    const scheduler = new lr_scheduler.StepLR(optimizer, 2, { gamma: 0.5 });
    p.sum().backward();
    optimizer.step();
    return { p, optimizer, scheduler, group: optimizer.param_groups[0]! };
  };

  test.each(functions)("a function that %s does so at each call", (_, fn) => {
    const run = (compile: typeof torch.compile): unknown => {
      const parts = partsOf();
      const compiled = compile(() => fn(parts));
      return [0, 1, 2, 3, 4, 5].map((i) => {
        if (i === 2) parts.group.lr = 0.125;
        if (i === 3) parts.scheduler.step();
        if (i === 4) parts.group.weight_decay = 0.5;
        return values([compiled(), parts.p, parts.optimizer.state_dict(), parts.scheduler.state_dict()]);
      });
    };
    expect(run(torch.compile)).toEqual(run(plainly));
  });

  test.each<[string, (optimizer: torch.optim.Optimizer) => torch.optim.lr_scheduler.LRScheduler]>([
    [
      "SequentialLR",
      (optimizer) =>
        new lr_scheduler.SequentialLR(
          optimizer,
          [new lr_scheduler.ConstantLR(optimizer, 0.5, 2), new lr_scheduler.ExponentialLR(optimizer, 0.9)],
          [2],
        ),
    ],
    [
      "ChainedScheduler",
      (optimizer) =>
        new lr_scheduler.ChainedScheduler(
          [new lr_scheduler.ConstantLR(optimizer, 0.5, 2), new lr_scheduler.ExponentialLR(optimizer, 0.9)],
          optimizer,
        ),
    ],
  ])("%s goes on with compiled steps", (_, schedule) => {
    const run = (compile: typeof torch.compile): unknown => {
      const p = torch.ones(2, { device, requires_grad: true });
      const optimizer = new optim.SGD([p], { lr: 1 });
      const scheduler = schedule(optimizer);
      const step = compile(() => {
        p.grad = null;
        p.sum().backward();
        optimizer.step();
        scheduler.step();
      });
      return [0, 1, 2, 3, 4].map(() => (step(), [p.tolist(), JSON.stringify(scheduler.state_dict())]));
    };
    expect(run(torch.compile)).toEqual(run(plainly));
  });

  test("steps with schedules compile nothing anew, and nothing is said", () => {
    const parts = partsOf();
    const step = torch.compile(() => {
      train(parts);
      parts.scheduler.step();
    });
    for (let i = 0; i < 6; i++) step();
    expect(step.explain_recompiles()).toEqual([]);
    expect(vi.mocked(console.warn).mock.calls).toEqual([]);
  });

  test("a number that was read is named when it has changed", () => {
    const parts = partsOf();
    const scaled = torch.compile(() => parts.p.detach().mul(parts.optimizer.param_groups[0]!.lr));
    scaled();
    parts.group.lr = 2;
    scaled();
    expect(String(scaled.explain_recompiles()[0])).toContain("Adam.param_groups[0].lr: 0.5 -> 2");
  });
});
