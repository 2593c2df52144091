/** Calling operators whose results are views of their first argument. */
import { isNode } from "../ir/builder.ts";
import { isComplex } from "../ir/dtype.ts";
import { ShapeError } from "../ir/errors.ts";
import { nextNodeId, noteSite, type Node } from "../ir/graph.ts";
import { enterScope } from "../ir/interning.ts";
import { recordOperator, type Operator, type RecordResult } from "../ir/operator.ts";
import { formatShape } from "../ir/shape.ts";
import { parseSignature } from "../ir/signature.ts";
import type { Device } from "../runtime/device.ts";
import type { Bound } from "./bind.ts";
import { complexStep } from "./complex-views.ts";
import { captureSite, notesSites } from "./site.ts";
import { graph } from "./state.ts";
import { Tensor } from "./tensor.ts";
import { traceObserver } from "./trace.ts";
import { viewLayout } from "./view-layout.ts";
import { bitsStep, movement } from "./views.ts";

export const listOf = (result: RecordResult): readonly Node[] =>
  Array.isArray(result) ? (result as readonly Node[]) : [result as Node];

export function callView(definition: Operator, bound: Bound, device: Device): Tensor | readonly Tensor[] {
  const [source] = bound.tensors as [Tensor];
  const first = parseSignature(definition.signature).parameters[0]!.name;
  const of = (node: Node): RecordResult => recordOperator(graph, definition, { ...bound.args, [first]: node }, isNode);
  enterScope(device.name);
  noteSite(notesSites() ? captureSite() : null);
  const firstNode = nextNodeId();
  const result = of(source.node_());
  traceObserver()?.called?.(definition.name, firstNode, nextNodeId());
  const views = listOf(result).map((node, i) => {
    if (node === source.node_() && returnsItself.has(definition.name)) return source;
    if (node === source.node_()) return source.viewBy_(movement(definition.name, (_g, parent) => parent));
    const complex = isComplex(node.dtype) || isComplex(source.type_) ? complexStep(definition.name, source) : null;
    if (complex !== null) return source.viewBy_(complex);
    if (node.dtype !== source.type_)
      return source.viewBy_(bitsStep({ dtype: source.type_, layout: source.layout_() }, node.dtype));
    const step = movement(definition.name, (_g, parent) => listOf(of(parent))[i]!);
    if (regrouping.has(definition.name) && viewLayout(step, source.shape, source.layout_()) === null) {
      if (definition.name !== "view") return Tensor.ofNode(node, device);
      throw new ShapeError(
        "view/strides",
        `view: view size is not compatible with input tensor's size and stride (at least one dimension spans across two contiguous subspaces): ${String(source)}, strides ${formatShape(source.stride())}.`,
        "Use .reshape(...) instead.",
      );
    }
    return source.viewBy_(
      Array.isArray(result) && severalViews.has(definition.name) ? { ...step, isOneOfSeveral: true } : step,
    );
  });
  return Array.isArray(result) ? views : views[0]!;
}
/** Views that are the tensor itself where they would change nothing. */
const returnsItself = new Set(["flatten", "real", "conj"]);
/** Functions that return several views at once, each of which PyTorch refuses to write where gradients are recorded. */
const severalViews = new Set(["unbind", "split", "split.sections", "split_with_sizes", "chunk"]);
/** Views that join dimensions: where the elements do not lie evenly these are copies, and `view` refuses. */
const regrouping = new Set(["view", "reshape", "flatten", "ravel", "reshape_as", "unflatten"]);
