import { describe, expect, it } from "vitest";
import * as torch from "cresset";
import { recorder } from "../../../frontend/recorder.ts";

const { nn, optim } = torch;
const F = nn.functional;

/** How many programs have been compiled after each step of a training loop. */
function compileCounts(
  steps: number,
  make: (params: torch.nn.Parameter[]) => torch.optim.Optimizer,
  change: (optimizer: torch.optim.Optimizer, step: number) => void,
): number[] {
  torch.manual_seed(0);
  const model = new nn.Sequential(
    new nn.Linear(4, 8),
    new nn.Dropout(0.2),
    new nn.ReLU(),
    new nn.BatchNorm1d(8),
    new nn.Linear(8, 3),
  );
  const optimizer = make(model.parameters());
  const x = torch.randn(16, 4);
  const y = torch.randint(3, [16]);
  const counts: number[] = [];
  for (let i = 0; i < steps; i++) {
    optimizer.zero_grad();
    F.cross_entropy(model(x), y).backward();
    optimizer.step();
    change(optimizer, i);
    counts.push(recorder.compileCount);
  }
  return counts;
}

type Make = (params: torch.nn.Parameter[]) => torch.optim.Optimizer;
const optimizers: Record<string, Make> = {
  SGD: (params) =>
    new optim.SGD(params, {
      lr: 0.1,
      momentum: 0.9,
      dampening: 0.1,
      weight_decay: 0.01,
    }),
  AdamW: (params) => new optim.AdamW(params),
  RAdam: (params) => new optim.RAdam(params),
  NAdam: (params) => new optim.NAdam(params),
  ASGD: (params) => new optim.ASGD(params, { t0: 3 }),
  Rprop: (params) => new optim.Rprop(params),
};

describe("a changed number", () => {
  it("compiles nothing in 1,000 steps of Adam with a schedule and dropout", () => {
    let scheduler: torch.optim.lr_scheduler.LRScheduler | null = null;
    const counts = compileCounts(1000, optimizers["AdamW"]!, (optimizer) => {
      scheduler ??= new optim.lr_scheduler.CosineAnnealingLR(optimizer, 50);
      scheduler.step();
    });
    expect(counts.at(-1)).toBe(counts[1]);
  });

  it.each(Object.keys(optimizers))("compiles nothing after the second step of %s", (name) => {
    const counts = compileCounts(
      12,
      optimizers[name]!,
      (optimizer, step) => (optimizer.param_groups[0]!.lr = 0.1 / (step + 1)),
    );
    // SGD's first step is not dampened: that is a number too.
    expect(counts.at(-1)).toBe(counts[1]);
  });

  it("is read anew by a compiled step", () => {
    const w = torch.tensor([1], { requires_grad: true });
    const optimizer = new optim.SGD([w], { lr: 1 });
    const step = torch.compile((x: torch.Tensor) => {
      optimizer.zero_grad();
      const loss = w.mul(x).sum();
      loss.backward();
      optimizer.step();
      return loss;
    });
    const one = torch.ones(1);
    for (const lr of [1, 0.5, 0.25, 0.125]) {
      optimizer.param_groups[0]!.lr = lr;
      step(one);
    }
    expect(w.detach().item()).toBe(1 - 1.875);
    expect(step.statistics.compileCount).toBe(1);
    optimizer.param_groups[0]!.maximize = true;
    step(one);
    expect(w.detach().item()).toBe(1 - 1.75);
    expect(step.explain_recompiles().map(String)).toEqual([
      expect.stringMatching(
        /^SGD\.param_groups\[0\]\.maximize: false -> true\n  at .*recompilation\.test\.ts:\d+:\d+$/,
      ),
    ]);
  });

  it("of steps is counted by a compiled step", () => {
    const run = (compiled: boolean): unknown => {
      const w = torch.tensor([1, 2], { requires_grad: true });
      const optimizer = new optim.Adam([w], { lr: 0.1 });
      const body = (): torch.Tensor => {
        optimizer.zero_grad();
        const loss = w.pow(2).sum();
        loss.backward();
        optimizer.step();
        return loss;
      };
      const step = compiled ? torch.compile(body) : body;
      for (let i = 0; i < 5; i++) step();
      return w.detach().tolist();
    };
    expect(run(true)).toEqual(run(false));
  });
});

describe("a compiled function", () => {
  it("is recorded again when a module's mode changes", () => {
    const drop = new nn.Dropout(0.5);
    const run = torch.compile((x: torch.Tensor) => drop(x).mul(2));
    const x = torch.ones(1000);
    expect((run(x).tolist() as number[]).includes(0)).toBe(true);
    drop.eval();
    expect((run(x).tolist() as number[]).includes(0)).toBe(false);
    expect(run.explain_recompiles().map(String)).toEqual([
      expect.stringContaining("Dropout.training: true -> false\n"),
    ]);
  });
});
