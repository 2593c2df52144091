/** Random views. */
import type { Node } from "../../ir/graph.ts";
import { elementCount, sameShape } from "../../ir/shape.ts";
import { maximumElements, maximumRank, sizes, type Maker } from "./maker.ts";

/** A computed value beside the same value seen in another order. */
export function twisted(m: Maker, x: Node): Node {
  const { g } = m;
  const y = x.dtype === "bool" ? g.not(x) : g.mul(x, x);
  const [a, b] = [m.c.below(4), m.c.below(4)];
  const square = a !== b && x.shape[a] !== undefined && x.shape[a] === x.shape[b];
  const view = square ? g.swap(y, a, b) : g.flip(y, m.axes(y));
  return x.dtype === "bool" ? g.binary("xor", y, view) : g.sub(y, view);
}
export function permute(m: Maker, x: Node): Node {
  const axes = x.shape.map((_, i) => i);
  for (let i = axes.length - 1; i > 0; i--) {
    const j = m.c.below(i + 1);
    [axes[i], axes[j]] = [axes[j]!, axes[i]!];
  }
  return m.g.permute(x, axes);
}
export function reshape(m: Maker, x: Node): Node {
  const count = elementCount(x.shape);
  if (count === 0 || m.c.oneIn(3)) {
    const at = m.c.below(x.shape.length + 1);
    return x.shape.length < maximumRank ? m.g.reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]) : x;
  }
  const shape: number[] = [];
  let rest = count;
  while (rest > 1 && shape.length < maximumRank - 1) {
    const divisors = [rest, 2, 3, 4, 5, 7, 11].filter((d) => rest % d === 0);
    const divisor = m.c.pick(divisors);
    shape.push(divisor);
    rest /= divisor;
  }
  if (rest > 1 || m.c.oneIn(4)) shape.push(rest);
  return m.g.reshape(x, shape);
}
export function expand(m: Maker, x: Node): Node | null {
  const shape = x.shape.map((size) => (size === 1 ? m.c.pick(sizes) : size));
  if (shape.length < maximumRank && m.c.below(2) === 0) shape.unshift(m.c.pick([3, 2, 1, 5, 0]));
  return elementCount(shape) > maximumElements ? null : m.g.expandTo(x, shape);
}
export function slice(m: Maker, x: Node): Node {
  const start: number[] = [];
  const step: number[] = [];
  const size: number[] = [];
  for (const full of x.shape) {
    if (full === 0 || m.c.below(3) === 0) {
      start.push(0);
      step.push(1);
      size.push(full);
      continue;
    }
    const stride = m.c.pick([1, 2, 3, -1, -2]);
    const from = m.c.below(full);
    const most = stride > 0 ? Math.ceil((full - from) / stride) : Math.floor(from / -stride) + 1;
    start.push(from);
    step.push(stride);
    size.push(m.c.oneIn(12) ? 0 : most - m.c.below(Math.min(most, 3)));
  }
  return m.g.slice(x, start, size, step);
}
/** A slice of a slice along one axis. */
export function resliced(m: Maker, x: Node): Node {
  if (x.shape.length === 0) return x;
  const axis = m.axis(x);
  const along = (y: Node): Node => {
    const size = y.shape[axis]!;
    if (size === 0) return y;
    const step = m.c.pick([1, 2, 3]);
    const start = m.c.below(Math.min(size, 4));
    return m.g.sliceAxis(y, axis, start, Math.ceil((size - start) / step), step);
  };
  return along(along(x));
}
export function pad(m: Maker, x: Node): Node {
  const amounts = (limit: number): number[] => x.shape.map(() => (m.c.below(2) === 0 ? 0 : m.c.below(limit)));
  const [low, high, interior] = [amounts(4), amounts(4), m.c.oneIn(3) ? amounts(3) : x.shape.map(() => 0)];
  // Cropping, where elements remain to be cropped.
  x.shape.forEach((size, i) => {
    if (size >= 4 && m.c.oneIn(5)) low[i] = -1;
    if (size >= 4 && m.c.oneIn(5)) high[i] = -1;
  });
  const filler = m.c.oneIn(4) ? m.scalar(x.dtype) : m.g.constant(m.literal(x.dtype), x.dtype);
  return m.g.pad(x, low, high, filler, interior);
}
export function concat(m: Maker, x: Node): Node | null {
  if (x.shape.length === 0) return null;
  const axis = m.axis(x);
  const fits = (y: Node): boolean =>
    y.dtype === x.dtype && y.shape.length === x.shape.length && sameShape(y.shape.with(axis, 0), x.shape.with(axis, 0));
  const parts = [x, ...m.pool.filter(fits).slice(-m.c.below(3))];
  if (parts.length === 1) parts.push(m.fresh(x.dtype, x.shape.with(axis, m.c.pick([1, 2, 0, 5]))));
  if (m.c.oneIn(3)) parts.push(slice(m, x.shape[axis] === 0 ? x : m.g.sliceAxis(x, axis, 0, 1)));
  return parts.every(fits) ? m.g.concat(parts, axis) : null;
}
export function window(m: Maker, x: Node): Node | null {
  const count = Math.min(x.shape.length, 1 + m.c.below(2));
  if (count === 0 || x.shape.length + count > 5) return null;
  const trailing = x.shape.slice(x.shape.length - count);
  const size = trailing.map((full) => Math.min(full, m.c.pick([2, 3, 1])));
  const stride = trailing.map(() => m.c.pick([1, 2, 3]));
  const dilation = trailing.map((full, i) => ((size[i]! - 1) * 2 < full && m.c.oneIn(3) ? 2 : 1));
  if (trailing.includes(0)) return null;
  return m.g.window(x, size, stride, dilation);
}
