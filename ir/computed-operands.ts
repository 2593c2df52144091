/**
 * Operands of a product that are computed as it reads them: elementwise work on arrays of one shape and on single values,
 * in 32-bit registers.
 */
import type { Node } from "./graph.ts";
import { registerKind } from "./loop.ts";
import { elementCount, sameShape } from "./shape.ts";
import { topologicalOrder } from "./walks.ts";

const isRepeated = (node: Node): boolean => node.op === "expand" || node.op === "reshape";
/** What a view of a single value shows. */
export function singleSource(node: Node): Node {
  let source = node;
  while (isRepeated(source)) source = source.inputs[0]!;
  return source;
}
/** The same value for every element. */
export const isSingle = (node: Node): boolean =>
  node.op === "constant" || node.op === "scalar" || (isRepeated(node) && elementCount(singleSource(node).shape) === 1);

/** What is read, inputs first: arrays of the operand's shape, single values, and what is computed of them. */
export const operandParts = (base: Node, isRead: (node: Node) => boolean): Node[] =>
  topologicalOrder([base], (node) => isSingle(node) || isRead(node));

const kindOf = ({ dtype }: Node): string | null =>
  dtype === "complex64" || dtype === "complex128" ? null : registerKind[dtype];
const operations = new Set<string>(["add", "sub", "mul", "neg", "abs", "min", "max"]);
const isComputed = (node: Node): boolean => operations.has(node.op) || (node.op === "cast" && kindOf(node) === "f32");

/** Whether the operand can be computed as it is read, in registers of float32. */
export const isComputable = (base: Node, isRead: (node: Node) => boolean): boolean =>
  operandParts(base, isRead).every((node) => {
    const inRegisters = kindOf(node) === "f32" || kindOf(node) === "i32";
    if (isSingle(node)) {
      const source = singleSource(node);
      return inRegisters && (source.op === "constant" || source.op === "scalar" || isRead(source));
    }
    if (!inRegisters || !sameShape(node.shape, base.shape)) return false;
    return isRead(node) || isComputed(node);
  });
