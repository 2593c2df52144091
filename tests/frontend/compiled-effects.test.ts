/** What a compiled function leaves behind besides its results: each call leaves what the function itself would. */
import * as torch from "cresset";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const { nn } = torch;
type Tensor = torch.Tensor;

const inputs = (device: string): Tensor[] => [1, 2, 3, 4].map((i) => torch.tensor([i, 1, 0], { device }));
const firsts = (held: readonly Tensor[]): unknown[] => held.map((x) => (x.tolist() as number[])[0]);

describe.each(["cpu", "cpu:js"])("on %s", (device) => {
  beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => {}));
  afterEach(() => void vi.restoreAllMocks());

  test.each<[string, (grad: Tensor, w: Tensor) => unknown]>([
    ["written", (grad) => grad.mul_(0.5)],
    ["clipped", (_, w) => nn.utils.clip_grad_norm_([w], 1)],
  ])("a gradient of the first call that the function has %s keeps its values", (_, change) => {
    const w = torch.ones(3, { device, requires_grad: true });
    const step = torch.compile((x: Tensor) => {
      w.grad = null;
      w.mul(x).sum().backward();
      torch.no_grad(() => change(w.grad!, w));
    });
    const eager = (x: Tensor): Tensor => {
      const own = torch.ones(3, { device, requires_grad: true });
      own.mul(x).sum().backward();
      torch.no_grad(() => change(own.grad!, own));
      return own.grad!;
    };
    const held = inputs(device).map((x) => {
      step(x);
      return w.grad!;
    });
    expect(held.map((x) => x.tolist())).toEqual(inputs(device).map((x) => eager(x).tolist()));
  });

  test("draws that are handed out are each call's own", () => {
    const draw = torch.compile(() => torch.randn(3, { device }));
    torch.manual_seed(0);
    const held = inputs(device).map(() => draw());
    torch.manual_seed(0);
    expect(firsts(held)).toEqual(firsts(inputs(device).map(() => torch.randn(3, { device }))));
  });

  test("an assignment to .data leaves memory that others know as it is", () => {
    const p = torch.zeros(3, { device, requires_grad: true });
    const step = torch.compile((x: Tensor) => {
      p.data = p.data.add(x);
    });
    const held = inputs(device).map((x) => {
      step(x);
      return p.detach();
    });
    expect(firsts(held)).toEqual([1, 3, 6, 10]);
    expect(vi.mocked(console.warn).mock.calls).toEqual([[expect.stringMatching(/assigns \.data .*\.data\.copy_\(\)/)]]);
  });

  test("an argument that becomes a tensor's .data is that tensor's memory", () => {
    const p = torch.zeros(3, { device });
    const step = torch.compile((x: Tensor) => {
      p.data = x;
      p.add_(1);
    });
    for (const x of inputs(device)) {
      step(x);
      p.mul_(2);
      expect(x.tolist()).toEqual(p.tolist());
    }
    expect(p.tolist()).toEqual([10, 4, 2]);
  });

  test("a tensor that gets another shape where it is gets it at each call", () => {
    const v = torch.ones(2, 3, { device });
    const turn = torch.compile((x: Tensor) => v.t_().sum(0).add(x));
    const shapes = inputs(device).map(() => [turn(torch.ones(1, { device })).shape, v.shape]);
    expect(shapes).toEqual([0, 1, 2, 3].map((i) => (i % 2 === 0 ? [[2], [3, 2]] : [[3], [2, 3]])));
    expect(vi.mocked(console.warn).mock.calls).toEqual([[expect.stringMatching(/another shape or memory/)]]);
  });

  test("a mode that the function turns is turned at each call", () => {
    const model = new nn.Dropout(1);
    const turn = torch.compile((x: Tensor) => model.train(!model.training)(x));
    const given = inputs(device).map((x) => [turn(x).tolist(), model.training]);
    expect(given).toEqual(inputs(device).map((x, i) => (i % 2 === 0 ? [x.tolist(), false] : [[0, 0, 0], true])));
  });

  test("tensors that exchange their memory do so at each call", () => {
    const [a, b] = [torch.zeros(3, { device }), torch.ones(3, { device })];
    const step = torch.compile((x: Tensor) => {
      const { data } = a;
      a.data = b.data;
      b.data = data;
      a.add_(x);
    });
    inputs(device).forEach((x) => step(x));
    expect([a.tolist(), b.tolist()]).toEqual([
      [6, 2, 0],
      [5, 3, 1],
    ]);
  });

  class Leaky extends nn.Module {
    declare t: Tensor;
    constructor() {
      super();
      this.register_buffer("t", torch.zeros(3, { device }));
    }
    override forward(x: Tensor): Tensor {
      this.t = this.t.mul(0.5).add(x);
      return this.t.mul(1);
    }
  }
  test("a module that replaces its buffer has the new one at the next call", () => {
    const model = new Leaky();
    const forward = torch.compile((x: Tensor) => model(x));
    expect(firsts(inputs(device).map((x) => forward(x)))).toEqual([1, 2.5, 4.25, 6.125]);
    expect(firsts([model.t])).toEqual([6.125]);
  });

  class Recurrent extends nn.Module {
    h: Tensor | null = null;
    override forward(x: Tensor): Tensor {
      this.h = this.h === null ? x : this.h.mul(0.5).add(x);
      return this.h;
    }
  }
  test("a module that keeps its state in a member has it at the next call", () => {
    const model = new Recurrent();
    const forward = torch.compile((x: Tensor) => model(x).mul(1));
    expect(firsts(inputs(device).map((x) => forward(x)))).toEqual([1, 2.5, 4.25, 6.125]);
  });

  class Keeping extends nn.Module {
    readonly state: { h: Tensor | null; seen: Tensor | null } = { h: null, seen: null };
    override forward(x: Tensor): Tensor {
      const { h } = this.state;
      this.state.h = h === null ? x : h.mul(0.5).add(x);
      this.state.seen = x.mul(2);
      return this.state.h;
    }
  }
  test("so has one that keeps it in an object", () => {
    const model = new Keeping();
    const forward = torch.compile((x: Tensor) => model(x).mul(1));
    const seen: Tensor[] = [];
    const given = inputs(device).map((x) => {
      const y = forward(x);
      seen.push(model.state.seen!);
      return y;
    });
    expect(firsts(given)).toEqual([1, 2.5, 4.25, 6.125]);
    expect(firsts(seen)).toEqual([2, 4, 6, 8]);
  });

  class Stashing extends nn.Module {
    seen: Tensor | null = null;
    override forward(x: Tensor): Tensor {
      this.seen = x.mul(2);
      return x.sum();
    }
  }
  test("what a module leaves in a member for others is there after each call, without recording again", () => {
    const model = new Stashing();
    const forward = torch.compile((x: Tensor) => model(x));
    const seen = inputs(device).map((x) => {
      forward(x);
      return model.seen!;
    });
    expect(firsts(seen)).toEqual([2, 4, 6, 8]);
    expect(forward.explain_recompiles()).toEqual([]);
    model.seen = null;
    forward(inputs(device)[0]!);
    expect(firsts([model.seen as unknown as Tensor])).toEqual([2]);
  });

  const made: [string, (x: Tensor) => Tensor, (() => Tensor)?][] = [
    ["torch.tensor", (x) => torch.tensor([1, 2, 3], { device }).add_(x)],
    ["new_tensor", (x) => x.new_tensor([1, 2, 3]).add_(x)],
    ["as_tensor of a list", (x) => torch.as_tensor([1, 2, 3], { device }).add_(x)],
    ["a view", (x) => ((t) => (t.at(0).add_(x), t))(torch.tensor([[1, 2, 3]], { device }))],
    [
      "a parameter",
      (x) => {
        const p = new nn.Parameter(torch.tensor([1, 2, 3], { device }));
        torch.no_grad(() => p.add_(x));
        return p.detach();
      },
    ],
    ["a module's buffer", (x) => new nn.BatchNorm1d(3, { device })(x.expand(2, 3)).add(x).detach()],
  ];
  test.each(made)("what the function makes of values is as new at each call: %s", (_, fn) => {
    const forward = torch.compile(fn);
    const expected = inputs(device).map((x) => fn(x).tolist());
    expect(inputs(device).map((x) => forward(x).tolist())).toEqual(expected);
    expect(vi.mocked(console.warn).mock.calls).toEqual([]);
  });

  test("a result that is made of values is each call's own", () => {
    const forward = torch.compile(() => torch.tensor([1, 2, 3], { device }));
    for (let i = 0; i < 4; i++) expect(firsts([forward().add_(5)])).toEqual([6]);
  });

  test.each<[string, (w: Tensor) => torch.optim.Optimizer]>([
    ["SGD", (w) => new torch.optim.SGD([w], { lr: 0.1, momentum: 0.9 })],
    ["Adam", (w) => new torch.optim.Adam([w], { lr: 0.1 })],
    ["RMSprop", (w) => new torch.optim.RMSprop([w], { lr: 0.1 })],
  ])("an optimizer that the function makes starts anew at each call: %s", (_, make) => {
    const fit = (x: Tensor): Tensor => {
      const w = torch.ones(3, { device, requires_grad: true });
      const optimizer = make(w);
      for (let i = 0; i < 3; i++) {
        optimizer.zero_grad();
        w.mul(x).pow(2).sum().backward();
        optimizer.step();
      }
      return w.detach();
    };
    const compiled = torch.compile(fit);
    expect(inputs(device).map((x) => compiled(x).tolist())).toEqual(inputs(device).map((x) => fit(x).tolist()));
  });

  class Counting extends nn.Module {
    seen: Tensor | null = null;
    override forward(x: Tensor): Tensor {
      this.seen ??= torch.tensor([0, 0, 0], { device });
      return this.seen.add_(1).mul(x);
    }
  }
  test("what a module makes at its first call and writes from then on is its state", () => {
    const model = new Counting();
    const forward = torch.compile((x: Tensor) => model(x));
    expect(firsts(inputs(device).map((x) => forward(x)))).toEqual([1, 4, 9, 16]);
    expect(firsts([model.seen!])).toEqual([4]);
  });

  interface Mean {
    mean: Tensor;
    count?: number;
  }
  const average = (state: Mean, x: Tensor): Tensor => {
    state.mean = state.mean.mul(0.5).add(x);
    if (state.count !== undefined) state.count++;
    return state.mean.mul(1);
  };
  test.each<[boolean, number, RegExp[]]>([
    [false, 0, []],
    [true, 7, [/changes state\.count at each call/]],
  ])(
    "what the function assigns in an argument is there after each call, a number too: %s",
    (counts, recompiles, warnings) => {
      const step = torch.compile(average);
      const run = (body: typeof average): unknown[] => {
        const state: Mean = { mean: torch.zeros(3, { device }), ...(counts ? { count: 0 } : {}) };
        const all = [...inputs(device), ...inputs(device), ...inputs(device)];
        return all.flatMap((x) => [firsts([body(state, x), state.mean]), state.count]);
      };
      expect(run(step)).toEqual(run(average));
      expect(step.explain_recompiles().length).toBe(recompiles);
      expect(vi.mocked(console.warn).mock.calls.flat()).toEqual(
        warnings.map((text): unknown => expect.stringMatching(text)),
      );
    },
  );

  const attend = (cache: Tensor[], x: Tensor): Tensor => {
    cache.push(x.mul(2));
    return torch.stack(cache).sum(0);
  };
  test("a list that an argument is gets what the function appends", () => {
    const step = torch.compile(attend);
    for (let sequence = 0; sequence < 2; sequence++) {
      const cache: Tensor[] = [];
      expect(firsts(inputs(device).map((x) => step(cache, x)))).toEqual([2, 6, 12, 20]);
      expect(firsts(cache)).toEqual([2, 4, 6, 8]);
    }
    expect(step.explain_recompiles()).toHaveLength(3);
    expect(console.warn).not.toHaveBeenCalled();
  });

  test("a function that computes nothing changes its arguments all the same", () => {
    const step = torch.compile((log: { calls: number }) => void log.calls++);
    const log = { calls: 0 };
    for (let i = 0; i < 12; i++) step(log);
    expect(log).toEqual({ calls: 12 });
  });

  test("an argument that is returned, or put into another, is that object", () => {
    const step = torch.compile((into: { list?: Tensor[] }, list: Tensor[], x: Tensor) => {
      into.list = list;
      list[0] = x;
      return list;
    });
    for (const x of inputs(device)) {
      const [into, list]: [{ list?: Tensor[] }, Tensor[]] = [{}, [torch.zeros(3, { device })]];
      expect(step(into, list, x)).toBe(list);
      expect(into.list).toBe(list);
      expect(list[0]).toBe(x);
    }
  });

  class Mixture {
    mean = torch.zeros(3, { device });
    seen: number[] = [];
  }
  test("so do objects of classes that are arguments, or what the function is called on", () => {
    const given = torch.compile((state: Mixture, x: Tensor) => {
      state.mean = x.mul(2);
      state.seen = [x.ndim];
    });
    const state = new Mixture();
    const method = torch.compile(function (this: Mixture, x: Tensor) {
      return this.mean.mul(x).mul(this.seen[0]!);
    });
    for (const x of inputs(device)) {
      given(state, x);
      expect(state.seen).toEqual([1]);
      expect(firsts([method.call(state, x)])).toEqual([2 * (firsts([x])[0] as number) ** 2]);
    }
    state.seen[0] = 3;
    expect(firsts([method.call(state, torch.ones(3, { device }))])).toEqual([24]);
  });

  class Gathering extends nn.Module {
    readonly sums = new Map<string, Tensor>();
    readonly shapes = new Set<string>();
    readonly nested = { list: [{ last: torch.zeros(3, { device }) }] };
    calls = 0;
    override forward(x: Tensor): Tensor {
      this.sums.set("all", (this.sums.get("all") ?? torch.zeros(3, { device })).add(x));
      this.shapes.add(String(x.shape));
      this.nested.list[0]!.last = x.mul(2);
      return this.sums.get("all")!.mul(++this.calls);
    }
  }
  test("what a module leaves in Maps, Sets and deeper objects is there at the next call", () => {
    const [model, eager] = [new Gathering(), new Gathering()];
    const forward = torch.compile((x: Tensor) => model(x));
    const run = (module: Gathering, call: (x: Tensor) => Tensor): unknown =>
      inputs(device).map((x) => [...firsts([call(x), module.sums.get("all")!, module.nested.list[0]!.last])]);
    expect(run(model, forward)).toEqual(run(eager, (x) => eager(x)));
    expect([model.calls, [...model.shapes]]).toEqual([4, ["3"]]);
    expect(vi.mocked(console.warn).mock.calls).toEqual([[expect.stringMatching(/replaces Gathering\.sums\[all\]/)]]);
  });

  class Tapped extends nn.Module {
    readonly taps = new Map<string, Tensor>([["x", torch.zeros(3, { device })]]);
    override forward(x: Tensor): Tensor {
      this.taps.set("x", x.mul(2));
      return x.sum();
    }
  }
  test("a Map that a module only writes is no reason to record again", () => {
    const model = new Tapped();
    const forward = torch.compile((x: Tensor) => model(x));
    const seen = inputs(device).map((x) => (forward(x), model.taps.get("x")!));
    expect(firsts(seen)).toEqual([2, 4, 6, 8]);
    expect(forward.explain_recompiles()).toEqual([]);
  });

  class Counted extends nn.Module {
    readonly state = { calls: 0 };
    override forward(x: Tensor): Tensor {
      return x.mul(++this.state.calls);
    }
  }
  test("what a module counts is right at each call, and said when it goes on", () => {
    const model = new Counted();
    const forward = torch.compile((x: Tensor) => model(x));
    const ones = torch.ones(3, { device });
    const numbers = Array.from({ length: 12 }, (_, i) => i + 1);
    expect(firsts(numbers.map(() => forward(ones)))).toEqual(numbers);
    expect(model.state.calls).toBe(12);
    expect(vi.mocked(console.warn).mock.calls).toEqual([[expect.stringMatching(/changes Counted\.state\.calls/)]]);
    // Two states that alternate are two recordings.
    const flag = { on: false };
    const flip = torch.compile((held: typeof flag, x: Tensor) => ((held.on = !held.on), x.mul(held.on ? 2 : 3)));
    expect(firsts(numbers.map(() => flip(flag, ones)))).toEqual(numbers.map((i) => (i % 2 === 1 ? 2 : 3)));
    expect(flip.explain_recompiles()).toHaveLength(1);
  });

  const tellings = (): unknown[] =>
    vi.mocked(console.warn).mock.calls.filter(([text]) => String(text).includes("kept outside of it"));
  test.each<[string, (keep: (x: Tensor) => void) => (x: Tensor) => Tensor, number]>([
    ["kept in a list", (keep) => (x) => (keep(x.mul(2)), x.mul(3)), 1],
    ["an argument", (keep) => (x) => (keep(x), x.mul(3)), 1],
    ["a draw", (keep) => (x) => (keep(torch.rand(3, { device })), x.mul(3)), 1],
    ["a constant", (keep) => (x) => (keep(torch.ones(3, { device }).mul(2)), x.mul(3)), 0],
    [
      "kept by a hook",
      (keep) => {
        const model = new nn.Linear(3, 3, { device }).requires_grad_(false);
        model.register_forward_hook((_module, _args, output) => keep((output as Tensor).detach()));
        return (x) => model(x);
      },
      1,
    ],
  ])("who uses what only the recorded call made is told once: %s", (_, make, count) => {
    const kept: Tensor[] = [];
    const forward = torch.compile(make((x) => void kept.push(x)));
    const [first, ...rest] = inputs(device);
    forward(first!).tolist();
    kept[0]!.tolist();
    for (const x of rest) forward(x).tolist();
    expect(tellings()).toEqual([]);
    for (let i = 0; i < 2; i++) kept[0]!.tolist();
    expect(tellings()).toHaveLength(count);
  });

  class Caching extends nn.Module {
    mask: Tensor | null = null;
    override forward(x: Tensor): Tensor {
      this.mask ??= torch.tril(torch.ones(3, 3, { device }));
      return this.mask.matmul(x);
    }
  }
  test("a constant that a module makes at its first call is a member like any other from then on", () => {
    const model = new Caching();
    const forward = torch.compile((x: Tensor) => model(x));
    expect(firsts(inputs(device).map((x) => forward(x)))).toEqual([1, 2, 3, 4]);
    expect(forward.explain_recompiles()).toHaveLength(1);
    for (const mask of [torch.full([3, 3], 2, { device }), null]) {
      model.mask = mask;
      const expected = firsts([new Caching()(inputs(device)[1]!)]).map((first) => (mask === null ? first : 6));
      for (let i = 0; i < 2; i++) expect(firsts([forward(inputs(device)[1]!)])).toEqual(expected);
      expect(model.mask).not.toBeNull();
    }
  });

  class Warming extends nn.Module {
    mask: Tensor | null = null;
    override forward(x: Tensor): Tensor {
      if (this.mask !== null) return x.mul(this.mask);
      this.mask = torch.full([3], 2, { device });
      return x;
    }
  }
  test("what depends on whether it is there is seen", () => {
    const model = new Warming();
    const forward = torch.compile((x: Tensor) => model(x));
    expect(firsts(inputs(device).map((x) => forward(x)))).toEqual([1, 4, 6, 8]);
  });
});

test("an array that the function makes a tensor of is read at each call, and written", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const array = new Float32Array([1, 2, 3]);
  const read = torch.compile((x: Tensor) => torch.from_numpy(array).mul(x));
  const write = torch.compile((x: Tensor) => torch.from_numpy(array).add_(x));
  const fresh = torch.compile((x: Tensor) => torch.from_numpy(new Float32Array([1, 2, 3])).add_(x));
  const sums = [2, 4, 7, 11];
  inputs("cpu").forEach((x, i) => {
    write(x);
    expect(array[0]).toBe(sums[i]);
    expect(firsts([read(torch.ones(3)), fresh(x)])).toEqual([sums[i], i + 2]);
  });
  expect(warn.mock.calls.map(String)).toEqual(Array(2).fill(expect.stringMatching(/shares memory with an array/)));
  vi.restoreAllMocks();
});

test("state that a first call leaves in a variable is gone on with, and what each call makes is new", () => {
  type Step = (x: Tensor) => Tensor;
  const run = (wrap: (fn: Step) => Step): unknown => {
    const weight = torch.tensor([1, 2]).requires_grad_(true);
    let optimizer: torch.optim.Adam | null = null;
    let sum: Tensor | null = null;
    const step = wrap((x: Tensor): Tensor => {
      optimizer ??= new torch.optim.Adam([weight], { lr: 0.1 });
      sum ??= torch.zeros(2);
      sum.add_(x);
      const own = torch.ones(2).add_(x);
      optimizer.zero_grad();
      const loss = weight.mul(own).pow(2).sum();
      loss.backward();
      optimizer.step();
      return loss.detach();
    });
    const losses = [1, 2, 3, 4, 5].map((value) => step(torch.full([2], value)).item());
    return [losses, weight.tolist(), sum!.tolist()];
  };
  expect(run((fn) => torch.compile(fn))).toEqual(run((fn) => fn));
});
