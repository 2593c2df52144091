/** Random graphs on given devices until one is wrong. */
import fc from "fast-check";
import type { DType } from "../../ir/dtype.ts";
import type { Node } from "../../ir/graph.ts";
import { sameShape } from "../../ir/shape.ts";
import { instructionList } from "./choices.ts";
import { RandomGraph } from "./graphs.ts";
import { checkGraph, type Donations, type Variant } from "./run-graph.ts";

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

type Case = [program: number[][], seed: number, donate: boolean];

/** @returns what is wrong with the smallest graph found, with its text; null when all graphs are right */
export async function fuzzGraphs(
  variants: readonly Variant[],
  dtypes: readonly DType[],
  parameters: fc.Parameters<Case>,
): Promise<string | null> {
  const property = fc.asyncProperty(instructionList(24), fc.nat(1000), fc.boolean(), async (program, seed, donate) => {
    const graph = new RandomGraph(program, {
      dtypes,
      composites: true,
      turns: variants.every(({ device }) => device.synchronous),
    });
    await checkGraph(graph.roots, variants, seed, donate ? donationsOf(graph) : new Map());
  });
  const details = await fc.check(property, parameters);
  if (!details.failed) return null;
  const { errorInstance, seed, counterexamplePath } = details;
  const message = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  return `${message}\n(seed ${seed}, path ${counterexamplePath}, inputs ${JSON.stringify(details.counterexample?.slice(1))})`;
}
