import { describe, expect, test } from "vitest";
import { topologicalOrder } from "../../../ir/walks.ts";
import { type Node } from "../../../ir/graph.ts";
import { parseGraph } from "../../../ir/text/index.ts";
import { interpret } from "../../../runtime/interpreter/index.ts";
import { encode } from "../../../runtime/interpreter/values.ts";

type Numbers = readonly (number | bigint)[];

/** Runs a graph given as text; inputs and scalars in the order of their lines, halves as values. */
function run(text: string, inputs: readonly Numbers[] = [], scalars: Numbers = []): (number | bigint)[][] {
  const roots = parseGraph(text);
  const leaves = (op: string): Node[] => topologicalOrder(roots).filter((node) => node.op === op);
  const contents = new Map(
    leaves("input").map((leaf, i) => [leaf, encode({ dtype: leaf.dtype, shape: leaf.shape, data: inputs[i]! })]),
  );
  const numbers = new Map(leaves("scalar").map((leaf, i) => [leaf, scalars[i]!]));
  const results = interpret(roots, { input: (leaf) => contents.get(leaf)!, scalar: (leaf) => numbers.get(leaf)! });
  return results.map((array) => Array.from(array as Iterable<number | bigint>));
}
/** One operation on inputs of the given types. */
function apply(operation: string, inputs: readonly (readonly [type: string, values: Numbers])[]): (number | bigint)[] {
  const lines = inputs.map(([type], i) => `%${i + 1} = input ${type}`);
  const last = `%${inputs.length + 1}`;
  return run(
    [...lines, `${last} = ${operation}`, `return ${last}`].join("\n"),
    inputs.map(([, values]) => values),
  )[0]!;
}

describe("the reference interpreter", () => {
  test("rounds after each operation", () => {
    expect(
      apply("add float32[1] %1, %2", [
        ["float32[1]", [2 ** 24]],
        ["float32[1]", [1]],
      ]),
    ).toEqual([2 ** 24]);
    expect(apply("mul int8[2] %1, %1", [["int8[2]", [100, -128]]])).toEqual([16, 0]);
    expect(apply("mul int64[1] %1, %1", [["int64[1]", [2n ** 40n + 1n]]])).toEqual([2n ** 41n + 1n]);
    expect(apply("neg uint8[1] %1", [["uint8[1]", [1]]])).toEqual([255]);
  });

  test("divides integers towards zero, and by zero gives zero", () => {
    expect(
      apply("div int32[3] %1, %2", [
        ["int32[3]", [-7, 7, 7]],
        ["int32[3]", [2, -2, 0]],
      ]),
    ).toEqual([-3, -3, 0]);
    expect(
      apply("rem int32[3] %1, %2", [
        ["int32[3]", [-7, 7, 7]],
        ["int32[3]", [2, -2, 0]],
      ]),
    ).toEqual([-1, 1, 0]);
  });

  test("keeps NaN, infinities and the sign of zero", () => {
    const special = [NaN, Infinity, -0, 1];
    expect(
      apply("max float32[4] %1, %2", [
        ["float32[4]", special],
        ["float32[4]", [1, NaN, 0, -1]],
      ]),
    ).toEqual([NaN, NaN, 0, 1]);
    expect(apply("nearest float32[4] %1", [["float32[4]", [0.5, 1.5, -0.5, 2.5]]])).toEqual([0, 2, -0, 2]);
    expect(
      apply("pow float32[2] %1, %2", [
        ["float32[2]", [1, -1]],
        ["float32[2]", [NaN, Infinity]],
      ]),
    ).toEqual([1, 1]);
    expect(apply("eq bool[4] %1, %1", [["float32[4]", special]])).toEqual([0, 1, 1, 1]);
  });

  test("converts floats by truncation, what does not fit to the lowest integer", () => {
    expect(apply("cast int32[5] %1", [["float32[5]", [-1.9, 1.9, NaN, Infinity, 1e10]]])).toEqual([
      -1,
      1,
      -(2 ** 31),
      -(2 ** 31),
      -(2 ** 31),
    ]);
    expect(apply("cast int64[2] %1", [["float32[2]", [1e10, NaN]]])).toEqual([10_000_000_000n, -(2n ** 63n)]);
    expect(apply("cast int8[2] %1", [["float32[2]", [200, -1.5]]])).toEqual([-56, -1]);
    expect(apply("cast bool[3] %1", [["float32[3]", [0, -0, NaN]]])).toEqual([0, 0, 1]);
  });

  test("reinterprets bits", () => {
    expect(apply("bitcast int32[2] %1", [["float32[2]", [1, -0]]])).toEqual([0x3f800000, -(2 ** 31)]);
    expect(apply("bitcast int16[2] %1", [["float16[2]", [1, -2]]])).toEqual([0x3c00, -16384]);
    expect(apply("bitcast uint8[1] %1", [["int8[1]", [-1]]])).toEqual([255]);
  });

  test("reduces, with the identity where there is nothing", () => {
    const x = ["float32[2, 3]", [1, 2, 3, 4, 5, 6]] as const;
    expect(apply("reduce_sum float32[2, 1] %1 axes=[1]", [x])).toEqual([6, 15]);
    expect(apply("reduce_prod float32[1, 3] %1 axes=[0]", [x])).toEqual([4, 10, 18]);
    expect(apply("reduce_max float32[1] %1 axes=[0]", [["float32[0]", []]])).toEqual([-Infinity]);
    expect(apply("reduce_sum bool[1] %1 axes=[0]", [["bool[2]", [1, 1]]])).toEqual([1]);
    expect(apply("argmax int64[1] %1 axes=[0]", [["float32[4]", [1, NaN, 3, NaN]]])).toEqual([1n]);
    expect(apply("argmin int64[1] %1 axes=[0]", [["float32[4]", [2, 1, 3, 1]]])).toEqual([1n]);
  });

  test("scans in both directions", () => {
    const x = ["int32[4]", [1, 2, 3, 4]] as const;
    expect(apply('scan int32[4] %1 kind="sum" axis=0 reverse=false', [x])).toEqual([1, 3, 6, 10]);
    expect(apply('scan int32[4] %1 kind="prod" axis=0 reverse=true', [x])).toEqual([24, 24, 12, 4]);
  });

  test("contracts batches", () => {
    const result = apply("dot float32[2, 1, 2] %1, %2 batch=[[0],[1]] contract=[[2],[0]]", [
      ["float32[2, 1, 3]", [1, 2, 3, 4, 5, 6]],
      ["float32[3, 2, 2]", [1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1]],
    ]);
    expect(result).toEqual([6, 0, 0, 15]);
  });

  test("moves elements", () => {
    const x = ["int32[2, 3]", [1, 2, 3, 4, 5, 6]] as const;
    expect(apply("permute int32[3, 2] %1 axes=[1,0]", [x])).toEqual([1, 4, 2, 5, 3, 6]);
    expect(apply("slice int32[2, 2] %1 start=[1,2] step=[-1,-2] size=[2,2]", [x])).toEqual([6, 4, 3, 1]);
    expect(
      apply("concat int32[3] %1, %2 axis=0", [
        ["int32[1]", [7]],
        ["int32[2]", [8, 9]],
      ]),
    ).toEqual([7, 8, 9]);
    expect(apply("window int32[2, 2] %1 size=[2] stride=[1] dilation=[2]", [["int32[4]", [1, 2, 3, 4]]])).toEqual([
      1, 3, 2, 4,
    ]);
    const padded = apply("pad int32[7] %1, %2 low=[-1] high=[2] interior=[2]", [
      ["int32[3]", [1, 2, 3]],
      ["int32[]", [9]],
    ]);
    expect(padded).toEqual([9, 9, 2, 9, 9, 3, 9]);
  });

  test("gathers and scatters; an index outside is held inside, and later updates win", () => {
    const x = ["int32[3, 2]", [1, 2, 3, 4, 5, 6]] as const;
    expect(apply("gather int32[2, 2] %1, %2 axes=[0]", [x, ["int64[2]", [2n, -5n]]])).toEqual([5, 6, 1, 2]);
    const scattered = (mode: string): (number | bigint)[] =>
      apply(`scatter int32[3] %1, %2, %3 axes=[0] mode="${mode}"`, [
        ["int32[3]", [1, 1, 1]],
        ["int32[3]", [2, 3, 4]],
        ["int64[3]", [0n, 0n, 9n]],
      ]);
    expect(scattered("set")).toEqual([3, 1, 4]);
    expect(scattered("add")).toEqual([6, 1, 5]);
    expect(scattered("mul")).toEqual([6, 1, 4]);
  });

  test("sorts stably, NaN last when ascending", () => {
    const text =
      "%1 = input float32[4]\n%2 = sort (float32[4], int64[4]) %1 axis=0 descending=false count=4\n%3 = pick float32[4] %2 index=0\n%4 = pick int64[4] %2 index=1\nreturn %3, %4";
    expect(run(text, [[2, NaN, 1, 2]])).toEqual([
      [1, 2, 2, NaN],
      [2n, 0n, 3n, 1n],
    ]);
    expect(run(text.replace("descending=false", "descending=true"), [[2, NaN, 1, 2]])).toEqual([
      [NaN, 2, 2, 1],
      [1n, 0n, 3n, 2n],
    ]);
  });

  test("takes scalars as numbers of their slot's type", () => {
    const text = "%1 = scalar int32[]\n%2 = scalar float16[]\nreturn %1, %2";
    expect(run(text, [], [2.7, 0.1])).toEqual([[2], [11878]]);
  });

  test("lets results be disturbed where back ends may round differently", () => {
    const roots = parseGraph("%1 = input float32[2]\n%2 = exp float32[2] %1\n%3 = neg float32[2] %1\nreturn %2, %3");
    const input = (): Float32Array => new Float32Array([0, 1]);
    const [exp, neg] = interpret(roots, { input, scalar: () => 0, disturb: (value) => value + 1 });
    expect(Array.from(exp as Float32Array)).toEqual([2, Math.fround(Math.E + 1)]);
    expect(Array.from(neg as Float32Array)).toEqual([-0, -1]);
  });

  test("refuses composites", () => {
    expect(() => run('%1 = call float32[] name="softmax" attrs={}\nreturn %1')).toThrow("softmax has to be decomposed");
  });
});
