/** Tensors whose elements lie in memory in another order than row by row. */
import { isComplex } from "../ir/dtype.ts";
import { ArgumentError } from "../ir/errors.ts";
import type { Node } from "../ir/graph.ts";
import { type AxisOrder, type Operator, operator } from "../ir/operator.ts";
import { isContiguous, type Shape } from "../ir/shape.ts";
import { isFree, isMap } from "../ir/traits.ts";
import { topologicalOrder } from "../ir/walks.ts";
import type { Device } from "../runtime/device.ts";
import type { Bound } from "./bind.ts";
import { laidOutOf } from "./grad-fn.ts";
import { withGradMode } from "./grad-mode.ts";
import { contiguous_format, memory_format, preserve_format } from "./formats.ts";
import { liesIn, orderOf, preservedOrder } from "./memory-layout.ts";
import { sameValue } from "./saved-values.ts";
import { graph } from "./state.ts";
import { Tensor } from "./tensor.ts";
import { movement } from "./views.ts";

/**
 * A tensor of its own for a node, its memory filled axis by axis in this order, outermost first (null: row by row). It
 * stands as a view over a tensor that nobody else sees.
 */
export function laidOut(node: Node, device: Device, order: readonly number[] | null): Tensor {
  if (order === null) return Tensor.ofNode(node, device);
  const permuted = graph.permute(node, order);
  const memory = Tensor.ofNode(isComplex(node.dtype) ? graph.asComplex(graph.asReal(permuted)) : permuted, device);
  const back = order.map((_, axis) => order.indexOf(axis));
  const tensor = memory.viewBy_({ ...movement("permute", (g, parent) => g.permute(parent, back)), isLayout: true });
  if (node.requiresGrad) laidOutOf.set(tensor.node_(), node);
  return tensor;
}

/** The order in memory that `memory_format` asks for in a tensor like this one; null: row by row. */
export function orderLike(like: Tensor, format: unknown, operator: string): readonly number[] | null {
  const wanted = format ?? preserve_format;
  if (wanted === contiguous_format) return null;
  if (wanted === preserve_format) return like.is_contiguous() ? null : preservedOrder(like.shape, like.stride());
  return orderOf(requireFormat(wanted, operator), like.shape);
}

/**
 * The order of a result that is computed element by element from these tensors: theirs, where one of them does not lie
 * row by row. As PyTorch's TensorIterator has it.
 */
function orderOfElementwise(node: Node, tensors: readonly Tensor[]): readonly number[] | null {
  // What lies row by row is by far the most: nothing is worked out for it.
  if (node.shape.length < 2 || !tensors.some(liesOtherwise)) return null;
  const ends = new Set(tensors.flatMap((tensor) => endsOf(tensor.node_())));
  const parts = partsOf(node);
  if (parts.length === 0 || parts.some((part) => ends.has(part) || !isElementwise(part, ends))) return null;
  const operands = tensors
    .filter(({ shape }) => shape.length > 0)
    .map((tensor) => broadcastStrides(tensor, node.shape));
  return preservedOrder(node.shape, ...operands);
}
/** The real nodes that a result is computed as: of complex numbers what is joined in memory; none where it only moves. */
function partsOf(node: Node): readonly Node[] {
  if (isMap(node) || node.op === "call") return [node];
  const memory = node.op === "as_complex" ? node.inputs[0]! : node;
  return isComplex(node.dtype) && memory.op === "concat" ? memory.inputs : [];
}
const endsOf = (node: Node): readonly Node[] =>
  isComplex(node.dtype) ? [node, graph.real(node), graph.imag(node)] : [node];
const liesOtherwise = (tensor: Tensor): boolean => tensor.parent_ !== null && !tensor.is_contiguous();

/** An operator's result. What is computed element by element lies as what it is computed from. */
export function elementwiseResult(node: Node, tensors: readonly Tensor[], device: Device): Tensor {
  return resultIn(orderOfElementwise(node, tensors), node, device);
}

/** The results of an operator that states how they lie. */
export function statedResults(
  definition: Operator,
  nodes: readonly Node[],
  { args, tensors }: Bound,
  device: Device,
): Tensor[] {
  const orderOf = (argument: Node): AxisOrder => {
    const tensor = tensors.find((each) => each.node_() === argument);
    return tensor === undefined || tensor.is_contiguous() ? null : preservedOrder(tensor.shape, tensor.stride());
  };
  const orders = definition.layout!(args, nodes, orderOf);
  return nodes.map((node, i) => resultIn(orders[i]!, node, device));
}

function resultIn(order: AxisOrder, node: Node, device: Device): Tensor {
  const isPlain = order === null || order.every((axis, i) => axis === i);
  const tensor = laidOut(node, device, isPlain ? null : order);
  // The operator may have saved it: a write to the tensor is one to it.
  if (!isPlain) tensor.storage_.expose(node, tensor.counter_);
  return tensor;
}

/** Of a tensor as it is broadcast to a shape. */
function broadcastStrides(tensor: Tensor, wanted: Shape): readonly number[] {
  const { shape } = tensor;
  const strides = tensor.stride();
  const lead = wanted.length - shape.length;
  return wanted.map((size, axis) =>
    axis < lead || (shape[axis - lead] === 1 && size !== 1) ? 0 : strides[axis - lead]!,
  );
}

/** Between complex elements and their parts. */
const pairing = new Set<string>(["complex", "real", "imag"]);

/** Whether nothing but functions of single elements and broadcasting lies between a node and others. */
export function isElementwise(node: Node, ends: ReadonlySet<Node>): boolean {
  const isEnd = (each: Node): boolean => ends.has(each);
  return topologicalOrder([node], isEnd).every(
    (each) =>
      isEnd(each) ||
      isMap(each) ||
      isFree(each) ||
      each.op === "expand" ||
      isBroadcast(each) ||
      pairing.has(each.op) ||
      isElementwiseCall(each),
  );
}

/** Of composites, by name: what they stand for is the same whatever they are called with. */
const known = new Map<string, boolean>();
function isElementwiseCall(node: Node): boolean {
  if (node.op !== "call" || node.outputs !== null) return false;
  const { name } = node.attrs;
  let answer = known.get(name);
  if (answer === undefined) {
    answer = withGradMode(false, () => {
      const [root] = operator(name).expand(graph, node);
      return isElementwise(root!, new Set(node.inputs.flatMap(endsOf)));
    });
    known.set(name, answer);
  }
  return answer;
}

/** A reshape that adds axes of size 1. */
const isBroadcast = (node: Node): boolean =>
  node.op === "reshape" &&
  node.shape.filter((n) => n !== 1).join() === node.inputs[0]!.shape.filter((n) => n !== 1).join();

/** A tensor for a node, with the strides of `like` where those leave no gaps. */
export function laidOutLike(like: Tensor, node: Node): Tensor {
  const { device } = like.storage_;
  if (like.parent_ === null || like.is_contiguous()) return Tensor.ofNode(node, device);
  const strides = like.stride();
  const order = preservedOrder(like.shape, strides) ?? like.shape.map((_, axis) => axis);
  const along = <T>(list: readonly T[]): T[] => order.map((axis) => list[axis]!);
  return laidOut(node, device, isContiguous(along(like.shape), along(strides)) ? order : null);
}

/** The tensor itself when it lies in the format, else a copy that does. */
export function inFormat(tensor: Tensor, format: memory_format): Tensor {
  if (format === preserve_format || liesIn(tensor.shape, tensor.stride(), format)) return tensor;
  return laidOut(sameValue("clone", tensor.node_()), tensor.storage_.device, orderLike(tensor, format, "contiguous"));
}

function requireFormat(format: unknown, operator: string): memory_format {
  if (!(format instanceof memory_format))
    throw new ArgumentError(
      `${operator}/memory-format`,
      `${operator}: memory_format must be a torch.memory_format, got ${String(format)}.`,
      "Pass torch.contiguous_format, torch.preserve_format, torch.channels_last or torch.channels_last_3d.",
    );
  return format;
}
