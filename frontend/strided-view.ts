/** Views of a storage by sizes and strides. */
import type { GraphBuilder } from "../ir/builder.ts";
import { isComplex } from "../ir/dtype.ts";
import { NotImplementedError } from "../ir/errors.ts";
import type { Node } from "../ir/graph.ts";
import { checkStrides, stridedPositions, stridedView } from "../ir/strided.ts";
import { elementCount, formatShape, type Shape } from "../ir/shape.ts";
import { viewsOfComplex } from "./complex-memory.ts";
import type { Tensor } from "./tensor.ts";
import { traceObserver } from "./trace.ts";
import { bitsStep, isSameMemory, movement, type Layout, type ViewStep } from "./views.ts";

/** How many elements memory must have for a view. */
export const reachOf = (size: Shape, stride: readonly number[], offset: number): number =>
  size.includes(0) ? 0 : size.reduce((end, n, i) => end + (n - 1) * (stride[i] ?? 0), offset + 1);

export function stridedOf(
  input: Tensor,
  size: Shape,
  stride: readonly number[],
  storage_offset: number | null | undefined,
): Tensor {
  const own = input.layout_();
  const offset = storage_offset ?? own.offset;
  if (offset !== own.offset) traceObserver()?.placeUsed?.(input.storage_);
  const reach = reachOf(size, stride, offset);
  // What lies within a contiguous tensor is a view of that tensor, so that gradients find it; else of the storage.
  const within = input.is_contiguous() && offset >= own.offset && reach <= own.offset + input.numel();
  const source = within ? input : wholeOf(input);
  const count = source.numel();
  const start = offset - source.layout_().offset;
  checkStrides("as_strided", count, input.itemsize, size, stride, start);
  const view = (g: GraphBuilder, parent: Node): Node => stridedView(g, g.reshape(parent, [count]), size, stride, start);
  const layout = { strides: [...stride], offset };
  if (within || !input.requires_grad)
    return source.viewBy_({ ...movement("as_strided", view), layout } satisfies ViewStep);
  // The memory has no history of its own where the tensor began one as a view of it: the elements of both have that.
  const places = { strides: own.strides, offset: own.offset - source.layout_().offset };
  const apply = (g: GraphBuilder, memory: Node): Node =>
    view(g, memory.requiresGrad ? memory : withElementsOf(g, memory, input.node_(), places));
  return source.viewBy_({ ...movement("as_strided", view), apply, layout } satisfies ViewStep);
}

/** Memory as a row, with a view's elements as that view has them; of those that it shows several times, the first. */
function withElementsOf(g: GraphBuilder, memory: Node, view: Node, { strides, offset }: Layout): Node {
  if (isComplex(view.dtype)) {
    const part = (of: (z: Node) => Node): Node => withElementsOf(g, of(memory), of(view), { strides, offset });
    return g.complex(
      part((z) => g.real(z)),
      part((z) => g.imag(z)),
    );
  }
  const size = view.shape.map((n, axis) => (strides[axis] === 0 ? Math.min(n, 1) : n));
  const first = g.slice(
    view,
    size.map(() => 0),
    size,
  );
  const row = g.reshape(memory, [elementCount(memory.shape)]);
  const positions = g.reshape(stridedPositions(g, size, strides, offset), [elementCount(size)]);
  return g.scatter("set", row, g.reshape(first, [elementCount(size)]), [0], [positions]);
}

/** @throws NotImplementedError because a recording knows an argument's elements alone */
function refusePart(input: Tensor): never {
  throw new NotImplementedError(
    "as_strided/argument",
    `as_strided: a compiled function does not know the memory around its argument's elements: ${String(input)}, strides ${formatShape(input.stride())}.`,
    "Make the view outside of torch.compile, and pass it as an argument.",
  );
}

/** All that a tensor's memory holds, as elements of its type, with as much history as it has. */
function wholeOf(input: Tensor): Tensor {
  const cuts: ViewStep[] = [];
  let whole = input;
  for (; whole.parent_ !== null; whole = whole.parent_) {
    if (whole.step_!.isPart === true) refusePart(input);
    if (isSameMemory(whole.step_!)) cuts.unshift(whole.step_!);
  }
  for (const cut of cuts) whole = whole.viewBy_(cut);
  if (cuts.length > 0) whole.standFor_(input._base ?? input);
  const [had, type] = [whole.type_, input.type_];
  if (had === type) return whole;
  if (isComplex(had) && !isComplex(type)) whole = whole.viewBy_(viewsOfComplex().complexStep("view_as_real", whole)!);
  // Of memory that does not divide evenly, the bytes at its end are no element.
  const count = Math.floor(whole.nbytes / input.itemsize);
  const used = Math.ceil((count * input.itemsize) / whole.itemsize);
  const row = movement("view", (g, parent) => g.sliceAxis(g.reshape(parent, [elementCount(parent.shape)]), 0, 0, used));
  const bytes = whole.viewBy_(row);
  if (bytes.type_ === type) return bytes;
  if (!isComplex(type)) return bytes.viewBy_(bitsStep({ dtype: bytes.type_, layout: bytes.layout_() }, type));
  const pairs = bytes.viewBy_(movement("view", (g, parent) => g.reshape(parent, [count, 2])));
  return pairs.viewBy_(viewsOfComplex().complexStep("view_as_complex", pairs)!);
}
