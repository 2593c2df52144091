/** Tensors whose elements lie in memory in another order than row by row. */
import { isComplex } from "../ir/dtype.ts";
import { ArgumentError } from "../ir/errors.ts";
import type { Node } from "../ir/graph.ts";
import type { Device } from "../runtime/device.ts";
import { contiguous_format, memory_format, preserve_format } from "./formats.ts";
import { liesIn, orderOf, preservedOrder } from "./memory-layout.ts";
import { graph } from "./state.ts";
import { Tensor } from "./tensor.ts";
import { movement } from "./views.ts";

/**
 * A tensor of its own for a node, its memory filled axis by axis in this order, outermost first (null: row by row). It
 * stands as a view over a tensor that nobody else sees.
 */
export function laidOut(node: Node, device: Device, order: readonly number[] | null, operator = "clone"): Tensor {
  if (order === null) return Tensor.ofNode(node, device);
  const permuted = graph.permute(node, order);
  const memory = Tensor.ofNode(isComplex(node.dtype) ? graph.asComplex(graph.asReal(permuted)) : permuted, device);
  const back = order.map((_, axis) => order.indexOf(axis));
  return memory.viewBy_({ ...movement(operator, (g, parent) => g.permute(parent, back)), isLayout: true });
}

/** The order in memory that `memory_format` asks for in a tensor like this one; null: row by row. */
export function orderLike(like: Tensor, format: unknown, operator: string): readonly number[] | null {
  const wanted = format ?? preserve_format;
  if (wanted === contiguous_format) return null;
  if (wanted === preserve_format) return like.is_contiguous() ? null : preservedOrder(like.shape, like.stride());
  return orderOf(requireFormat(wanted, operator), like.shape);
}

/** The tensor itself when it lies in the format, else a copy that does. */
export function inFormat(tensor: Tensor, format: memory_format): Tensor {
  if (format === preserve_format || liesIn(tensor.shape, tensor.stride(), format)) return tensor;
  return laidOut(tensor.node_(), tensor.storage_.device, orderLike(tensor, format, "contiguous"));
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
