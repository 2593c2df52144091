/** Gradients of random graphs in float64, against differences of what the interpreter gives nearby. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { GraphBuilder } from "../../ir/builder.ts";
import { leafNode, type Node } from "../../ir/graph.ts";
import { topologicalOrder } from "../../ir/walks.ts";
import { withFreshInterning } from "../../ir/interning.ts";
import { elementCount } from "../../ir/shape.ts";
import { printGraph } from "../../ir/text/index.ts";
import { decompose } from "../../passes/decompose.ts";
import { differentiate } from "../../passes/differentiate.ts";
import { interpret } from "../../runtime/interpreter/index.ts";
import type { TypedArray } from "../../runtime/typed-array.ts";
import { fuzzParameters, fuzzTimeout, instructionList, randomStream } from "./choices.ts";
import { RandomGraph } from "./graphs.ts";
import { contentsFor, leavesOf, type Contents } from "./reference.ts";

const builder = (): GraphBuilder => {
  const g = new GraphBuilder();
  g.gradEnabled = false;
  return g;
};
const primitives = (roots: readonly Node[]): Node[] => withFreshInterning(() => decompose(builder(), roots));
const dotProduct = (a: TypedArray, b: TypedArray): number =>
  (a as Float64Array).reduce((sum, x, i) => sum + (x === 0 ? 0 : x * Number(b[i])), 0);

/** Floats that lie on no kink (whole numbers might), everything else as usual. */
function smoothContents(roots: readonly Node[], seed: number, next: () => number): Contents {
  const leaves = leavesOf(roots);
  const usual = contentsFor(leaves, seed);
  const floats = new Map(
    leaves.inputs.flatMap((leaf) => {
      const { dtype, shape } = leaf;
      return dtype === "float64"
        ? [[leaf, Float64Array.from({ length: elementCount(shape) }, () => next() * 4 - 2)]]
        : [];
    }),
  );
  return {
    input: (leaf) => floats.get(leaf) ?? usual.input(leaf),
    scalar: (leaf) => (leaf.dtype === "float64" ? 0.37 + (leaf.id % 5) : usual.scalar(leaf)),
  };
}

/** @returns a derivative along a random direction by both ways, or null where there is none to compare */
function derivatives(program: number[][], seed: number): { exact: number; near: number; graph: string } | null {
  const { roots: all } = new RandomGraph(program, {
    dtypes: ["float64", "bool", "int32"],
    differentiable: true,
    composites: true,
  });
  const roots = all.filter((root) => root.requiresGrad);
  const leaves = topologicalOrder(roots).filter((node) => node.op === "leaf");
  if (roots.length === 0 || leaves.length === 0) return null;
  const weights = roots.map((root) => leafNode("input", root.dtype, root.shape, null));
  const gradients = differentiate(builder(), roots, weights, leaves);
  const reached = leaves.filter((_, i) => gradients[i] !== null);
  const next = randomStream(seed);
  const contents = smoothContents([...roots, ...weights], seed, next);
  const directions = new Map(
    reached.map((leaf) => [
      leaf.inputs[0]!,
      Float64Array.from({ length: elementCount(leaf.shape) }, () => next() * 2 - 1),
    ]),
  );
  const exactRoots = primitives(gradients.filter((grad) => grad !== null));
  const exact = interpret(exactRoots, contents).reduce(
    (sum, grad, i) => sum + dotProduct(grad, directions.get(reached[i]!.inputs[0]!)!),
    0,
  );
  const values = primitives(roots);
  const weightArrays = weights.map(contents.input);
  const lossAt = (h: number): number => {
    const input = (leaf: Node): TypedArray => {
      const direction = directions.get(leaf);
      const at = contents.input(leaf);
      return direction === undefined ? at : (at as Float64Array).map((x, i) => x + h * direction[i]!);
    };
    return interpret(values, { ...contents, input }).reduce(
      (sum, value, i) => sum + dotProduct(weightArrays[i]!, value),
      0,
    );
  };
  const slope = (h: number): number => (lossAt(h) - lossAt(-h)) / (2 * h);
  const near = slope(1e-5);
  const scale = Math.max(1, Math.abs(near));
  // Where there is a kink, the function is too wild, or the differences drown in a large value, the slopes tell nothing.
  const isPrecise = Math.abs(lossAt(0)) * 1e-10 < 1e-5 * scale;
  const steady = isPrecise && [slope(3e-6), slope(3e-5)].every((other) => Math.abs(other - near) < 1e-5 * scale);
  // A value at the edge of a domain has an infinite slope that meets a factor of zero: NaN, in PyTorch as well.
  return steady && Number.isFinite(near) && Number.isFinite(exact) ? { exact, near, graph: printGraph(roots) } : null;
}

test("gradients of random graphs are the slopes of their values", { timeout: fuzzTimeout }, () => {
  let compared = 0;
  fc.assert(
    fc.property(instructionList(14), fc.nat(1000), (program, seed) => {
      const found = derivatives(program, seed);
      if (found === null) return;
      compared++;
      const { exact, near, graph } = found;
      const error = Math.abs(exact - near) / Math.max(1, Math.abs(near));
      if (!(error < 1e-3)) throw new Error(`the gradient gives ${exact}, the values ${near}\n${graph}`);
    }),
    fuzzParameters(200, 3),
  );
  expect(compared).toBeGreaterThan(100);
});
