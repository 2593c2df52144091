/** W1 to W4: functions of tensors. */
import * as torch from "../../frontend/index.ts";
import { map } from "./map.ts";
import { input, type Workload } from "./workload.ts";

const { functional: F } = torch.nn;
const Mi = 2 ** 20;
const floatBytes = 4;

/** The product of two square matrices. */
const product = (n: number): Workload => ({
  id: `W1_${n}`,
  flops: 2 * n ** 3,
  prepare: (device) =>
    map(device, [input(device, 11, [n, n]), input(device, 12, [n, n])], [n, n], (a, b) => a.matmul(b)),
});

const chain: Workload = {
  id: "W2_chain",
  bytes: 2 * 4 * Mi * floatBytes,
  prepare: (device) =>
    map(device, [input(device, 21, [4 * Mi], { scale: 3 })], [4 * Mi], (x) =>
      x.mul(0.7).add(0.1).tanh().mul(x.sigmoid()).add(x.mul(0.5).mul(x)),
    ),
};

const axpy: Workload = {
  id: "W2_axpy",
  bytes: 3 * 16 * Mi * floatBytes,
  prepare: (device) =>
    map(device, [input(device, 21, [16 * Mi], { scale: 3 }), input(device, 22, [16 * Mi])], [16 * Mi], (x, z) =>
      x.mul(2).add(z),
    ),
};

const rows = [4096, 1024] as const;
const rowBytes = 2 * rows[0] * rows[1] * floatBytes;

const softmax: Workload = {
  id: "W3_softmax",
  bytes: rowBytes,
  prepare: (device) => map(device, [input(device, 31, rows, { scale: 4 })], rows, (x) => F.softmax(x, -1)),
};

const layerNorm: Workload = {
  id: "W3_layernorm",
  bytes: rowBytes,
  prepare(device) {
    const width = rows[1];
    const inputs = [input(device, 31, rows, { scale: 4 }), input(device, 32, [width]), input(device, 33, [width])];
    return map(device, inputs, rows, (x, gamma, beta) => F.layer_norm(x, [width], gamma, beta, 1e-5));
  },
};

const sum: Workload = {
  id: "W4_sum",
  bytes: 16 * Mi * floatBytes,
  prepare: (device) => map(device, [input(device, 41, [16 * Mi], { positive: true })], [], (x) => x.sum()),
};

const sumAlong = (axis: 0 | 1): Workload => ({
  id: `W4_sum${axis}`,
  bytes: 16 * Mi * floatBytes,
  prepare: (device) => map(device, [input(device, 41, [4096, 4096], { positive: true })], [4096], (x) => x.sum(axis)),
});

export const tensorWorkloads: readonly Workload[] = [
  ...[256, 512, 1024, 2048].map(product),
  chain,
  axpy,
  softmax,
  layerNorm,
  sum,
  sumAlong(0),
  sumAlong(1),
];
