/** How the loop IR's register types are held in WebAssembly. */
import { IrError } from "../../ir/errors.ts";
import type { Expr, Kind, Type } from "../../ir/loop.ts";
import type { ValueType } from "./code.ts";

/**
 * What selects an instruction: a scalar kind, a vector, or a lane mask. `mask4` has 32-bit lanes, `mask2` 64-bit ones.
 */
export type Form = Kind | "f32x4" | "f64x2" | "i32x4" | "i64x2" | "mask4" | "mask2";

export function formOf(type: Type): Form {
  const { kind, lanes } = type;
  if (lanes === 1) return kind;
  if (lanes === 4 && kind === "f32") return "f32x4";
  if (lanes === 4 && kind === "i32") return "i32x4";
  if (lanes === 4 && kind === "bool") return "mask4";
  if (lanes === 2 && kind === "f64") return "f64x2";
  if (lanes === 2 && kind === "i64") return "i64x2";
  if (lanes === 2 && kind === "bool") return "mask2";
  throw new IrError("wasm/vector-width", `a vector of ${lanes} ${kind} does not fill 128 bits`);
}

const scalarValueTypes: Readonly<Record<Kind, ValueType>> = {
  f32: "f32",
  f64: "f64",
  i32: "i32",
  i64: "i64",
  bool: "i32",
};

export function valueTypeOf(type: Type): ValueType {
  if (type.lanes === 1) return scalarValueTypes[type.kind];
  formOf(type);
  return "v128";
}

export const scalarOf = (type: Type): Type => ({ kind: type.kind, lanes: 1 });
export const describe = (type: Type): string => (type.lanes === 1 ? type.kind : `${type.kind}x${type.lanes}`);

/** An expression that applies an operation. */
export type OperationExpr = Extract<Expr, { readonly args: readonly Expr[] }>;
export type LoadExpr = Extract<Expr, { readonly op: "load" }>;
export const isOperation = (expr: Expr): expr is OperationExpr => "args" in expr;

export const constant = (type: Type, value: number | bigint): Expr => ({ op: "const", type, value });

/** The only argument of a unary operation, and so on. */
export function argument(expr: OperationExpr, position: number): Expr {
  const found = expr.args[position];
  if (found === undefined) {
    throw new IrError("wasm/operand-count", `${expr.op} has ${expr.args.length} operands, not ${position + 1}`);
  }
  return found;
}
