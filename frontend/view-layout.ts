/** Where the elements of views lie in their storage. */
import { leafNode } from "../ir/graph.ts";
import { Index, linear } from "../ir/index.ts";
import { contiguousStrides, isContiguous, type Shape } from "../ir/shape.ts";
import { sourceCoordinates } from "../ir/views.ts";
import { graph } from "./state.ts";
import { isSameMemory, type ViewStep } from "./views.ts";

/** Where elements lie in a storage, in elements. */
export interface Layout {
  readonly strides: readonly number[];
  readonly offset: number;
}
/** Strides and offset of a view, or null when its elements do not lie evenly in the storage. */
export function viewLayout(step: ViewStep, shape: Shape, layout: Layout): Layout | null {
  if (isSameMemory(step)) return layout;
  if (step.layout !== undefined) return step.layout;
  const standIn = leafNode("input", "bool", shape, null);
  const view = step.apply(graph, standIn);
  // Contiguous elements stay contiguous in any shape.
  if (view.op === "reshape" && view.inputs[0] === standIn && isContiguous(shape, layout.strides))
    return { strides: contiguousStrides(view.shape), offset: layout.offset };
  const names = view.shape.map((_, i) => `v${i}`);
  let at: readonly Index[] = view.shape.map((size, i) => Index.variable(names[i]!, Math.max(0, size - 1)));
  for (let node = view; node !== standIn; node = node.inputs[0]!) {
    const next = sourceCoordinates(node, at);
    if (next === null) return null;
    at = next;
  }
  const position = linear(at, layout.strides, layout.offset);
  const strides = names.map((name) => position.coefficientOf(name));
  if (strides.includes(null)) return null;
  const own = contiguousStrides(view.shape);
  const plain = view.shape.every((size, i) => size <= 1 || strides[i] === own[i]);
  return { strides: plain ? own : (strides as number[]), offset: position.constant };
}
