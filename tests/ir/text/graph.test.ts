import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { topologicalOrder } from "../../../ir/walks.ts";
import { type Node } from "../../../ir/graph.ts";
import { parseGraph, parseKernelGraph, printGraph, printKernelGraph } from "../../../ir/text/index.ts";
import { verifyGraph, verifyKernelGraph } from "../../../ir/verify/index.ts";
import { fuse } from "../../../passes/fuse.ts";
import { instructionList } from "../../fuzz/choices.ts";
import { cpuDTypes, RandomGraph } from "../../fuzz/graphs.ts";

const randomRoots = (program: number[][]): readonly Node[] => new RandomGraph(program, { dtypes: cpuDTypes }).roots;

describe("a tensor graph as text", () => {
  test("has one node a line, inputs before users", () => {
    const text = `%1 = input float32[2, 3]
%2 = constant float32[] value={"$number":"-0"}
%3 = reduce_sum float32[2, 1] %1 axes=[1] grad
%4 = sort (float32[2, 1], int64[2, 1]) %3 axis=0 descending=true count=2
%5 = pick int64[2, 1] %4 index=1
%6 = call float32[] %1, %2 name="a name" attrs={"alpha":0.5,"text":"with \\"quotes\\" and = signs"}
%7 = routine (float32[2, 3], int32[2], int32[]) %1 name="lu" pivot=true
%8 = pick int32[2] %7 index=1
return %3, %5, %6, %8
`;
    const roots = parseGraph(text);
    expect(printGraph(roots)).toBe(text);
    expect(roots.map((root) => root.op)).toEqual(["reduce_sum", "pick", "call", "pick"]);
    expect(roots[2]!.inputs[1]!.attrs).toEqual({ value: -0 });
  });

  test("reads back as the same graph", () => {
    fc.assert(
      fc.property(instructionList(24), (program) => {
        const roots = randomRoots(program);
        const parsed = parseGraph(printGraph(roots));
        expect(printGraph(parsed)).toBe(printGraph(roots));
        const [before, after] = [topologicalOrder(roots), topologicalOrder(parsed)];
        expect(after.map(({ hash }) => hash)).toEqual(before.map(({ hash }) => hash));
        expect(after.map(({ attrText }) => attrText)).toEqual(before.map(({ attrText }) => attrText));
        verifyGraph(parsed, { primitive: true });
      }),
      { numRuns: 200, seed: 5 },
    );
  });

  test.each([
    ["%1 = add float32[2] %2, %3\nreturn %1", "a node that is defined above (not %2)"],
    ["%1 = input float33[2]\nreturn %1", "expected float32 or float64"],
    ["%1 = input float32[2] and more\nreturn %1", "expected the end of the line"],
    ["%1 = input float32[2]", "a graph ends with a return line"],
  ])("that is wrong is refused: %j", (text, message) => {
    expect(() => parseGraph(text)).toThrow(message);
  });
});

describe("a kernel graph as text", () => {
  test("shows the members and stores of each region", () => {
    const graph = fuse(
      parseGraph(`%1 = input float32[2, 3]
%2 = exp float32[2, 3] %1
%3 = reduce_sum float32[2, 1] %2 axes=[1]
%4 = permute float32[3, 2] %1 axes=[1,0]
%5 = dot float32[2, 2] %2, %4 batch=[[],[]] contract=[[1],[0]]
return %3, %5
`),
    );
    const text = printKernelGraph(graph);
    expect(text).toBe(`%1 = input float32[2, 3]
%4 = permute float32[3, 2] %1 axes=[1,0]
region loops [2, 3] reduced [1]
  %2 = exp float32[2, 3] %1
  %3 = reduce_sum float32[2, 1] %2 axes=[1]
  store %2, %3
region contract [2, 2]
  %5 = dot float32[2, 2] %2, %4 batch=[[],[]] contract=[[1],[0]]
  store %5
return %3, %5
`);
    expect(printKernelGraph(parseKernelGraph(text))).toBe(text);
  });

  test("reads back as the same graph", () => {
    fc.assert(
      fc.property(instructionList(24), fc.boolean(), (program, fusion) => {
        const roots = randomRoots(program).filter((root) => root.op !== "input");
        const graph = fuse([...new Set(roots)], { fusion });
        const parsed = parseKernelGraph(printKernelGraph(graph));
        expect(printKernelGraph(parsed)).toBe(printKernelGraph(graph));
        verifyKernelGraph(parsed);
      }),
      { numRuns: 200, seed: 6 },
    );
  });
});
