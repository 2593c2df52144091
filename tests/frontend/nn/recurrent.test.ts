/** Recurrent layers against their cells, step by step, and what PyTorch says of bad arguments. */
import * as torch from "cresset";
import { describe, expect, test } from "vitest";

const { nn } = torch;
const F = nn.functional;
const { pack_sequence, pad_packed_sequence } = nn.utils.rnn;

const expectClose = (actual: torch.Tensor, expected: torch.Tensor): void => {
  expect(actual.shape).toEqual(expected.shape);
  expect(torch.allclose(actual, expected, { atol: 1e-5 })).toBe(true);
};

/** A cell with the weights of a layer. */
function cellOf(layer: torch.nn.RNNBase, suffix: string): (x: torch.Tensor, hx: torch.Tensor[]) => torch.Tensor[] {
  const state = layer.state_dict();
  const [wi, wh, bi, bh] = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map((name) => state[`${name}_${suffix}`]!);
  return (x, hx) => {
    if (layer.mode === "LSTM") return [...torch.lstm_cell(x, hx, wi!, wh!, bi, bh)];
    if (layer.mode === "GRU") return [torch.gru_cell(x, hx[0]!, wi!, wh!, bi, bh)];
    const cell = layer.mode === "RNN_TANH" ? torch.rnn_tanh_cell : torch.rnn_relu_cell;
    return [cell(x, hx[0]!, wi!, wh!, bi, bh)];
  };
}

/** The outputs of one layer over [T, N, I], written out step by step. */
function stepByStep(
  layer: torch.nn.RNNBase,
  suffix: string,
  x: torch.Tensor,
  initial: readonly torch.Tensor[],
  reverse = false,
): { outputs: torch.Tensor; states: torch.Tensor[] } {
  const cell = cellOf(layer, suffix);
  let states = [...initial];
  const outputs: torch.Tensor[] = [];
  for (let i = 0; i < x.shape[0]!; i++) {
    const t = reverse ? x.shape[0]! - 1 - i : i;
    states = cell(x.at(t), states);
    outputs[t] = states[0]!;
  }
  return { outputs: torch.stack(outputs), states };
}

const layers: Record<string, () => torch.nn.RNNBase> = {
  LSTM: () => new nn.LSTM(3, 4, { bidirectional: true, num_layers: 2 }),
  GRU: () => new nn.GRU(3, 4, { bidirectional: true, num_layers: 2 }),
  "RNN with tanh": () => new nn.RNN(3, 4, { bidirectional: true, num_layers: 2 }),
  "RNN with relu": () => new nn.RNN(3, 4, { bidirectional: true, num_layers: 2, nonlinearity: "relu" }),
};
type Call = (x: unknown, hx?: unknown) => [torch.Tensor, torch.Tensor | torch.Tensor[]];
const callOf = (layer: torch.nn.RNNBase): Call => layer as unknown as Call;

describe.each(Object.entries(layers))("%s", (_name, make) => {
  test("two layers in both directions are their cells, step by step", () => {
    torch.manual_seed(0);
    const layer = make();
    const count = layer.mode === "LSTM" ? 2 : 1;
    const x = torch.randn(5, 2, 3);
    const hx = Array.from({ length: count }, () => torch.randn(4, 2, 4));
    const [output, last] = callOf(layer)(x, count === 2 ? hx : hx[0]!);
    let sequence = x;
    const states: torch.Tensor[][] = [];
    for (let k = 0; k < 2; k++) {
      const both = [false, true].map((reverse, direction) => {
        const initial = hx.map((state) => state.at(2 * k + direction));
        return stepByStep(layer, `l${k}${reverse ? "_reverse" : ""}`, sequence, initial, reverse);
      });
      states.push(...both.map((one) => one.states));
      sequence = torch.cat(
        both.map((one) => one.outputs),
        -1,
      );
    }
    expectClose(output, sequence);
    [last].flat().forEach((state, i) => {
      expectClose(state, torch.stack(states.map((list) => list[i]!)));
    });
  });

  test("a packed batch gives what each sequence gives by itself, gradients included", () => {
    torch.manual_seed(1);
    const layer = make();
    const sequences = [2, 4, 1].map((length) => torch.randn(length, 3, { requires_grad: true }));
    const [packed, last] = callOf(layer)(pack_sequence(sequences, { enforce_sorted: false })) as unknown as [
      torch.nn.utils.rnn.PackedSequence,
      torch.Tensor | torch.Tensor[],
    ];
    const [padded, lengths] = pad_packed_sequence(packed);
    expect(lengths.tolist()).toEqual([2, 4, 1]);
    const parameters = layer.parameters();
    const found = torch.autograd.grad([padded.mul(padded).sum()], [...sequences, ...parameters]);
    const alone = sequences.map((sequence) => callOf(layer)(sequence));
    alone.forEach(([output, states], b) => {
      expectClose(padded.at(`:${output.shape[0]}`, b), output);
      [states].flat().forEach((state, i) => expectClose([last].flat()[i]!.at(":", b), state));
    });
    const loss = alone.map(([output]) => output.mul(output).sum()).reduce((a, b) => a.add(b));
    torch.autograd.grad([loss], [...sequences, ...parameters]).forEach((grad, i) => expectClose(found[i]!, grad));
  });

  test("batch_first and unbatched inputs are the same in another order", () => {
    torch.manual_seed(2);
    const layer = make();
    const x = torch.randn(5, 2, 3);
    const [output] = callOf(layer)(x);
    layer.batch_first = true;
    expectClose(callOf(layer)(x.transpose(0, 1))[0].transpose(0, 1), output);
    const [single, state] = callOf(layer)(x.at(":", 1));
    expectClose(single, output.at(":", 1));
    expect([state].flat()[0]!.shape).toEqual([4, 4]);
  });
});

test("an LSTM with projections multiplies its output by weight_hr", () => {
  torch.manual_seed(0);
  const layer = new nn.LSTM(3, 4, { proj_size: 2 });
  expect(layer.named_parameters().map(([name]) => name)).toEqual([
    "weight_ih_l0",
    "weight_hh_l0",
    "bias_ih_l0",
    "bias_hh_l0",
    "weight_hr_l0",
  ]);
  const x = torch.randn(2, 1, 3);
  const [output, [h, c]] = layer(x);
  expect([output, h, c].map(({ shape }) => [...shape])).toEqual([
    [2, 1, 2],
    [1, 1, 2],
    [1, 1, 4],
  ]);
  const { weight_ih_l0: wi, weight_hh_l0: wh, bias_ih_l0: bi, bias_hh_l0: bh, weight_hr_l0: wr } = layer;
  let [hidden, cell] = [torch.zeros(1, 2), torch.zeros(1, 4)];
  for (let t = 0; t < 2; t++) {
    const gates = F.linear(x.at(t), wi, bi).add(F.linear(hidden, wh, bh));
    const [i, f, z, o] = gates.chunk(4, 1) as [torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor];
    cell = f.sigmoid().mul(cell).add(i.sigmoid().mul(z.tanh()));
    hidden = F.linear(o.sigmoid().mul(cell.tanh()), wr);
    expectClose(output.at(t), hidden);
  }
});

test("dropout between layers draws PyTorch's mask for [T, N, H], and none in evaluation", () => {
  const layer = new nn.GRU(3, 4, 2, { dropout: 0.5 });
  const x = torch.randn(5, 2, 3);
  const [first, second] = [new nn.GRU(3, 4), new nn.GRU(4, 4)];
  const state = layer.state_dict();
  for (const [k, one] of [first, second].entries())
    one.load_state_dict(
      Object.fromEntries(one.named_parameters().map(([name]) => [name, state[name.replace("l0", `l${k}`)]])),
    );
  torch.manual_seed(3);
  const [output] = layer(x);
  torch.manual_seed(3);
  expectClose(output, second(F.dropout(first(x)[0], 0.5))[0]);
  layer.eval();
  expectClose(layer(x)[0], second(first(x)[0])[0]);
});

test("a compiled step has as many kernels for a long sequence as for a short one", () => {
  const kernels = [4, 40].map((length) => {
    const layer = new nn.LSTM(3, 4);
    const step = torch.compile((x: torch.Tensor) => {
      const [output] = layer(x);
      const loss = output.mul(output).mean();
      loss.backward();
      return loss;
    });
    step(torch.randn(length, 2, 3)).item();
    return step.statistics.kernels;
  });
  expect(kernels[1]).toBe(kernels[0]);
});

test("half floats give what float32 gives, rounded", () => {
  torch.manual_seed(0);
  const layer = new nn.LSTM(3, 4);
  const x = torch.randn(5, 2, 3).half();
  layer.half();
  const [output] = layer(x);
  expect(output.dtype).toBe(torch.float16);
  layer.float();
  expect(torch.allclose(output.float(), layer(x.float())[0], { atol: 5e-3 })).toBe(true);
});

test("printed as PyTorch prints them", () => {
  expect(String(new nn.LSTM(3, 4, { num_layers: 2, proj_size: 2, bias: false, dropout: 0.5 }))).toBe(
    "LSTM(3, 4, proj_size=2, num_layers=2, bias=False, dropout=0.5)",
  );
  expect(String(new nn.GRU(3, 4, { batch_first: true, bidirectional: true }))).toBe(
    "GRU(3, 4, batch_first=True, bidirectional=True)",
  );
  expect(String(new nn.RNNCell(3, 4, { nonlinearity: "relu", bias: false }))).toBe(
    "RNNCell(3, 4, bias=False, nonlinearity=relu)",
  );
});

describe("what is refused", () => {
  const layer = new nn.LSTM(3, 4);
  const x = torch.zeros(5, 2, 3);
  const states = (...shape: number[]): [torch.Tensor, torch.Tensor] => [torch.zeros(...shape), torch.zeros(...shape)];
  test.each<[string, () => unknown]>([
    ["Expected input to be 2D or 3D, got 1D", () => layer(torch.zeros(3))],
    ["input.size(-1) must be equal to input_size. Expected 3, got 2", () => layer(torch.zeros(5, 2, 2))],
    ["input must have the type torch.float32, got type torch.float64", () => layer(x.double())],
    ["For batched 3-D input, hx and cx should also be 3-D but got (2-D, 2-D) tensors", () => layer(x, states(1, 4))],
    ["Expected hidden[0] size (1, 2, 4), got [1, 2, 5]", () => layer(x, states(1, 2, 5))],
    ["Expected hidden size (1, 2, 4), got [2, 2, 4]", () => new nn.GRU(3, 4)(x, torch.zeros(2, 2, 4))],
    ["Expected sequence length to be larger than 0 in RNN", () => layer(torch.zeros(0, 2, 3))],
    ["expects two hidden states", () => layer(x, [torch.zeros(1, 2, 4)] as never)],
    ["proj_size has to be smaller than hidden_size", () => new nn.LSTM(3, 4, { proj_size: 4 })],
    ["hidden_size must be greater than zero", () => new nn.LSTM(3, 0)],
    ["num_layers must be greater than zero", () => new nn.GRU(3, 4, 0)],
    ["dropout should be a number in range [0, 1]", () => new nn.GRU(3, 4, { dropout: 2 })],
    ["Unknown nonlinearity 'gelu'", () => new nn.RNN(3, 4, { nonlinearity: "gelu" as never })],
    ["LSTMCell: Expected hx[0] to be 1D or 2D, got 3D", () => new nn.LSTMCell(3, 4)(x.at(0), states(1, 2, 4))],
    ["input has inconsistent input_size: got 2 expected 3", () => new nn.GRUCell(3, 4)(torch.zeros(1, 2))],
    [
      "Input batch size 2 doesn't match hidden0 batch size 1",
      () => new nn.RNNCell(3, 4)(torch.zeros(2, 3), torch.zeros(1, 4)),
    ],
    [
      "hidden0 has inconsistent hidden_size: got 5, expected 4",
      () => new nn.RNNCell(3, 4)(torch.zeros(2, 3), torch.zeros(2, 5)),
    ],
    [
      "got an incorrect number of RNN parameters: 3, expected 4",
      () => torch.gru(x, torch.zeros(1, 2, 4), layer.parameters().slice(0, 3), true, 1, 0, false, false, false),
    ],
  ])("%s", (message, call) => {
    expect(call).toThrow(message);
  });
});
