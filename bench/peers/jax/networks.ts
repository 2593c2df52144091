/** jax-js on W5, W6, W8 and W10: perceptrons and convolutional networks. */
import { lax, nn, numpy as np } from "@jax-js/jax";
import {
  biasScale,
  biasSeed,
  imageSeed,
  imageShape,
  resNet18,
  weightScale,
  weightSeed,
  type Convolution,
} from "../../workloads/resnet-layers.ts";
import { convolutional, perceptron } from "../parameters.ts";
import { integersOf, type PeerCase } from "../peer.ts";
import { array, map } from "./tensors.ts";
import { adam, sgd, trainingSteps, type Optimizer } from "./training.ts";

export const integers = (seed: number, shape: readonly number[], limit: number): np.Array =>
  np.array(integersOf(seed, shape, limit), { dtype: np.int32 }).reshape([...shape]);

/** The mean over rows of [rows, classes] scores. */
export function crossEntropy(scores: np.Array, labels: np.Array): np.Array {
  const classes = scores.shape.at(-1)!;
  return nn.logSoftmax(scores, -1).mul(nn.oneHot(labels, classes)).sum(-1).mean().neg();
}

function layers(parameters: np.Array[], x: np.Array, activation: (x: np.Array) => np.Array): np.Array {
  let y = x;
  for (let i = 0; i < parameters.length; i += 2) {
    y = np.matmul(y, parameters[i]!).add(parameters[i + 1]!);
    if (i + 2 < parameters.length) y = activation(y);
  }
  return y;
}

const mlp = (optimizer: Optimizer, betas?: readonly [number, number]) => (): PeerCase =>
  trainingSteps({
    parameters: perceptron(501, [784, 512, 256, 10]),
    x: array({ seed: 500, shape: [64, 784], positive: true }),
    y: integers(499, [64], 10),
    optimizer,
    ...(betas === undefined ? {} : { betas }),
    loss: (parameters, x, y) =>
      crossEntropy(
        layers(parameters, x, (v) => nn.relu(v)),
        y,
      ),
  });

const tiny = (): PeerCase =>
  trainingSteps({
    parameters: perceptron(1002, [2, 16, 16, 1]),
    x: array({ seed: 1000, shape: [32, 2] }),
    y: array({ seed: 1001, shape: [32, 1] }),
    optimizer: sgd(0.1),
    loss: (parameters, x, y) => np.square(layers(parameters, x, (v) => np.tanh(v)).sub(y)).mean(),
    steps: 100,
  });

const maxPool = (x: np.Array, window: number, stride: number): np.Array =>
  lax.reduceWindow(x, (v) => np.max(v), [window, window], [stride, stride]);

function convolve(x: np.Array, w: np.Array, b: np.Array, stride: number, padding: number): np.Array {
  const side: [number, number] = [padding, padding];
  return lax.convGeneralDilated(x, w, [stride, stride], [side, side]).add(b.reshape([b.shape[0]!, 1, 1]));
}

const cnn = (): PeerCase =>
  trainingSteps({
    parameters: convolutional(),
    x: array({ seed: 600, shape: [32, 1, 28, 28], positive: true }),
    y: integers(599, [32], 10),
    optimizer: sgd(0.01),
    loss(parameters, x, y) {
      const [w1, b1, w2, b2, ...linear] = parameters as [np.Array, np.Array, np.Array, np.Array, ...np.Array[]];
      const one = maxPool(nn.relu(convolve(x, w1, b1, 1, 2)), 2, 2);
      const two = maxPool(nn.relu(convolve(one, w2, b2, 1, 2)), 2, 2);
      return crossEntropy(
        layers(linear, two.reshape([32, 3136]), (v) => nn.relu(v)),
        y,
      );
    },
  });

function resNet(): PeerCase {
  const { stem, blocks, classifier } = resNet18();
  const inputs = [{ seed: imageSeed, shape: imageShape }, ...parametersOf([stem])];
  for (const { conv1, conv2, shortcut } of blocks)
    inputs.push(...parametersOf([conv1, conv2, ...(shortcut === null ? [] : [shortcut])]));
  inputs.push({ seed: weightSeed(classifier), shape: [512, 1000], scale: weightScale(classifier) });
  inputs.push({ seed: biasSeed(classifier), shape: [1000], scale: biasScale });
  return map(inputs, (image, ...parameters) => {
    const next = (): np.Array => parameters.shift()!;
    const conv = (x: np.Array, { stride, padding }: Convolution): np.Array =>
      convolve(x, next(), next(), stride, padding);
    // After relu, padding with 0 is padding with the least value.
    const wide: [number, number] = [1, 1];
    let x = maxPool(np.pad(nn.relu(conv(image, stem)), [[0, 0], [0, 0], wide, wide]), 3, 2);
    for (const { conv1, conv2, shortcut } of blocks) {
      const inner = conv(nn.relu(conv(x.ref, conv1)), conv2);
      x = nn.relu(inner.add(shortcut === null ? x : conv(x, shortcut)));
    }
    return np.matmul(x.mean([2, 3]), next()).add(next());
  });
}

const parametersOf = (convolutions: readonly Convolution[]) =>
  convolutions.flatMap((layer) => [
    {
      seed: weightSeed(layer),
      shape: [layer.outputs, layer.inputs, layer.kernel, layer.kernel],
      scale: weightScale(layer),
    },
    { seed: biasSeed(layer), shape: [layer.outputs], scale: biasScale },
  ]);

const adamBetas = [0.9, 0.999] as const;

export const networkWorkloads = {
  W5_mlp_sgdm: mlp(sgd(0.01, 0.9)),
  W5_mlp_adam: mlp(adam(1e-3, adamBetas), adamBetas),
  W6_cnn: cnn,
  W8_resnet18: resNet,
  W10_tiny: tiny,
};
