/** Places in the recorded graph that gradients pass: what `torch.autograd.graph.get_gradient_edge` gives. */
import { ArgumentError, AutogradError } from "../ir/errors.ts";
import type { Node } from "../ir/graph.ts";
import { gradientFunction, outputNumber, type GradientFunction } from "./grad-fn.ts";
import { withSite } from "./site.ts";
import { Tensor } from "./tensor.ts";

/**
 * One result of a step, where `autograd.grad` and `backward` take a tensor. It holds the graph and not the tensor.
 * https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.GradientEdge
 */
export class GradientEdge {
  readonly node: GradientFunction;
  readonly output_nr: number;
  /** @internal What the tensor was when the edge was asked for. */
  readonly made_: Node;
  /** @internal What stands for the tensor. */
  readonly standIn_: Tensor;

  /** @internal Use get_gradient_edge. */
  constructor(tensor: Tensor) {
    const made = tensor.node_();
    this.made_ = made;
    this.node = gradientFunction(made);
    this.output_nr = outputNumber(made);
    const leaf = this.node.variable;
    this.standIn_ = leaf instanceof Tensor ? leaf : Tensor.ofNode(made, tensor.storage_.device);
  }

  /** As a pair. */
  *[Symbol.iterator](): Generator<GradientFunction | number> {
    yield this.node;
    yield this.output_nr;
  }
  toString(): string {
    return `GradientEdge(node=${String(this.node)}, output_nr=${this.output_nr})`;
  }
}

/**
 * Where a gradient of the tensor would arrive.
 * https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.get_gradient_edge
 */
export function get_gradient_edge(tensor: Tensor): GradientEdge {
  return withSite(() => {
    if (!(tensor instanceof Tensor))
      throw new ArgumentError("edge/tensor", `get_gradient_edge: expected a Tensor, got ${typeof tensor}.`);
    if (!tensor.requires_grad)
      throw new AutogradError(
        "edge/no-grad",
        `get_gradient_edge: It is not possible to get the gradient edge for a Tensor that does not require gradients, got ${String(tensor)}.`,
        "Call requires_grad_() on an input before computing it.",
      );
    return new GradientEdge(tensor);
  });
}
