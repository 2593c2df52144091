/** The primitives that only move elements: for each, where an element of the result comes from. */
import type { NodeOf } from "../../ir/graph.ts";
import { build, reader, type Values } from "./values.ts";

export function reshape(node: NodeOf<"reshape">, [x]: readonly Values[]): Values {
  return { dtype: x!.dtype, shape: node.shape, data: x!.data };
}

export function permute(node: NodeOf<"permute">, [x]: readonly Values[]): Values {
  const { axes } = node.attrs;
  const from = new Array<number>(axes.length);
  const read = reader(x!);
  return build(node.dtype, node.shape, (at) => {
    axes.forEach((axis, i) => (from[axis] = at[i]!));
    return read(from);
  });
}

export function expand(node: NodeOf<"expand">, [x]: readonly Values[]): Values {
  const read = reader(x!);
  return build(node.dtype, node.shape, (at) => read(at.map((index, axis) => (x!.shape[axis] === 1 ? 0 : index))));
}

export function slice(node: NodeOf<"slice">, [x]: readonly Values[]): Values {
  const { start, step } = node.attrs;
  const read = reader(x!);
  return build(node.dtype, node.shape, (at) => read(at.map((index, axis) => start[axis]! + index * step[axis]!)));
}

export function pad(node: NodeOf<"pad">, [x, filler]: readonly Values[]): Values {
  const { low, interior } = node.attrs;
  const read = reader(x!);
  return build(node.dtype, node.shape, (at) => {
    const from: number[] = [];
    for (const [axis, index] of at.entries()) {
      const stride = interior[axis]! + 1;
      const offset = index - low[axis]!;
      const inside = offset >= 0 && offset % stride === 0 && offset / stride < x!.shape[axis]!;
      if (!inside) return filler!.data[0]!;
      from.push(offset / stride);
    }
    return read(from);
  });
}

export function concat(node: NodeOf<"concat">, parts: readonly Values[]): Values {
  const { axis } = node.attrs;
  const readers = parts.map(reader);
  return build(node.dtype, node.shape, (at) => {
    let along = at[axis]!;
    for (const [i, part] of parts.entries()) {
      if (along < part.shape[axis]!) return readers[i]!(at.with(axis, along));
      along -= part.shape[axis]!;
    }
    throw new RangeError("concat: no part has this place");
  });
}

export function window(node: NodeOf<"window">, [x]: readonly Values[]): Values {
  const { size, stride, dilation } = node.attrs;
  const lead = x!.shape.length - size.length;
  const read = reader(x!);
  return build(node.dtype, node.shape, (at) => {
    const from = at.slice(0, lead);
    size.forEach((_, i) => from.push(at[lead + i]! * stride[i]! + at[lead + size.length + i]! * dilation[i]!));
    return read(from);
  });
}
