/** What kinds of primitives there are: passes and lowering ask for these, never for lists of names. */
import type { Node } from "./graph.ts";

const mapOps = new Set<string>([
  "neg",
  "abs",
  "sqrt",
  "floor",
  "ceil",
  "trunc",
  "nearest",
  "exp",
  "exp2",
  "expm1",
  "log",
  "log2",
  "log10",
  "log1p",
  "sin",
  "cos",
  "tan",
  "asin",
  "acos",
  "atan",
  "sinh",
  "cosh",
  "tanh",
  "asinh",
  "acosh",
  "atanh",
  "sigmoid",
  "erf",
  "erfc",
  "erfinv",
  "lgamma",
  "digamma",
  "not",
  "add",
  "sub",
  "mul",
  "div",
  "rem",
  "min",
  "max",
  "pow",
  "atan2",
  "copysign",
  "and",
  "or",
  "xor",
  "shl",
  "shr",
  "eq",
  "ne",
  "lt",
  "le",
  "gt",
  "ge",
  "where",
  "cast",
  "bitcast",
]);
const viewOps = new Set<string>([
  "reshape",
  "permute",
  "expand",
  "slice",
  "pad",
  "concat",
  "window",
  "gather",
  "barrier",
]);
const freeOps = new Set<string>(["constant", "scalar", "iota", "input"]);
const reduceOps = new Set<string>(["reduce_sum", "reduce_prod", "reduce_max", "reduce_min", "argmax", "argmin"]);

/** Computes each element from the elements at the same place. */
export const isMap = (node: Node): boolean => mapOps.has(node.op);
/** Only moves elements. */
export const isView = (node: Node): boolean => viewOps.has(node.op);
/** A leaf: nothing computes it. */
export const isFree = (node: Node): boolean => freeOps.has(node.op);
/** Combines the elements along axes. */
export const isReduce = (node: Node): boolean => reduceOps.has(node.op);
