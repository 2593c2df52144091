/** The inferring workloads as ONNX models: W1 to W4 and W8. */
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
import type { Generated } from "../peer.ts";
import type { Constant, OnnxModel, OnnxNode } from "./model.ts";

export interface OnnxWorkload {
  readonly model: OnnxModel;
  readonly inputs: Readonly<Record<string, Generated>>;
}

const Mi = 2 ** 20;
const output = "y";

/** Nodes one after another: what is not named in `weights` or as an input is an earlier node's output. */
function workload(
  inputs: Readonly<Record<string, Generated>>,
  shape: readonly number[],
  nodes: readonly OnnxNode[],
  weights: OnnxModel["weights"] = {},
): OnnxWorkload {
  const shapes = Object.fromEntries(Object.entries(inputs).map(([name, given]) => [name, given.shape]));
  return { inputs, model: { inputs: shapes, outputs: { [output]: shape }, weights, nodes } };
}

const product = (n: number) => (): OnnxWorkload =>
  workload(
    { a: { seed: 11, shape: [n, n] }, b: { seed: 12, shape: [n, n] } },
    [n, n],
    [{ operator: "MatMul", inputs: ["a", "b"], output }],
  );

const number = (value: number): Constant => ({ shape: [], values: new Float32Array([value]) });

function chain(): OnnxWorkload {
  const shape = [4 * Mi];
  const nodes: OnnxNode[] = [
    { operator: "Mul", inputs: ["x", "slope"], output: "scaled" },
    { operator: "Add", inputs: ["scaled", "shift"], output: "shifted" },
    { operator: "Tanh", inputs: ["shifted"], output: "curved" },
    { operator: "Sigmoid", inputs: ["x"], output: "gate" },
    { operator: "Mul", inputs: ["curved", "gate"], output: "gated" },
    { operator: "Mul", inputs: ["x", "half"], output: "halved" },
    { operator: "Mul", inputs: ["halved", "x"], output: "squared" },
    { operator: "Add", inputs: ["gated", "squared"], output },
  ];
  const weights = { slope: number(0.7), shift: number(0.1), half: number(0.5) };
  return workload({ x: { seed: 21, shape, scale: 3 } }, shape, nodes, weights);
}

function axpy(): OnnxWorkload {
  const shape = [16 * Mi];
  const nodes = [
    { operator: "Mul", inputs: ["x", "two"], output: "doubled" },
    { operator: "Add", inputs: ["doubled", "z"], output },
  ];
  return workload({ x: { seed: 21, shape, scale: 3 }, z: { seed: 22, shape } }, shape, nodes, { two: number(2) });
}

const rows = { seed: 31, shape: [4096, 1024], scale: 4 };

const softmax = (): OnnxWorkload =>
  workload({ x: rows }, rows.shape, [{ operator: "Softmax", inputs: ["x"], output, attributes: { axis: 1 } }]);

const layerNorm = (): OnnxWorkload =>
  workload({ x: rows, gamma: { seed: 32, shape: [1024] }, beta: { seed: 33, shape: [1024] } }, rows.shape, [
    {
      operator: "LayerNormalization",
      inputs: ["x", "gamma", "beta"],
      output,
      attributes: { axis: 1 },
      floats: { epsilon: 1e-5 },
    },
  ]);

const square = { seed: 41, shape: [4096, 4096], positive: true };

const sum = (given: Generated, axis: number, shape: readonly number[]) => (): OnnxWorkload =>
  workload(
    { x: given },
    shape,
    [{ operator: "ReduceSum", inputs: ["x", "axes"], output, attributes: { keepdims: 0 } }],
    { axes: { shape: [1], values: BigInt64Array.of(BigInt(axis)) } },
  );

function resNet(): OnnxWorkload {
  const { stem, blocks, classifier } = resNet18();
  const weights: Record<string, Generated> = {};
  const nodes: OnnxNode[] = [];
  const add = (node: OnnxNode): string => {
    nodes.push(node);
    return node.output;
  };
  const convolution = (x: string, layer: Convolution): string => {
    const { place, inputs, outputs, kernel, stride, padding } = layer;
    const shape = [outputs, inputs, kernel, kernel];
    weights[`w${place}`] = { seed: weightSeed(layer), shape, scale: weightScale(layer) };
    weights[`b${place}`] = { seed: biasSeed(layer), shape: [outputs], scale: biasScale };
    return add({
      operator: "Conv",
      inputs: [x, `w${place}`, `b${place}`],
      output: `conv${place}`,
      attributes: {
        kernel_shape: [kernel, kernel],
        strides: [stride, stride],
        pads: [padding, padding, padding, padding],
      },
    });
  };
  const relu = (x: string): string => add({ operator: "Relu", inputs: [x], output: `${x}_relu` });
  let x = add({
    operator: "MaxPool",
    inputs: [relu(convolution("image", stem))],
    output: "pooled",
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
  });
  for (const { conv1, conv2, shortcut } of blocks) {
    const inner = convolution(relu(convolution(x, conv1)), conv2);
    const beside = shortcut === null ? x : convolution(x, shortcut);
    x = relu(add({ operator: "Add", inputs: [inner, beside], output: `${inner}_sum` }));
  }
  const { inputs, outputs } = classifier;
  weights["weight"] = { seed: weightSeed(classifier), shape: [inputs, outputs], scale: weightScale(classifier) };
  weights["bias"] = { seed: biasSeed(classifier), shape: [outputs], scale: biasScale };
  add({ operator: "GlobalAveragePool", inputs: [x], output: "means" });
  add({ operator: "Flatten", inputs: ["means"], output: "features" });
  add({ operator: "Gemm", inputs: ["features", "weight", "bias"], output });
  return workload({ image: { seed: imageSeed, shape: imageShape } }, [1, outputs], nodes, weights);
}

export const onnxWorkloads: Readonly<Record<string, () => OnnxWorkload>> = {
  W1_256: product(256),
  W1_512: product(512),
  W1_1024: product(1024),
  W1_2048: product(2048),
  W2_chain: chain,
  W2_axpy: axpy,
  W3_softmax: softmax,
  W3_layernorm: layerNorm,
  W4_sum: sum({ ...square, shape: [16 * Mi] }, 0, []),
  W4_sum0: sum(square, 0, [4096]),
  W4_sum1: sum(square, 1, [4096]),
  W8_resnet18: resNet,
};
