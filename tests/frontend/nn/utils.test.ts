import { describe, expect, it } from "vitest";
import * as torch from "cresset";

const { nn } = torch;
const { rnn } = nn.utils;

describe("gradient clipping", () => {
  it("scales all gradients together and gives their norm", () => {
    const [a, b] = [torch.zeros([1], { requires_grad: true }), torch.zeros([1], { requires_grad: true })];
    a.mul(3).add(b.mul(4)).sum().backward();
    expect(nn.utils.clip_grad_norm_([a, b], 1).item()).toBeCloseTo(5);
    expect([a.grad!.item(), b.grad!.item()]).toEqual([expect.closeTo(0.6), expect.closeTo(0.8)]);
    nn.utils.clip_grad_value_([a, b], 0.7);
    expect(b.grad!.item()).toBeCloseTo(0.7);
  });

  it("can refuse gradients that are not finite", () => {
    const a = torch.zeros([1], { requires_grad: true });
    a.mul(Infinity).sum().backward();
    expect(() => nn.utils.clip_grad_norm_(a, 1, { error_if_nonfinite: true })).toThrow("is non-finite");
  });
});

describe("parameters as a vector", () => {
  it("go there and back", () => {
    const layer = new nn.Linear(2, 2);
    const vector = nn.utils.parameters_to_vector(layer.parameters());
    expect(vector.shape).toEqual([6]);
    nn.utils.vector_to_parameters(torch.arange(6).float(), layer.parameters());
    expect([layer.weight.detach().tolist(), layer.bias!.detach().tolist()]).toEqual([
      [
        [0, 1],
        [2, 3],
      ],
      [4, 5],
    ]);
  });
});

describe("packed sequences", () => {
  it("hold no padding, and give the sequences back", () => {
    const sequences = [torch.tensor([1, 2]), torch.tensor([3, 4, 5])];
    const packed = rnn.pack_sequence(sequences, { enforce_sorted: false });
    expect(packed.data.tolist()).toEqual([3, 1, 4, 2, 5]);
    expect(packed.batch_sizes.tolist()).toEqual([2, 2, 1]);
    expect(rnn.unpack_sequence(packed).map((sequence) => sequence.tolist())).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    const [padded, lengths] = rnn.pad_packed_sequence(packed, {
      batch_first: true,
      padding_value: -1,
      total_length: 4,
    });
    expect(padded.tolist()).toEqual([
      [1, 2, -1, -1],
      [3, 4, 5, -1],
    ]);
    expect(lengths.tolist()).toEqual([2, 3]);
  });

  it("pass gradients", () => {
    const x = torch.ones([2, 2], { requires_grad: true });
    rnn.pack_padded_sequence(x, [2, 1]).data.sum().backward();
    expect(x.grad!.tolist()).toEqual([
      [1, 1],
      [1, 0],
    ]);
  });
});

describe("derived weights", () => {
  it("have a size and a direction that are trained", () => {
    const layer = nn.utils.weight_norm(new nn.Linear(2, 1, { bias: false }));
    expect(Object.keys(layer.state_dict())).toEqual(["weight_g", "weight_v"]);
    torch.no_grad(() => {
      layer.get_parameter("weight_g").fill_(5);
      layer.get_parameter("weight_v").copy_(torch.tensor([[3, 4]]));
    });
    expect(layer(torch.ones(1, 2)).item()).toBeCloseTo(7);
    layer(torch.ones(1, 2)).sum().backward();
    expect(layer.get_parameter("weight_g").grad!.item()).toBeCloseTo(1.4);
    nn.utils.remove_weight_norm(layer);
    expect(layer.named_parameters().map(([name]) => name)).toEqual(["weight"]);
    expect(layer.weight.detach().tolist()).toEqual([[3, 4]]);
  });

  it("have a largest singular value of 1", () => {
    torch.manual_seed(0);
    const layer = nn.utils.spectral_norm(new nn.Linear(2, 2, { bias: false }));
    torch.no_grad(() =>
      layer.get_parameter("weight_orig").copy_(
        torch.tensor([
          [3, 0],
          [0, 1],
        ]),
      ),
    );
    for (let i = 0; i < 30; i++) layer(torch.ones(1, 2));
    const [[largest]] = layer.weight.detach().tolist() as [[number, number], [number, number]];
    expect(largest).toBeCloseTo(1, 4);
    expect(layer.named_buffers().map(([name]) => name)).toEqual(["weight_u", "weight_v"]);
  });
});

describe("functional_call", () => {
  it("uses other values and puts the module's own back", () => {
    const layer = new nn.Linear(1, 1, { bias: false });
    const before = layer.weight;
    expect(nn.utils.stateless.functional_call(layer, { weight: torch.tensor([[4]]) }, torch.ones(1, 1)).item()).toBe(4);
    expect(layer.weight).toBe(before);
  });

  it("takes one name of a tensor that has two for both", () => {
    const [first, second] = [new nn.Linear(1, 1, { bias: false }), new nn.Linear(1, 1, { bias: false })];
    second.weight = first.weight;
    const model = new nn.Sequential(first, second);
    const call = (named: Record<string, torch.Tensor>, options = {}): unknown =>
      torch.func.functional_call(model, named, [torch.ones(1, 1)], null, options).item();
    const [two, four] = [torch.tensor([[2]]), torch.tensor([[4]])];
    expect(call({ "0.weight": two })).toBe(4);
    expect(call({ "1.weight": two }, { strict: true })).toBe(4);
    expect(call({ "0.weight": two, "1.weight": two })).toBe(4);
    expect(call({ "0.weight": two, "1.weight": four }, { tie_weights: false })).toBe(8);
    expect(() => call({ "0.weight": two, "1.weight": four })).toThrow(/multiple values for keys .* which are tied/);
  });
});
