import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../ir/builder.ts";
import { withFreshInterning } from "../../ir/graph.ts";
import { parseGraph, printGraph } from "../../ir/text/index.ts";
import { canonicalise } from "../../passes/canonicalise.ts";
import { decompose } from "../../passes/decompose.ts";
import type { GraphPass } from "../../frontend/pipeline.ts";

/** A graph's text after a pass. */
function after(pass: GraphPass, text: string): string {
  return withFreshInterning(() => {
    const g = new GraphBuilder();
    g.gradEnabled = false;
    return printGraph(pass(g, parseGraph(text)));
  });
}
const lines = (...text: string[]): string => text.join("\n") + "\n";

describe("canonicalise", () => {
  it.each([
    [
      "x * 1 == x",
      lines(
        "%1 = input float32[2]",
        "%2 = constant float32[] value=1",
        "%3 = reshape float32[1] %2 shape=[1]",
        "%4 = expand float32[2] %3 shape=[2]",
        "%5 = mul float32[2] %1, %4",
        "return %5",
      ),
      lines("%1 = input float32[2]", "return %1"),
    ],
    [
      "permute(permute(x, p), q) == permute(x, p[q])",
      lines(
        "%1 = input float32[2, 3]",
        "%2 = permute float32[3, 2] %1 axes=[1,0]",
        "%3 = permute float32[2, 3] %2 axes=[1,0]",
        "return %3",
      ),
      lines("%1 = input float32[2, 3]", "return %1"),
    ],
    [
      "(x[a::s])[b::t] == x[a + s*b :: s*t]",
      lines(
        "%1 = input float32[20]",
        "%2 = slice float32[9] %1 start=[2] step=[2] size=[9]",
        "%3 = slice float32[3] %2 start=[1] step=[3] size=[3]",
        "return %3",
      ),
      lines("%1 = input float32[20]", "%2 = slice float32[3] %1 start=[4] step=[6] size=[3]", "return %2"),
    ],
    [
      "equal nodes are one node",
      lines(
        "%1 = input float32[2]",
        "%2 = exp float32[2] %1",
        "%3 = exp float32[2] %1",
        "%4 = add float32[2] %2, %3",
        "return %4",
      ),
      lines("%1 = input float32[2]", "%2 = exp float32[2] %1", "%3 = add float32[2] %2, %2", "return %3"),
    ],
    [
      "f(expand(a)) == expand(f(a))",
      lines(
        "%1 = input float32[1, 3]",
        "%2 = expand float32[4, 3] %1 shape=[4,3]",
        "%3 = exp float32[4, 3] %2",
        "return %3",
      ),
      lines(
        "%1 = input float32[1, 3]",
        "%2 = exp float32[1, 3] %1",
        "%3 = expand float32[4, 3] %2 shape=[4,3]",
        "return %3",
      ),
    ],
  ])("%s", (_rule, before, expected) => {
    expect(after(canonicalise, before).trimEnd()).toBe(expected.trimEnd());
  });

  it.each([
    ["x * 0 stays, for NaN and infinities", "mul", 0],
    ["x + 0 stays, for -0", "add", 0],
  ])("%s", (_rule, op, value) => {
    const text = lines(
      "%1 = input float32[2]",
      `%2 = constant float32[] value=${value}`,
      "%3 = reshape float32[1] %2 shape=[1]",
      "%4 = expand float32[2] %3 shape=[2]",
      `%5 = ${op} float32[2] %1, %4`,
      "return %5",
    );
    expect(after(canonicalise, text)).toContain(`= ${op} float32[2]`);
  });

  it("changes nothing the second time", () => {
    const text = lines(
      "%1 = input float32[4, 6]",
      "%2 = permute float32[6, 4] %1 axes=[1,0]",
      "%3 = slice float32[3, 4] %2 start=[0,0] step=[2,1] size=[3,4]",
      "%4 = reduce_sum float32[3, 1] %3 axes=[1]",
      "%5 = expand float32[3, 4] %4 shape=[3,4]",
      "%6 = exp float32[3, 4] %5",
      "%7 = neg float32[3, 4] %6",
      "return %7, %3",
    );
    const once = after(canonicalise, text);
    expect(after(canonicalise, once)).toBe(once);
  });
});

describe("decompose", () => {
  it("drops what only differentiation needs", () => {
    const text = lines(
      "%1 = input float32[2]",
      "%2 = exp float32[2] %1",
      "%3 = detach float32[2] %2",
      "%4 = with_history float32[2] %3, %1",
      "return %4",
    );
    expect(after(decompose, text).trimEnd()).toBe(
      lines("%1 = input float32[2]", "%2 = exp float32[2] %1", "return %2").trimEnd(),
    );
  });
});
