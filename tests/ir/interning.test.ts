import { expect, test } from "vitest";
import { GraphBuilder } from "../../ir/builder.ts";
import { leafNode, type Node } from "../../ir/graph.ts";
import { withFreshInterning } from "../../ir/interning.ts";

test("equal nodes are one and others are not, also among so many that hashes meet", () => {
  const g = new GraphBuilder();
  const leaves = Array.from({ length: 500 }, () => leafNode("input", "float32", [2], null));
  const pairs = (): Node[] => leaves.flatMap((a) => leaves.map((b) => g.add(a, b)));
  withFreshInterning(() => {
    const made = pairs();
    expect(new Set(made).size).toBe(leaves.length ** 2);
    expect(
      made.every(({ inputs }, i) => inputs[0] === leaves[Math.floor(i / 500)] && inputs[1] === leaves[i % 500]),
    ).toBe(true);
    expect(pairs().every((node, i) => node === made[i])).toBe(true);
  });
});

test("constants are told apart by value, and by type", () => {
  const g = new GraphBuilder();
  withFreshInterning(() => {
    const [zero, minusZero, other] = [g.constant(0, "float32"), g.constant(-0, "float32"), g.constant(0, "float64")];
    expect(new Set([zero, minusZero, other]).size).toBe(3);
    expect(g.constant(0, "float32")).toBe(zero);
    expect(g.iota(3, "int64")).not.toBe(g.iota(4, "int64"));
  });
});
