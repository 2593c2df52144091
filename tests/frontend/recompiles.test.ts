/** What makes a compiled function record again, and what it says then. */
import * as torch from "cresset";
import { describe, expect, test, vi } from "vitest";
import { recorder } from "../../frontend/recorder.ts";

const { nn, optim } = torch;
const x = torch.tensor([[1, 2]]);
const trained = (): torch.nn.Linear => new nn.Linear(2, 2, { bias: false });
/** Its results are not differentiated: those of others are recorded as part of the graph around, each time. */
const linear = (): torch.nn.Linear => trained().requires_grad_(false);

class Scaled extends nn.Module {
  factors = [2, 3];
  settings = { bias: 0 };
  activation: (input: torch.Tensor) => torch.Tensor = torch.relu;
  seen = torch.tensor(0);
  override forward(input: torch.Tensor): torch.Tensor {
    this.seen = input.mul(2);
    const active = this.activation(input).add(this.settings.bias);
    return this.factors.reduce((value, factor) => value.mul(factor), active);
  }
}

/** What differs is seen: the compiled function gives what the function itself gives. */
function expectSame(fn: () => torch.Tensor, change: () => void, guard: RegExp): void {
  const compiled = torch.compile(fn);
  compiled();
  compiled();
  expect(compiled.explain_recompiles().map(String)).toEqual([]);
  change();
  expect(compiled().tolist()).toEqual(fn().tolist());
  expect(compiled().tolist()).toEqual(fn().tolist());
  const [recompile, ...rest] = compiled.explain_recompiles();
  expect(rest.map(String)).toEqual([]);
  expect(String(recompile)).toMatch(guard);
  expect(Object.is(recompile!.before, recompile!.now)).toBe(false);
  expect(recompile!.line).toMatch(/recompiles\.test\.ts:\d+:\d+$/);
  expect(String(recompile)).toContain(recompile!.line!);
}

describe("a compiled function is recorded again when", () => {
  test("a module gets or loses a hook", () => {
    const model = linear();
    const run = (): torch.Tensor => model(x);
    const add = (): { remove(): void } =>
      model.register_forward_hook((_module, _args, output) => (output as torch.Tensor).mul(10));
    let handle = { remove(): void {} };
    expectSame(run, () => (handle = add()), /^Linear's forward hooks: a list of 0 -> a list of 1/);
    expectSame(
      run,
      () => (handle.remove(), (handle = add())),
      /^Linear's forward hooks: a list of 1 -> another a list of 1/,
    );
    expectSame(run, () => handle.remove(), /^Linear's forward hooks: a list of 1 -> a list of 0/);
    expectSame(
      run,
      () => model.register_forward_pre_hook((_module, [input]) => (input as torch.Tensor).add(1)),
      /forwardPre/,
    );
  });

  test("all modules get a hook", () => {
    const model = linear();
    let handle: { remove(): void } | null = null;
    expectSame(
      () => model(x),
      () =>
        (handle = nn.modules.module.register_module_forward_hook((_module, _args, output) =>
          (output as torch.Tensor).neg(),
        )),
      /^every module's forward hooks: a list of 0 -> a list of 1/,
    );
    handle!.remove();
  });

  test("a parameter gets a hook", () => {
    const model = trained();
    const gradient = (): torch.Tensor => {
      model.zero_grad();
      model(x).sum().backward();
      return model.weight.grad!;
    };
    let handle = { remove(): void {} };
    expectSame(gradient, () => (handle = model.weight.register_hook((grad) => grad.mul(5))), /^the hooks of /);
    expectSame(gradient, () => handle.remove(), /^the hooks of /);
  });

  test("modules are appended to containers or replaced in them", () => {
    const model = new nn.Sequential(linear(), linear());
    expectSame(
      () => model(x),
      () => model.append(linear()),
      /^Sequential's number of members: /,
    );
    expectSame(
      () => model(x),
      () => void model.pop(0),
      /^Sequential/,
    );
    const list = new nn.ModuleList([linear(), linear()]);
    const inList = (): torch.Tensor => [...list].reduce((value, layer) => layer(value), x);
    expectSame(inList, () => list.append(linear()), /^ModuleList's number of members: /);
    expectSame(inList, () => list.set(0, linear()), /^ModuleList\.0: Linear -> another Linear/);
    const dict = new nn.ModuleDict({ a: linear(), b: linear() });
    const inDict = (): torch.Tensor => dict.values().reduce((value, layer) => layer(value), x);
    expectSame(inDict, () => dict.set("c", linear()), /^ModuleDict's number of members: /);
    expectSame(inDict, () => void dict.pop("a"), /^ModuleDict\.a: Linear -> undefined/);
  });

  test("a container in a module that is called changes", () => {
    class Stack extends nn.Module {
      layers = new nn.ModuleList([linear()]);
      override forward(input: torch.Tensor): torch.Tensor {
        return this.layers[0]!(input);
      }
    }
    const stack = new Stack();
    expectSame(
      () => stack(x),
      () => stack.layers.set(0, linear()),
      /^ModuleList\.0: Linear -> another Linear/,
    );
  });

  test("a container that is only closed over changes", () => {
    const list = new nn.ModuleList([linear(), linear()]);
    expectSame(
      () => list[0]!(x),
      () => list.set(0, linear()),
      /^ModuleList\.0: Linear -> another Linear/,
    );
    const model = new nn.Sequential(linear(), linear());
    expectSame(
      () => model[1]!(x),
      () => model.set(1, linear()),
      /^Sequential\.1: Linear -> another Linear/,
    );
    const parameters = new nn.ParameterList([torch.ones([2]), torch.ones([2])]);
    parameters.requires_grad_(false);
    const fresh = (): torch.nn.Parameter => new nn.Parameter(torch.full([2], 5), false);
    expectSame(
      () => parameters.at(0).mul(2),
      () => parameters.set(0, fresh()),
      /^ParameterList\.0: /,
    );
    const named = new nn.ParameterDict({ a: torch.ones([2]) });
    named.requires_grad_(false);
    expectSame(
      () => named.get("a")!.mul(2),
      () => named.set("a", fresh()),
      /^ParameterDict\.a: /,
    );
  });

  test("an attribute is reassigned, or a list changed where it is", () => {
    const model = new Scaled();
    expectSame(
      () => model(x),
      () => (model.factors = [5]),
      /^Scaled\.factors: a list of 2 -> a list of 1/,
    );
    expectSame(
      () => model(x),
      () => (model.factors[0] = 7),
      /^Scaled\.factors\[0\]: 5 -> 7/,
    );
    expectSame(
      () => model(x),
      () => model.factors.push(2),
      /^Scaled\.factors\.length: 1 -> 2/,
    );
    expectSame(
      () => model(x),
      () => (model.activation = torch.exp),
      /^Scaled\.activation: /,
    );
    expectSame(
      () => model(x),
      () => (model.settings.bias = 7),
      /^Scaled\.settings\.bias: 0 -> 7/,
    );
    const norm = new nn.BatchNorm1d(2).eval().requires_grad_(false);
    expectSame(
      () => norm(x),
      () => (norm.running_mean = torch.ones([2])),
      /^BatchNorm1d\.running_mean: /,
    );
  });

  test("a module changes of which only a method or a getter is used", () => {
    class Codec extends nn.Module {
      scale = 2;
      readonly settings = { bias: 1 };
      encode(input: torch.Tensor): torch.Tensor {
        return input.mul(this.scale);
      }
      get bias(): number {
        return this.settings.bias;
      }
    }
    class Wide extends Codec {
      override encode(input: torch.Tensor): torch.Tensor {
        return super.encode(input).add(this.settings.bias);
      }
    }
    for (const Class of [Codec, Wide]) {
      const codec = new Class();
      const label = Class.name;
      expectSame(
        () => codec.encode(x),
        () => (codec.scale = 5),
        new RegExp(`^${label}\\.scale: 2 -> 5`),
      );
      expectSame(
        () => x.mul(codec.bias),
        () => (codec.settings.bias = 7),
        new RegExp(`^${label}\\.settings\\.bias: 1 -> 7`),
      );
      expect([codec.encode.name, codec.encode.length]).toEqual(["encode", 1]);
    }
    const norm = new nn.BatchNorm1d(2).requires_grad_(false);
    expectSame(
      () => norm.forward(torch.cat([x, x])),
      () => norm.eval(),
      /^BatchNorm1d\.training: true -> false/,
    );
    const model = linear();
    expectSame(
      () => model.forward(x),
      () => (model.weight = new nn.Parameter(torch.ones([2, 2]), false)),
      /^Linear\.weight: /,
    );
  });

  test("a parameter is exchanged that it takes from a module itself", () => {
    const model = linear();
    expectSame(
      () => nn.functional.linear(x, model.weight),
      () => (model.weight = new nn.Parameter(torch.ones([2, 2]), false)),
      /^Linear\.weight: /,
    );
    expectSame(
      () => x.matmul(model.weight),
      () => model.load_state_dict({ weight: torch.full([2, 2], 3) }, { assign: true }),
      /^Linear\.weight: /,
    );
  });

  test("parameters are frozen, exchanged or converted", () => {
    const model = trained();
    const run = (): torch.Tensor => {
      model.zero_grad();
      const y = model(x);
      if (y.requires_grad) y.sum().backward();
      return y.detach();
    };
    expectSame(run, () => model.requires_grad_(false), /^Linear\.weight\.requires_grad: true -> false/);
    expectSame(run, () => (model.weight = new nn.Parameter(torch.ones([2, 2]))), /^Linear\.weight: /);
    expectSame(
      () => model(x.to(model.weight.dtype)).detach(),
      () => model.to("float64"),
      /^Linear\.weight's memory: float32 on cpu -> float64 on cpu/,
    );
  });

  test("a tensor that is closed over comes to require grad, or no longer does", () => {
    const weight = torch.ones([2]);
    expectSame(
      () => (weight.requires_grad ? x.mul(100) : x.mul(1)),
      () => weight.requires_grad_(),
      /^requires_grad of a closed-over float32\[2\]: false -> true/,
    );
    expectSame(
      () => (weight.requires_grad ? x.mul(100) : x.mul(1)),
      () => weight.requires_grad_(false),
      /^requires_grad of a closed-over float32\[2\]: true -> false/,
    );
  });

  test.each<[string, (tensor: torch.Tensor) => unknown, RegExp]>([
    ["assigned to .data", (tensor) => (tensor.data = torch.ones([2, 2])), /^memory of .*: float32 on cpu -> another /],
    ["set_", (tensor) => tensor.set_(torch.full([4], 5)), /: float32\[2, 2\] -> float32\[4\]/],
    ["resize_", (tensor) => tensor.resize_(2), /: float32\[2, 2\] -> float32\[2\]/],
    ["resize_ to more", (tensor) => tensor.resize_(7).fill_(2), /: float32\[2, 2\] -> float32\[7\]/],
    ["t_", (tensor) => tensor.t_(), /^view that .* is: null -> t/],
    ["unsqueeze_", (tensor) => tensor.unsqueeze_(0), /: float32\[2, 2\] -> float32\[1, 2, 2\]/],
  ])("a tensor that is closed over comes to stand for something else: %s", (_, change, guard) => {
    const weight = torch.tensor([
      [1, 2],
      [3, 4],
    ]);
    expectSame(
      () => weight.mul(2),
      () => change(weight),
      guard,
    );
  });

  test("memory of which it uses a view gets another size", () => {
    const weight = torch.ones([2]);
    const view = weight.view(1, 2);
    expectSame(
      () => view.mul(2),
      () => weight.resize_(5),
      /^size of the memory of a closed-over float32\[1, 2\]: 2 -> 5/,
    );
  });

  test("its results can be differentiated from now on", () => {
    const weight = torch.ones([2]);
    const scaled = torch.compile((input: torch.Tensor) => input.mul(weight));
    expect(scaled(x).requires_grad).toBe(false);
    weight.requires_grad_();
    for (let i = 0; i < 2; i++) expect(scaled(x).requires_grad).toBe(true);
    scaled(x).sum().backward();
    expect(weight.grad!.tolist()).toEqual([1, 2]);
    expect(scaled.explain_recompiles().map(({ guard }) => guard)).toEqual([
      "requires_grad of a closed-over float32[2]",
    ]);
  });

  test("an optimizer's step gets a hook", () => {
    const weight = torch.tensor([1], { requires_grad: true });
    const optimizer = new optim.SGD([weight], { lr: 0 });
    const step = torch.compile(() => {
      weight.grad = null;
      weight.mul(2).backward();
      optimizer.step();
    });
    step();
    let calls = 0;
    optimizer.register_step_post_hook(() => void calls++);
    step();
    expect(calls).toBe(1);
    expect(String(step.explain_recompiles()[0])).toMatch(/^SGD\.step's post-hooks: a list of 0 -> a list of 1/);
  });
});

/** A step of Adam's on one parameter at a time, and what it was recorded again for. */
function stepsOf(change: (optimizer: torch.optim.Adam, other: torch.Tensor) => void, compile: boolean): unknown[] {
  const [weight, other] = [torch.tensor([1], { requires_grad: true }), torch.tensor([7], { requires_grad: true })];
  const optimizer = new optim.Adam([weight], { lr: 0.1 });
  const body = (): void => {
    optimizer.zero_grad();
    weight.mul(2).add(other.mul(3)).backward();
    optimizer.step();
  };
  const step = compile ? torch.compile(body) : body;
  const values: unknown[] = [];
  for (let i = 0; i < 6; i++) {
    if (i === 3) change(optimizer, other);
    step();
    values.push(weight.item(), other.item());
  }
  return values;
}

test("a step trains the memory that a parameter has by then", () => {
  const run = (compile: boolean): unknown => {
    const weight = torch.ones([2]).requires_grad_(true);
    const optimizer = new optim.SGD([weight], { lr: 1, momentum: 0.5 });
    const body = (): void => {
      optimizer.zero_grad();
      weight.mul(2).sum().backward();
      optimizer.step();
    };
    const step = compile ? torch.compile(body) : body;
    return [weight.data, torch.tensor([100, 50]), weight.data].flatMap((data) => {
      weight.data = data;
      step();
      step();
      return [weight.tolist(), data.tolist()];
    });
  };
  expect(run(true)).toEqual(run(false));
});

test("an optimizer's state that is cleared, and a parameter that is exchanged, are seen", () => {
  const clear = (optimizer: torch.optim.Adam): void => optimizer.state.clear();
  expect(stepsOf(clear, true)).toEqual(stepsOf(clear, false));
  const exchange = (optimizer: torch.optim.Adam, other: torch.Tensor): void =>
    void (optimizer.param_groups[0]!.params[0] = other);
  expect(stepsOf(exchange, true)).toEqual(stepsOf(exchange, false));
});

test("what forward itself assigns records nothing again", () => {
  const model = new Scaled();
  const run = torch.compile((input: torch.Tensor) => model(input));
  for (let i = 0; i < 4; i++) {
    expect(run(torch.tensor([i])).item()).toBe(6 * i);
    expect(model.seen.tolist()).toEqual([2 * i]);
  }
  expect(run.explain_recompiles().map(String)).toEqual([]);
});

const symbol = Symbol();
class Summing extends nn.Module {
  readonly held: Uint8Array;
  constructor(held: Uint8Array) {
    super();
    this.held = held;
  }
  override forward(): number {
    return this.held[0]!;
  }
}

class Options {
  scale = 2;
  readonly weights = [torch.ones([2])];
}
class Holding extends nn.Module {
  options = new Options();
  factors = new Map<string, number>([["a", 2]]);
  flags = new Set<string>();
  numbers = new Float32Array([2]);
  nested = { list: [{ bias: 1 }] };
  unread: number[] = [];
  epoch = 0;
  override forward(input: torch.Tensor): torch.Tensor {
    const { scale, weights } = this.options;
    const scaled = weights.reduce((value, weight) => value.mul(weight), input).mul(scale * this.factors.get("a")!);
    const shifted = scaled.add(this.nested.list[0]!.bias).mul(this.numbers[0]!);
    return this.flags.has("negative") ? shifted.neg() : shifted;
  }
}

test.each<[string, (model: Holding) => unknown, RegExp]>([
  ["an object of a class", ({ options }) => (options.scale = 5), /^Holding\.options\.scale: 2 -> 5/],
  ["a list in one", ({ options }) => options.weights.push(x.at(0)), /^Holding\.options\.weights\.length: 1 -> 2/],
  ["a Map", ({ factors }) => factors.set("a", 3), /^Holding\.factors\[a\]: 2 -> 3/],
  ["a Set", ({ flags }) => flags.add("negative"), /^Holding\.flags's number of members: 0 -> 1/],
  ["a typed array", ({ numbers }) => (numbers[0] = 7), /^Holding\.numbers\[0\]: 2 -> 7/],
  ["an object in a list", ({ nested }) => (nested.list[0]!.bias = 9), /^Holding\.nested\.list\[0\]\.bias: 1 -> 9/],
])("what a module holds in %s is looked at", (_, change, guard) => {
  const model = new Holding();
  expectSame(
    () => model(x),
    () => void change(model),
    guard,
  );
});

class Keyed extends nn.Module {
  readonly sizes: Record<string, number> = { a: 1 };
  readonly bytes = new Uint8Array([1, 0, 0, 0]).buffer;
  readonly view = new DataView(new ArrayBuffer(3), 1);
  readonly date = new Date(1000);
  readonly [symbol]: number = 2;
  readonly names = new Map([["a", 1]]);
  readonly flags = new Set(["a"]);
  override forward(input: torch.Tensor): torch.Tensor {
    const numbers = [new Int32Array(this.bytes)[0]!, this.view.getUint8(1) + 1, this.date.getTime(), this[symbol]];
    const keys = ["b" in this.sizes, this.names.has("b"), this.flags.has("b")].map((has) => (has ? 5 : 1));
    return [...numbers, ...keys].reduce((value, number) => value.mul(number), input);
  }
}
test.each<[string, (model: Keyed) => unknown, RegExp]>([
  ["a member in the place of another", ({ sizes }) => (delete sizes["a"], (sizes["b"] = 1)), /^Keyed\.sizes/],
  ["a key of a Map", ({ names }) => (names.clear(), names.set("b", 1)), /^Keyed\.names/],
  ["an item of a Set", ({ flags }) => (flags.clear(), flags.add("b")), /^Keyed\.flags/],
  ["an ArrayBuffer", ({ bytes }) => (new Uint8Array(bytes)[0] = 3), /^Keyed\.bytes\[0\]: 1 -> 3/],
  ["a DataView", ({ view }) => view.setUint8(1, 3), /^Keyed\.view\[1\]: 0 -> 3/],
  ["a Date", ({ date }) => date.setTime(2000), /^Keyed\.date: 1000 -> 2000/],
  ["a symbol", (model) => Object.assign(model, { [symbol]: 7 }), /^Keyed\.Symbol\(\): 2 -> 7/],
])("what a module holds is compared: %s", (_, change, guard) => {
  const model = new Keyed();
  expectSame(
    () => model(x),
    () => void change(model),
    guard,
  );
});

test("an argument that was made in inference_mode is refused where it is uncompiled", () => {
  const layer = trained();
  const loss = torch.compile((input: torch.Tensor) => layer(input).sum().detach());
  const made = torch.inference_mode(() => x.mul(2));
  for (let i = 0; i < 3; i++) {
    expect(loss(x).item()).toEqual(expect.any(Number));
    expect(() => loss(made)).toThrow(/Inference tensors cannot be saved for backward/);
  }
  const isInference = torch.compile((input: torch.Tensor) => [input.mul(1), input.is_inference()]);
  const seen = [x, made].flatMap((input) => [isInference(input)[1], torch.inference_mode(() => isInference(input)[1])]);
  expect(seen).toEqual([false, false, true, true]);
});

test("a list is no object and no Map, whatever it holds", () => {
  const classOf = torch.compile((held: object, input: torch.Tensor) => {
    if (Array.isArray(held)) held.push(input);
    return [input.mul(2), held.constructor.name];
  });
  const a = x;
  const all = [[], {}, new Map(), { a }, new Map([["a", a]])];
  expect(all.map((held) => classOf(held, x)[1])).toEqual(["Array", "Object", "Map", "Object", "Map"]);
  expect(all.map((held) => Object.keys(held))).toEqual([["0"], [], [], ["a"], []]);
});

test("a parameter that is an argument is one in the function", () => {
  const isParameter = torch.compile((input: torch.Tensor) => [input.mul(2), input instanceof nn.Parameter]);
  const all = [x, new nn.Parameter(x, false), x, new nn.Parameter(x), new nn.Parameter(x, false)];
  expect(all.map((input) => isParameter(input)[1])).toEqual([false, true, false, true, true]);
  expect(String(isParameter.explain_recompiles()[0])).toContain("input's class: Tensor -> Parameter");
});

test("symbols of a plain argument are looked at", () => {
  const scaled = torch.compile((options: Record<symbol, number>) => x.mul(options[symbol]!));
  for (const scale of [2, 3]) expect(scaled({ [symbol]: scale }).tolist()).toEqual([[scale, 2 * scale]]);
});

test("long arrays and deep objects are compared", () => {
  const long = new Uint8Array(2e7);
  long[0] = 2;
  const summing = new Summing(long);
  expectSame(
    () => x.mul(summing()),
    () => (long[0] = 3),
    /^Summing\.held\[0\]: 2 -> 3/,
  );
  type Chain = { next: Chain | null; value: number };
  const deep = (value: number): Chain => {
    let chain: Chain = { next: null, value };
    for (let i = 0; i < 20_000; i++) chain = { next: chain, value };
    return chain;
  };
  const model = new (class Deep extends nn.Module {
    chain = deep(2);
    override forward(input: torch.Tensor): torch.Tensor {
      let sum = 0;
      for (let at: Chain | null = this.chain; at !== null; at = at.next) sum += at.value;
      this.chain = deep(2);
      return input.mul(sum);
    }
  })();
  const run = torch.compile(() => model(x));
  for (let i = 0; i < 3; i++) expect(run().tolist()).toEqual([[40_002, 80_004]]);
});

test("what forward does not read may change", () => {
  const model = new Holding();
  const run = torch.compile(() => model(x).sum());
  for (let i = 0; i < 4; i++) {
    model.unread.push(run().item() as number);
    model.epoch = i;
  }
  expect(model.unread).toEqual([28, 28, 28, 28]);
  expect(run.explain_recompiles().map(String)).toEqual([]);
});

test("so may tensors, of modules and of what a method is called on", () => {
  class Keeping extends Holding {
    last = x;
  }
  const model = new Keeping();
  class Trainer {
    best = x;
    readonly run = torch.compile((input: torch.Tensor) => this.forward(input));
    forward(input: torch.Tensor): torch.Tensor {
      return model(input).sum();
    }
  }
  const trainer = new Trainer();
  for (let i = 0; i < 4; i++) {
    model.last = trainer.run(x);
    trainer.best = torch.minimum(trainer.best, model.last);
  }
  expect(trainer.run.explain_recompiles().map(String)).toEqual([]);
});

test("a module that is called with other tensors in the place of its own stays the one it is", () => {
  const model = new nn.Linear(2, 2);
  const [weight, bias] = [torch.ones(3, 2, 2), torch.zeros(3, 2)];
  const run = torch.compile((input: torch.Tensor) =>
    torch
      .vmap((weight: torch.Tensor, bias: torch.Tensor) => torch.func.functional_call(model, { weight, bias }, [input]))(
        weight,
        bias,
      )
      .sum(),
  );
  for (let i = 1; i < 5; i++) expect(run(x.mul(i)).item()).toBe(18 * i);
  expect(run.explain_recompiles()).toEqual([]);
});

describe("of many sizes in turns", () => {
  const rows = (count: number): torch.Tensor => torch.ones(count, 2);
  const counting = (width: number) => {
    const counts = { recorded: 0 };
    const summed = torch.compile((input: torch.Tensor) => {
      counts.recorded++;
      return Array.from({ length: width }, (_, k) => input.mul(k + 2).sum());
    });
    return { counts, summed };
  };

  test("small recordings are kept by the hundred", () => {
    const { counts, summed } = counting(1);
    for (let round = 0; round < 3; round++)
      for (let size = 1; size <= 100; size++) expect(summed(rows(size))[0]!.item()).toBe(4 * size);
    expect(counts.recorded).toBe(100);
  });

  test("of larger ones, those that are used stay", () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const { counts, summed } = counting(130);
    // What comes twice in a row takes the place of what was used longest ago.
    for (let size = 1; size <= 70; size++) for (const rowCount of [size, size, 1]) summed(rows(rowCount));
    const recorded = counts.recorded;
    summed(rows(1));
    expect(counts.recorded).toBe(recorded);
    summed(rows(2));
    expect(counts.recorded).toBe(recorded + 1);
    vi.restoreAllMocks();
  });
});

test("what is compiled for one function or number is there for another", () => {
  const scaled = () => torch.compile((input: torch.Tensor, by: number) => input.mul(by).add(7).cosh());
  scaled()(x, 1);
  const before = recorder.compileCount;
  const again = scaled();
  for (const by of [2, 3, 4]) again(x, by);
  expect(again.explain_recompiles().length).toBe(2);
  expect(recorder.compileCount - before).toBe(0);
});
