/** Shorthand for writing loop IR by hand. */
import type { DType } from "../../../ir/dtype.ts";
import {
  bool,
  f32,
  i32,
  registerKind,
  type BufferParam,
  type Expr,
  type LoopKernel,
  type Operation,
  type Stmt,
  type Type,
} from "../../../ir/loop.ts";

export const int = (value: number): Expr => ({ op: "const", type: i32, value });
export const float = (value: number): Expr => ({ op: "const", type: f32, value });
export const ref = (name: string, type: Type = i32): Expr => ({ op: "var", type, name });
export const param = (name: string, type: Type = i32): Expr => ({ op: "param", type, name });
export const load = (buffer: string, index: Expr, type: Type = f32): Expr => ({ op: "load", type, buffer, index });
export const call = (op: Operation, type: Type, ...args: Expr[]): Expr => ({ op, type, args });
export const add = (a: Expr, b: Expr): Expr => call("add", a.type, a, b);
export const mul = (a: Expr, b: Expr): Expr => call("mul", a.type, a, b);
export const less = (a: Expr, b: Expr): Expr => call("lt", { ...bool, lanes: a.type.lanes }, a, b);
export const localIndex: Expr = { op: "local_index", type: i32, args: [] };

export const store = (buffer: string, index: Expr, value: Expr): Stmt => ({ kind: "store", buffer, index, value });
export const bind = (name: string, value: Expr): Stmt => ({ kind: "let", name, value });
export const declare = (name: string, value: Expr): Stmt => ({ kind: "declare", name, value });
export const assign = (name: string, value: Expr): Stmt => ({ kind: "assign", name, value });
export const when = (condition: Expr, then: Stmt[], otherwise: Stmt[] = []): Stmt => ({
  kind: "if",
  condition,
  then,
  else: otherwise,
});
export const barrier: Stmt = { kind: "barrier" };

const loop =
  (mode: "serial" | "parallel" | "lane") =>
  (name: string, end: number | Expr, body: Stmt[], step = 1, start: number | Expr = 0): Stmt => ({
    kind: "for",
    name,
    start: typeof start === "number" ? int(start) : start,
    end: typeof end === "number" ? int(end) : end,
    step,
    mode,
    body,
  });
export const serial = loop("serial");
export const parallel = loop("parallel");
export const lane = loop("lane");

export const buffer = (
  name: string,
  dtype: DType,
  elements: number,
  scope: BufferParam["scope"] = "argument",
): BufferParam => ({ name, dtype, elements, access: "readwrite", scope });

export const kernel = (
  buffers: readonly BufferParam[],
  body: readonly Stmt[],
  rest: Partial<Pick<LoopKernel, "numbers" | "workgroupSize" | "name">> = {},
): LoopKernel => ({ name: "test", buffers, numbers: [], body, workgroupSize: 64, ...rest });

/** The register type of one element. */
export const typeOf = (dtype: Exclude<DType, "complex64" | "complex128">, lanes = 1): Type => ({
  kind: registerKind[dtype],
  lanes,
});
