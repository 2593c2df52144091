/** The workloads in plain float64 loops: what the compiled ones must agree with. */
import { generate } from "../../bench/generate.ts";
import { recurrentScale, recurrentSizes } from "../../bench/workloads/recurrent-sizes.ts";

type Matrix = { readonly rows: number; readonly columns: number; readonly values: Float64Array };

const matrix = (
  rows: number,
  columns: number,
  values: ArrayLike<number> = new Float64Array(rows * columns),
): Matrix => ({
  rows,
  columns,
  values: Float64Array.from(values),
});

/** a @ b, where either may be read transposed. */
export function multiply(
  a: Matrix,
  b: Matrix,
  transposed: { readonly a?: boolean; readonly b?: boolean } = {},
): Matrix {
  const [rows, depth] = transposed.a === true ? [a.columns, a.rows] : [a.rows, a.columns];
  const columns = transposed.b === true ? b.rows : b.columns;
  const result = matrix(rows, columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < depth; k++) {
      const left = a.values[transposed.a === true ? k * a.columns + i : i * a.columns + k]!;
      for (let j = 0; j < columns; j++) {
        result.values[i * columns + j]! +=
          left * b.values[transposed.b === true ? j * b.columns + k : k * columns + j]!;
      }
    }
  }
  return result;
}

export const generatedMatrix = (
  seed: number,
  rows: number,
  columns: number,
  options?: { readonly scale?: number; readonly positive?: boolean },
): Matrix => matrix(rows, columns, generate(seed, rows * columns, options));

/** The loss of a batch of outputs, and its gradient. */
export type Loss = (outputs: Matrix) => { readonly loss: number; readonly gradient: Matrix };

export const crossEntropy =
  (labels: ArrayLike<number>): Loss =>
  (outputs) => {
    const { rows, columns, values } = outputs;
    const gradient = matrix(rows, columns);
    let loss = 0;
    for (let i = 0; i < rows; i++) {
      const row = values.subarray(i * columns, (i + 1) * columns);
      const largest = Math.max(...row);
      const total = row.reduce((sum, value) => sum + Math.exp(value - largest), 0);
      loss += (Math.log(total) + largest - row[labels[i]!]!) / rows;
      for (let j = 0; j < columns; j++) {
        const probability = Math.exp(row[j]! - largest) / total;
        gradient.values[i * columns + j] = (probability - (labels[i] === j ? 1 : 0)) / rows;
      }
    }
    return { loss, gradient };
  };

export const squaredError =
  (targets: ArrayLike<number>): Loss =>
  (outputs) => {
    const gradient = matrix(outputs.rows, outputs.columns);
    const count = outputs.values.length;
    let loss = 0;
    outputs.values.forEach((value, i) => {
      const difference = value - targets[i]!;
      loss += difference ** 2 / count;
      gradient.values[i] = (2 * difference) / count;
    });
    return { loss, gradient };
  };

/** Changes a parameter by its gradient; `step` counts from 1, `state` is the parameter's own. */
export type Update = (values: Float64Array, gradient: Float64Array, step: number, state: Float64Array[]) => void;

const moments = (state: Float64Array[], count: number, size: number): Float64Array[] => {
  while (state.length < count) state.push(new Float64Array(size));
  return state;
};

export const sgd =
  (lr: number, momentum = 0): Update =>
  (values, gradient, _step, state) => {
    const velocity = moments(state, 1, values.length)[0]!;
    for (let i = 0; i < values.length; i++) {
      velocity[i] = momentum * velocity[i]! + gradient[i]!;
      values[i]! -= lr * velocity[i]!;
    }
  };

export const adam =
  (lr: number, [beta1, beta2] = [0.9, 0.999] as const, eps = 1e-8): Update =>
  (values, gradient, step, state) => {
    const [first, second] = moments(state, 2, values.length) as [Float64Array, Float64Array];
    for (let i = 0; i < values.length; i++) {
      first[i] = beta1 * first[i]! + (1 - beta1) * gradient[i]!;
      second[i] = beta2 * second[i]! + (1 - beta2) * gradient[i]! ** 2;
      const unbiased = Math.sqrt(second[i]! / (1 - beta2 ** step)) + eps;
      values[i]! -= ((lr / (1 - beta1 ** step)) * first[i]!) / unbiased;
    }
  };

export interface Perceptron {
  readonly sizes: readonly number[];
  /** Seed of the first layer's weights; the next ones follow. */
  readonly seed: number;
  readonly activation: "relu" | "tanh";
  readonly input: Matrix;
  readonly loss: Loss;
  readonly update: Update;
}

/** The losses of the first `count` training steps. */
export function trainPerceptron({ sizes, seed, activation, input, loss, update }: Perceptron, count: number): number[] {
  const layers = sizes.slice(1).map((outputs, i) => {
    const inputs = sizes[i]!;
    const weights = generatedMatrix(seed + i, inputs, outputs, { scale: 1 / Math.sqrt(inputs) });
    const states: [Float64Array[], Float64Array[]] = [[], []];
    return { weights, bias: new Float64Array(outputs), states };
  });
  const activate = (value: number): number => (activation === "relu" ? Math.max(0, value) : Math.tanh(value));
  /** From the activation's result. */
  const slope = (result: number): number => (activation === "relu" ? Number(result > 0) : 1 - result ** 2);

  return Array.from({ length: count }, (_, i) => {
    const results = [input];
    layers.forEach(({ weights, bias }, depth) => {
      const next = multiply(results.at(-1)!, weights);
      next.values.forEach((value, at) => {
        const sum = value + bias[at % bias.length]!;
        next.values[at] = depth === layers.length - 1 ? sum : activate(sum);
      });
      results.push(next);
    });
    const outcome = loss(results.at(-1)!);
    let { gradient } = outcome;
    for (let depth = layers.length - 1; depth >= 0; depth--) {
      const { weights, bias, states } = layers[depth]!;
      const below = results[depth]!;
      const ofWeights = multiply(below, gradient, { a: true });
      const ofBias = new Float64Array(bias.length);
      gradient.values.forEach((value, at) => (ofBias[at % bias.length]! += value));
      const ofInput = multiply(gradient, weights, { b: true });
      if (depth > 0) below.values.forEach((value, at) => (ofInput.values[at]! *= slope(value)));
      update(weights.values, ofWeights.values, i + 1, states[0]);
      update(bias, ofBias, i + 1, states[1]);
      gradient = ofInput;
    }
    return outcome.loss;
  });
}

/** [rows, width] values with `finish` applied to each row in place. */
export function byRows(values: ArrayLike<number>, width: number, finish: (row: Float64Array) => void): Float64Array {
  const result = Float64Array.from(values);
  for (let start = 0; start < result.length; start += width) finish(result.subarray(start, start + width));
  return result;
}

/** The mean square of what one recurrent layer gives over a sequence, from the generated weights of W9. */
export function recurrentLoss(kind: "lstm" | "gru"): number {
  const { sequence, batch, inputs, hidden } = recurrentSizes;
  const rows = (kind === "lstm" ? 4 : 3) * hidden;
  const weights = (seed: number, count: number): Float32Array => generate(seed, count, { scale: recurrentScale });
  const [ofInput, ofHidden] = [weights(1101, inputs * rows), weights(1102, hidden * rows)];
  const [inputBias, hiddenBias] = [weights(1103, rows), weights(1104, rows)];
  const x = generate(1100, sequence * batch * inputs);
  const affine = (v: ArrayLike<number>, w: Float32Array, bias: Float32Array): Float64Array => {
    const y = Float64Array.from(bias);
    for (let k = 0; k < v.length; k++) for (let j = 0; j < rows; j++) y[j]! += v[k]! * w[k * rows + j]!;
    return y;
  };
  const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));
  let total = 0;
  for (let b = 0; b < batch; b++) {
    const h = new Float64Array(hidden);
    const c = new Float64Array(hidden);
    for (let t = 0; t < sequence; t++) {
      const place = (t * batch + b) * inputs;
      const p = affine(x.subarray(place, place + inputs), ofInput, inputBias);
      const q = affine(h, ofHidden, hiddenBias);
      for (let j = 0; j < hidden; j++) {
        const gate = (k: number): number => p[k * hidden + j]! + q[k * hidden + j]!;
        if (kind === "lstm") {
          c[j] = sigmoid(gate(1)) * c[j]! + sigmoid(gate(0)) * Math.tanh(gate(2));
          h[j] = sigmoid(gate(3)) * Math.tanh(c[j]!);
        } else {
          const update = sigmoid(gate(1));
          const candidate = Math.tanh(p[2 * hidden + j]! + sigmoid(gate(0)) * q[2 * hidden + j]!);
          h[j] = (1 - update) * candidate + update * h[j]!;
        }
        total += h[j]! ** 2;
      }
    }
  }
  return total / (sequence * batch * hidden);
}
