import { describe, expect, test } from "vitest";
import { agrees, fingerprint, generate, generateIntegers } from "../../bench/generate.ts";
import { select } from "../../bench/options.ts";
import { workloads } from "../../bench/workloads/index.ts";
import {
  adam,
  byRows,
  crossEntropy,
  generatedMatrix,
  multiply,
  recurrentLoss,
  sgd,
  squaredError,
  trainPerceptron,
} from "./reference.ts";

/** Runs a workload once; its fingerprint. */
async function check(id: string, device = "cpu"): Promise<readonly number[]> {
  const work = select(workloads, [id])[0]!.prepare(device);
  await work.run();
  return work.check();
}

async function expectAgreement(id: string, expected: readonly number[]): Promise<void> {
  const actual = await check(id);
  expect(agrees(actual, expected), `${id}: ${actual.join(", ")} instead of ${expected.join(", ")}`).toBe(true);
}

const mean = (row: Float64Array): number => row.reduce((sum, value) => sum + value, 0) / row.length;

describe("what the workloads compute is what float64 loops compute", () => {
  test("W1: a matrix product", async () => {
    const product = multiply(generatedMatrix(11, 256, 256), generatedMatrix(12, 256, 256));
    await expectAgreement("W1_256", fingerprint(product.values));
  });

  test("W2: chains of elementwise functions", async () => {
    const x = generate(21, 2 ** 22, { scale: 3 });
    const chain = Float64Array.from(x, (v) => Math.tanh(0.7 * v + 0.1) / (1 + Math.exp(-v)) + 0.5 * v * v);
    await expectAgreement("W2_chain", fingerprint(chain));
  });

  test("W3: softmax and layer norm over rows", async () => {
    const x = generate(31, 4096 * 1024, { scale: 4 });
    const softmax = byRows(x, 1024, (row) => {
      const largest = row.reduce((a, b) => Math.max(a, b));
      row.forEach((value, i) => (row[i] = Math.exp(value - largest)));
      const total = mean(row) * row.length;
      row.forEach((value, i) => (row[i] = value / total));
    });
    await expectAgreement("W3_softmax", fingerprint(softmax));

    const gamma = generate(32, 1024);
    const beta = generate(33, 1024);
    const normal = byRows(x, 1024, (row) => {
      const centre = mean(row);
      const spread = Math.sqrt(mean(row.map((value) => (value - centre) ** 2)) + 1e-5);
      row.forEach((value, i) => (row[i] = ((value - centre) / spread) * gamma[i]! + beta[i]!));
    });
    await expectAgreement("W3_layernorm", fingerprint(normal));
  });

  test("W4: sums of all, of columns and of rows", async () => {
    const size = 4096;
    const x = generate(41, size ** 2, { positive: true });
    const columns = new Float64Array(size);
    const rows = new Float64Array(size);
    for (let i = 0; i < x.length; i++) {
      columns[i % size]! += x[i]!;
      rows[Math.floor(i / size)]! += x[i]!;
    }
    await expectAgreement("W4_sum0", fingerprint(columns));
    await expectAgreement("W4_sum1", fingerprint(rows));
    await expectAgreement("W4_sum", fingerprint([mean(rows) * size]));
  });

  test("W5: training steps of a perceptron", async () => {
    const network = {
      sizes: [784, 512, 256, 10],
      seed: 501,
      activation: "relu",
      input: generatedMatrix(500, 64, 784, { positive: true }),
      loss: crossEntropy(generateIntegers(499, 64, 10)),
    } as const;
    await expectAgreement("W5_mlp_sgdm", trainPerceptron({ ...network, update: sgd(0.01, 0.9) }, 5));
    await expectAgreement("W5_mlp_adam", trainPerceptron({ ...network, update: adam(1e-3) }, 5));
  });

  test.each(["lstm", "gru"] as const)("W9: the loss of one layer, %s", async (kind) => {
    const [loss] = await check(`W9_${kind}`);
    expect(Math.abs(loss! / recurrentLoss(kind) - 1)).toBeLessThan(1e-5);
  });

  test("W10: a hundred steps of a tiny network", async () => {
    const losses = trainPerceptron(
      {
        sizes: [2, 16, 16, 1],
        seed: 1002,
        activation: "tanh",
        input: generatedMatrix(1000, 32, 2),
        loss: squaredError(generate(1001, 32)),
        update: sgd(0.1),
      },
      100,
    );
    await expectAgreement("W10_tiny", [losses.at(-1)!]);
  });
});

describe("workloads without a reference", () => {
  test("W6 and W7 start at the loss of guessing, and fall", async () => {
    const cnn = await check("W6_cnn");
    expect(cnn[0]).toBeGreaterThan(0.8 * Math.log(10));
    expect(cnn[0]).toBeLessThan(1.2 * Math.log(10));
    expect(cnn[4]).toBeLessThan(cnn[0]!);
    const gpt = await check("W7_gpt");
    expect(Math.abs(gpt[0]! - Math.log(65))).toBeLessThan(0.1);
    expect(gpt[4]).toBeLessThan(gpt[0]!);
  });
});
