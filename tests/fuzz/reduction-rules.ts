/** Random reductions, contractions, and the patterns that models make of them. */
import { isNode } from "../../ir/builder.ts";
import { isFloat } from "../../ir/dtype.ts";
import type { Node } from "../../ir/graph.ts";
import { operator, recordOperator } from "../../ir/operator.ts";
import "../../ir/ops/index.ts";
import { elementCount } from "../../ir/shape.ts";
import { maximumElements, sizes, type Maker } from "./maker.ts";

export function reduce(m: Maker, x: Node): Node {
  const axes = m.axes(x).filter((axis) => x.shape[axis] !== 0 || isFloat(x.dtype));
  const ops =
    x.dtype === "bool"
      ? (["reduce_max", "reduce_min"] as const)
      : (["reduce_sum", "reduce_max", "reduce_min", "reduce_prod"] as const);
  const reduced = m.g.reduce(m.c.pick(ops), x, axes);
  return m.c.oneIn(3) ? m.g.expandTo(reduced, x.shape) : reduced;
}
export function argReduce(m: Maker, x: Node): Node | null {
  if (x.shape.length === 0 || x.shape.includes(0)) return null;
  return m.g.argReduce(m.c.pick(["argmax", "argmin"] as const), x, m.axis(x));
}
export function scan(m: Maker, x: Node): Node | null {
  if (x.shape.length === 0) return null;
  const kinds = x.dtype === "bool" ? (["max", "min"] as const) : (["sum", "max", "min", "prod"] as const);
  return m.g.scan(m.c.pick(kinds), x, m.axis(x), m.c.below(2) === 1);
}
/** An operator that stays one node until it is decomposed. */
export function composite(m: Maker, x: Node): Node {
  if (!m.composites) return softmax(m, x);
  const name = m.c.pick(["softmax", "log_softmax", "gelu", "log1p_exp", "hypot"] as const);
  const axis = x.shape.length === 0 ? 0 : m.axis(x);
  const args = {
    softmax: { input: x, dim: axis, dtype: null },
    log_softmax: { input: x, dim: axis, dtype: null },
    gelu: { input: x, approximate: m.c.pick(["none", "tanh"]) },
    log1p_exp: { input: x },
    hypot: { input: x, other: m.fresh(x.dtype, x.shape) },
  }[name];
  return recordOperator(m.g, operator(name), args, isNode) as Node;
}
/** Sometimes with the value that it started from, read once more at the end. */
export function residual(m: Maker, x: Node): Node {
  const result = m.c.below(2) === 0 ? softmax(m, x) : normalised(m, x);
  return m.c.below(2) === 0 ? result : m.g.add(result, x);
}
/** A moved value, and one that is computed from that row by row with the value where it was. */
export function beside(m: Maker, x: Node): Node[] {
  const { g } = m;
  const [a, b] = [m.c.below(4), m.c.below(4)];
  const isSquare = a !== b && x.shape[a] !== undefined && x.shape[a] === x.shape[b];
  // A row turned and laid down again is the same row, seen through views.
  const [rows, columns] = x.shape;
  const isRow = x.shape.length === 2 && rows === 1 && m.c.oneIn(2);
  const moved = isRow
    ? g.permute(g.reshape(x, [columns!, 1]), [1, 0])
    : isSquare
      ? g.swap(x, a, b)
      : g.flip(x, m.axes(x));
  const row = m.c.pick([
    () => g.expandTo(reduce(m, moved), x.shape),
    () => softmax(m, moved),
    () => normalised(m, moved),
  ])();
  return [moved, g.sub(row, x)];
}
/** A convolution of one or two axes, or the gradient of its filters: products of windows, padded and dilated. */
export function convolution(m: Maker): Node | null {
  const { g, c } = m;
  const dtype = c.pick(m.dtypes.filter(isFloat));
  const rank = 1 + c.below(2);
  const axes = Array.from({ length: rank }, (_, i) => i);
  const size = axes.map(() => 1 + c.below(3));
  const stride = axes.map(() => 1 + c.below(2));
  const dilation = axes.map(() => 1 + c.below(2));
  const [batch, channels, filters] = [1 + c.below(3), c.pick([1, 2, 3, 5, 8]), c.pick([1, 3, 4, 8, 17])];
  const image = m.fresh(dtype, [batch, channels, ...axes.map(() => c.pick([3, 5, 8, 4]))]);
  const amounts = [0, 0, ...axes.map(() => c.below(3))];
  const padded = g.pad(image, amounts, amounts, 0, [0, 0, ...axes.map(() => (c.oneIn(4) ? 1 : 0))]);
  const span = size.map((k, i) => dilation[i]! * (k - 1) + 1);
  if (span.some((n, i) => n > padded.shape[2 + i]!)) return null;
  const windows = g.window(padded, size, stride, dilation);
  const places = axes.map((i) => 2 + i);
  const offsets = axes.map((i) => 2 + rank + i);
  if (c.below(2) === 0) {
    const kernel = m.fresh(dtype, [filters, channels, ...size]);
    return g.dot(windows, kernel, [
      [1, ...offsets],
      [1, ...places],
    ]);
  }
  const grad = m.fresh(dtype, [batch, filters, ...places.map((axis) => windows.shape[axis]!)]);
  return g.dot(grad, windows, [
    [0, ...places],
    [0, ...places],
  ]);
}
export function normalised(m: Maker, x: Node): Node {
  const { g } = m;
  const axes = m.axes(x);
  const count = elementCount(axes.map((axis) => x.shape[axis]!));
  const mean = g.div(g.sum(x, axes), Math.max(1, count));
  const centred = g.sub(x, mean);
  if (m.c.below(2) === 0) return centred;
  const variance = g.div(g.sum(g.mul(centred, centred), axes), Math.max(1, count));
  return g.div(centred, g.sqrt(g.add(variance, 1)));
}
export function softmax(m: Maker, x: Node): Node {
  const { g } = m;
  const axes = m.axes(x);
  const e = g.exp(g.sub(x, g.reduce("reduce_max", x, axes)));
  return g.div(e, g.sum(e, axes));
}
/** Contracts random axes of x with another value made to fit. */
export function dot(m: Maker, x: Node): Node | null {
  if (x.dtype === "bool") return null;
  const role = x.shape.map(() => m.c.pick(["free", "contract", "batch"] as const));
  const contract = x.shape.map((_, i) => i).filter((i) => role[i] === "contract");
  const batch = x.shape.map((_, i) => i).filter((i) => role[i] === "batch");
  const free = Array.from({ length: m.c.below(3) }, () => m.c.pick(sizes));
  const shape = [...batch.map((i) => x.shape[i]!), ...contract.map((i) => x.shape[i]!), ...free];
  const result = [...x.shape.filter((_, i) => role[i] !== "contract"), ...free];
  if (elementCount(shape) > maximumElements || elementCount(result) > maximumElements || shape.length > 5) return null;
  // Axes of the other operand in a random order.
  const order = shape.map((_, i) => i);
  for (let i = order.length - 1; i > 0; i--) {
    const j = m.c.below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const y = m.fresh(
    x.dtype,
    order.map((i) => shape[i]!),
  );
  const place = (i: number): number => order.indexOf(i);
  const pairs = [contract, contract.map((_, i) => place(batch.length + i))] as const;
  const batches = [batch, batch.map((_, i) => place(i))] as const;
  if (m.c.below(2) === 0) return m.g.dot(x, y, pairs, batches);
  return m.g.dot(y, x, [pairs[1], pairs[0]], [batches[1], batches[0]]);
}
/** Sometimes with a bias and an activation. */
export function linear(m: Maker, x: Node): Node | null {
  const { g } = m;
  if (x.shape.length === 0 || x.shape.length > 3) return null;
  const width = m.c.pick([4, 1, 8, 17, 33, 5]);
  const depth = x.shape.at(-1)!;
  if ((elementCount(x.shape) / Math.max(1, depth)) * width > maximumElements || depth * width > maximumElements)
    return null;
  const weight = m.fresh(x.dtype, [width, depth]);
  const product = g.dot(x, weight, [[x.shape.length - 1], [1]]);
  return m.c.below(2) === 0 ? g.max(g.add(product, m.fresh(x.dtype, [width])), 0) : product;
}
