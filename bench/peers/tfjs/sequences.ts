/** TensorFlow.js on W7 and W9. */
import * as tf from "@tensorflow/tfjs";
import { meanMagnitude } from "../../generate.ts";
import { recurrentScale, recurrentSizes } from "../../workloads/recurrent-sizes.ts";
import { gpt, gptSizes } from "../parameters.ts";
import type { PeerCase } from "../peer.ts";
import { crossEntropy, integers } from "./networks.ts";
import { normalise, tensor } from "./tensors.ts";
import { adamW, trainingSteps } from "./training.ts";

const { batch: gptBatch, block, heads, layers, vocabulary, width } = gptSizes;

function gptWorkload(): PeerCase {
  // A product with one-hot rows: the gradient of its gather has no kernel on this backend.
  const tokens = tf.oneHot(integers(700, [gptBatch * block], vocabulary), vocabulary);
  const targets = tf.oneHot(integers(699, [gptBatch * block], vocabulary), vocabulary);
  const visible = Float32Array.from({ length: block * block }, (_, i) =>
    i % block <= Math.floor(i / block) ? 0 : -1e9,
  );
  const mask = tf.tensor(visible, [block, block]);
  return trainingSteps({
    parameters: gpt(),
    update: adamW(1e-3, [0.9, 0.99], 0.1),
    loss: (parameters) => crossEntropy(gptScores(parameters, tokens, mask), targets),
  });
}

/** [rows, inputs] @ [inputs, outputs]: its products of three axes by two have no gradient of the right shape. */
function gptScores(parameters: readonly tf.Tensor[], tokens: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  const rest = [...parameters];
  const next = (): tf.Tensor => rest.shift()!;
  const norm = (v: tf.Tensor, weight: tf.Tensor): tf.Tensor => normalise(v).mul(weight);
  let x = tokens
    .matMul(next())
    .reshape([gptBatch, block, width])
    .add(next())
    .reshape([gptBatch * block, width]);
  for (let layer = 0; layer < layers; layer++) {
    const attended = attention(norm(x, next()).matMul(next()), mask);
    x = x.add(attended.matMul(next()));
    const hidden = gelu(norm(x, next()).matMul(next()));
    x = x.add(hidden.matMul(next()));
  }
  return norm(x, next()).matMul(next());
}

const gelu = (x: tf.Tensor): tf.Tensor =>
  x.mul(
    x
      .add(x.mul(x).mul(x).mul(0.044715))
      .mul(Math.sqrt(2 / Math.PI))
      .tanh()
      .add(1)
      .mul(0.5),
  );

function attention(qkv: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  const size = width / heads;
  const [q, k, v] = tf
    .split(qkv.reshape([gptBatch, block, 3 * width]), 3, 2)
    .map((part) => part.reshape([gptBatch, block, heads, size]).transpose([0, 2, 1, 3])) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const scores = tf.matMul(q, k, false, true).div(Math.sqrt(size)).add(mask);
  return tf
    .matMul(scores.softmax(-1), v)
    .transpose([0, 2, 1, 3])
    .reshape([gptBatch * block, width]);
}

type Cell = (gates: tf.Tensor, recurrent: tf.Tensor, state: readonly tf.Tensor[]) => tf.Tensor[];

const lstmCell: Cell = (given, recurrent, [, cell]) => {
  const [i, f, g, o] = tf.split(given.add(recurrent), 4, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  const next = f.sigmoid().mul(cell!).add(i.sigmoid().mul(g.tanh()));
  return [o.sigmoid().mul(next.tanh()), next];
};

const gruCell: Cell = (given, recurrent, [before]) => {
  const [r, z, n] = tf.split(given, 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const [hr, hz, hn] = tf.split(recurrent, 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const fresh = n.add(r.add(hr).sigmoid().mul(hn)).tanh();
  return [before!.sub(fresh).mul(z.add(hz).sigmoid()).add(fresh)];
};

const { sequence, batch, inputs, hidden } = recurrentSizes;

const recurrent = (gates: number, states: number, cell: Cell) => (): PeerCase => {
  const scale = recurrentScale;
  const x = tensor({ seed: 1100, shape: [sequence * batch, inputs] });
  const variables = [
    tensor({ seed: 1101, shape: [inputs, gates * hidden], scale }),
    tensor({ seed: 1102, shape: [hidden, gates * hidden], scale }),
    tensor({ seed: 1103, shape: [gates * hidden], scale }),
    tensor({ seed: 1104, shape: [gates * hidden], scale }),
  ].map((initial) => tf.variable(initial)) as [tf.Variable, tf.Variable, tf.Variable, tf.Variable];
  const [wx, wh, bx, bh] = variables;
  const lossOf = (): tf.Tensor => {
    const projected = tf.unstack(
      x
        .matMul(wx)
        .add(bx)
        .reshape([sequence, batch, gates * hidden]),
    );
    let state: readonly tf.Tensor[] = Array.from({ length: states }, () => tf.zeros([batch, hidden]));
    const outputs = projected.map((input) => {
      state = cell(input, state[0]!.matMul(wh).add(bh), state);
      return state[0]!;
    });
    return tf.stack(outputs).square().mean();
  };
  let loss = Number.NaN;
  let gradients: Record<string, tf.Tensor> = {};
  return {
    run() {
      for (const name in gradients) gradients[name]!.dispose();
      const { value, grads } = tf.variableGrads(lossOf, variables);
      loss = value.dataSync()[0]!;
      value.dispose();
      gradients = grads;
    },
    async check() {
      const [ofInputs, ofHidden] = [await gradients[wx.name]!.data(), await gradients[wh.name]!.data()];
      return [loss, meanMagnitude(ofInputs), meanMagnitude(ofHidden), ofHidden[0]!];
    },
  };
};

export const sequenceWorkloads = {
  W7_gpt: gptWorkload,
  W9_lstm: recurrent(4, 2, lstmCell),
  W9_gru: recurrent(3, 1, gruCell),
};
