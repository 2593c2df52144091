/** The level of forward-mode differentiation that is open: which nodes tangents start from. */
import { DTypeError, AutogradError, ShapeError } from "../ir/errors.ts";
import type { Node } from "../ir/graph.ts";
import { formatShape, sameShape } from "../ir/shape.ts";
import { pushForward } from "../passes/push-forward.ts";
import { dualNode } from "./dual-nodes.ts";
import { graph } from "./state.ts";
import type { Tensor } from "./tensor.ts";
import type { ViewStep } from "./views.ts";

/** The tangents of a level by the nodes that they start from; null where no level is open. */
let tangents: Map<Node, Node> | null = null;

export const isLevelOpen = (): boolean => tangents !== null;

export function openLevel(): () => void {
  if (tangents !== null)
    throw new AutogradError(
      "forward-ad/nested",
      "enter_dual_level: Nested forward mode AD is not supported at the moment.",
      "torch.func.jvp can be nested.",
    );
  tangents = new Map();
  return closeLevel;
}
export function closeLevel(): void {
  tangents = null;
}

/** The tangents of nodes, where they have any. */
export function tangentsOfNodes(nodes: readonly Node[]): (Node | null)[] {
  if (tangents === null || tangents.size === 0) return nodes.map(() => null);
  return pushForward(graph, nodes, tangents);
}

/** A view of a tensor from which a tangent starts. */
export function dualStep(primal: Tensor, tangent: Node): ViewStep {
  const from = primal.node_();
  const start = dualNode(from);
  tangents!.set(start, tangent);
  return {
    name: "alias",
    // Once it has been written, the new contents say how they change.
    apply: (_g, parent) => (parent === from ? start : parent),
    write: (_g, _parent, value) => value,
  };
}

/** Gives a result a tangent that does not follow from what it was computed from; null: none. */
export function attachTangent(tensor: Tensor, tangent: Tensor | null): void {
  if (!tensor.is_floating_point() && !tensor.is_complex()) return;
  const node = tensor.node_();
  const start = dualNode(node);
  tangents!.set(
    start,
    tangent === null ? graph.full(node.shape, 0, node.dtype) : checkedTangent("jvp", tensor, tangent),
  );
  tensor.storage_.version++;
  tensor.storage_.replace(start);
}

/** @throws ShapeError, DTypeError for a tangent that is not like its primal */
export function checkedTangent(name: string, primal: Tensor, tangent: Tensor): Node {
  if (!sameShape(primal.shape, tangent.shape))
    throw new ShapeError(
      "forward-ad/shape",
      `${name}: Trying to set a forward gradient that has a different size than that of the original Tensor, this is not supported. Tensor is of size ${formatShape(primal.shape)} while the given forward gradient is of size ${formatShape(tangent.shape)}.`,
    );
  if (primal.type_ !== tangent.type_)
    throw new DTypeError(
      "forward-ad/dtype",
      `${name}: a tangent has its primal's type, got ${tangent.type_} for ${primal.type_}.`,
      `Convert it with to("${primal.type_}").`,
    );
  return tangent.node_();
}
