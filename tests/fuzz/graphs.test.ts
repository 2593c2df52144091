import fc from "fast-check";
import { expect, test } from "vitest";
import { sameShape } from "../../ir/shape.ts";
import type { Node } from "../../ir/graph.ts";
import { createWasmDevice } from "../../runtime/wasm/device.ts";
import { jsDevice } from "../../runtime/js/device.ts";
import { fuzzParameters, fuzzTimeout, instructionList } from "./choices.ts";
import { cpuDTypes, RandomGraph } from "./graphs.ts";
import { checkGraph, type Donations } from "./run-graph.ts";

const devices = [jsDevice(), createWasmDevice()];
const variants = devices.flatMap((device) => [
  { device, fusion: true },
  { device, fusion: false },
  { device, fusion: true, dynamic: true },
]);

/** Each root takes over the first unused input of its type and shape. */
function donationsOf(graph: RandomGraph): Donations {
  const donations = new Map<number, Node>();
  const taken = new Set<Node>();
  graph.roots.forEach((root, i) => {
    const donor = graph.inputs.find(
      (leaf) => !taken.has(leaf) && leaf.dtype === root.dtype && sameShape(leaf.shape, root.shape),
    );
    if (donor === undefined) return;
    taken.add(donor);
    donations.set(i, donor);
  });
  return donations;
}

test("random graphs give what the interpreter gives", { timeout: fuzzTimeout }, async () => {
  await fc.assert(
    fc.asyncProperty(instructionList(24), fc.nat(1000), fc.boolean(), async (program, seed, donate) => {
      const graph = new RandomGraph(program, { dtypes: cpuDTypes });
      await checkGraph(graph.roots, variants, seed, donate ? donationsOf(graph) : new Map());
    }),
    fuzzParameters(300, 1),
  );
  expect(true).toBe(true);
});
