/** What kinds of primitives there are: passes and lowering ask for these, never for lists of names. */
import { binaryPrimitives, comparisonPrimitives, unaryPrimitives, type Node } from "./graph.ts";

const mapOps = new Set<string>([
  ...unaryPrimitives,
  ...binaryPrimitives,
  ...comparisonPrimitives,
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
