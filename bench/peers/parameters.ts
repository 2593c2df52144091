/** The generated parameters of the networks, in the layouts of x @ W, for peers that have no layers of their own. */
import { countOf, valuesOf } from "./peer.ts";

export interface Parameter {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const generated = (seed: number, shape: readonly number[], scale: number): Parameter => ({
  shape,
  values: valuesOf({ seed, shape, scale }),
});
const filled = (value: number, ...shape: number[]): Parameter => ({
  shape,
  values: new Float32Array(countOf(shape)).fill(value),
});

/** Weights and biases in turn; the biases are 0. */
export const perceptron = (seed: number, sizes: readonly number[]): Parameter[] =>
  sizes
    .slice(1)
    .flatMap((outputs, i) => [generated(seed + i, [sizes[i]!, outputs], 1 / Math.sqrt(sizes[i]!)), filled(0, outputs)]);

/** W6: two convolutions, as [outputs, inputs, height, width], and two linear maps, each with its bias. */
export const convolutional = (): Parameter[] => [
  generated(601, [32, 1, 5, 5], 1 / Math.sqrt(25)),
  filled(0, 32),
  generated(602, [64, 32, 5, 5], 1 / Math.sqrt(32 * 25)),
  filled(0, 64),
  generated(603, [3136, 128], 1 / Math.sqrt(3136)),
  filled(0, 128),
  generated(604, [128, 10], 1 / Math.sqrt(128)),
  filled(0, 10),
];

export const gptSizes = { layers: 4, heads: 4, width: 128, block: 64, batch: 12, vocabulary: 65 } as const;

export const gptLayerParameters = 6;

/** W7: tokens, positions; of each layer ln1, qkv, proj, ln2, fc1, fc2; the last norm, the head. */
export function gpt(): Parameter[] {
  const { layers, width, block, vocabulary } = gptSizes;
  let seed = 701;
  const scale = 0.02 * Math.sqrt(3);
  const matrix = (inputs: number, outputs: number, shrink = 1): Parameter =>
    generated(seed++, [inputs, outputs], scale / shrink);
  /** Rows are looked up: the transpose of a generated matrix, as every matrix of ours is. */
  const table = (rows: number): Parameter => transposed(matrix(width, rows));
  const parameters = [table(vocabulary), table(block)];
  const depth = Math.sqrt(2 * layers);
  for (let i = 0; i < layers; i++) {
    parameters.push(filled(1, width), matrix(width, 3 * width), matrix(width, width, depth));
    parameters.push(filled(1, width), matrix(width, 4 * width), matrix(4 * width, width, depth));
  }
  parameters.push(filled(1, width), matrix(width, vocabulary));
  return parameters;
}

function transposed({ shape, values }: Parameter): Parameter {
  const [rows, columns] = shape as [number, number];
  const result = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = values[i * columns + j]!;
  return { shape: [columns, rows], values: result };
}
