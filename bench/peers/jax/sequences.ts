/** jax-js on W7 and W9: a GPT, and recurrent layers, unrolled since it has no loop over a sequence. */
import { jit, nn, numpy as np, valueAndGrad } from "@jax-js/jax";
import { meanMagnitude } from "../../generate.ts";
import { recurrentScale, recurrentSizes } from "../../workloads/recurrent-sizes.ts";
import { gpt, gptSizes } from "../parameters.ts";
import type { PeerCase } from "../peer.ts";
import { crossEntropy, integers } from "./networks.ts";
import { array } from "./tensors.ts";
import { adam, trainingSteps } from "./training.ts";

const betas = [0.9, 0.99] as const;

const gptWorkload = (): PeerCase =>
  trainingSteps({
    parameters: gpt(),
    x: integers(700, [gptSizes.batch, gptSizes.block], gptSizes.vocabulary),
    y: integers(699, [gptSizes.batch, gptSizes.block], gptSizes.vocabulary),
    optimizer: adam(1e-3, betas, 0.1),
    betas,
    loss: gptLoss,
  });

function gptLoss(parameters: np.Array[], tokens: np.Array, targets: np.Array): np.Array {
  const { batch, block, layers, vocabulary, width } = gptSizes;
  const rest = [...parameters];
  const next = (): np.Array => rest.shift()!;
  const norm = (v: np.Array, weight: np.Array): np.Array => nn.standardize(v, -1, { epsilon: 1e-5 }).mul(weight);
  // A product with one-hot rows: under jit, the gradient of its take is refused.
  let x = np
    .matmul(nn.oneHot(tokens.reshape([batch * block]), vocabulary), next())
    .reshape([batch, block, width])
    .add(next());
  for (let layer = 0; layer < layers; layer++) {
    const attended = attention(np.matmul(norm(x.ref, next()), next()));
    x = x.add(np.matmul(attended, next()));
    const hidden = nn.gelu(np.matmul(norm(x.ref, next()), next()), { approximate: true });
    x = x.add(np.matmul(hidden, next()));
  }
  const scores = np.matmul(norm(x, next()), next());
  return crossEntropy(scores.reshape([batch * block, vocabulary]), targets.reshape([batch * block]));
}

/** [B, T, 3C] queries, keys and values -> [B, T, C]. */
function attention(qkv: np.Array): np.Array {
  const { batch, block, heads, width } = gptSizes;
  const size = width / heads;
  const part = (i: number): np.Array =>
    (i === 2 ? qkv : qkv.ref)
      .slice([], [], [i * width, (i + 1) * width])
      .reshape([batch, block, heads, size])
      .transpose([0, 2, 1, 3]);
  const [q, k, v] = [part(0), part(1), part(2)];
  const scores = np.matmul(q, k.transpose([0, 1, 3, 2])).div(Math.sqrt(size));
  const visible = np.greater(np.tril(np.ones([block, block])), 0);
  const weights = nn.softmax(np.where(visible, scores, -1e30), -1);
  return np.matmul(weights, v).transpose([0, 2, 1, 3]).reshape([batch, block, width]);
}

type Cell = (gates: np.Array, recurrent: np.Array, state: np.Array[]) => np.Array[];

const { sequence, batch, inputs, hidden } = recurrentSizes;

const gate = (x: np.Array, i: number, last = false): np.Array =>
  (last ? x : x.ref).slice([], [i * hidden, (i + 1) * hidden]);

const lstmCell: Cell = (given, recurrent, [, cell]) => {
  const gates = given.add(recurrent);
  const kept = nn.sigmoid(gate(gates, 1)).mul(cell!);
  const added = nn.sigmoid(gate(gates, 0)).mul(np.tanh(gate(gates, 2)));
  const next = kept.add(added);
  return [nn.sigmoid(gate(gates, 3, true)).mul(np.tanh(next.ref)), next];
};

const gruCell: Cell = (given, recurrent, [before]) => {
  const reset = nn.sigmoid(gate(given, 0).add(gate(recurrent, 0)));
  const update = nn.sigmoid(gate(given, 1).add(gate(recurrent, 1)));
  const fresh = np.tanh(gate(given, 2, true).add(reset.mul(gate(recurrent, 2, true))));
  return [before!.sub(fresh.ref).mul(update).add(fresh)];
};

const recurrent = (gates: number, states: number, cell: Cell) => (): PeerCase => {
  const scale = recurrentScale;
  const x = array({ seed: 1100, shape: [sequence, batch, inputs] });
  const parameters = [
    array({ seed: 1101, shape: [inputs, gates * hidden], scale }),
    array({ seed: 1102, shape: [hidden, gates * hidden], scale }),
    array({ seed: 1103, shape: [gates * hidden], scale }),
    array({ seed: 1104, shape: [gates * hidden], scale }),
  ];
  const lossOf = (weights: np.Array[], given: np.Array): np.Array => {
    const [wx, wh, bx, bh] = weights as [np.Array, np.Array, np.Array, np.Array];
    const projected = np.matmul(given.reshape([sequence * batch, inputs]), wx).add(bx);
    const steps = projected.reshape([sequence, batch, gates * hidden]);
    let state = Array.from({ length: states }, () => np.zeros([batch, hidden]));
    const outputs: np.Array[] = [];
    for (let t = 0; t < sequence; t++) {
      const input = (t === sequence - 1 ? steps : steps.ref).slice(t);
      const last = t === sequence - 1;
      const product = np.matmul(state[0]!.ref, last ? wh : wh.ref).add(last ? bh : bh.ref);
      // An LSTM's cell does not read what it put out before.
      if (states > 1) state[0]!.dispose();
      state = cell(input, product, state);
      outputs.push(state[0]!.ref);
    }
    for (const left of state) left.dispose();
    return np.square(np.stack(outputs)).mean();
  };
  const step = jit((weights: np.Array[], given: np.Array) => {
    const [loss, gradients] = valueAndGrad(lossOf)(weights, given);
    return [loss, ...gradients];
  });
  let loss = Number.NaN;
  let gradients: np.Array[] = [];
  return {
    async run() {
      for (const gradient of gradients) gradient.dispose();
      const results = step(
        parameters.map((p) => p.ref),
        x.ref,
      );
      loss = (await results[0]!.data())[0]!;
      gradients = results.slice(1);
    },
    async check() {
      const [wx, wh] = [await gradients[0]!.ref.data(), await gradients[1]!.ref.data()];
      return [loss, meanMagnitude(wx), meanMagnitude(wh), wh[0]!];
    },
  };
};

export const sequenceWorkloads = {
  W7_gpt: gptWorkload,
  W9_lstm: recurrent(4, 2, lstmCell),
  W9_gru: recurrent(3, 1, gruCell),
};
