/** TensorFlow.js on W5, W6, W8 and W10. Its images are [batch, height, width, channels]. */
import * as tf from "@tensorflow/tfjs";
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
import { convolutional, perceptron, type Parameter } from "../parameters.ts";
import { integersOf, type PeerCase } from "../peer.ts";
import { map, tensor } from "./tensors.ts";
import { trainingSteps, withOptimizer, type Update } from "./training.ts";

export const integers = (seed: number, shape: readonly number[], limit: number): tf.Tensor =>
  tf.tensor(integersOf(seed, shape, limit), [...shape], "int32");

/** `targets`: one-hot rows. The mean over rows of [rows, classes] scores. */
export const crossEntropy = (scores: tf.Tensor, targets: tf.Tensor): tf.Tensor =>
  scores.logSoftmax(-1).mul(targets).sum(-1).mean().neg();

function layers(parameters: readonly tf.Tensor[], x: tf.Tensor, activation: (x: tf.Tensor) => tf.Tensor): tf.Tensor {
  let y = x;
  for (let i = 0; i < parameters.length; i += 2) {
    y = y.matMul(parameters[i]!).add(parameters[i + 1]!);
    if (i + 2 < parameters.length) y = activation(y);
  }
  return y;
}

function mlp(update: Update): PeerCase {
  const x = tensor({ seed: 500, shape: [64, 784], positive: true });
  const y = tf.oneHot(integers(499, [64], 10), 10);
  return trainingSteps({
    parameters: perceptron(501, [784, 512, 256, 10]),
    update,
    loss: (parameters) =>
      crossEntropy(
        layers(parameters, x, (v) => v.relu()),
        y,
      ),
  });
}

function tiny(): PeerCase {
  const x = tensor({ seed: 1000, shape: [32, 2] });
  const y = tensor({ seed: 1001, shape: [32, 1] });
  return trainingSteps({
    parameters: perceptron(1002, [2, 16, 16, 1]),
    update: withOptimizer(tf.train.sgd(0.1)),
    loss: (parameters) =>
      layers(parameters, x, (v) => v.tanh())
        .sub(y)
        .square()
        .mean(),
    steps: 100,
  });
}

/** [outputs, inputs, height, width] -> [height, width, inputs, outputs]. */
const filter = (weight: tf.Tensor): tf.Tensor => weight.transpose([2, 3, 1, 0]);
const imagesLast = (images: tf.Tensor): tf.Tensor => images.transpose([0, 2, 3, 1]);

const filtered = ({ shape, values }: Parameter): Parameter => {
  if (shape.length !== 4) return { shape, values };
  const weight = filter(tf.tensor(values, [...shape]));
  return { shape: weight.shape, values: weight.dataSync() as Float32Array };
};

function cnn(): PeerCase {
  const x = imagesLast(tensor({ seed: 600, shape: [32, 1, 28, 28], positive: true }));
  const y = tf.oneHot(integers(599, [32], 10), 10);
  return trainingSteps({
    parameters: convolutional().map(filtered),
    update: withOptimizer(tf.train.sgd(0.01)),
    loss(parameters) {
      const [w1, b1, w2, b2, ...linear] = parameters as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, ...tf.Tensor[]];
      const one = tf.maxPool(tf.conv2d(x, w1, 1, "same").add(b1).relu(), 2, 2, "valid");
      const two = tf.maxPool(tf.conv2d(one, w2, 1, "same").add(b2).relu(), 2, 2, "valid");
      return crossEntropy(
        layers(linear, two.transpose([0, 3, 1, 2]).reshape([32, 3136]), (v) => v.relu()),
        y,
      );
    },
  });
}

type Layer = (x: tf.Tensor) => tf.Tensor;

function convolution(layer: Convolution): Layer {
  const { inputs, outputs, kernel, stride, padding } = layer;
  const shape = [outputs, inputs, kernel, kernel];
  const weight = filter(tensor({ seed: weightSeed(layer), shape, scale: weightScale(layer) }));
  const bias = tensor({ seed: biasSeed(layer), shape: [outputs], scale: biasScale });
  return (x) => tf.conv2d(x, weight, stride, around(padding)).add(bias);
}
const around = (padding: number): [number, number][] => [
  [0, 0],
  [padding, padding],
  [padding, padding],
  [0, 0],
];

function resNet(): PeerCase {
  const { stem, blocks, classifier } = resNet18();
  const first = convolution(stem);
  const residual = blocks.map(({ conv1, conv2, shortcut }): Layer => {
    const [one, two] = [convolution(conv1), convolution(conv2)];
    const beside: Layer = shortcut === null ? (x) => x : convolution(shortcut);
    return (x) => two(one(x).relu()).add(beside(x)).relu();
  });
  const { inputs, outputs } = classifier;
  const weight = tensor({ seed: weightSeed(classifier), shape: [inputs, outputs], scale: weightScale(classifier) });
  const bias = tensor({ seed: biasSeed(classifier), shape: [outputs], scale: biasScale });
  return map([imagesLast(tensor({ seed: imageSeed, shape: imageShape }))], (image) => {
    let x = tf.maxPool(first(image).relu(), 3, 2, around(1));
    for (const block of residual) x = block(x);
    return x.mean([1, 2]).matMul(weight).add(bias);
  });
}

export const networkWorkloads = {
  W5_mlp_sgdm: () => mlp(withOptimizer(tf.train.momentum(0.01, 0.9))),
  W5_mlp_adam: () => mlp(withOptimizer(tf.train.adam(1e-3, 0.9, 0.999, 1e-8))),
  W6_cnn: cnn,
  W8_resnet18: resNet,
  W10_tiny: tiny,
};
