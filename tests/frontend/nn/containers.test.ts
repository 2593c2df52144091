import { describe, expect, it } from "vitest";
import * as torch from "cresset";

const { nn } = torch;

describe("Sequential", () => {
  it("indexes, slices, grows and iterates", () => {
    const model = new nn.Sequential(new nn.Linear(2, 2), new nn.ReLU());
    model.append(new nn.Tanh()).insert(1, new nn.Sigmoid());
    expect([...model].map((module) => module._get_name())).toEqual(["Linear", "Sigmoid", "ReLU", "Tanh"]);
    expect(model[3]).toBe(model.at(-1));
    expect(model.at("1:3").toString()).toBe("Sequential(\n  (1): Sigmoid()\n  (2): ReLU()\n)");
    model.pop(0);
    expect(Object.keys(model.state_dict())).toEqual([]);
    expect(model.length).toBe(3);
    expect(() => model.at(3)).toThrow("out of range");
  });

  it("takes names", () => {
    const model = new nn.Sequential({ up: new nn.Linear(1, 2), down: new nn.Linear(2, 1) });
    expect(Object.keys(model.state_dict())).toEqual(["up.weight", "up.bias", "down.weight", "down.bias"]);
    expect(model(torch.ones(3, 1)).shape).toEqual([3, 1]);
  });
});

describe("ModuleList and ModuleDict", () => {
  it("register what they hold, in order", () => {
    const list = new nn.ModuleList([new nn.Linear(1, 1)]).extend([new nn.Linear(1, 1)]);
    expect(list.named_parameters().map(([name]) => name)).toEqual(["0.weight", "0.bias", "1.weight", "1.bias"]);
    const dict = new nn.ModuleDict([
      ["b", new nn.ReLU()],
      ["10", new nn.Tanh()],
    ] as const);
    dict.set("2", new nn.Sigmoid());
    expect(dict.keys()).toEqual(["b", "10", "2"]);
    expect(dict.named_children().map(([name]) => name)).toEqual(["b", "10", "2"]);
    expect(dict.pop("10")).toBeInstanceOf(nn.Tanh);
    expect(dict.has("10")).toBe(false);
    expect(() => dict.set("keys", new nn.ReLU())).toThrow("already exists");
  });
});

describe("ParameterList and ParameterDict", () => {
  it("make tensors parameters", () => {
    const list = new nn.ParameterList([torch.zeros(2), torch.zeros(3)]);
    expect(list.parameters().map((parameter) => parameter.shape[0])).toEqual([2, 3]);
    expect(list.at(-1)).toBeInstanceOf(nn.Parameter);
    const dict = new nn.ParameterDict([
      ["9", torch.zeros(1)],
      ["a", torch.zeros(2)],
      ["1", torch.zeros(3)],
    ]);
    expect(dict.named_parameters().map(([name]) => name)).toEqual(["9", "a", "1"]);
    expect(String(list)).toBe(
      "ParameterList(\n    (0): Parameter containing: [torch.float32 of size 2]\n    (1): Parameter containing: [torch.float32 of size 3]\n)",
    );
  });
});
