import { describe, expect, it } from "vitest";
import * as torch from "cresset";

const { nn } = torch;

class Net extends nn.Module {
  first = new nn.Linear(3, 4);
  second = new nn.Linear(4, 2, { bias: false });
  override forward(x: torch.Tensor): torch.Tensor {
    return this.second(this.first(x).relu());
  }
}

describe("Module", () => {
  it("is a function with the methods of its class", () => {
    const net = new Net();
    expect(typeof net).toBe("function");
    expect(net).toBeInstanceOf(Net);
    expect(net).toBeInstanceOf(nn.Module);
    expect(net(torch.ones(5, 3)).shape).toEqual([5, 2]);
  });

  it("changes the type of its parameters", () => {
    const layer = new nn.Linear(2, 2).half();
    expect(layer.weight.dtype).toBe(torch.float16);
    expect(layer.double().weight.dtype).toBe(torch.float64);
  });

  it("has the type of forward", () => {
    const net = new Net();
    const result: torch.Tensor = net(torch.ones(1, 3));
    // @ts-expect-error -- forward takes a tensor
    expect(() => net("text")).toThrow();
    expect(result.shape).toEqual([1, 2]);
  });

  it("may have attributes called name and length", () => {
    class Named extends nn.Module {
      override name = "a name";
      override length = 7;
    }
    const module = new Named();
    expect([module.name, module.length]).toEqual(["a name", 7]);
    expect(Object.keys(new nn.Identity())).toEqual(["training"]);
  });

  it("works without evaluating code", () => {
    const before = globalThis.Function;
    globalThis.Function = (() => {
      throw new Error("Function was called");
    }) as unknown as FunctionConstructor;
    try {
      expect(new Net().parameters()).toHaveLength(3);
    } finally {
      globalThis.Function = before;
    }
  });

  it("finds parameters by looking: late, deleted and reassigned ones", () => {
    const net = new Net();
    const names = (): string[] => net.named_parameters().map(([name]) => name);
    expect(names()).toEqual(["first.weight", "first.bias", "second.weight"]);
    const late = net as Net & { extra?: torch.nn.Parameter };
    late.extra = new nn.Parameter(torch.zeros(2));
    expect(names()).toEqual(["extra", "first.weight", "first.bias", "second.weight"]);
    delete late.extra;
    net.second = new nn.Linear(4, 2);
    expect(names()).toEqual(["first.weight", "first.bias", "second.weight", "second.bias"]);
  });

  it("gives shared parameters once", () => {
    const net = new Net();
    net.second.weight = net.first.weight;
    expect(net.parameters()).toHaveLength(2);
    expect(net.named_parameters({ remove_duplicate: false })).toHaveLength(3);
  });

  it("tells parameters from tensors and buffers", () => {
    const module = new nn.Module() as torch.nn.Module & Record<string, unknown>;
    module["plain"] = torch.zeros(1);
    module["weight"] = new nn.Parameter(torch.zeros(1));
    module["stat"] = new nn.Buffer(torch.zeros(2));
    module.register_buffer("hidden", torch.ones(1), { persistent: false });
    module.register_parameter("bias", null);
    expect(module.named_parameters().map(([name]) => name)).toEqual(["weight"]);
    expect(module.named_buffers().map(([name]) => name)).toEqual(["stat", "hidden"]);
    expect(Object.keys(module.state_dict())).toEqual(["weight", "stat"]);
  });

  it("refuses names that cannot be", () => {
    const module = new nn.Module();
    expect(() => module.register_parameter("a.b", null)).toThrow('can\'t contain "."');
    expect(() => module.register_buffer("", null)).toThrow("can't be empty string");
    expect(() => module.add_module("forward", new nn.ReLU())).toThrow("attribute 'forward' already exists");
  });

  it("walks its tree with dotted names", () => {
    const model = new nn.Sequential(new Net(), new nn.Sequential(new nn.ReLU()));
    expect(model.named_modules().map(([name]) => name)).toEqual(["", "0", "0.first", "0.second", "1", "1.0"]);
    expect(model.get_submodule("0.first")).toBeInstanceOf(nn.Linear);
    expect(model.get_parameter("0.first.bias").shape).toEqual([4]);
    expect(() => model.get_submodule("0.third")).toThrow("has no attribute `third`");
    const seen: string[] = [];
    model.apply((module) => seen.push(module._get_name()));
    expect(seen).toEqual(["Linear", "Linear", "Net", "ReLU", "Sequential", "Sequential"]);
  });

  it("switches modes of the whole tree", () => {
    const model = new nn.Sequential(new nn.Dropout(), new Net());
    expect(
      model
        .eval()
        .modules()
        .every((module) => !module.training),
    ).toBe(true);
    expect(
      model
        .train()
        .modules()
        .every((module) => module.training),
    ).toBe(true);
    model.requires_grad_(false);
    expect(model.parameters().some((parameter) => parameter.requires_grad)).toBe(false);
  });

  it("converts in place: parameters stay the same objects", () => {
    const net = new Net();
    const weight = net.first.weight;
    net.double();
    expect(net.first.weight).toBe(weight);
    expect(weight.dtype).toBe(torch.float64);
    expect(weight.requires_grad).toBe(true);
    const out = net(torch.ones([1, 3], { dtype: torch.float64 }));
    out.sum().backward();
    expect(weight.grad!.dtype).toBe(torch.float64);
    net.to("cpu:js");
    expect(String(weight.device)).toBe("cpu:js");
    expect(() => net.to(torch.int64)).toThrow("floating point or complex");
  });

  it("clears gradients", () => {
    const net = new Net();
    net(torch.ones(1, 3)).sum().backward();
    net.zero_grad({ set_to_none: false });
    expect(net.second.weight.grad!.tolist()).toEqual([
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
    net.zero_grad();
    expect(net.second.weight.grad).toBeNull();
  });
});

describe("Parameter", () => {
  it("is a leaf that requires grad and shares memory with its data", () => {
    const data = torch.zeros(2);
    const parameter = new nn.Parameter(data);
    expect([parameter.requires_grad, parameter.is_leaf, data.requires_grad]).toEqual([true, true, false]);
    torch.no_grad(() => parameter.add_(1));
    expect(data.tolist()).toEqual([1, 1]);
    expect(new nn.Parameter(data, false).requires_grad).toBe(false);
    expect(torch.no_grad(() => new nn.Parameter(torch.zeros(1))).requires_grad).toBe(true);
  });
});

describe("what a model returned", () => {
  it("can be read after later steps have overwritten the parameters", () => {
    const net = new Net();
    const optimizer = new torch.optim.SGD(net.parameters(), { lr: 0.5 });
    const x = torch.ones(1, 3);
    const expected = net(x).tolist();
    const outputs: torch.Tensor[] = [];
    for (let i = 0; i < 6; i++) {
      optimizer.zero_grad();
      const y = net(x);
      outputs.push(y);
      y.pow(2).sum().backward();
      optimizer.step();
    }
    expect(outputs[0]!.tolist()).toEqual(expected);
  });
});
