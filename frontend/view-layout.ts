/** Where the elements of views lie in their storage. */
import { leafNode, type Node } from "../ir/graph.ts";
import { Index, linear } from "../ir/index.ts";
import { contiguousStrides, isContiguous, type Shape } from "../ir/shape.ts";
import { withFreshInterning } from "../ir/interning.ts";
import { sourceCoordinates } from "../ir/views.ts";
import { graph } from "./state.ts";
import { isSameMemory, type ViewStep } from "./views.ts";

/** Where elements lie in a storage, in elements. */
export interface Layout {
  readonly strides: readonly number[];
  readonly offset: number;
}
/** Strides and offset of a view, or null when its elements do not lie evenly in the storage. */
export function viewLayout(step: ViewStep, shape: Shape, layout: Layout): Layout | null {
  if (isSameMemory(step)) return layout;
  if (step.layout !== undefined) return step.layout;
  const standIn = leafNode("input", "bool", shape, null);
  // What is asked here is nothing of the user's recording.
  const view = withFreshInterning(() => step.apply(graph, standIn));
  const steps = stepsBetween(view, standIn);
  // What has no elements may be made of nothing.
  if (steps === null) return { strides: contiguousStrides(view.shape), offset: layout.offset };
  const moved = movedLayout(steps, layout);
  if (moved !== null) return moved;
  const names = view.shape.map((_, i) => `v${i}`);
  let at: readonly Index[] = view.shape.map((size, i) => Index.variable(names[i]!, Math.max(0, size - 1)));
  for (const node of steps) {
    const next = sourceCoordinates(node, at);
    if (next === null) return null;
    at = next;
  }
  const position = linear(at, layout.strides, layout.offset);
  const strides = names.map((name) => position.coefficientOf(name));
  if (strides.includes(null)) return null;
  const own = contiguousStrides(view.shape);
  const plain = view.shape.every((size, i) => size <= 1 || strides[i] === own[i]);
  return { strides: plain ? own : (strides as number[]), offset: position.constant };
}

/** The nodes from a view back to its source; null where it is not made of that. */
function stepsBetween(view: Node, source: Node): readonly Node[] | null {
  const steps: Node[] = [];
  for (let node: Node | undefined = view; node !== source; node = node.inputs[0]) {
    if (node === undefined) return null;
    steps.push(node);
  }
  return steps;
}

/** Axis by axis, as PyTorch keeps strides, those of axes of size 1 too; null where a reshape joins or splits axes. */
function movedLayout(steps: readonly Node[], layout: Layout): Layout | null {
  let { strides, offset } = layout;
  for (const node of steps.toReversed()) {
    const before = node.inputs[0]!.shape;
    switch (node.op) {
      case "permute":
        strides = node.attrs.axes.map((axis) => strides[axis]!);
        break;
      case "slice": {
        const { start, step } = node.attrs;
        offset = start.reduce((sum, at, axis) => sum + at * strides[axis]!, offset);
        strides = strides.map((stride, axis) => stride * step[axis]!);
        break;
      }
      case "expand":
        strides = strides.map((stride, axis) => (before[axis] === node.shape[axis] ? stride : 0));
        break;
      case "barrier":
        break;
      case "reshape": {
        const reshaped = reshapedStrides(before, strides, node.shape);
        if (reshaped === null) return null;
        strides = reshaped;
        break;
      }
      default:
        return null;
    }
  }
  return { strides, offset };
}

/** Where axes of size 1 come and go, the others keep theirs; contiguous elements stay contiguous in any shape. */
function reshapedStrides(before: Shape, strides: readonly number[], after: Shape): readonly number[] | null {
  const plain = contiguousStrides(before);
  const isPlain = strides.every((stride, axis) => stride === plain[axis]);
  const places = isPlain ? null : placesOfAxes(before, after);
  if (places === null) return isContiguous(before, strides) ? contiguousStrides(after) : null;
  const result = new Array<number>(after.length);
  // What is new lies as far apart as all behind it; from the last axis on.
  for (let axis = after.length - 1; axis >= 0; axis--) {
    const place = places[axis]!;
    if (place !== null) result[axis] = strides[place]!;
    else result[axis] = axis + 1 < after.length ? after[axis + 1]! * result[axis + 1]! : 1;
  }
  return result;
}

/** Which axis each was before, null for new ones of size 1; null where others have changed. */
function placesOfAxes(before: Shape, after: Shape): (number | null)[] | null {
  const places: (number | null)[] = [];
  let next = 0;
  for (const size of after) {
    if (size !== 1) while (next < before.length && before[next] === 1) next++;
    places.push(before[next] === size ? next++ : null);
    if (size !== 1 && places.at(-1) === null) return null;
  }
  return before.slice(next).every((size) => size === 1) ? places : null;
}
