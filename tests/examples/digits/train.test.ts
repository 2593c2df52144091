import { describe, expect, test } from "vitest";
import { loadDigits } from "../../../examples/digits/data.ts";
import { train, type Training } from "../../../examples/digits/train.ts";

const digits = loadDigits();
const run = (device: string, options: { epochs: number; dropout: boolean }): Promise<Training> =>
  train(digits.training, digits.heldOut, { device, seed: 0, onStep: () => {}, onEpoch: () => {}, ...options });

describe("the digits example", () => {
  test("holds out a fifth of the images", () => {
    expect(digits.training.images.shape).toEqual([1438, 1, 8, 8]);
    expect(digits.heldOut.images.shape).toEqual([359, 1, 8, 8]);
    const pixels = digits.heldOut.images;
    expect([pixels.min().item(), pixels.max().item()]).toEqual([0, 1]);
    expect(new Set(digits.heldOut.labels.tolist() as number[]).size).toBe(10);
  });

  test("reads more than 97 % of the held-out images, with one program for full batches and one for the last", async () => {
    const { accuracies, losses, statistics } = await run("cpu", { epochs: 12, dropout: true });
    expect(accuracies.at(-1)).toBeGreaterThan(0.97);
    expect(losses).toHaveLength(12 * 23);
    // For each the step, and the conditions that it checks beforehand.
    expect(statistics.compileCount).toBe(4);
    expect(statistics.kernels).toBeLessThan(statistics.operations);
  });

  test("has the same losses in WebAssembly and in JavaScript", async () => {
    const [a, b] = await Promise.all(["cpu", "cpu:js"].map((device) => run(device, { epochs: 3, dropout: false })));
    const differences = a!.losses.slice(0, 50).map((loss, i) => Math.abs(loss - b!.losses[i]!) / loss);
    expect(Math.max(...differences)).toBeLessThan(1e-3);
  });
});
