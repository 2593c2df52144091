/** A compiled call that fails has not happened. */
import * as torch from "cresset";
import { afterEach, describe, expect, test, vi } from "vitest";
import { recorder } from "../../frontend/recorder.ts";

const { optim } = torch;
type Tensor = torch.Tensor;

const outcome = (body: () => unknown): unknown => {
  try {
    return body();
  } catch (error) {
    return (error as Error).message;
  }
};

/** As text, with the tensors' values. */
const shown = (value: unknown): string =>
  JSON.stringify(value, function (this: Record<string, unknown>, key) {
    const item = this[key];
    return item instanceof torch.Tensor ? item.tolist() : item;
  });

describe.each(["cpu", "cpu:js"])("on %s", (name) => {
  afterEach(() => void vi.restoreAllMocks());

  /** Steps with a counter; the state after each call, and whether it failed. */
  const training = () => {
    const w = torch.ones(3, { device: name, requires_grad: true });
    const count = torch.zeros(2, { device: name });
    const optimizer = new optim.Adam([w], { lr: 0.1 });
    const step = torch.compile((x: Tensor) => {
      count.add_(1);
      optimizer.zero_grad();
      w.mul(x).sum().backward();
      optimizer.step();
    });
    const { device } = w.storage_;
    const state = (): unknown => ({
      w: w.tolist(),
      count: count.tolist(),
      grad: w.grad?.tolist() ?? null,
      steps: (optimizer.state.get(w) as { step: number } | undefined)?.step,
      optimizerSteps: optimizer.stepCount_,
    });
    return { device, state, step: () => step(torch.full([3], 2, { device: name })) };
  };

  test.each<[string, (device: torch.Tensor["storage_"]["device"]) => void]>([
    [
      "cannot be compiled",
      (device) =>
        void vi.spyOn(device, "prepare").mockImplementation(() => {
          throw new Error("on purpose");
        }),
    ],
    [
      "has no memory to run in",
      () => {
        const program = recorder.program.bind(recorder);
        vi.spyOn(recorder, "program").mockImplementation((graph, device) => {
          const entry = program(graph, device);
          vi.spyOn(entry.executable, "run").mockImplementation(() => {
            throw new Error("on purpose");
          });
          return entry;
        });
      },
    ],
  ])("a call that %s leaves everything as it was", (_, fail) => {
    const run = training();
    const reference = training();
    const before = run.state();
    expect(reference.state()).toEqual(before);
    fail(run.device);
    for (let i = 0; i < 2; i++) {
      expect(outcome(run.step)).toContain("on purpose");
      vi.restoreAllMocks();
      expect(run.state()).toEqual(before);
      fail(run.device);
    }
    vi.restoreAllMocks();
    for (let i = 0; i < 3; i++) {
      run.step();
      reference.step();
    }
    expect(run.state()).toEqual(reference.state());
  });

  test("a replay that cannot be run leaves everything as it was", () => {
    const run = (fails: boolean): unknown[] => {
      const w = torch.ones(3, { device: name, requires_grad: true });
      const optimizer = new optim.SGD([w], { lr: 0.5, momentum: 0.5, dampening: 0.5 });
      const parts = [new optim.lr_scheduler.ConstantLR(optimizer, 0.5, 2), new optim.lr_scheduler.StepLR(optimizer, 1)];
      const scheduler = new optim.lr_scheduler.SequentialLR(optimizer, parts, [2]);
      const { device } = w.storage_;
      const prepare = device.prepare.bind(device);
      let isBroken = false;
      vi.spyOn(device, "prepare").mockImplementation((program) => {
        const executable = prepare(program);
        const start = executable.run.bind(executable);
        vi.spyOn(executable, "run").mockImplementation((...given) => {
          if (isBroken) throw new Error("on purpose");
          return start(...given);
        });
        return executable;
      });
      const step = torch.compile(() => {
        optimizer.zero_grad();
        w.mul(w).sum().backward();
        optimizer.step();
        scheduler.step();
      });
      const state = (): unknown => [w, w.grad, optimizer.state_dict(), optimizer.stepCount_, scheduler.state_dict()];
      const states = [0, 1, 2, 3].map(() => {
        step();
        const before = shown(state());
        isBroken = fails;
        const failures = fails ? [outcome(step), outcome(step)] : [];
        expect(failures.filter((text) => text !== "on purpose")).toEqual([]);
        isBroken = false;
        expect(shown(state())).toBe(before);
        return before;
      });
      vi.restoreAllMocks();
      return states;
    };
    expect(run(true)).toEqual(run(false));
  });

  test.each<[string, number, number, (x: Tensor) => unknown]>([
    [
      "whose first program would overwrite a result",
      1,
      1,
      (x) => {
        const compiled = torch.compile(() => {
          const old = x.clone();
          x.add_(1);
          return old;
        });
        compiled();
        return compiled();
      },
    ],
    [
      "that differs when it is verified",
      1,
      2,
      (x) => {
        let calls = 0;
        const compiled = torch.compile(() => (calls++ === 0 ? x.mul(3) : x.sin()), { verify: 2 });
        compiled();
        return outcome(compiled);
      },
    ],
    [
      "whose conditions cannot be compiled",
      0,
      0,
      (x) => {
        const { device } = x.storage_;
        const [prepare] = [vi.mocked(device.prepare)];
        const known = prepare.getMockImplementation()!;
        prepare.mockImplementation((program) => {
          if (program.name === "checks") throw new Error("on purpose");
          return known(program);
        });
        return outcome(() => torch.compile((i: Tensor) => x.index_select(0, i))(torch.tensor([0n], { device: name })));
      },
    ],
  ])("a recording %s keeps %i of %i programs", (_, held, cached, run) => {
    const x = torch.arange(1, 7, 1, { device: name, dtype: "float32" });
    x.tolist();
    const { device } = x.storage_;
    const prepare = device.prepare.bind(device);
    const live = new Set<string>();
    let count = 0;
    vi.spyOn(device, "prepare").mockImplementation((program) => {
      const executable = prepare(program);
      const release = executable.release.bind(executable);
      const own = `${program.name} ${count++}`;
      live.add(own);
      vi.spyOn(executable, "release").mockImplementation(() => {
        live.delete(own);
        release();
      });
      return executable;
    });
    const before = recorder.statistics.held;
    run(x);
    expect([...live].filter((own) => own.startsWith("program")).length).toBe(cached);
    expect(recorder.statistics.held - before).toBe(held);
  });

  test("a failed write to a tensor that never had a value is undone", () => {
    const { device } = torch.zeros(1, { device: name }).storage_;
    const [s, t] = [torch.zeros(2, { device: name }), torch.zeros(2, { device: name })];
    vi.spyOn(device, "prepare").mockImplementation(() => {
      throw new Error("on purpose");
    });
    expect(outcome(() => [s.add_(1), t.add_(2)].map((x) => x.tolist()))).toContain("on purpose");
    vi.restoreAllMocks();
    expect([s.tolist(), t.tolist()]).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  test("a first call that fails by a value counts no step", () => {
    const run = (compile: typeof torch.compile): unknown => {
      const w = torch.ones(3, { device: name, requires_grad: true });
      const optimizer = new optim.Adam([w], { lr: 0.1 });
      const step = compile((i: Tensor) => {
        optimizer.zero_grad();
        w.index_select(0, i).sum().backward();
        optimizer.step();
      });
      return [5n, 1n, 7n, 2n, 1n].map((i) => {
        const failure = outcome(() => step(torch.tensor([i], { device: name })));
        return [typeof failure, w.tolist(), (optimizer.state.get(w) as { step: number } | undefined)?.step];
      });
    };
    expect(run(torch.compile)).toEqual(run(((fn: unknown) => fn) as typeof torch.compile));
  });

  test("a first call that fails by a value compiles for the next ones", () => {
    const w = torch.ones(3, { device: name });
    const read = torch.compile((i: Tensor) => w.index_select(0, i).sum());
    for (const i of [5n, 6n, 1n, 7n, 2n]) outcome(() => read(torch.tensor([i], { device: name })));
    expect(read(torch.tensor([2n], { device: name })).item()).toBe(1);
    expect(read.explain_recompiles()).toEqual([]);
    expect(read.statistics.compileCount).toBe(2);
  });

  test("a call whose result has a history, and that fails by a value, leaves weights as they were", () => {
    const w = torch.ones(3, { device: name, requires_grad: true });
    const step = torch.compile((i: Tensor) => {
      const row = w.index_select(0, i);
      torch.no_grad(() => w.sub_(row.sum()));
      return row;
    });
    expect(outcome(() => step(torch.tensor([5n], { device: name })))).toContain("out of range");
    expect(w.tolist()).toEqual([1, 1, 1]);
  });
});

test("anomaly detection that is switched on after a function was compiled is heeded", () => {
  const w = torch.zeros(2, { requires_grad: true });
  const step = torch.compile(() => {
    w.grad = null;
    w.sqrt().mul(0).sum().backward();
  });
  step();
  expect(w.grad!.tolist()).toEqual([NaN, NaN]);
  expect(outcome(() => torch.autograd.detect_anomaly(step))).toContain("nan");
  step();
});
