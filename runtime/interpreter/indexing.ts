/** gather, scatter and sort. An index out of range is held inside it. */
import type { NodeOf } from "../../ir/graph.ts";
import { roundToDType, type Element } from "../../ir/rounding.ts";
import { contiguousStrides, elementCount } from "../../ir/shape.ts";
import { applyBinary } from "./scalar-functions.ts";
import { build, forEachIndex, reader, type Values } from "./values.ts";

/** Which element of an array of `shape` the indices for `axes`, and the coordinates for the others, name. */
function targets(
  shape: readonly number[],
  axes: readonly number[],
  indices: readonly Values[],
): (at: readonly number[]) => number[] {
  const lead = indices[0]!.shape.length;
  const readers = indices.map(reader);
  return (at) => {
    const indexAt = at.slice(0, lead);
    let free = lead;
    return shape.map((size, axis) => {
      const which = axes.indexOf(axis);
      if (which < 0) return at[free++]!;
      const index = Number(readers[which]!(indexAt));
      return Math.max(0, Math.min(size - 1, index));
    });
  };
}

export function gather(node: NodeOf<"gather">, [source, ...indices]: readonly Values[]): Values {
  const { axes } = node.attrs;
  const read = reader(source!);
  const target = targets(source!.shape, axes, indices);
  return build(node.dtype, node.shape, (at) => read(target(at)));
}

export function scatter(node: NodeOf<"scatter">, [base, updates, ...indices]: readonly Values[]): Values {
  const { axes, mode } = node.attrs;
  const { dtype, shape } = base!;
  const data: Element[] = [...base!.data];
  const strides = contiguousStrides(shape);
  const target = targets(shape, axes, indices);
  forEachIndex(updates!.shape, (at, position) => {
    const update = updates!.data[position]!;
    const place = target(at).reduce((sum, index, axis) => sum + index * strides[axis]!, 0);
    data[place] = mode === "set" ? update : roundToDType(applyBinary(mode, dtype, data[place]!, update), dtype);
  });
  return { dtype, shape, data };
}

/** NaN counts as larger than every number. */
export function compareElements(x: Element, y: Element): number {
  const [xMissing, yMissing] = [Number.isNaN(x), Number.isNaN(y)];
  if (xMissing || yMissing) return Number(xMissing) - Number(yMissing);
  return x < y ? -1 : x > y ? 1 : 0;
}

export function sort(node: NodeOf<"sort">, [x]: readonly Values[]): readonly Values[] {
  const { axis, descending, count } = node.attrs;
  const { dtype } = x!;
  const shape = x!.shape.with(axis, count);
  const values = new Array<Element>(elementCount(shape));
  const positions = new Array<Element>(elementCount(shape));
  const [sourceStrides, resultStrides] = [contiguousStrides(x!.shape), contiguousStrides(shape)];
  const size = x!.shape[axis]!;
  forEachIndex(shape.with(axis, 1), (at) => {
    const placeBy = (strides: readonly number[], along: number): number =>
      at.reduce((sum, index, i) => sum + (i === axis ? along : index) * strides[i]!, 0);
    const place = (along: number): number => placeBy(sourceStrides, along);
    const row = Array.from({ length: size }, (_, along) => along);
    const order = (i: number, j: number): number => compareElements(x!.data[place(i)]!, x!.data[place(j)]!);
    row.sort((i, j) => (descending ? order(j, i) : order(i, j)));
    row.slice(0, count).forEach((from, to) => {
      values[placeBy(resultStrides, to)] = x!.data[place(from)]!;
      positions[placeBy(resultStrides, to)] = BigInt(from);
    });
  });
  return [
    { dtype, shape, data: values },
    { dtype: "int64", shape, data: positions },
  ];
}
