import { describe, expect, test } from "vitest";
import { allBatches, Corpus, documentation, randomBatches, windows } from "../../../examples/gpt/text.ts";

describe("a text as tokens", () => {
  const corpus = new Corpus("abab".repeat(100) + "c".repeat(100));

  test("encodes and decodes its characters", () => {
    expect(corpus.alphabet).toEqual(["a", "b", "c"]);
    expect(corpus.decode(corpus.encode("cab"))).toBe("cab");
    expect([corpus.training.length, corpus.heldOut.length]).toEqual([450, 50]);
  });

  test("knows its unigram entropy", () => {
    const shares = [0.4, 0.4, 0.2];
    expect(corpus.unigramEntropy).toBeCloseTo(-shares.reduce((sum, share) => sum + share * Math.log(share), 0), 12);
  });

  test("targets are the tokens one further", () => {
    const [tokens, targets] = windows(Int32Array.from([1, 2, 3, 4, 5]), [0, 1], 3, "cpu");
    expect(tokens.tolist()).toEqual([
      [1, 2, 3],
      [2, 3, 4],
    ]);
    expect(targets.tolist()).toEqual([
      [2, 3, 4],
      [3, 4, 5],
    ]);
  });

  test("random batches are the same for equal seeds", () => {
    const first = (seed: number): unknown => {
      const options = { batch: 4, block: 8, seed, device: "cpu" };
      return randomBatches(corpus.training, options).next().value[0].tolist();
    };
    expect(first(1)).toEqual(first(1));
    expect(first(1)).not.toEqual(first(2));
  });

  test("evaluation covers the text once", () => {
    const options = { batch: 2, block: 8, device: "cpu" };
    expect([...allBatches(corpus.heldOut, options)]).toHaveLength(3);
  });

  test("the documentation is a text to learn from", () => {
    expect(documentation().length).toBeGreaterThan(10_000);
  });
});
