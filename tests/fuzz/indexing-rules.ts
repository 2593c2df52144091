/** Random indexing, sorting and counting. */
import "../../frontend/gpu-kernels.ts";
import "../../frontend/sorts.ts";
import type { Node, ScatterMode } from "../../ir/graph.ts";
import { elementCount } from "../../ir/shape.ts";
import { maximumElements, sizes, type Maker } from "./maker.ts";

export function gather(m: Maker, x: Node): Node | null {
  if (x.shape.length === 0 || x.shape.includes(0)) return null;
  if (m.c.oneIn(3)) {
    const axis = m.axis(x);
    const shape = x.shape.map((size, i) => (i === axis ? m.c.pick([2, 1, 5, 17]) : size));
    return elementCount(shape) > maximumElements ? null : m.g.takeAlong(x, axis, m.index(x.shape[axis]!, shape));
  }
  const axes = m.axes(x);
  if (axes.length === 0) return null;
  const shape = m.c.pick([[3], [], [2, 2], [1], [17], [0]]);
  const result = [...shape, ...x.shape.filter((_, i) => !axes.includes(i))];
  if (elementCount(result) > maximumElements || result.length > 5) return null;
  return m.g.gather(
    x,
    axes,
    axes.map((axis) => m.index(x.shape[axis]!, shape)),
  );
}
export function scatter(m: Maker, x: Node): Node | null {
  if (x.shape.length === 0 || x.shape.includes(0) || x.dtype === "bool") return null;
  // Which of several updates is kept has no gradient that PyTorch defines.
  const modes: readonly ScatterMode[] = ["add", "max", "min", "mul", "set"];
  const mode = m.c.pick(m.differentiable ? modes.slice(0, 4) : modes);
  if (m.c.oneIn(3)) {
    const axis = m.axis(x);
    const shape = x.shape.map((size, i) => (i === axis ? m.c.pick([2, 1, 5]) : size));
    return m.g.scatterAlong(mode, x, m.fresh(x.dtype, shape), axis, m.index(x.shape[axis]!, shape));
  }
  const axes = m.axes(x);
  if (axes.length === 0) return null;
  const shape = m.c.pick([[3], [], [2, 2], [1], [17], [0]]);
  const updateShape = [...shape, ...x.shape.filter((_, i) => !axes.includes(i))];
  if (elementCount(updateShape) > maximumElements) return null;
  const indices = axes.map((axis) => m.index(x.shape[axis]!, shape));
  return m.g.scatter(mode, x, m.fresh(x.dtype, updateShape), axes, indices);
}
export function sort(m: Maker, x: Node): (Node | null)[] {
  if (x.shape.length === 0) return [null];
  const axis = m.axis(x);
  const count = m.c.below(2) === 1 ? x.shape[axis]! : m.c.below(x.shape[axis]! + 1);
  const [values, positions] = m.g.sort(x, axis, m.c.below(2) === 1, count);
  return m.c.pick([[values, positions], [values], [positions]]);
}

export function positions(m: Maker): Node {
  const dtype = m.c.pick(m.dtypes.filter((d) => d !== "bool" && d !== "int8"));
  const shape = m.randomShape();
  if (shape.length === 0) return m.g.iota(m.c.pick(sizes), dtype);
  return m.g.iotaAlong(shape, m.c.below(shape.length), dtype);
}
export function words(m: Maker): Node {
  const word = (): Node => (m.c.below(2) === 0 ? m.scalar("int32") : m.g.constant(m.c.below(1000), "int32"));
  return m.g.philox(m.c.pick(sizes), [word(), word()], [word(), word()]);
}
