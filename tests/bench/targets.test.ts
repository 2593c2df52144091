import { describe, expect, test } from "vitest";
import { targets, targetRow } from "../../bench/targets/index.ts";
import {
  cumsumLoop,
  gatherLoop,
  mapLoop,
  scatterAddLoop,
  scatterRowsLoop,
  softmaxLoop,
  sortLoop,
  topkLoop,
} from "../../bench/targets/loops.ts";
import { againstLoop, ours } from "../../bench/targets/target.ts";
import { input } from "../../bench/workloads/workload.ts";

const floats = (...values: number[]): Float32Array => Float32Array.from(values);

describe("the loops that kernels are measured against", () => {
  test("functions of elements are JavaScript's own", () => {
    const y = new Float32Array(1);
    mapLoop(floats(1), y, "exp");
    expect(y[0]).toBe(Math.fround(Math.E));
    mapLoop(floats(0), y, "sigmoid");
    expect(y[0]).toBe(0.5);
    mapLoop(floats(20), y, "tanh");
    expect(y[0]).toBe(1);
  });

  test("rows of a softmax sum to one", () => {
    const y = new Float32Array(4);
    softmaxLoop(floats(0, 0, 5, -1000), y, 2, 2);
    expect([...y]).toEqual([0.5, 0.5, 1, 0]);
  });

  test("rows and elements are gathered and added by index", () => {
    const table = new Float32Array(4).fill(9);
    scatterRowsLoop(table, Int32Array.of(1, 1), floats(1, 2, 3, 4), 2);
    expect([...table]).toEqual([0, 0, 4, 6]);
    const y = new Float32Array(3);
    scatterAddLoop(floats(1, 2, 3), Int32Array.of(2, 2), floats(10, 20), y);
    expect([...y]).toEqual([1, 2, 33]);
    gatherLoop(floats(1, 2, 3), Int32Array.of(2, 0, 0), y);
    expect([...y]).toEqual([3, 1, 1]);
  });

  test("order, the largest and running sums", () => {
    const x = floats(3, 9, -1, 7, 5);
    const [values, positions] = [new Float32Array(5), new Int32Array(5)];
    sortLoop(x, values, positions);
    expect([...values, ...positions]).toEqual([-1, 3, 5, 7, 9, 2, 0, 4, 3, 1]);
    topkLoop(x, 3, values, positions);
    expect([...values.subarray(0, 3), ...positions.subarray(0, 3)]).toEqual([9, 7, 5, 1, 3, 4]);
    cumsumLoop(x, values);
    expect([...values]).toEqual([3, 12, 11, 18, 23]);
  });
});

describe("targets", () => {
  test("each asks for something once, and a figure on the wrong side is a miss", () => {
    expect(new Set(targets.map(({ work }) => work)).size).toBe(targets.length);
    for (const target of targets) {
      const asked = target.atLeast ?? target.atMost!;
      const [worse, better] = target.atLeast === undefined ? [asked * 2, asked / 2] : [asked / 2, asked * 2];
      expect(targetRow(target, { value: worse })).toContain("MISS");
      expect(targetRow(target, { value: better })).toContain("met");
      expect(targetRow(target, { value: null })).not.toMatch(/MISS|met /);
    }
  });

  test("a loop that computes something else is no measure", async () => {
    const work = ours([input("cpu", 1, [64])], [64], (x) => x.exp());
    const { value, note } = await againstLoop(work, () => null, new Float32Array(64), 1);
    expect(value).toBeNull();
    expect(note).toContain("DIFFERS");
  });
});
