/** Writing at positions given by tensors and masks together. */
import type { GraphBuilder } from "../builder.ts";
import { scalarName } from "../dtype.ts";
import { DTypeError, IndexError, ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { broadcastShapes, elementCount, formatShape, sameShape, type Shape } from "../shape.ts";
import { tensorFiller } from "./fitting.ts";
import { isMask, masksOf, planIndices, resultOrder } from "./indexing.ts";
import { ordinals, trueCount, truth } from "./masking.ts";
import { describe, range } from "./support.ts";

defineOp({
  name: "index_put",
  signature: "index_put(Tensor input, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor",
  places: ["torch", "Tensor"],
  movesElements: true,
  inplace: true,
  doc: {
    summary: "input with values written (or added) at input[indices].",
    shape: "[*] -> [*]",
    source: "torch.Tensor.index_put",
  },
  gradient: "through decomposition",
  measure: (_g, { indices }) => (loneMask(indices) === null ? masksOf(indices) : []),
  record(g, { input, indices, values, accumulate }, measured) {
    const lone = loneMask(indices);
    if (lone !== null) {
      // One value is converted, as masked_fill does.
      const isFill = !accumulate && elementCount(values.shape) === 1;
      const written = isFill ? tensorFiller(g, "index_put", g.reshape(values, []), input.dtype) : values;
      return putMasked(g, input, lone.mask, lone.axis, written, accumulate);
    }
    const plan = planIndices(g, "index_put", input, indices, measured);
    const order = resultOrder(plan, plan.source.shape.length);
    const rest = plan.source.shape.filter((_, axis) => !plan.axes.includes(axis));
    const gathered = [...plan.shape, ...rest];
    const target = order.map((axis) => gathered[axis]!);
    const updates = g.permute(fitted(g, input, values, target), inverseOf(order));
    const written = g.scatter(accumulate ? "add" : "set", plan.source, updates, plan.axes, plan.indices);
    return g.reshape(written, input.shape);
  },
});

const inverseOf = (axes: readonly number[]): number[] => range(axes.length).map((axis) => axes.indexOf(axis));

function fitted(g: GraphBuilder, input: Node, values: Node, target: Shape): Node {
  const common = broadcastShapes(values.shape, target);
  if (common === null || !sameShape(common, target))
    throw new ShapeError(
      "index_put/values",
      `shape mismatch: value tensor of shape ${formatShape(values.shape)} cannot be broadcast to indexing result of shape ${formatShape(target)}.`,
    );
  if (input.dtype !== values.dtype)
    throw new DTypeError(
      "index_put/dtype",
      `index_put: Index put requires the source and destination dtypes match, got ${scalarName(input.dtype)} for the destination and ${scalarName(values.dtype)} for the source: ${describe(input)} and ${describe(values)}.`,
      `Convert it with values.to(torch.${input.dtype}).`,
    );
  return g.expandTo(values, target);
}

/** The one mask that is the only index, with the first axis that it covers: its contents need not be known. */
function loneMask(indices: readonly (Node | null)[]): { mask: Node; axis: number } | null {
  const given = indices.filter((index) => index !== null);
  const only = given[0];
  return given.length === 1 && only !== undefined && isMask(only) ? { mask: only, axis: indices.indexOf(only) } : null;
}

/** The true elements take the values in order; a value that is one for all of them is not counted off. */
function putMasked(g: GraphBuilder, input: Node, given: Node, axis: number, values: Node, accumulate: boolean): Node {
  const covered = input.shape.slice(axis, axis + given.shape.length);
  if (!sameShape(covered, given.shape))
    throw new IndexError(
      "index_put/mask-shape",
      `index_put: The shape of the mask ${formatShape(given.shape)} at index ${axis} does not match the shape of the indexed tensor ${formatShape(input.shape)}.`,
    );
  const lead = input.shape.slice(0, axis);
  const rest = input.shape.slice(axis + given.shape.length);
  // The dimension of the chosen elements in `values`, counted from the left.
  const counted = values.shape.length - 1 - rest.length;
  const count = counted < 0 ? 1 : values.shape[counted]!;
  const whole = [...lead, count, ...rest];
  const aligned = fitted(g, input, values, whole);
  const mismatch = (): Error =>
    new ShapeError(
      "index_put/values",
      `shape mismatch: value tensor of shape ${formatShape(values.shape)} cannot be broadcast to indexing result: the mask ${describe(given)} does not have ${count} true elements.`,
    );
  const mask = count === 1 ? given : g.refuseWhere(given, () => g.ne(trueCount(g, truth(g, given)), count), mismatch);
  const chosen = g.expandTo(
    g.reshape(truth(g, mask), [...lead.map(() => 1), ...mask.shape, ...rest.map(() => 1)]),
    input.shape,
  );
  let updates: Node;
  if (count === 1)
    updates = g.expandTo(g.reshape(aligned, [...lead, ...mask.shape.map(() => 1), ...rest]), input.shape);
  else {
    const first = g.permute(aligned, [axis, ...range(whole.length).filter((i) => i !== axis)]);
    const spread =
      count === 0
        ? g.full([...mask.shape, ...lead, ...rest], 0, input.dtype)
        : g.gather(first, [0], [ordinals(g, mask)]);
    const order = [
      ...range(axis).map((i) => mask.shape.length + i),
      ...range(mask.shape.length),
      ...range(rest.length).map((i) => mask.shape.length + axis + i),
    ];
    updates = g.permute(spread, order);
  }
  if (!accumulate) return g.where(chosen, updates, input);
  const zero = g.full(input.shape, 0, input.dtype);
  return input.dtype === "bool" ? g.or(input, g.and(chosen, updates)) : g.add(input, g.where(chosen, updates, zero));
}
