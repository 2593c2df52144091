import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { printGraph } from "../../ir/text/index.ts";
import { canonicalise } from "../../passes/canonicalise.ts";
import { instructionList } from "../fuzz/choices.ts";
import { cpuDTypes, RandomGraph } from "../fuzz/graphs.ts";
import { after, lines, run } from "./support.ts";

const rules: Record<string, readonly [before: string, after: string]> = {
  "permutations of permutations are one": [
    `
    %1 = input float32[2, 3, 4]
    %2 = permute float32[4, 2, 3] %1 axes=[2,0,1]
    %3 = permute float32[3, 4, 2] %2 axes=[2,0,1]
    return %3`,
    `
    %1 = input float32[2, 3, 4]
    %2 = permute float32[3, 4, 2] %1 axes=[1,2,0]
    return %2`,
  ],
  "permutations that undo each other are nothing": [
    `
    %1 = input float32[2, 3]
    %2 = permute float32[3, 2] %1 axes=[1,0]
    %3 = permute float32[2, 3] %2 axes=[1,0]
    return %3`,
    `
    %1 = input float32[2, 3]
    return %1`,
  ],
  "slices of slices step with both steps": [
    `
    %1 = input float32[20]
    %2 = slice float32[9] %1 start=[18] step=[-2] size=[9]
    %3 = slice float32[3] %2 start=[1] step=[3] size=[3]
    return %3`,
    `
    %1 = input float32[20]
    %2 = slice float32[3] %1 start=[16] step=[-6] size=[3]
    return %2`,
  ],
  "what is computed of broadcast values is computed before they are broadcast": [
    `
    %1 = input float32[3, 1]
    %2 = expand float32[3, 500] %1 shape=[3,500]
    %3 = exp float32[3, 500] %2
    %4 = constant float32[] value=2
    %5 = reshape float32[1, 1] %4 shape=[1,1]
    %6 = expand float32[3, 500] %5 shape=[3,500]
    %7 = mul float32[3, 500] %3, %6
    return %7`,
    `
    %1 = input float32[3, 1]
    %2 = constant float32[] value=2
    %3 = reshape float32[1, 1] %2 shape=[1,1]
    %4 = exp float32[3, 1] %1
    %5 = expand float32[3, 1] %3 shape=[3,1]
    %6 = mul float32[3, 1] %4, %5
    %7 = expand float32[3, 500] %6 shape=[3,500]
    return %7`,
  ],
  "factors of one and the negative of a negative go": [
    `
    %1 = input float32[3]
    %2 = constant float32[] value=1
    %3 = reshape float32[1] %2 shape=[1]
    %4 = expand float32[3] %3 shape=[3]
    %5 = mul float32[3] %1, %4
    %6 = neg float32[3] %5
    %7 = neg float32[3] %6
    %8 = div float32[3] %7, %4
    return %8`,
    `
    %1 = input float32[3]
    return %1`,
  ],
  "literals are folded, each rounded to its type": [
    `
    %1 = constant float32[] value=0.10000000149011612
    %2 = constant float32[] value=0.20000000298023224
    %3 = add float32[] %1, %2
    return %3`,
    `
    %1 = constant float32[] value=0.30000001192092896
    return %1`,
  ],
  "reductions forget axes of one element": [
    `
    %1 = input float32[1, 5]
    %2 = reduce_sum float32[1, 1] %1 axes=[0,1]
    %3 = argmax int64[1, 5] %1 axes=[0]
    return %2, %3`,
    `
    %1 = input float32[1, 5]
    %2 = reduce_sum float32[1, 1] %1 axes=[1]
    %3 = constant int64[] value={"$bigint":"0"}
    %4 = reshape int64[1, 1] %3 shape=[1,1]
    %5 = expand int64[1, 5] %4 shape=[1,5]
    return %2, %5`,
  ],
  "parts without elements are not joined": [
    `
    %1 = input float32[0, 2]
    %2 = input float32[3, 2]
    %3 = concat float32[3, 2] %1, %2 axis=0
    return %3`,
    `
    %1 = input float32[3, 2]
    return %1`,
  ],
  "what is known of literals behind broadcasts is known": [
    `
    %1 = constant float32[] value=3
    %2 = reshape float32[1] %1 shape=[1]
    %3 = expand float32[3] %2 shape=[3]
    %4 = constant float32[] value=2
    %5 = reshape float32[1] %4 shape=[1]
    %6 = expand float32[3] %5 shape=[3]
    %7 = input float32[3]
    %8 = eq bool[3] %3, %6
    %9 = sub float32[3] %3, %6
    %10 = mul float32[3] %7, %9
    %11 = where float32[3] %8, %6, %10
    return %11`,
    `
    %1 = input float32[3]
    return %1`,
  ],
  "the product of two vectors is a sum": [
    `
    %1 = input float32[3]
    %2 = input float32[3]
    %3 = dot float32[] %1, %2 batch=[[],[]] contract=[[0],[0]]
    return %3`,
    `
    %1 = input float32[3]
    %2 = input float32[3]
    %3 = mul float32[3] %1, %2
    %4 = reduce_sum float32[1] %3 axes=[0]
    %5 = reshape float32[] %4 shape=[]
    return %5`,
  ],
  "a third power is two products": [
    `
    %1 = constant float32[] value=3
    %2 = reshape float32[1] %1 shape=[1]
    %3 = expand float32[3] %2 shape=[3]
    %4 = input float32[3]
    %5 = pow float32[3] %4, %3
    return %5`,
    `
    %1 = input float32[3]
    %2 = mul float32[3] %1, %1
    %3 = mul float32[3] %2, %1
    return %3`,
  ],
  "equal computations are one": [
    `
    %1 = input float32[3]
    %2 = exp float32[3] %1
    %3 = exp float32[3] %1
    %4 = add float32[3] %2, %3
    return %4`,
    `
    %1 = input float32[3]
    %2 = exp float32[3] %1
    %3 = add float32[3] %2, %2
    return %3`,
  ],
};

/** An operation on three elements and a number. */
const withLiteral = (operation: string, value: number, dtype = "float32"): string => `
    %1 = constant ${dtype}[] value=${value}
    %2 = reshape ${dtype}[1] %1 shape=[1]
    %3 = expand ${dtype}[3] %2 shape=[3]
    %4 = input ${dtype}[3]
    %5 = ${operation} ${dtype}[3] %4, %3
    return %5`;

const kept: Record<string, string> = {
  "x ** 3 of half floats, which would be rounded twice": withLiteral("pow", 3, "float16"),
  "x * 0, which is NaN for infinite x": withLiteral("mul", 0),
  "x - x, which is NaN for infinite x": `
    %1 = input float32[3]
    %2 = sub float32[3] %1, %1
    return %2`,
  "x + 0, which is 0 for x = -0": withLiteral("add", 0),
  "scans that differ in their direction": `
    %1 = input float32[3]
    %2 = scan float32[3] %1 kind="sum" axis=0 reverse=false
    %3 = scan float32[3] %1 kind="sum" axis=0 reverse=true
    return %2, %3`,
};

describe("canonicalise", () => {
  test.each(Object.entries(rules))("%s", (_name, [before, expected]) => {
    expect(after(canonicalise, before)).toBe(lines(expected));
  });

  test.each(Object.entries(kept))("keeps %s", (_name, text) => {
    expect(after(canonicalise, text)).toBe(lines(text));
  });

  test("once more changes nothing", () => {
    fc.assert(
      fc.property(instructionList(20), (program) => {
        const once = run(canonicalise, new RandomGraph(program, { dtypes: cpuDTypes }).roots);
        expect(printGraph(run(canonicalise, once))).toBe(printGraph(once));
      }),
      { numRuns: 300, seed: 3 },
    );
  });
});
