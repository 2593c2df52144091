/** Calling operators whose results are views of their first argument, or each of its own. */
import { type GraphBuilder, isNode } from "../ir/builder.ts";
import { isComplex } from "../ir/dtype.ts";
import { ShapeError } from "../ir/errors.ts";
import { leafNode, nextNodeId, noteSite, type Node } from "../ir/graph.ts";
import { enterScope } from "../ir/interning.ts";
import { recordOperator, type Operator, type RecordResult } from "../ir/operator.ts";
import { formatShape, type Shape } from "../ir/shape.ts";
import type { Device } from "../runtime/device.ts";
import type { Bound } from "./bind.ts";
import { viewsOfComplex } from "./complex-memory.ts";
import { contiguous_format } from "./formats.ts";
import { refuseChangedViews } from "./inplace-checks.ts";
import { inFormat } from "./laid-out.ts";
import { noteThisLine } from "./site.ts";
import { stepOfCall } from "../ir/step-names.ts";
import { graph } from "./state.ts";
import { Tensor } from "./tensor.ts";
import { traceObserver } from "./trace.ts";
import { viewLayout } from "./view-layout.ts";
import { bitsStep, movement, type ViewStep } from "./views.ts";

export const listOf = (result: RecordResult): readonly Node[] =>
  Array.isArray(result) ? (result as readonly Node[]) : [result as Node];

/** Whether an operator's results are views, of these arguments. */
export const isView = ({ view }: Operator, { args }: Bound): boolean =>
  typeof view === "function" ? view(args) : view === true;

export function callView(definition: Operator, given: Bound, device: Device): Tensor | readonly Tensor[] {
  const { isItself = false, areSeveral = false, ofParts = false, unevenly } = definition.viewTraits ?? {};
  const bound = unevenly === "laid in rows" ? inRows(given) : given;
  enterScope(device.name);
  const around = noteThisLine();
  const firstNode = nextNodeId();
  const result = recordOperator(graph, definition, bound.args, isNode);
  noteSite(around);
  refuseChangedViews(bound.tensors, listOf(result), definition.name);
  traceObserver()?.called?.(definition.name, firstNode, nextNodeId());
  const [first, isList] = viewed(bound);
  const name = stepOfCall(definition.name, bound.args);
  const views = listOf(result).map((node, i) => {
    const source = bound.tensors[isList ? i : 0]!;
    if (node === source.node_() && isItself) return source;
    if (definition.name === "view.dtype" && (isComplex(node.dtype) || isComplex(source.type_)))
      return viewsOfComplex().viewOfParts(source, node.dtype, node.shape);
    const among = (step: ViewStep): ViewStep => (areSeveral ? { ...step, placeAmongSeveral: i } : step);
    const isOfComplex = ofParts && (isComplex(node.dtype) || isComplex(source.type_));
    const complex = isOfComplex ? viewsOfComplex().complexStep(definition.name, source) : null;
    if (complex !== null) return source.viewBy_(complex);
    if (node === source.node_()) return source.viewBy_(among(movement(name, (_g, parent) => parent)));
    if (node.dtype !== source.type_)
      return source.viewBy_(bitsStep({ dtype: source.type_, layout: source.layout_() }, node.dtype));
    const step = movement(name, recordedAgain(definition, bound, first, i));
    if (unevenly !== undefined && viewLayout(step, source.shape, source.layout_()) === null) {
      if (unevenly !== "refused") return Tensor.ofNode(node, device);
      throw new ShapeError(
        "view/strides",
        `${definition.name}: view size is not compatible with input tensor's size and stride (at least one dimension spans across two contiguous subspaces): ${String(source)}, strides ${formatShape(source.stride())}.`,
        "Use .reshape(...) instead.",
      );
    }
    return source.viewBy_(among(step));
  });
  return Array.isArray(result) ? views : views[0]!;
}

/** What is not contiguous is copied, also where a stride would do. */
function inRows({ args, tensors }: Bound): Bound {
  const copy = inFormat(tensors[0]!, contiguous_format);
  return copy === tensors[0] ? { args, tensors } : { args: { ...args, input: copy.node_() }, tensors: [copy] };
}

/** The parameter that is looked at, and whether it is a list of tensors, each of which is looked at. */
function viewed({ args }: Bound): readonly [name: string, isList: boolean] {
  const isTensors = (value: unknown): boolean => isNode(value) || (Array.isArray(value) && value.every(isNode));
  const first = Object.keys(args).find((name) => isTensors(args[name]))!;
  return [first, Array.isArray(args[first])];
}

/** Result number `place` over another node. Of the others in a list only the shapes are kept. */
function recordedAgain(
  definition: Operator,
  { args }: Bound,
  first: string,
  place: number,
): (g: GraphBuilder, parent: Node) => Node {
  const given = args[first] as Node | readonly Node[];
  const shapes = isNode(given) ? null : given.map(({ shape }) => shape);
  const rest = { ...args, [first]: null };
  return (g, parent) => {
    const standIn = (shape: Shape, i: number): Node =>
      i === place ? parent : leafNode("input", parent.dtype, shape, null);
    return listOf(recordOperator(g, definition, { ...rest, [first]: shapes?.map(standIn) ?? parent }, isNode))[place]!;
  };
}
