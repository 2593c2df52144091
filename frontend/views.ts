/**
 * Views: how a tensor's value follows from another's over the same storage, and how writing the view writes the other.
 */
import type { GraphBuilder } from "../ir/builder.ts";
import { leafNode, type Node } from "../ir/graph.ts";
import { dtypeBytes, isComplex, unlike, type DType } from "../ir/dtype.ts";
import { ShapeError } from "../ir/errors.ts";
import { reinterpreted } from "../ir/ops/reinterpretation.ts";
import { elementCount, formatShape } from "../ir/shape.ts";

export interface ViewStep {
  readonly name: string;
  /** The view's value from its parent's. */
  apply(g: GraphBuilder, parent: Node): Node;
  /** The parent's value after the view has been given `value`. */
  write(g: GraphBuilder, parent: Node, value: Node): Node;
  /** The view takes the same bits for elements of this type. */
  readonly dtype?: DType;
  /** What it shows is not what lies in memory: a conjugate. */
  readonly isComputed?: boolean;
  /** Only says in which order memory is filled: what it is a view of is nobody's. */
  readonly isLayout?: boolean;
  /** What lies around it in memory is not known. */
  readonly isPart?: boolean;
  /** Its number among the views that one call has made. */
  readonly placeAmongSeveral?: number;
  /** Where the elements lie in the storage, when the step itself says so. */
  readonly layout?: Layout;
}
/** In elements. */
export interface Layout {
  readonly strides: readonly number[];
  readonly offset: number;
}

/** A step made of movement operations; writing goes through the inverse where there is a simple one. */
export function movement(name: string, apply: (g: GraphBuilder, parent: Node) => Node): ViewStep {
  return { name, apply, write: (g, parent, value) => writeThrough(g, parent, value, apply) };
}

export const detachStep: ViewStep = {
  name: "detach",
  apply: (g, parent) => g.detach(parent),
  // A write that autograd does not see: the gradient goes on to the old value's history.
  write: (g, parent, value) => (parent.requiresGrad ? g.withHistory(value, parent) : g.detach(value)),
};

/** `.data`: of the same kind, but a value that is told from the tensor's own. */
export const dataStep: ViewStep = { ...detachStep, name: "data", apply: (g, parent) => g.distinct(g.detach(parent)) };

/**
 * The same bits as another type, of which no gradient is known.
 * `from`: where the parent's elements lie, in elements of its own
 * @throws ShapeError when elements of another size would not lie evenly
 */
export function bitsStep(parent: { readonly dtype: DType; readonly layout: Layout }, dtype: DType): ViewStep {
  const { strides, offset } = parent.layout;
  const [from, to] = [dtypeBytes(parent.dtype), dtypeBytes(dtype)];
  const scaled = (stride: number): number => (stride * from) / to;
  const leads = strides.slice(0, -1);
  if (from !== to && strides.at(-1) !== 1)
    throw new ShapeError(
      "view/last-stride",
      `view: self.stride(-1) must be 1 to view ${unlike(parent.dtype, dtype)}, but got ${strides.at(-1)}.`,
      "Call contiguous() first.",
    );
  const uneven = [...leads, offset].findIndex((stride) => !Number.isInteger(scaled(stride)));
  if (uneven >= 0)
    throw new ShapeError(
      "view/strides-divisible",
      `view: ${uneven === leads.length ? "self.storage_offset()" : `self.stride(${uneven})`} must be divisible by ${to / from} to view ${unlike(parent.dtype, dtype)}, but got ${[...leads, offset][uneven]}: strides ${formatShape(strides)}, offset ${offset}.`,
      "Call contiguous() or clone() first.",
    );
  const layout =
    from === to ? parent.layout : { strides: [...leads.map(scaled), ...strides.slice(-1)], offset: scaled(offset) };
  return {
    name: "view",
    dtype,
    layout,
    apply: (g, node) => reinterpreted(g, g.detach(node), dtype),
    write: (g, node, value) => detachStep.write(g, node, reinterpreted(g, value, node.dtype)),
  };
}

/** Whether a step changes nothing but the history. */
export const isSameMemory = (step: ViewStep): boolean => step === detachStep || step === dataStep;

/**
 * Several steps as one. Through a view in which elements overlap, a write has to reach the memory in one step: what is
 * only another sight of an element must not be written back. Of an element that the view itself shows several times,
 * the last sight counts that has another value now, or else the last.
 */
export function joined(steps: readonly ViewStep[]): ViewStep {
  const apply = (g: GraphBuilder, parent: Node): Node => steps.reduce((node, step) => step.apply(g, node), parent);
  const write = (g: GraphBuilder, parent: Node, value: Node): Node => {
    const isEmpty = value.shape.includes(0);
    const written = isEmpty ? g.restingOn(parent, value) : scatterThrough(g, parent, value, apply, true);
    return steps.some(isSameMemory) ? detachStep.write(g, parent, written) : written;
  };
  return { name: steps.map((step) => step.name).join("."), apply, write };
}

function writeThrough(
  g: GraphBuilder,
  parent: Node,
  value: Node,
  apply: (g: GraphBuilder, parent: Node) => Node,
): Node {
  if (value.shape.includes(0)) return g.restingOn(parent, value);
  if (isComplex(parent.dtype))
    return g.complex(
      writeThrough(g, g.real(parent), g.real(value), apply),
      writeThrough(g, g.imag(parent), g.imag(value), apply),
    );
  // Find the movement nodes on a stand-in for the parent, then undo them from the view's end.
  const standIn = leafNode("input", parent.dtype, parent.shape, null);
  const chain: Node[] = [];
  for (let node = apply(g, standIn); node !== standIn; node = node.inputs[0]!) {
    if (node.op !== "reshape" && node.op !== "permute" && node.op !== "slice" && node.op !== "expand")
      return scatterThrough(g, parent, value, apply);
    chain.unshift(node);
  }
  const values = [parent];
  for (const step of chain) values.push(g.rebuild(step, [values.at(-1)!]));
  let written = value;
  for (let i = chain.length - 1; i >= 0; i--) {
    const step = chain[i]!;
    const source = values[i]!;
    switch (step.op) {
      case "reshape":
        written = g.reshape(written, source.shape);
        break;
      case "permute": {
        const back = new Array<number>(step.attrs.axes.length);
        step.attrs.axes.forEach((axis, k) => (back[axis] = k));
        written = g.permute(written, back);
        break;
      }
      case "slice":
        written = sliceWritten(g, step, source, written);
        break;
      default:
        written = unexpanded(g, step, source, written);
    }
  }
  return written;
}

/**
 * The source of an expanded view of which some elements were written: a place of the source takes the value that
 * differs from what it showed, from whichever of its copies was written (one at most, or the write would be refused).
 */
function unexpanded(g: GraphBuilder, step: Node, source: Node, written: Node): Node {
  const axes = step.shape.map((_, axis) => axis).filter((axis) => source.shape[axis] !== step.shape[axis]);
  const before = g.expandTo(source, step.shape);
  // NaN differs from itself, which is harmless: it is then "written" with itself.
  const changed = g.ne(written, before);
  const count = step.shape.reduce((n, size) => n * size, 1);
  const order = g.where(changed, g.reshape(g.iota(count, "int64"), step.shape), -1n);
  const last = g.reduce("reduce_max", order, axes);
  const flat = g.reshape(written, [count]);
  const position = g.reshape(g.max(last, 0n), [source.shape.reduce((n, size) => n * size, 1)]);
  const chosen = g.reshape(g.gather(flat, [0], [position]), source.shape);
  return g.where(g.ge(last, 0n), chosen, source);
}

/** `source` with the sliced elements replaced. */
function sliceWritten(g: GraphBuilder, step: Node & { op: "slice" }, source: Node, value: Node): Node {
  const { start, step: steps, size } = step.attrs;
  if (size.includes(0)) return source;
  const flipped = steps.map((s, i) => (s < 0 ? i : -1)).filter((i) => i >= 0);
  const forward = g.flip(value, flipped);
  const low = start.map((s, i) => (steps[i]! < 0 ? s + steps[i]! * (size[i]! - 1) : s));
  const gap = steps.map((s) => Math.abs(s) - 1);
  const high = low.map((l, i) => source.shape[i]! - l - (size[i]! + (size[i]! - 1) * gap[i]!));
  if ([...low, ...high, ...gap].every((n) => n === 0)) return forward;
  const inside = g.pad(g.full(size, true, "bool"), low, high, false, gap);
  return g.where(inside, g.pad(forward, low, high, 0, gap), source);
}

/**
 * Any other movement: the positions that the view shows are found by moving positions.
 * `mayRepeat`: the view may show a position several times
 */
function scatterThrough(
  g: GraphBuilder,
  parent: Node,
  value: Node,
  apply: (g: GraphBuilder, parent: Node) => Node,
  mayRepeat = false,
): Node {
  const [count, shown] = [elementCount(parent.shape), elementCount(value.shape)];
  const moved = apply(g, g.reshape(g.iota(count, "int64"), parent.shape));
  const positions = g.reshape(moved, [shown]);
  const [flat, values] = [g.reshape(parent, [count]), g.reshape(value, [shown])];
  if (!mayRepeat) return g.reshape(g.scatter("set", flat, values, [0], [positions]), parent.shape);
  const order = g.iota(shown, "int64");
  const changed = isChanged(g, values, g.reshape(apply(g, parent), [shown]));
  const rank = g.where(changed, g.add(order, BigInt(shown)), order);
  const none = g.full([count], -1n, "int64");
  const highest = g.scatter("max", none, rank, [0], [positions]);
  const last = g.where(g.ge(highest, BigInt(shown)), g.sub(highest, BigInt(shown)), highest);
  const chosen = g.gather(values, [0], [g.max(last, 0n)]);
  return g.reshape(g.where(g.ge(last, 0n), chosen, flat), parent.shape);
}

/** NaN in the place of NaN is no change. */
function isChanged(g: GraphBuilder, now: Node, before: Node): Node {
  if (isComplex(now.dtype))
    return g.or(isChanged(g, g.real(now), g.real(before)), isChanged(g, g.imag(now), g.imag(before)));
  return g.and(g.ne(now, before), g.or(g.eq(now, now), g.eq(before, before)));
}
