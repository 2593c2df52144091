/** Work grows with how many tensors and views there are, not with their square. */
import * as torch from "cresset";
import { describe, expect, it } from "vitest";
import { usedAgain } from "../../frontend/created-nodes.ts";
import { leafNode, nextNodeId, type Node } from "../../ir/graph.ts";
import { interningCost } from "../../ir/interning.ts";

/** How many nodes a program makes. */
function nodesMade(program: () => void): number {
  const before = nextNodeId();
  program();
  return nextNodeId() - before;
}

describe("chains of views", () => {
  it("ask each view once where it lies", () => {
    const made = nodesMade(() => {
      let x = torch.arange(16);
      for (let i = 0; i < 1000; i++) x = x.reshape(i % 2 === 0 ? [4, 4] : [16]);
    });
    expect(made).toBeLessThan(10_000);
  });

  it("have strides, values and writes, however long they are", () => {
    const base = torch.arange(6).reshape(2, 3);
    let x = base;
    for (let i = 0; i < 12_001; i++) x = x.t();
    expect(x.stride()).toEqual([1, 3]);
    x.add_(1);
    expect(base.tolist()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    base.add_(1);
    expect(x.at(2).tolist()).toEqual([4, 7]);
  });

  it("make as many nodes where they are written as they have steps", () => {
    const written = (count: number): number =>
      nodesMade(() => {
        let x = torch.zeros([2, 3]);
        for (let i = 0; i < count; i++) x = x.t();
        x.add_(1);
        x.tolist();
      });
    expect(written(2000)).toBeLessThan(5 * written(500));
  });

  it("are looked through once when a later recording uses what is pending", () => {
    let asked = 0;
    let node: Node = leafNode("input", "float32", [2, 2], null);
    const order = [node];
    for (let i = 0; i < 1000; i++) {
      const view = { ...leafNode("input", "float32", [2, 2], null), inputs: [node], attrs: { axes: [1, 0] } };
      node = Object.defineProperty(view, "op", { get: () => (asked++, "permute") }) as unknown as Node;
      order.push(node);
    }
    expect(usedAgain(order)).toEqual([]);
    expect(asked).toBeLessThan(10_000);
  });
});

it("tensors of equal values are told apart without going through all of them", () => {
  const before = interningCost.collisions;
  const made = Array.from({ length: 2000 }, () => torch.zeros([2]));
  expect(made).toHaveLength(2000);
  expect(interningCost.collisions - before).toBeLessThan(200);
});
