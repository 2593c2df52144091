/** Behaviours of modules, their containers, hooks and initial values. */
import * as torch from "cresset";
import { expect } from "vitest";
import { webgpuAvailable } from "../../support/webgpu.ts";
import type { Behaviours } from "../behaviours.ts";

const { nn } = torch;
const F = nn.functional;

const convolutions = () => [new nn.Conv2d(1, 20, 5), new nn.ReLU(), new nn.Conv2d(20, 64, 5), new nn.ReLU()] as const;

class net_modlist extends nn.Module {
  modlist = new nn.ModuleList(convolutions());
  override forward(x: torch.Tensor): torch.Tensor {
    let y = x;
    for (const module of this.modlist) y = (module as unknown as (x: torch.Tensor) => torch.Tensor)(y);
    return y;
  }
}

/** Form B: its own parameters, and the function. */
class MyModel extends nn.Module {
  weight: torch.nn.Parameter;
  bias: torch.nn.Parameter;
  constructor(convolution = new nn.Conv2d(1, 6, 3)) {
    super();
    this.weight = convolution.weight;
    this.bias = convolution.bias!;
  }
  override forward(x: torch.Tensor): torch.Tensor {
    return F.conv2d(x, this.weight, this.bias);
  }
}

class Chosen extends nn.Module {
  choices = new nn.ModuleDict({ conv: new nn.Conv2d(10, 10, 3), pool: new nn.MaxPool2d(3) });
  activations = new nn.ModuleDict([
    ["lrelu", new nn.LeakyReLU()],
    ["prelu", new nn.PReLU()],
  ] as [string, torch.nn.Module][]);
  override forward(x: torch.Tensor, choice: string, act: string): torch.Tensor {
    const call = (dict: { get(name: string): unknown }, name: string) =>
      dict.get(name) as (x: torch.Tensor) => torch.Tensor;
    return call(this.activations, act)(call(this.choices, choice)(x));
  }
}

export const moduleBehaviours: Behaviours = {
  "sequential-dict"() {
    const [conv1, relu1, conv2, relu2] = convolutions();
    const named = new nn.Sequential({ conv1, relu1, conv2, relu2 });
    expect(named.named_children()).toEqual([
      ["conv1", conv1],
      ["relu1", relu1],
      ["conv2", conv2],
      ["relu2", relu2],
    ]);
    const listed = new nn.Sequential(...convolutions());
    listed[0]!.load_state_dict(conv1.state_dict());
    listed[2]!.load_state_dict(conv2.state_dict());
    const x = torch.randn(1, 1, 12, 12);
    expect(torch.equal(named(x), listed(x))).toBe(true);
  },
  "modulelist-print"() {
    expect(String(new net_modlist())).toBe(
      "net_modlist(\n  (modlist): ModuleList(\n    (0): Conv2d(1, 20, kernel_size=(5, 5), stride=(1, 1))\n    (1): ReLU()\n    (2): Conv2d(20, 64, kernel_size=(5, 5), stride=(1, 1))\n    (3): ReLU()\n  )\n)",
    );
  },
  "modulelist-params"() {
    const parameters = new net_modlist().parameters();
    expect(parameters.map((parameter) => parameter.size())).toEqual([[20, 1, 5, 5], [20], [64, 20, 5, 5], [64]]);
    for (const { data } of parameters) {
      expect(data).toBeInstanceOf(torch.Tensor);
      expect(data).not.toBeInstanceOf(nn.Parameter);
    }
  },
  "modulelist-no-forward"() {
    const list = new nn.ModuleList([new nn.ReLU()]) as unknown as (x: torch.Tensor) => torch.Tensor;
    expect(() => list(torch.ones(1))).toThrow('Module [ModuleList] is missing the required "forward" function');
  },
  "modulelist-ten-linears"() {
    class MyModule extends nn.Module {
      linears = new nn.ModuleList(Array.from({ length: 10 }, () => new nn.Linear(10, 10)));
      override forward(input: torch.Tensor): torch.Tensor {
        let x = input;
        const layers = [...this.linears] as torch.nn.Linear[];
        for (const [i, layer] of layers.entries()) x = layers[Math.floor(i / 2)]!(x).add(layer(x));
        return x;
      }
    }
    const model = new MyModule();
    expect([model.linears.length, model.parameters().length]).toEqual([10, 20]);
    expect(model(torch.randn(3, 10)).shape).toEqual([3, 10]);
  },
  moduledict() {
    const model = new Chosen();
    const x = torch.randn(1, 10, 9, 9);
    expect([model(x, "conv", "lrelu").shape, model(x, "pool", "prelu").shape]).toEqual([
      [1, 10, 7, 7],
      [1, 10, 3, 3],
    ]);
    expect(model.named_parameters().map(([name]) => name)).toEqual([
      "choices.conv.weight",
      "choices.conv.bias",
      "activations.prelu.weight",
    ]);
  },
  "parameter-registration"() {
    class Two extends nn.Module {
      p = new nn.Parameter(torch.zeros(2));
      q = torch.zeros(2);
    }
    const model = new Two();
    const parameters = model.parameters();
    expect([parameters.length, parameters[0] === model.p]).toEqual([1, true]);
    expect(model.p.requires_grad).toBe(true);
  },
  "conv-two-forms"() {
    class ModelA extends nn.Module {
      conv = new nn.Conv2d(1, 6, 3);
      override forward(x: torch.Tensor): torch.Tensor {
        return this.conv(x);
      }
    }
    const a = new ModelA();
    const same = new nn.Conv2d(1, 6, 3);
    same.load_state_dict(a.conv.state_dict());
    const b = new MyModel(same);
    expect([a.parameters().length, b.parameters().length]).toEqual([2, 2]);
    const x = torch.randn(2, 1, 8, 8);
    const [ya, yb] = [a(x), b(x)];
    expect(torch.equal(ya, yb)).toBe(true);
    ya.pow(2).sum().backward();
    yb.pow(2).sum().backward();
    expect(torch.allclose(a.conv.weight.grad!, b.weight.grad!)).toBe(true);
    expect(torch.allclose(a.conv.bias!.grad!, b.bias.grad!)).toBe(true);
  },
  "call-runs-hooks"() {
    const model = new MyModel();
    const input = torch.randn(1, 1, 32, 32);
    let calls = 0;
    model.register_forward_hook(() => void calls++);
    expect(model(input).shape).toEqual([1, 6, 30, 30]);
    expect(calls).toBe(1);
    model.forward(input);
    expect(calls).toBe(1);
    expect(String(model)).toBe("MyModel()");
  },
  "dropout-train"() {
    torch.manual_seed(5);
    const dropout = new nn.Dropout(0.25);
    const x = torch.ones(100_000);
    const [first, second] = [dropout(x), dropout(x)];
    const values = new Set(first.tolist() as number[]);
    expect([...values].toSorted((a, b) => a - b)).toEqual([0, Math.fround(4 / 3)]);
    const zeros = 1 - (torch.count_nonzero(first).item() as number) / 100_000;
    // Five standard errors.
    expect(Math.abs(zeros - 0.25)).toBeLessThan(5 * Math.sqrt((0.25 * 0.75) / 100_000));
    expect(Math.abs((first.mean().item() as number) - 1)).toBeLessThan(0.01);
    expect(torch.equal(first, second)).toBe(false);
  },
  async "half-cuda"() {
    // Without an adapter this says so, and there is nothing to move to.
    if (!(await webgpuAvailable())) return;
    await torch.webgpu.init();
    const model = new nn.Sequential(new nn.Linear(3, 4), new nn.BatchNorm1d(4));
    expect(model.half().cuda()).toBe(model);
    const held = [...model.parameters(), ...model.buffers()];
    const kinds = held.map(({ dtype, device }) => `${dtype.name} on ${device.type}`);
    expect(new Set(kinds)).toEqual(new Set(["float16 on webgpu", "int64 on webgpu"]));
  },
  "reset-all"() {
    const model = new nn.Sequential(new nn.Linear(3, 4), new nn.ReLU(), new nn.Linear(4, 2));
    const before = model.parameters();
    const values = before.map((parameter) => parameter.tolist());
    for (const layer of model.children())
      if ("reset_parameters" in layer) (layer as torch.nn.Linear).reset_parameters();
    model.parameters().forEach((parameter, i) => {
      expect(parameter).toBe(before[i]);
      expect(parameter.tolist()).not.toEqual(values[i]);
    });
  },
  "xavier-1"() {
    torch.manual_seed(7);
    const gain = nn.init.calculate_gain("relu");
    const w = nn.init.xavier_uniform_(torch.empty(3, 5), { gain });
    const bound = Math.SQRT2 * Math.sqrt(6 / 8);
    expect(w.abs().max().item()).toBeLessThanOrEqual(bound);
    const large = nn.init.xavier_uniform_(torch.empty(200, 300), { gain });
    const a = Math.SQRT2 * Math.sqrt(6 / 500);
    const variance = torch.var(large).item() as number;
    // Five standard errors of a uniform distribution's variance.
    expect(Math.abs(variance / (a ** 2 / 3) - 1)).toBeLessThan(5 * Math.sqrt(0.8 / 60_000));
  },
  "kaiming-1"() {
    torch.manual_seed(8);
    const w = nn.init.kaiming_normal_(torch.empty(3, 20_000), { mode: "fan_out", nonlinearity: "relu" });
    const std = torch.std(w).item() as number;
    expect(Math.abs(std / 0.816496581 - 1)).toBeLessThan(5 / Math.sqrt(2 * 60_000));
    expect(nn.init.kaiming_normal_(torch.empty(3, 5), { mode: "fan_out", nonlinearity: "relu" }).shape).toEqual([3, 5]);
  },
  "param-groups"() {
    const groups = new torch.optim.Adam(new nn.Linear(2, 2).parameters()).param_groups;
    expect(groups).toHaveLength(1);
    expect(Object.keys(groups[0]!)).toEqual(
      expect.arrayContaining(["params", "lr", "betas", "eps", "weight_decay", "amsgrad", "maximize"]),
    );
  },
};
