/** Loops and choices: recorded, differentiated, merged and pruned, against the same steps written out. */
import "../../frontend/regions.ts";
import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../ir/builder.ts";
import { leafNode, type Node } from "../../ir/graph.ts";
import { topologicalOrder } from "../../ir/walks.ts";
import { recordCond, recordLoop } from "../../ir/regions.ts";
import { parseGraph, printGraph } from "../../ir/text/index.ts";
import { verifyGraph } from "../../ir/verify/index.ts";
import { decompose } from "../../passes/decompose.ts";
import { differentiate } from "../../passes/differentiate.ts";
import { mergeLoops } from "../../passes/merge-loops.ts";
import { pruneRegions } from "../../passes/prune-regions.ts";
import { interpret } from "../../runtime/interpreter/index.ts";

const [count, batch, size] = [4, 2, 3];
const input = (...shape: number[]): Node => leafNode("input", "float64", shape, null, true);

interface Recurrence {
  readonly g: GraphBuilder;
  readonly leaves: readonly Node[];
  readonly outputs: readonly Node[];
}
type Step = (g: GraphBuilder, h: Node, x: Node, weight: Node, bias: Node) => { next: Node; output: Node };

const tanhStep: Step = (g, h, x, weight, bias) => {
  const next = g.tanh(g.add(g.add(g.dot(h, g.permute(weight, [1, 0]), [[1], [0]]), x), bias));
  return { next, output: g.mul(next, h) };
};

/** The loop, or the same steps one after another. */
function recurrence(step: Step, unrolled: boolean, reverse = false): Recurrence {
  const g = new GraphBuilder();
  const [start, x, weight, bias] = [input(batch, size), input(count, batch, size), input(size, size), input(size)];
  const leaves = [start, x, weight, bias];
  if (!unrolled) {
    const { carried, outputs } = recordLoop(g, { count, reverse, carried: [start], scanned: [x] }, ([h], [slice]) => {
      const { next, output } = step(g, h!, slice!, weight, bias);
      return { carried: [next], outputs: [output] };
    });
    return { g, leaves, outputs: [carried[0]!, outputs[0]!] };
  }
  let h = start;
  const parts = new Array<Node>(count);
  for (let i = 0; i < count; i++) {
    const t = reverse ? count - 1 - i : i;
    const { next, output } = step(g, h, g.reshape(g.sliceAxis(x, 0, t, 1), [batch, size]), weight, bias);
    h = next;
    parts[t] = g.reshape(output, [1, batch, size]);
  }
  return { g, leaves, outputs: [h, g.concat(parts, 0)] };
}

const contents = (leaf: Node, seed: number): Float64Array =>
  Float64Array.from({ length: leaf.shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1.7 * i + seed) * 0.8);

function values(roots: readonly Node[], leaves: readonly Node[], g: GraphBuilder): number[][] {
  g.gradEnabled = false;
  const compiled = pruneRegions(g, decompose(g, mergeLoops(g, roots)));
  verifyGraph(compiled, { primitive: true });
  const results = interpret(compiled, {
    input: (leaf) => contents(leaf, leaves.indexOf(leaf)),
    scalar: () => 0,
  });
  return results.map((array) => [...(array as Float64Array)]);
}

/** The outputs, the gradients of a sum of them, and the gradients of a sum of the squares of those. */
function derivatives({ g, leaves, outputs }: Recurrence): Node[] {
  const total = (nodes: readonly Node[]): Node =>
    nodes
      .map((node, i) =>
        g.reshape(
          g.sum(
            g.mul(node, g.mul(node, i + 1)),
            node.shape.map((_, axis) => axis),
          ),
          [],
        ),
      )
      .reduce((a, b) => g.add(a, b));
  const one = g.constant(1, "float64");
  const first = differentiate(g, [total(outputs)], [one], leaves).map((grad) => grad!);
  const second = differentiate(g, [total(first)], [one], leaves).map((grad) => grad!);
  return [...outputs, ...first, ...second];
}

const expectClose = (actual: number[][], expected: number[][]): void =>
  actual.forEach((list, k) => {
    list.forEach((x, i) => {
      expect(x, `result ${k}, element ${i}`).toBeCloseTo(expected[k]![i]!, 9);
    });
  });

describe("a loop gives what its steps give", () => {
  for (const reverse of [false, true]) {
    test(`values and gradients of both orders${reverse ? ", in reverse" : ""}`, () => {
      const [loop, steps] = [recurrence(tanhStep, false, reverse), recurrence(tanhStep, true, reverse)];
      const [actual, expected] = [loop, steps].map((form) => values(derivatives(form), form.leaves, form.g));
      expectClose(actual!, expected!);
    });
  }

  test("when a step hands its states round", () => {
    const swap: Step = (g, h, x, weight, bias) => ({ next: g.add(x, g.mul(bias, g.sum(weight, [0]))), output: h });
    const [loop, steps] = [recurrence(swap, false), recurrence(swap, true)];
    const [actual, expected] = [loop, steps].map((form) => values(derivatives(form), form.leaves, form.g));
    expectClose(actual!, expected!);
  });
});

test("an inner loop whose outputs the outer one drops has its gradients", () => {
  const nested = (unrolled: boolean): Recurrence => {
    const g = new GraphBuilder();
    const [start, x, weight] = [input(size), input(2, 3, size), input(size, size)];
    const advance = (h: Node, row: Node): Node => g.tanh(g.add(g.dot(h, weight, [[0], [0]]), row));
    if (unrolled) {
      let h = start;
      for (let i = 0; i < 6; i++) h = advance(h, g.reshape(g.slice(x, [(i / 3) | 0, i % 3, 0], [1, 1, size]), [size]));
      return { g, leaves: [start, x, weight], outputs: [h, h] };
    }
    const { carried } = recordLoop(g, { count: 2, carried: [start], scanned: [x] }, ([outer], [rows]) => {
      const inner = recordLoop(g, { count: 3, carried: [outer!], scanned: [rows!] }, ([h], [row]) => ({
        carried: [advance(h!, row!)],
        outputs: [h!],
      }));
      return { carried: inner.carried, outputs: [] };
    });
    return { g, leaves: [start, x, weight], outputs: [carried[0]!, carried[0]!] };
  };
  const [actual, expected] = [nested(false), nested(true)].map((form) =>
    values(derivatives(form), form.leaves, form.g),
  );
  expectClose(actual!, expected!);
});

describe("the graph of a loop", () => {
  const loopsOf = (roots: readonly Node[]): Node[] => topologicalOrder(roots).filter((node) => node.op === "loop");

  test("a loop and its recording for the gradient become one", () => {
    const { g, leaves, outputs } = recurrence(tanhStep, false);
    const grads = differentiate(g, [outputs[0]!], [g.full([batch, size], 1, "float64")], leaves).map((grad) => grad!);
    const roots = [...outputs, ...grads];
    expect(loopsOf(roots)).toHaveLength(3);
    expect(loopsOf(mergeLoops(g, roots))).toHaveLength(2);
  });

  test("weight gradients are one contraction after the loop", () => {
    const { g, leaves, outputs } = recurrence(tanhStep, false);
    const grads = differentiate(g, [outputs[0]!], [g.full([batch, size], 1, "float64")], leaves);
    const outer = topologicalOrder([grads[2]!]).filter((node) => node.op === "dot");
    expect(outer).toHaveLength(1);
    expect(outer[0]!.inputs[0]!.shape).toEqual([count, batch, size]);
  });

  test("what nobody picks is not computed", () => {
    const { g, outputs } = recurrence(tanhStep, false);
    const [kept] = pruneRegions(g, [outputs[0]!]);
    const [loop] = loopsOf([kept!]);
    expect(loop!.op === "loop" && loop.attrs.body.results).toHaveLength(1);
  });

  test("what does not rest on an iteration is computed outside", () => {
    const g = new GraphBuilder();
    const [x, scale] = [input(count, size), input(size)];
    const { outputs } = recordLoop(g, { count, carried: [], scanned: [x] }, (_, [slice]) => ({
      carried: [],
      outputs: [g.mul(slice!, g.exp(scale))],
    }));
    const [loop] = loopsOf(outputs);
    expect(loop!.inputs.map((node) => node.op)).toEqual(["input", "exp"]);
  });

  test("its text reads back", () => {
    const { g, leaves, outputs } = recurrence(tanhStep, false);
    void leaves;
    const roots = decompose(g, outputs);
    const text = printGraph(roots);
    const again = parseGraph(text);
    verifyGraph(again, { primitive: true });
    expect(printGraph(again)).toBe(text);
    expect(again[0]!.hash).toBe(roots[0]!.hash);
  });

  test("a carried value that changes its shape is refused", () => {
    const g = new GraphBuilder();
    const step = (): void =>
      void recordLoop(g, { count: 2, carried: [input(3)], scanned: [] }, ([h]) => ({
        carried: [g.reshape(h!, [3, 1])],
        outputs: [],
      }));
    expect(step).toThrow("carried value 0 begins as float64[3] and becomes float64[3, 1]");
  });
});

describe("a choice", () => {
  const choice = (chosen: boolean): { roots: Node[]; g: GraphBuilder; leaves: Node[] } => {
    const g = new GraphBuilder();
    const [x, y] = [input(size), input(size)];
    const predicate = g.constant(chosen, "bool");
    const branches = [() => [g.mul(x, g.exp(y))], () => [g.add(x, 1)]] as const;
    const [result] = recordCond(g, predicate, ...branches);
    const grads = differentiate(g, [result!], [g.full([size], 1, "float64")], [x, y]);
    return { roots: [result!, ...grads.map((grad) => grad!)], g, leaves: [x, y] };
  };

  test("gives the chosen branch's values and gradients", () => {
    const [x, y] = [contents(input(size), 0), contents(input(size), 1)].map((array) => [...array]) as [
      number[],
      number[],
    ];
    const [yes, no] = [true, false].map((chosen) => {
      const { roots, g, leaves } = choice(chosen);
      return values(roots, leaves, g);
    });
    const scaled = x.map((v, i) => v * Math.exp(y[i]!));
    expectClose(yes!, [scaled, y.map(Math.exp), scaled]);
    expectClose(no!, [x.map((v) => v + 1), [1, 1, 1], [0, 0, 0]]);
  });
});
