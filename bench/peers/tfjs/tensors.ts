/** TensorFlow.js on W1 to W4: its kernels have run when an operation returns. */
import * as tf from "@tensorflow/tfjs";
import { fingerprint } from "../../generate.ts";
import { valuesOf, type Generated, type PeerCase } from "../peer.ts";

export const tensor = (given: Generated): tf.Tensor => tf.tensor(valuesOf(given), [...given.shape]);

export function map(inputs: readonly tf.Tensor[], compute: (...inputs: tf.Tensor[]) => tf.Tensor): PeerCase {
  let last: tf.Tensor | null = null;
  return {
    run() {
      last?.dispose();
      last = tf.tidy(() => compute(...inputs));
    },
    check: async () => fingerprint(await last!.data()),
  };
}

const Mi = 2 ** 20;
const rows = { seed: 31, shape: [4096, 1024], scale: 4 };
const x = (count: number): Generated => ({ seed: 21, shape: [count], scale: 3 });
const square = { seed: 41, shape: [4096, 4096], positive: true };

const product = (n: number) => (): PeerCase =>
  map([tensor({ seed: 11, shape: [n, n] }), tensor({ seed: 12, shape: [n, n] })], (a, b) => tf.matMul(a, b));

/** Over the last axis. */
export function normalise(v: tf.Tensor): tf.Tensor {
  const centred = v.sub(v.mean(-1, true));
  return centred.mul(centred.square().mean(-1, true).add(1e-5).rsqrt());
}

export const tensorWorkloads = {
  W1_256: product(256),
  W1_512: product(512),
  W1_1024: product(1024),
  W1_2048: product(2048),
  W2_chain: () => map([tensor(x(4 * Mi))], (v) => v.mul(0.7).add(0.1).tanh().mul(v.sigmoid()).add(v.mul(0.5).mul(v))),
  W2_axpy: () => map([tensor(x(16 * Mi)), tensor({ seed: 22, shape: [16 * Mi] })], (v, z) => v.mul(2).add(z)),
  W3_softmax: () => map([tensor(rows)], (v) => v.softmax(-1)),
  W3_layernorm: () =>
    map([tensor(rows), tensor({ seed: 32, shape: [1024] }), tensor({ seed: 33, shape: [1024] })], (v, gamma, beta) =>
      normalise(v).mul(gamma).add(beta),
    ),
  W4_sum: () => map([tensor({ ...square, shape: [16 * Mi] })], (v) => v.sum()),
  W4_sum0: () => map([tensor(square)], (v) => v.sum(0)),
  W4_sum1: () => map([tensor(square)], (v) => v.sum(1)),
};
