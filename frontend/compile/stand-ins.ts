/** Tensors in the place of arguments while a function is recorded. */
import { isContiguous } from "../../ir/shape.ts";
import { Tensor } from "../tensor.ts";
import { nodeOver, type Value } from "../value.ts";
import type { ViewStep } from "../views.ts";

const rowByRow = "row by row";

/** How an argument's elements lie, for the guards. */
export function stridesOf(tensor: Tensor): string {
  if (tensor.parent_ === null) return rowByRow;
  const strides = tensor.stride();
  return isContiguous(tensor.shape, strides) ? rowByRow : strides.join();
}

/**
 * A tensor with a memory of its own that holds the argument's elements and no others, row by row. It says that it lies
 * as the argument does: what is a view of the one is a view of the other, and results lie as they would.
 */
export function standIn(given: Tensor, value: Value): Tensor {
  const stand = elementsOf(given, value);
  const prototype = Object.getPrototypeOf(given) as object;
  // It may be a Parameter, and somebody may ask.
  return prototype === Tensor.prototype ? stand : (Object.setPrototypeOf(stand, prototype) as Tensor);
}

function elementsOf(given: Tensor, value: Value): Tensor {
  const elements = Tensor.ofNode(nodeOver(given.type_, given.shape, value), given.storage_.device);
  Object.assign(elements, { isInference_: given.isInference_ });
  const layout = given.layout_();
  if (layout.offset === 0 && stridesOf(given) === rowByRow) return elements;
  const step: ViewStep = {
    name: "argument",
    apply: (_, parent) => parent,
    write: (_g, _parent, written) => written,
    isLayout: true,
    isPart: true,
    layout,
  };
  return elements.viewBy_(step);
}
