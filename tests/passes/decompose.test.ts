import { describe, expect, test } from "vitest";
import "../../ir/ops/index.ts";
import { GraphBuilder, isNode } from "../../ir/builder.ts";
import { leafNode, type Node } from "../../ir/graph.ts";
import { operator, recordOperator } from "../../ir/operator.ts";
import { parseGraph, printGraph } from "../../ir/text/index.ts";
import { decompose } from "../../passes/decompose.ts";
import { after, lines, run } from "./support.ts";

describe("decompose", () => {
  test("a composite becomes what it stands for", () => {
    const g = new GraphBuilder();
    const x = leafNode("input", "float32", [2, 3], null);
    const call = recordOperator(g, operator("softmax"), { input: x, dim: 1, dtype: null }, isNode) as Node;
    expect(call.op).toBe("call");
    expect(printGraph(run(decompose, [call]))).toBe(
      lines(`
      %1 = input float32[2, 3]
      %2 = reduce_max float32[2, 1] %1 axes=[1]
      %3 = expand float32[2, 3] %2 shape=[2,3]
      %4 = sub float32[2, 3] %1, %3
      %5 = exp float32[2, 3] %4
      %6 = constant float32[] value=1
      %7 = reduce_sum float32[2, 1] %5 axes=[1]
      %8 = reshape float32[1, 1] %6 shape=[1,1]
      %9 = expand float32[2, 1] %8 shape=[2,1]
      %10 = div float32[2, 1] %9, %7
      %11 = expand float32[2, 3] %10 shape=[2,3]
      %12 = mul float32[2, 3] %5, %11
      return %12`),
    );
  });

  test("markers of differentiation go", () => {
    const text = `
      %1 = input float32[3]
      %2 = leaf float32[3] %1 grad
      %3 = exp float32[3] %2 grad
      %4 = detach float32[3] %3
      %5 = with_history float32[3] %4, %3 grad
      return %5`;
    expect(after(decompose, text)).toBe(
      lines(`
      %1 = input float32[3]
      %2 = exp float32[3] %1
      return %2`),
    );
  });

  test("a barrier keeps a recomputed region apart; one that tells tensors apart goes", () => {
    const text = `
      %1 = input float32[3]
      %2 = barrier float32[3] %1 tag=5
      %3 = exp float32[3] %2
      %4 = exp float32[3] %1
      %5 = barrier float32[3] %4 tag=-1
      return %3, %5`;
    expect(after(decompose, text)).toBe(
      lines(`
      %1 = input float32[3]
      %2 = barrier float32[3] %1 tag=5
      %3 = exp float32[3] %2
      %4 = exp float32[3] %1
      return %3, %4`),
    );
  });

  test("primitives are left as they are", () => {
    const text = `
      %1 = input float32[3]
      %2 = sort (float32[3], int64[3]) %1 axis=0 descending=false count=3
      %3 = pick int64[3] %2 index=1
      return %3`;
    expect(after(decompose, text)).toBe(lines(text));
    expect(parseGraph(lines(text))).toHaveLength(1);
  });
});
