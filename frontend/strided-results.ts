/** Results that lie in memory as another tensor does. */
import type { Node } from "../ir/graph.ts";
import { isContiguous } from "../ir/shape.ts";
import { graph } from "./state.ts";
import { Tensor } from "./tensor.ts";
import { movement } from "./views.ts";

/** The axes from the outermost in memory to the innermost; null where the elements lie in rows, or not densely. */
function denseOrder(tensor: Tensor): number[] | null {
  if (tensor.parent_ === null) return null;
  const { strides } = tensor.layout_();
  if (isContiguous(tensor.shape, strides)) return null;
  const order = strides.map((_, axis) => axis).sort((a, b) => strides[b]! - strides[a]! || a - b);
  const along = <T>(list: readonly T[]): T[] => order.map((axis) => list[axis]!);
  return isContiguous(along(tensor.shape), along(strides)) ? order : null;
}

/** A tensor for a node, with the strides of `like` where those leave no gaps. */
export function laidOutLike(like: Tensor, node: Node): Tensor {
  const { device } = like.storage_;
  const order = denseOrder(like);
  if (order === null) return Tensor.ofNode(node, device);
  const back = order.map((_, axis) => order.indexOf(axis));
  const base = Tensor.ofNode(graph.permute(node, order), device);
  return base.viewBy_(movement("permute", (g, parent) => g.permute(parent, back)));
}
