import * as torch from "cresset";
import { describe, expect, test, vi } from "vitest";

describe.each(["cpu", "cpu:js"])("compile on %s", (device) => {
  test("state advances once a call, from the first call on", () => {
    const state = torch.tensor([3, 3], { device });
    const step = torch.compile(() => {
      state.sub_(1);
      return state.sum();
    });
    expect([1, 2, 3, 4].map(() => step().item())).toEqual([4, 2, 0, -2]);
    expect(state.tolist()).toEqual([-1, -1]);
  });

  test("state that was still pending is computed once, not at each replay", () => {
    const state = torch.ones([2], { device }).mul(3);
    const step = torch.compile(() => {
      state.sub_(1);
      return state.sum();
    });
    expect([1, 2, 3].map(() => step().item())).toEqual([4, 2, 0]);
  });

  test("storages of equal contents are told apart, whether those are pending or known", () => {
    for (const known of [false, true]) {
      const [a, b] = [torch.zeros([2], { device }), torch.zeros([2], { device })];
      const c = a.clone();
      if (known) a.tolist();
      const step = torch.compile(() => {
        a.add_(1);
        b.mul_(2).add_(1);
        return a.add(b).add(c);
      });
      expect([1, 2, 3].map(() => step().tolist())).toEqual([
        [2, 2],
        [5, 5],
        [10, 10],
      ]);
      expect([a.tolist(), b.tolist(), c.tolist()]).toEqual([
        [3, 3],
        [7, 7],
        [0, 0],
      ]);
    }
  });

  test("arguments are read at each call, computed or given", () => {
    const fn = torch.compile((x: torch.Tensor) => x.mul(2));
    for (let i = 0; i < 4; i++) {
      const given = torch.tensor([i], { device });
      expect(fn(i % 2 === 0 ? given : given.add(0)).item()).toBe(2 * i);
    }
  });

  test("storages written alike are told apart when a flush has computed them", () => {
    const [a, b] = [torch.empty([2], { device }), torch.empty([2], { device })];
    a.fill_(1);
    b.fill_(1);
    torch.ones([3], { device }).mul(2).tolist();
    const step = torch.compile(() => {
      a.mul_(2);
      b.mul_(3);
      return a.add(b).sum();
    });
    expect([1, 2, 3].map(() => step().item())).toEqual([10, 26, 70]);
  });

  test("what another storage came to share is not overwritten", () => {
    const [a, b] = [torch.tensor([0, 0], { device }), torch.tensor([0, 0], { device })];
    const grow = torch.compile(() => void a.add_(1));
    const share = torch.compile(() => {
      a.add_(1);
      b.copy_(a);
    });
    grow();
    share();
    grow();
    expect([a.tolist(), b.tolist()]).toEqual([
      [3, 3],
      [2, 2],
    ]);
  });

  test("a training step gives the losses of the same step without compile", () => {
    const losses = (compiled: boolean): unknown[] => {
      const weight = torch.tensor([3, 2], { device }).requires_grad_();
      const body = (x: torch.Tensor): torch.Tensor => {
        weight.grad = null;
        const loss = weight.mul(x).pow(2).sum();
        loss.backward();
        torch.no_grad(() => weight.sub_(weight.grad!.mul(0.1)));
        return loss;
      };
      const step = compiled ? torch.compile(body) : body;
      const x = torch.tensor([1, 0.5], { device });
      return [1, 2, 3, 4].map(() => step(x).item());
    };
    expect(losses(true)).toEqual(losses(false));
  });

  test("views keep their own shape as arguments and as results", () => {
    const x = torch.arange(12, { device }).mul(2);
    const fn = torch.compile((flat: torch.Tensor, table: torch.Tensor) => [flat.reshape(3, 4), table.sum(1)] as const);
    for (let i = 0; i < 3; i++) {
      const [square, rows] = fn(x, x.reshape(2, 6));
      expect(square.shape).toEqual([3, 4]);
      expect(rows.tolist()).toEqual([30, 102]);
    }
  });

  test("what is overwritten unread does not pile up", () => {
    const x = torch.ones([1000], { device });
    const target = torch.zeros([1000], { device });
    const fn = torch.compile((input: torch.Tensor) => void target.copy_(input.add(1)));
    for (let i = 0; i < 5; i++) fn(x);
    const before = target.storage_.device.statistics().liveBytes;
    for (let i = 0; i < 50; i++) fn(x);
    expect(target.storage_.device.statistics().liveBytes).toBeLessThanOrEqual(before + 16_384);
    expect(target.sum().item()).toBe(2000);
  });

  test("what is overwritten unread gives its memory to the new contents", () => {
    const target = torch.zeros([1000], { device });
    const fn = torch.compile((input: torch.Tensor) => void target.copy_(input.add(1)));
    const inputs = [1, 2, 3].map((value) => torch.full([1000], value, { device }));
    const memories = Array.from({ length: 6 }, (_, i) => {
      fn(inputs[i % 3]!);
      return target.storage_.value().memory();
    });
    // The first run leaves everything as it was before.
    expect(new Set(memories.slice(1)).size).toBe(1);
    expect(target.at(0).item()).toBe(4);
  });

  test("but not where something still needs the old ones", () => {
    const [target, other] = [torch.zeros([2], { device }), torch.zeros([2], { device })];
    const fn = torch.compile((input: torch.Tensor) => void target.copy_(input.add(1)));
    const [one, two] = [torch.ones([2], { device }), torch.full([2], 2, { device })];
    for (let i = 0; i < 3; i++) fn(one);
    const pending = target.mul(10);
    fn(two);
    expect(pending.tolist()).toEqual([20, 20]);
    fn(one);
    torch.compile(() => void other.copy_(target))();
    fn(two);
    expect([target.tolist(), other.tolist()]).toEqual([
      [3, 3],
      [2, 2],
    ]);
    // Its own argument: read, and written afterwards.
    fn(target);
    fn(target);
    expect(target.tolist()).toEqual([5, 5]);
  });
});

test("results that depend on parameters can be differentiated, at each call", () => {
  const model = new torch.nn.Linear(2, 1);
  const forward = torch.compile((x: torch.Tensor) => model(x));
  for (const start of [1, 3, 5]) {
    model.zero_grad();
    forward(torch.tensor([[start, 2]]))
      .sum()
      .backward();
    expect(model.weight.grad!.tolist()).toEqual([[start, 2]]);
  }
  const predict = torch.compile((x: torch.Tensor) => torch.no_grad(() => model(x)));
  expect([1, 2].map(() => predict(torch.ones([1, 2])).requires_grad)).toEqual([false, false]);
  expect(predict.statistics.compileCount).toBe(1);
});

test("a function whose results can be differentiated may write any number of buffers", () => {
  const buffers = [1, 2, 3, 4, 5].map((size) => torch.zeros(size));
  const w = torch.ones(2).requires_grad_();
  const step = torch.compile((x: torch.Tensor) => {
    buffers.forEach((buffer, i) => buffer.add_(i + 1));
    return x.mul(w);
  });
  for (let call = 0; call < 3; call++) step(torch.ones(2)).sum().backward();
  expect(buffers.map((buffer) => buffer.sum().item())).toEqual([3, 12, 27, 48, 75]);
  expect(w.grad!.tolist()).toEqual([3, 3]);
  const model = new torch.nn.Sequential(new torch.nn.BatchNorm1d(3), new torch.nn.BatchNorm1d(3));
  const compiled = torch.compile(model);
  for (let call = 0; call < 2; call++) compiled(torch.randn(4, 3)).sum().backward();
  expect(Number(model.state_dict()["1.num_batches_tracked"]!.item())).toBe(2);
});

test("results with names keep them at each call", () => {
  const top = torch.compile((x: torch.Tensor) => x.topk(2));
  for (const x of [torch.tensor([1, 5, 3]), torch.tensor([9, 5, 3])]) {
    const { values, indices } = top(x);
    expect([values.tolist(), indices.tolist()]).toEqual([x.topk(2).values.tolist(), x.topk(2).indices.tolist()]);
  }
});

test("a compiled method reaches the class above, and its own members", () => {
  class Scale {
    factor = 2;
    run(x: torch.Tensor): torch.Tensor {
      return x.mul(this.factor);
    }
  }
  class Shift extends Scale {
    override run(x: torch.Tensor): torch.Tensor {
      return super.run(x).add(1);
    }
  }
  const shift = Object.assign(new Shift(), { compiled: torch.compile(Shift.prototype.run) });
  const x = torch.ones(1);
  expect([2, 3, 2].map((factor) => ((shift.factor = factor), shift.compiled(x).item()))).toEqual([3, 4, 3]);
});

test("a compiled function inside of vmap is part of it", () => {
  const compiled = torch.compile((x: torch.Tensor) => x.pow(3).sum());
  const x = torch.tensor([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  for (let i = 0; i < 2; i++) {
    expect(torch.vmap(compiled)(x).tolist()).toEqual([9, 91, 341]);
    expect(torch.vmap(torch.func.grad(compiled))(x).tolist()).toEqual([
      [3, 12],
      [27, 48],
      [75, 108],
    ]);
    expect(compiled(x.at(0)).item()).toBe(9);
  }
});

test.each<[string, unknown, object, RegExp]>([
  ["what is no function", 3, {}, /A callable function is expected, but number/],
  ["an option that there is not", () => 1, { nonsense: 1 }, /unexpected keyword argument 'nonsense'/],
  ["no calls to verify", () => 1, { verify: 0 }, /verify is a whole number of calls above 0, got 0/],
  ["half a call to verify", () => 1, { verify: 1.5 }, /got 1\.5/],
  ["an unknown backend", () => 1, { backend: "bogus" }, /Invalid backend: 'bogus'/],
  ["an unknown mode", () => 1, { mode: "bogus" }, /Unrecognized mode=bogus/],
])("compile refuses %s", (_, fn, options, message) => {
  expect(() => torch.compile(fn as () => unknown, options)).toThrow(message);
});

test("compile takes PyTorch's backends and modes", () => {
  const fn = torch.compile((x: torch.Tensor) => x.add(1), { backend: "inductor", mode: "max-autotune", dynamic: null });
  expect(fn(torch.ones(1)).item()).toBe(2);
});

test("values that are copied in each call prepare no programs", () => {
  const weights = Array.from({ length: 3 }, (_, i) => torch.ones(i + 2, { requires_grad: true }));
  const kept = torch.zeros(4);
  const step = torch.compile((x: torch.Tensor) => {
    torch.no_grad(() => kept.copy_(x));
    for (const w of weights) w.grad = null;
    for (const w of weights) w.mul(w).sum().backward();
  });
  const look = (call: number): unknown => {
    step(torch.full([4], call));
    return [...weights.map((w) => w.grad!.sum().item()), kept.sum().item()];
  };
  const seen = [look(0), look(1), look(2)];
  const prepare = vi.spyOn(weights[0]!.storage_.device, "prepare");
  seen.push(look(3), look(4));
  expect(prepare).not.toHaveBeenCalled();
  vi.restoreAllMocks();
  expect(seen).toEqual(seen.map((_, call) => [4, 6, 8, 4 * call]));
});

describe("with fullgraph, what cannot be replayed is an error", () => {
  const circle: unknown[] = [];
  circle.push(circle);
  const kept = torch.ones(2);
  test.each<[string, (x: torch.Tensor) => unknown, unknown, RegExp]>([
    [
      "a value that is read",
      (x) => (x.sum().gt(0).item() === true ? x.add(1) : x),
      torch.ones(2),
      /reads values while it is recorded/,
    ],
    ["data that is assigned", (x) => void (kept.data = x.mul(2)), torch.ones(2), /assigns \.data of a tensor/],
    ["an argument inside of itself", () => torch.ones(2), circle, /inside of itself/],
  ])("%s", (_, fn, argument, message) => {
    const strict = torch.compile(fn, { fullgraph: true });
    for (let call = 0; call < 12; call++) expect(() => strict(argument as torch.Tensor)).toThrow(message);
    expect(() => strict(argument as torch.Tensor)).toThrow(torch.NotImplementedError);
  });
  test("and what can be is none", () => {
    const strict = torch.compile((x: torch.Tensor, y: number) => x.mul(y), { fullgraph: true });
    for (let call = 1; call < 4; call++) expect(strict(torch.ones(call), 3).sum().item()).toBe(3 * call);
  });
  test("a number that is another one at each call", () => {
    const strict = torch.compile((x: torch.Tensor, y: number) => x.mul(y), { fullgraph: true });
    const calls = Array.from({ length: 12 }, (_, i) => () => strict(torch.ones(1), i + 0.5).item());
    const errors = calls.filter((call) => {
      try {
        call();
        return false;
      } catch (error) {
        return error instanceof torch.NotImplementedError;
      }
    });
    expect(errors.length).toBe(4);
  });
});
