import { describe, expect, it } from "vitest";
import * as torch from "cresset";

const { nn } = torch;

describe("initialisation", () => {
  it("draws weights before biases, uniform in 1/sqrt(fan in)", () => {
    torch.manual_seed(3);
    const layer = new nn.Linear(4, 2);
    torch.manual_seed(3);
    const expected = torch.empty(2, 4).uniform_(-0.5, 0.5);
    const bias = torch.empty(2).uniform_(-0.5, 0.5);
    expect(layer.weight.detach().tolist()).toEqual(expected.tolist());
    expect(layer.bias!.detach().tolist()).toEqual(bias.tolist());
  });

  it("gives attention zeros for biases and one draw for all projections", () => {
    const attention = new nn.MultiheadAttention(8, 2);
    expect(attention.named_parameters().map(([name]) => name)).toEqual([
      "in_proj_weight",
      "in_proj_bias",
      "out_proj.weight",
      "out_proj.bias",
    ]);
    expect(new Set(attention.in_proj_bias!.detach().tolist() as number[])).toEqual(new Set([0]));
  });

  it("makes orthogonal rows", () => {
    torch.manual_seed(0);
    const w = nn.init.orthogonal_(torch.empty(3, 5));
    const product = w.matmul(w.t()).tolist() as number[][];
    product.forEach((row, i) => row.forEach((x, j) => expect(x).toBeCloseTo(i === j ? 1 : 0, 5)));
  });

  it("truncates normal values", () => {
    torch.manual_seed(0);
    const values = nn.init.trunc_normal_(torch.empty(2000), { std: 0.5, a: -0.6, b: 0.6 }).tolist() as number[];
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(Math.fround(0.6));
    expect(values.reduce((a, b) => a + b) / 2000).toBeCloseTo(0, 1);
  });

  it("truncates normal values as PyTorch does, whichever way it takes", () => {
    const close = (values: torch.Tensor, wanted: readonly number[]) =>
      wanted.forEach((value, i) => expect(values.at(i).item()).toBeCloseTo(value, 3));
    torch.manual_seed(7);
    close(nn.init.trunc_normal_(torch.empty(5)), [-0.1468, 0.7861, 0.9468, -1.1143, 1.6908]);
    // Little of the distribution lies in [-1, 1] here.
    close(nn.init.trunc_normal_(torch.empty(20), 2, 3, -1, 1), [-0.4263, -0.5874, -0.1098, -0.6922, 0.4408]);
    close(torch.rand(3), [0.0326, 0.7688, 0.9323]);
    torch.manual_seed(7);
    close(nn.init.trunc_normal_(torch.empty(30, { dtype: torch.float64 })), [0.0663, 0.047, 1.8365, 1.3677, 1.1214]);
    close(nn.init.trunc_normal_(torch.empty(5, { dtype: torch.float16 })), [0.3296, -0.8765, -1.6768, -0.7246]);
    close(torch.rand(3), [0.4012, 0.1849, 0.864]);
  });

  it("zeroes the padding's row of a table", () => {
    const table = new nn.Embedding(3, 2, { padding_idx: -1 });
    expect(table.weight.detach().tolist()).toHaveLength(3);
    expect((table.weight.detach().tolist() as number[][])[2]).toEqual([0, 0]);
  });

  it("refuses sizes without fans", () => {
    expect(() => nn.init.xavier_uniform_(torch.empty(3))).toThrow("fewer than 2 dimensions");
    expect(() => nn.init.kaiming_normal_(torch.empty(3, 3), { mode: "sideways" as "fan_in" })).toThrow(
      "Mode sideways not supported",
    );
  });

  it("does not record gradients", () => {
    const layer = new nn.Linear(2, 2);
    nn.init.constant_(layer.weight, 2);
    expect(layer.weight.requires_grad && layer.weight.is_leaf).toBe(true);
    expect(layer.weight.detach().tolist()).toEqual([
      [2, 2],
      [2, 2],
    ]);
  });
});

describe("arguments of modules", () => {
  it("are positional, named, or both", () => {
    expect(String(new nn.Conv2d(1, 2, 3, 1, { padding: 1 }))).toBe(
      "Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))",
    );
    expect(String(new nn.Linear({ in_features: 2, out_features: 1, bias: false }))).toBe(
      "Linear(in_features=2, out_features=1, bias=False)",
    );
  });

  it("are checked", () => {
    // @ts-expect-error -- out_features is missing
    expect(() => new nn.Linear(2)).toThrow("missing 1 required positional argument: 'out_features'");
    // @ts-expect-error -- there is no such argument
    expect(() => new nn.Linear(2, 3, { biass: true })).toThrow("unexpected keyword argument 'biass'");
    // @ts-expect-error -- given twice
    expect(() => new nn.Linear(2, 3, { in_features: 2 })).toThrow("multiple values for argument 'in_features'");
    expect(() => new nn.Conv1d(3, 4, 2, { groups: 2 })).toThrow("in_channels must be divisible by groups");
  });
});
