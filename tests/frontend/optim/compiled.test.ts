/** Compiled steps do what the same steps do uncompiled, whichever parameters a call updates. */
import * as torch from "cresset";
import { describe, expect, it, test, vi } from "vitest";

const { optim } = torch;
type Tensor = torch.Tensor;
type Make = (params: Tensor[]) => torch.optim.Optimizer;

const optimizers: readonly (readonly [string, Make])[] = [
  ["Adam", (params) => new optim.Adam(params, { lr: 0.1 })],
  ["AdamW", (params) => new optim.AdamW(params, { lr: 0.1, amsgrad: true })],
  ["NAdam", (params) => new optim.NAdam(params, { lr: 0.1 })],
  ["RAdam", (params) => new optim.RAdam(params, { lr: 0.1 })],
  ["Adamax", (params) => new optim.Adamax(params, { lr: 0.1 })],
  ["ASGD", (params) => new optim.ASGD(params, { lr: 0.1, lambd: 0.1, t0: 1 })],
  ["Adagrad", (params) => new optim.Adagrad(params, { lr: 0.1, lr_decay: 0.5 })],
  ["Adafactor", (params) => new optim.Adafactor(params, { lr: 0.1 })],
  ["SparseAdam", (params) => new optim.SparseAdam(params, { lr: 0.1 })],
  ["SGD with dampening", (params) => new optim.SGD(params, { lr: 0.1, momentum: 0.9, dampening: 0.5 })],
];

interface Trained {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly optimizer: torch.optim.Optimizer;
  readonly compile: typeof torch.compile;
}

/** What a program makes of two parameters, uncompiled and compiled. */
function outcomes(make: Make, program: (trained: Trained) => void): { eager: unknown; compiled: unknown } {
  const run = (compile: typeof torch.compile): unknown => {
    const [a, b] = [torch.ones(2, { requires_grad: true }), torch.full([3, 2], 2, { requires_grad: true })];
    const optimizer = make([a, b]);
    program({ a, b, optimizer, compile });
    return [a, b].map((param) => param.tolist());
  };
  return { eager: run(((fn: unknown) => fn) as typeof torch.compile), compiled: run(torch.compile) };
}

describe.each(optimizers)("%s", (_, make) => {
  const same = (program: (trained: Trained) => void): void => {
    const { eager, compiled } = outcomes(make, program);
    expect(compiled).toEqual(eager);
  };

  it("counts the steps of each parameter where one is left out in a call", () => {
    same(({ a, b, optimizer, compile }) => {
      const step = compile((all: boolean) => {
        optimizer.zero_grad();
        (all ? a.mul(b).sum() : a.mul(2).sum()).backward();
        optimizer.step();
      });
      for (let i = 0; i < 8; i++) step(i % 3 !== 1);
    });
  });

  it("counts the steps of each parameter where two compiled functions share it", () => {
    same(({ a, b, optimizer, compile }) => {
      const one = compile(() => {
        optimizer.zero_grad();
        a.pow(2).sum().backward();
        optimizer.step();
      });
      const both = compile(() => {
        optimizer.zero_grad();
        a.mul(b).sub(3).pow(2).sum().backward();
        optimizer.step();
      });
      for (let i = 0; i < 8; i++) (i % 3 === 2 ? one : both)();
    });
  });

  it("counts the steps of each parameter where one is frozen for a while", () => {
    same(({ a, b, optimizer, compile }) => {
      const step = compile((x: Tensor) => {
        optimizer.zero_grad();
        a.mul(b).mul(x).sum().backward();
        optimizer.step();
      });
      for (let i = 1; i < 9; i++) {
        if (i === 3 || i === 6) b.requires_grad_(i === 6);
        step(torch.full([2], i));
      }
    });
  });

  it("counts the steps of each parameter where a function steps twice", () => {
    same(({ a, b, optimizer, compile }) => {
      const step = compile(() => {
        for (const loss of [() => a.pow(2).sum(), () => a.mul(b).sum()]) {
          optimizer.zero_grad();
          loss().backward();
          optimizer.step();
        }
      });
      for (let i = 0; i < 4; i++) step();
    });
  });
});

test("a parameter whose step number is set by hand no longer shares it", () => {
  const { eager, compiled } = outcomes(optimizers[0]![1], ({ a, b, optimizer, compile }) => {
    const step = compile(() => {
      optimizer.zero_grad();
      a.mul(b).sum().backward();
      optimizer.step();
    });
    for (let i = 0; i < 6; i++) {
      if (i === 3) (optimizer.state.get(b) as { step: number }).step = 0;
      step();
    }
  });
  expect(compiled).toEqual(eager);
});

test("a tensor that takes another's place in an optimizer's state is the one that is updated", () => {
  const states: number[][] = [];
  const { eager, compiled } = outcomes(optimizers[0]![1], ({ a, b, optimizer, compile }) => {
    const step = compile(() => {
      optimizer.zero_grad();
      a.mul(b).sum().backward();
      optimizer.step();
    });
    const state = (): { exp_avg: Tensor } => optimizer.state.get(a) as { exp_avg: Tensor };
    for (let i = 0; i < 5; i++) {
      if (i === 3) state().exp_avg = torch.full([2], 5);
      step();
    }
    states.push(state().exp_avg.tolist() as number[]);
  });
  expect(compiled).toEqual(eager);
  expect(states[1]).toEqual(states[0]);
});

test("parameters that are left out now and then compile a program once for each set of them", () => {
  const params = [1, 2, 3].map((value) => torch.full([2], value, { requires_grad: true }));
  const optimizer = new optim.Adam(params, { lr: 0.1 });
  const step = torch.compile((used: number) => {
    optimizer.zero_grad();
    params
      .slice(0, used)
      .map((param) => param.pow(2).sum())
      .reduce((a, b) => a.add(b))
      .backward();
    optimizer.step();
  });
  const run = (): void => [3, 1, 2, 3, 2, 1].forEach((used) => step(used));
  for (let i = 0; i < 2; i++) run();
  const { compileCount } = step.statistics;
  for (let i = 0; i < 5; i++) run();
  expect(step.statistics.compileCount).toBe(compileCount);
});

describe("a learning rate that is a tensor", () => {
  const makers: readonly (readonly [string, (params: Tensor[], lr: number | Tensor) => torch.optim.Optimizer])[] = [
    ["Adam", (params, lr) => new optim.Adam(params, { lr })],
    ["AdamW", (params, lr) => new optim.AdamW(params, { lr })],
    ["SGD", (params, lr) => new optim.SGD(params, { lr, momentum: 0.9 })],
    ["RMSprop of a group's own", (params, lr) => new optim.RMSprop([{ params, lr }])],
    ["SparseAdam", (params, lr) => new optim.SparseAdam(params, { lr })],
  ];
  const rates = [0.5, 0.5, 0.25, 0.125, 0.0625, 0.0625];

  it.each(makers)("is what it holds at each step of %s", (_, make) => {
    const run = (
      isTensor: boolean,
      compile: typeof torch.compile,
    ): { w: unknown; compileCount: number | undefined } => {
      const w = torch.ones(2, { requires_grad: true });
      const lr = torch.tensor(rates[0]!);
      const optimizer = make([w], isTensor ? lr : rates[0]!);
      const step = compile(() => {
        optimizer.zero_grad();
        w.pow(2).sum().backward();
        optimizer.step();
      });
      for (const rate of rates) {
        if (isTensor) lr.fill_(rate);
        else optimizer.param_groups[0]!.lr = rate;
        step();
      }
      return { w: w.tolist(), compileCount: (step as Partial<typeof step>).statistics?.compileCount };
    };
    const uncompiled = ((fn: unknown) => fn) as typeof torch.compile;
    const { w } = run(false, uncompiled);
    expect(run(true, uncompiled).w).toEqual(w);
    expect(run(true, torch.compile)).toEqual({ w, compileCount: 1 });
  });

  it("is written by schedulers, and saved as a number", () => {
    const w = torch.ones(2, { requires_grad: true });
    const lr = torch.tensor(0.5);
    const optimizer = new optim.Adam([w], { lr });
    const schedule = new optim.lr_scheduler.StepLR(optimizer, { step_size: 1, gamma: 0.5 });
    w.sum().backward();
    optimizer.step();
    schedule.step();
    expect([lr.item(), optimizer.param_groups[0]!.lr, schedule.get_last_lr()]).toEqual([0.25, 0.25, [0.25]]);
    expect(optimizer.state_dict().param_groups[0]!["lr"]).toBe(0.25);
  });

  it("that the compiled step itself changes is the changed one", () => {
    const run = (compile: typeof torch.compile): unknown => {
      const w = torch.ones(2, { requires_grad: true });
      const lr = torch.tensor(0.5);
      const optimizer = new optim.SGD([w], { lr });
      const step = compile(() => {
        lr.mul_(0.5);
        w.grad = null;
        w.pow(2).sum().backward();
        optimizer.step();
      });
      for (let i = 0; i < 4; i++) step();
      return [w.tolist(), lr.item()];
    };
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    expect(run(torch.compile)).toEqual(run(((fn: unknown) => fn) as typeof torch.compile));
    warn.mockRestore();
  });

  it("must be one number, and no negative one", () => {
    const w = torch.ones(2, { requires_grad: true });
    expect(() => new optim.Adam([w], { lr: torch.tensor([0.1, 0.2]) })).toThrow("Tensor lr must be 1-element");
    expect(() => new optim.SGD([w], { lr: torch.tensor(-0.5) })).toThrow("Invalid learning rate: -0.5");
  });
});
