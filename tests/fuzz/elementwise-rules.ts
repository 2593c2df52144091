/** Random elementwise operations. */
import "../../frontend/special-functions.ts";
import { isFloat, isIntegral, type DType } from "../../ir/dtype.ts";
import type { ComparisonPrimitive, Node, UnaryPrimitive } from "../../ir/graph.ts";
import { broadcastShapes, elementCount } from "../../ir/shape.ts";
import { maximumElements, type Maker } from "./maker.ts";
import { isExact } from "./reference.ts";

const exactFloatUnary: readonly UnaryPrimitive[] = ["neg", "abs", "floor", "ceil", "trunc", "nearest", "sqrt"];
const functions: readonly UnaryPrimitive[] = [
  "exp",
  "tanh",
  "sigmoid",
  "log",
  "sin",
  "cos",
  "exp2",
  "expm1",
  "log2",
  "log10",
  "log1p",
  "tan",
  "asin",
  "acos",
  "atan",
  "sinh",
  "cosh",
  "asinh",
  "acosh",
  "atanh",
  "erf",
  "erfc",
  "erfinv",
  "lgamma",
  "digamma",
];
const comparisons: readonly ComparisonPrimitive[] = ["lt", "eq", "ne", "le", "gt", "ge"];

export function unary(m: Maker, x: Node): Node {
  if (isFloat(x.dtype)) return m.g.unary(m.c.pick(exactFloatUnary), x);
  if (x.dtype === "bool") return m.g.not(x);
  return m.g.unary(m.c.pick(["neg", "abs", "not"] as const), x);
}
/** Functions where they are well conditioned. */
export function mathematical(m: Maker, x: Node): Node {
  const { g } = m;
  const op = m.c.pick(functions);
  const inside = g.min(g.max(x, -8), 8);
  if (op === "lgamma" || op === "digamma") return g.unary(op, g.add(g.abs(inside), 2.5));
  return g.unary(op, m.c.oneIn(4) ? x : inside);
}
export function binary(m: Maker, x: Node): Node {
  const y = m.partner(x);
  const swapped = m.c.oneIn(3);
  const [a, b] = swapped ? [y, x] : [x, y];
  if (x.dtype === "bool") return m.g.binary(m.c.pick(["and", "or", "xor"] as const), a, b);
  if (isFloat(x.dtype) && m.c.oneIn(7)) {
    const op = m.c.pick(["pow", "atan2", "copysign", "rem"] as const);
    // The sign of a NaN is nobody's business.
    return m.g.binary(op, a, op === "copysign" ? m.g.where(m.g.isNaN(b), 1, b) : b);
  }
  const ops = ["mul", "add", "mul", "sub", "min", "max", "div", "rem"] as const;
  return m.g.binary(m.c.pick(isFloat(x.dtype) ? ops.slice(0, 7) : ops), a, b);
}
export function bits(m: Maker, x: Node): Node {
  if (!isIntegral(x.dtype)) return unary(m, x);
  if (x.dtype === "bool") return m.g.binary("xor", x, m.partner(x));
  if (m.c.oneIn(3)) {
    const count = m.c.below(8);
    return m.g.binary(m.c.pick(["shl", "shr"] as const), x, x.dtype === "int64" ? BigInt(count) : count);
  }
  return m.g.binary(m.c.pick(["and", "or", "xor"] as const), x, m.partner(x));
}
export function compare(m: Maker, x: Node): Node {
  return m.g.compare(m.c.pick(comparisons), x, m.partner(x));
}
export function where(m: Maker, x: Node): Node {
  const y = m.partner(x);
  const shape = broadcastShapes(x.shape, y.shape)!;
  const other = m.any();
  const condition =
    other.dtype === "bool" && broadcastShapes(other.shape, shape) !== null ? other : m.g.compare("lt", x, y);
  const fits = broadcastShapes(condition.shape, shape)!;
  return m.g.where(elementCount(fits) <= maximumElements ? condition : m.g.compare("ne", x, y), x, y);
}
export function cast(m: Maker, x: Node): Node {
  return m.g.cast(x, m.c.pick(m.dtypes));
}
export function bitcast(m: Maker, x: Node): Node {
  const groups: readonly (readonly DType[])[] = [
    ["float32", "int32"],
    ["float64", "int64"],
    ["int8", "uint8"],
    ["float16", "bfloat16", "int16"],
  ];
  const group = groups.find((dtypes) => dtypes.includes(x.dtype));
  // The last bits of an inexact value are nobody's business, and become the first ones here.
  if (group === undefined || !isExact(x)) return unary(m, x);
  const to = m.c.pick(group.filter((dtype) => dtype !== x.dtype && m.dtypes.includes(dtype)));
  if (to === undefined) return unary(m, x);
  // A NaN's payload is nobody's business.
  return m.g.bitcast(isFloat(x.dtype) ? m.g.where(m.g.isNaN(x), 0, x) : x, to);
}
