/** Loops over the columns of matrices. */
import type { DType } from "../../ir/dtype.ts";
import type { Expr, Kind } from "../../ir/loop.ts";
import { mentions, type ForStmt } from "./statements.ts";

/** Fewer are not worth other loops. */
export const leastColumns = 256;
/** A matrix of fewer elements is in cache anyway. */
export const leastElements = 2 ** 17;

/** What keeps a register in scratch memory. */
export const memoryOf: Readonly<Partial<Record<Kind, DType>>> = {
  f32: "float32",
  f64: "float64",
  i32: "int32",
  i64: "int64",
};

/** Of a loop from 0 in steps of 1. */
export const countOf = ({ start, end, step }: ForStmt): number | null =>
  start.op === "const" && Number(start.value) === 0 && end.op === "const" && step === 1 ? Number(end.value) : null;

/** How far an index moves with a variable, or null where that is not one distance. */
export function strideOf(index: Expr, name: string): number | null {
  if (!mentions(index, name)) return 0;
  if (index.op === "var") return 1;
  if (!("args" in index)) return null;
  const [a, b] = index.args as [Expr, Expr];
  const [first, second] = [strideOf(a, name), b === undefined ? null : strideOf(b, name)];
  if (first === null || second === null) return null;
  if (index.op === "add") return first + second;
  if (index.op === "sub") return first - second;
  if (index.op !== "mul") return null;
  if (b.op === "const") return first * Number(b.value);
  return a.op === "const" ? second * Number(a.value) : null;
}
