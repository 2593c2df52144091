/** Memory that a call reads and writes, where the one would be seen in the other. */
import { isNode } from "../ir/builder.ts";
import { isComplex, realOf } from "../ir/dtype.ts";
import { ArgumentError, ShapeError } from "../ir/errors.ts";
import { leafNode, type Node } from "../ir/graph.ts";
import { recordOperator, type Measured, type Operator, type RecordResult } from "../ir/operator.ts";
import { formatShape, isContiguous, sameShape } from "../ir/shape.ts";
import type { Bound } from "./bind.ts";
import { withGradMode } from "./grad-mode.ts";
import { isElementwise } from "./laid-out.ts";
import { graph } from "./state.ts";
import type { Tensor } from "./tensor.ts";
import { traceObserver } from "./trace.ts";

/** What is called, and with what. */
interface Call {
  readonly definition: Operator;
  readonly bound: Bound;
}

/** @throws ShapeError when `out` is read, too, and would take another shape */
export function refuseReshape(out: Tensor, call: Call, node: Node, measured: Measured): void {
  if (!call.bound.tensors.includes(out) || sameShape(out.shape, node.shape) || !isElementwiseCall(call, measured))
    return;
  throw new ShapeError(
    "out/shape",
    `${call.definition.name}: output with shape ${formatShape(out.shape)} doesn't match the broadcast shape ${formatShape(node.shape)}.`,
    "Pass another tensor as out.",
  );
}

/** Whether each element of the result is computed from the elements in its place. */
function isElementwiseCall({ definition, bound }: Call, measured: Measured): boolean {
  // Recorded of stand-ins: what is known of the arguments themselves may be simplified past them. Real ones, because
  // complex numbers are joined of their parts.
  const standIns = new Map<Node, Node>();
  const standIn = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(standIn);
    if (!isNode(value)) return value;
    const dtype = isComplex(value.dtype) ? realOf(value.dtype) : value.dtype;
    if (!standIns.has(value)) standIns.set(value, leafNode("input", dtype, value.shape, null));
    return standIns.get(value);
  };
  const args = Object.fromEntries(Object.entries(bound.args).map(([name, value]) => [name, standIn(value)]));
  const result: RecordResult = withGradMode(false, () =>
    recordOperator(graph, definition, args as Bound["args"], isNode, measured),
  );
  const nodes = Array.isArray(result) ? (result as readonly Node[]) : [result as Node];
  return nodes.every((node) => isElementwise(node, new Set(standIns.values())));
}

/**
 * Refuses what PyTorch refuses. Work on single elements may write the very elements that it reads, but no others of them;
 * what moves elements may write none. Where tensors do not lie densely nobody looks.
 * @throws ArgumentError for memory that is read
 */
export function refuseOverlap(
  target: Tensor,
  call: Call,
  read: readonly Tensor[],
  measured: Measured,
  operator: string,
): void {
  if (call.definition.movesElements === "checked first") refuseExpanded(target, operator);
  if (!read.some((tensor) => shareMemory(target, tensor))) return;
  // Conjugates are resolved in memory of their own, but by what only moves elements.
  const isRead = (tensor: Tensor): boolean =>
    call.definition.name === "copy" || !(tensor.isConjugate_ || target.isConjugate_);
  const common = new Set(read.filter(isRead).map((tensor) => overlap(target, tensor)));
  const isRefused =
    call.definition.movesElements !== undefined
      ? common.has("part") || common.has("all")
      : common.has("part") && isElementwiseCall(call, measured);
  if (isRefused)
    throw new ArgumentError(
      "out/overlap",
      `${operator}: unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory location.`,
      "clone() the input before the call.",
    );
}

function refuseExpanded(target: Tensor, operator: string): void {
  if (target.numel() > 0 && target.isExpanded_())
    throw new ShapeError(
      "inplace/expanded",
      `${operator}: unsupported operation: more than one element of the written-to tensor refers to a single memory location.`,
      "clone() the expanded tensor before writing to it.",
    );
}

/** Whether both show the same elements in the same order, and as the same numbers. */
export const showsTheSame = (a: Tensor, b: Tensor): boolean =>
  a.is_set_to(b) && sameShape(a.stride(), b.stride()) && a.dtype === b.dtype && a.isConjugate_ === b.isConjugate_;

const shareMemory = (a: Tensor, b: Tensor): boolean =>
  a.storage_ === b.storage_ || traceObserver()?.sharesMemory?.(a.storage_, b.storage_) === true;

/** What two tensors have in common, where both lie densely. */
function overlap(a: Tensor, b: Tensor): "none" | "part" | "all" {
  if (!shareMemory(a, b)) return "none";
  if (a === b) return "all";
  if (a.numel() === 0 || b.numel() === 0 || !isDense(a) || !isDense(b)) return "none";
  const [own, other] = [rangeOf(a), rangeOf(b)];
  if (own.start === other.start && own.end === other.end) return sameShape(a.stride(), b.stride()) ? "all" : "part";
  return own.start < other.end && other.start < own.end ? "part" : "none";
}

/** In bytes of the storage. */
function rangeOf(tensor: Tensor): { readonly start: number; readonly end: number } {
  const start = tensor.layout_().offset * tensor.itemsize;
  return { start, end: start + tensor.nbytes };
}

/** Whether elements fill memory without gaps, in whatever order. */
function isDense(tensor: Tensor): boolean {
  const { shape } = tensor;
  const strides = tensor.stride();
  const axes = shape.map((_, axis) => axis).filter((axis) => shape[axis] !== 1);
  axes.sort((x, y) => strides[y]! - strides[x]!);
  return isContiguous(
    axes.map((axis) => shape[axis]!),
    axes.map((axis) => strides[axis]!),
  );
}
