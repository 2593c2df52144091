import { describe, expect, it } from "vitest";
import { parseGraph, printKernelGraph } from "../../ir/text/index.ts";
import { fuse } from "../../passes/fuse.ts";

const regions = (...text: string[]): readonly { kind: string; members: readonly string[]; stores: number }[] =>
  fuse(parseGraph(text.join("\n") + "\n")).regions.map((region) => ({
    kind: region.kind,
    members: region.members.map((node) => node.op),
    stores: region.stores.length,
  }));

describe("fuse", () => {
  it("puts a row's maximum, exponentials, sum and quotient into one region", () => {
    expect(
      regions(
        "%1 = input float32[4, 6]",
        "%2 = reduce_max float32[4, 1] %1 axes=[1]",
        "%3 = expand float32[4, 6] %2 shape=[4,6]",
        "%4 = sub float32[4, 6] %1, %3",
        "%5 = exp float32[4, 6] %4",
        "%6 = reduce_sum float32[4, 1] %5 axes=[1]",
        "%7 = expand float32[4, 6] %6 shape=[4,6]",
        "%8 = div float32[4, 6] %5, %7",
        "return %8",
      ),
    ).toEqual([{ kind: "loops", members: ["reduce_max", "sub", "exp", "reduce_sum", "div"], stores: 1 }]);
  });

  it("keeps reductions over different axes apart", () => {
    expect(
      regions(
        "%1 = input float32[4, 6]",
        "%2 = reduce_sum float32[4, 1] %1 axes=[1]",
        "%3 = reduce_sum float32[1, 6] %1 axes=[0]",
        "return %2, %3",
      ),
    ).toHaveLength(2);
  });

  it("does not join a value with a reader of its transpose", () => {
    expect(
      regions(
        "%1 = input float32[4, 4]",
        "%2 = exp float32[4, 4] %1",
        "%3 = permute float32[4, 4] %2 axes=[1,0]",
        "%4 = add float32[4, 4] %2, %3",
        "return %4",
      ).map((r) => r.members),
    ).toEqual([["exp"], ["add"]]);
  });

  it("computes what a product is added to beside the product, though it was there before", () => {
    const found = regions(
      "%1 = input float32[4, 5]",
      "%2 = input float32[5, 6]",
      "%3 = input float32[4, 6]",
      "%4 = input float32[4, 6]",
      "%5 = exp float32[4, 6] %3",
      "%6 = mul float32[4, 6] %4, %5",
      "%7 = dot float32[4, 6] %1, %2 batch=[[],[]] contract=[[1],[0]]",
      "%8 = add float32[4, 6] %6, %7",
      "return %8",
    );
    expect(found).toEqual([{ kind: "contract", members: ["dot", "exp", "mul", "add"], stores: 1 }]);
  });

  it("computes what a product reads before the product, also where it is added to it", () => {
    const found = regions(
      "%1 = input float32[4, 4]",
      "%2 = exp float32[4, 4] %1",
      "%3 = dot float32[4, 4] %2, %1 batch=[[],[]] contract=[[1],[0]]",
      "%4 = add float32[4, 4] %2, %3",
      "return %4",
    );
    expect(found.map(({ members }) => members)).toEqual([["exp"], ["dot", "add"]]);
  });

  it("takes elementwise work on a product along, and the product's operands not", () => {
    const found = regions(
      "%1 = input float32[4, 5]",
      "%2 = exp float32[4, 5] %1",
      "%3 = input float32[5, 6]",
      "%4 = dot float32[4, 6] %2, %3 batch=[[],[]] contract=[[1],[0]]",
      "%5 = tanh float32[4, 6] %4",
      "return %5",
    );
    expect(found.map((r) => r.members)).toEqual([["exp"], ["dot", "tanh"]]);
  });

  it("writes a join where its parts are computed, also a reshaped one", () => {
    const found = regions(
      "%1 = input float32[4, 6]",
      "%2 = exp float32[4, 6] %1",
      "%3 = tanh float32[4, 6] %2",
      "%4 = concat float32[4, 12] %2, %3 axis=1",
      "%5 = reshape float32[4, 1, 6] %2 shape=[4,1,6]",
      "%6 = reshape float32[4, 1, 6] %1 shape=[4,1,6]",
      "%7 = concat float32[4, 2, 6] %5, %6 axis=1",
      "return %4, %7",
    );
    expect(found).toEqual([{ kind: "loops", members: ["exp", "tanh", "concat", "concat"], stores: 2 }]);
  });

  it("joins parts of other sizes in a kernel of its own", () => {
    const found = regions(
      "%1 = input float32[4, 6]",
      "%2 = exp float32[4, 6] %1",
      "%3 = input float32[4, 5]",
      "%4 = concat float32[4, 11] %2, %3 axis=1",
      "return %2, %4",
    );
    expect(found.map((r) => r.members)).toEqual([["exp"], ["concat"]]);
  });

  it("computes a value with the only elementwise kernel that reads it, also where they are related late", () => {
    const found = regions(
      "%1 = input float32[4, 6]",
      "%2 = input float32[4, 6]",
      "%3 = exp float32[4, 6] %1",
      "%4 = exp float32[4, 6] %2",
      "%5 = mul float32[4, 6] %3, %4",
      "return %5",
    );
    expect(found).toEqual([{ kind: "loops", members: ["exp", "exp", "mul"], stores: 1 }]);
  });

  it("prints as text", () => {
    const graph = fuse(parseGraph("%1 = input float32[3]\n%2 = exp float32[3] %1\nreturn %2\n"));
    expect(printKernelGraph(graph)).toContain("exp float32[3]");
  });
});
