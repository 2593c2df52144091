/**
 * Places to write that are told by numbers alone, as in `x.set_at([i, j], value)`. A view by slices has its position in
 * the graph, so that a loop over positions would compile a program for each; here the position is a number of the
 * program, which is one for all of them.
 */
import { isComplex } from "../ir/dtype.ts";
import { elementCount } from "../ir/shape.ts";
import { scalarArgument } from "./bind.ts";
import { graph } from "./state.ts";
import type { Tensor } from "./tensor.ts";
import { traceObserver } from "./trace.ts";
import type { ViewStep } from "./views.ts";

/**
 * The element, or what lies behind the leading dimensions that the integers name; null where slices do better: in a
 * function that is compiled, where positions stay the same, and where gradients are recorded.
 */
export function numberedPlace(self: Tensor, indices: readonly unknown[]): Tensor | null {
  if (indices.length === 0 || indices.length > self.ndim || self.requires_grad || isComplex(self.type_)) return null;
  if (traceObserver() !== null || self.numel() === 0) return null;
  const { strides, offset } = self.layout_();
  let [place, start] = [0, offset];
  for (const [axis, given] of indices.entries()) {
    const size = self.shape[axis]!;
    if (typeof given !== "number" || !Number.isInteger(given) || given < -size || given >= size) return null;
    const at = given < 0 ? given + size : given;
    place = place * size + at;
    start += at * strides[axis]!;
  }
  const { length } = indices;
  const rows = [elementCount(self.shape.slice(0, length)), ...self.shape.slice(length)];
  const index = graph.scalar(scalarArgument(place), "int32");
  const step: ViewStep = {
    name: "select",
    layout: { strides: strides.slice(length), offset: start },
    apply: (g, parent) => g.gather(g.reshape(parent, rows), [0], [index]),
    write: (g, parent, value) =>
      g.reshape(g.scatter("set", g.reshape(parent, rows), value, [0], [index]), parent.shape),
  };
  return self.viewBy_(step);
}
