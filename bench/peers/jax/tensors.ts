/** jax-js on W1 to W4. */
import { blockUntilReady, jit, nn, numpy as np } from "@jax-js/jax";
import { fingerprint } from "../../generate.ts";
import { valuesOf, type Generated, type PeerCase } from "../peer.ts";

export const array = (given: Generated): np.Array => np.array(valuesOf(given)).reshape([...given.shape]);

/** The case of a function of arrays, compiled. */
export function map(inputs: readonly Generated[], compute: (...inputs: np.Array[]) => np.Array): PeerCase {
  const arrays = inputs.map(array);
  const call = jit(compute);
  let last: np.Array | null = null;
  return {
    async run() {
      last?.dispose();
      last = call(...arrays.map((x) => x.ref));
      await blockUntilReady(last);
    },
    check: async () => fingerprint(await last!.ref.data()),
  };
}

const Mi = 2 ** 20;
const rows = { seed: 31, shape: [4096, 1024], scale: 4 };
const x = (count: number): Generated => ({ seed: 21, shape: [count], scale: 3 });
const square = { seed: 41, shape: [4096, 4096], positive: true };

const product = (n: number) => (): PeerCase =>
  map(
    [
      { seed: 11, shape: [n, n] },
      { seed: 12, shape: [n, n] },
    ],
    (a, b) => np.matmul(a, b),
  );

export const tensorWorkloads = {
  W1_256: product(256),
  W1_512: product(512),
  W1_1024: product(1024),
  W1_2048: product(2048),
  W2_chain: () =>
    map([x(4 * Mi)], (v) => np.tanh(v.ref.mul(0.7).add(0.1)).mul(nn.sigmoid(v.ref)).add(v.ref.mul(0.5).mul(v))),
  W2_axpy: () => map([x(16 * Mi), { seed: 22, shape: [16 * Mi] }], (v, z) => v.mul(2).add(z)),
  W3_softmax: () => map([rows], (v) => nn.softmax(v, -1)),
  W3_layernorm: () =>
    map([rows, { seed: 32, shape: [1024] }, { seed: 33, shape: [1024] }], (v, gamma, beta) =>
      nn.standardize(v, -1, { epsilon: 1e-5 }).mul(gamma).add(beta),
    ),
  W4_sum: () => map([{ ...square, shape: [16 * Mi] }], (v) => v.sum()),
  W4_sum0: () => map([square], (v) => v.sum(0)),
  W4_sum1: () => map([square], (v) => v.sum(1)),
};
