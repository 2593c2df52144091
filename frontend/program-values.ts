/** What goes between a recorded graph and the program that is kept for it: places in place of leaves, values, numbers. */
import { bareCopy, type Node } from "../ir/graph.ts";
import type { ScalarArgument } from "../ir/signature.ts";
import type { Device, Memory, ScalarValue } from "../runtime/device.ts";
import { refuseLeaked } from "./body-scope.ts";
import type { Compiled } from "./pipeline.ts";
import { Value, valueOf } from "./value.ts";

/** The graph with anonymous leaves: a cached program must not keep anybody's values alive. */
export function placeholders(
  order: readonly Node[],
  isLeaf: (node: Node) => boolean = (node) => valueOf(node) !== null,
): Map<Node, Node> {
  const mapped = new Map<Node, Node>();
  order.forEach((node, place) => {
    if (isLeaf(node)) {
      const leaf = {
        op: "input",
        inputs: [],
        attrs: {},
        outputs: null,
        requiresGrad: false,
        binding: { place },
      } as const;
      mapped.set(node, bareCopy(node, leaf));
    } else if (node.op === "scalar") mapped.set(node, bareCopy(node, { binding: { place } }));
    else if (node.op === "input" && node.binding === null) refuseLeaked();
    else if (node.inputs.length === 0) mapped.set(node, bareCopy(node, { binding: node.binding }));
    else mapped.set(node, bareCopy(node, { inputs: node.inputs.map((input) => mapped.get(input)!) }));
  });
  return mapped;
}

/** The values of the roots that a run computed (null: an input handed on). What is in one memory is one value. */
export function valuesOf(
  { results }: Compiled,
  roots: readonly Pick<Node, "dtype" | "shape">[],
  device: Device,
  memories: readonly Memory[],
): (Value | null)[] {
  const byOutput = new Array<Value | undefined>(memories.length);
  const values = new Array<Value | null>(results.length);
  for (let i = 0; i < results.length; i++) {
    const result = results[i]!;
    if (!("output" in result)) {
      values[i] = null;
      continue;
    }
    const { output } = result;
    const { dtype, shape } = roots[i]!;
    values[i] = byOutput[output] ??= new Value(dtype, shape, device, memories[output]!);
  }
  return values;
}

/** Marks values that several results are: of one memory that the program made, or of an input's. */
export function noteShared(values: readonly (Value | null)[], results: Compiled["results"]): void {
  const seen = new Set<Value>();
  values.forEach((value, i) => {
    if (value === null) return;
    if (seen.has(value) || "input" in results[i]!) value.isShared = true;
    seen.add(value);
  });
}

/** A placeholder's place in the order of the graph that it was made for. */
export const placeOf = (leaf: Node): number => (leaf.binding as { place: number }).place;

export function scalarValue(node: Node): ScalarValue {
  const argument = node.binding as ScalarArgument;
  const { value } = argument;
  return typeof value === "boolean" ? Number(value) : value;
}
