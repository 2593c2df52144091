/**
 * Loop IR: what a kernel does, as loops over scalars or short vectors. Emitters (JavaScript, WASM, WGSL) print it;
 * schedules transform it. It is plain data, printable and parsable.
 *
 * Always true of a verified kernel: every variable is bound before use and bound once; operand types agree with the
 * operation's rule; an index is an i32 expression in elements of its buffer; loops count upwards by a positive
 * constant step; only `argument` buffers outlive the kernel.
 */
import type { DType } from "./dtype.ts";

/**
 * Register types. `bool` is a truth value: 0/1 when scalar, an all-ones/all-zeros lane mask when a vector.
 * int8, int16, uint8 and int32 live in `i32` registers (kept in range by `narrow`), float16 and bfloat16 in `f32`
 * registers (kept rounded by `narrow`).
 */
export type Kind = "f32" | "f64" | "i32" | "i64" | "bool";
/** `lanes` > 1 only after vectorisation; 128 bits: f32/i32/bool x4, f64/i64 x2. */
export interface Type {
  readonly kind: Kind;
  readonly lanes: number;
}

/** Which register a memory type is loaded to. */
export const registerKind: Readonly<Record<Exclude<DType, "complex64" | "complex128">, Kind>> = {
  float32: "f32",
  float64: "f64",
  float16: "f32",
  bfloat16: "f32",
  int8: "i32",
  int16: "i32",
  int32: "i32",
  int64: "i64",
  uint8: "i32",
  bool: "bool",
};

/** Mathematical functions of floats. */
export const mathFunctions = [
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
  "atan2",
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
  "pow",
] as const;
export type MathFunction = (typeof mathFunctions)[number];

/**
 * Scalar operations. For the arithmetic ones operands and result have one type; comparisons give `bool`;
 * `select(bool, a, b)`. Integers wrap. Names that exist for floats and integers dispatch on the operand type.
 */
export type Operation =
  // arithmetic
  | "add"
  | "sub"
  | "mul"
  | "div" // float: IEEE; integer: truncating, x/0 = 0, MIN/-1 = MIN (never traps)
  | "rem" // float: C fmod; integer: sign of the dividend, x%0 = 0 (never traps)
  | "neg"
  | "abs"
  | "sqrt"
  | "floor"
  | "ceil"
  | "trunc"
  | "nearest" // round half to even
  | "min" // NaN-propagating for floats; -0 < +0
  | "max"
  | "madd" // a*b+c, fused or not, as the device likes: only in contractions and polynomials
  | "copysign"
  | "exp_nonpositive" // exp of what is known to be no greater than 0, or NaN
  // bits (i32, i64, and bool for and/or/xor/not)
  | "and"
  | "or"
  | "xor"
  | "not" // bitwise for integers, logical for bool
  | "shl"
  | "shr" // arithmetic
  | "ushr"
  // comparisons and choice (IEEE: every comparison with NaN but `ne` is false)
  | "eq"
  | "ne"
  | "lt"
  | "le"
  | "gt"
  | "ge"
  | "select"
  // conversions
  | "cast" // between register kinds: float to int truncates and saturates (NaN gives 0); x to bool is x != 0; i64 to i32 wraps
  | "bitcast" // f32 <-> i32, f64 <-> i64
  | "narrow" // wraps an i32 to `memory` (int8, int16, uint8), or rounds an f32 to float16/bfloat16
  | MathFunction
  // vectors
  | "splat" // scalar -> all lanes
  | "ramp" // scalar i32 x -> x, x+1, x+2, ...
  | "join" // scalars -> the lanes of a vector
  | "extract" // lane `lane` of a vector
  | "reduce_add"
  | "reduce_mul"
  | "reduce_max"
  | "reduce_min"
  // built-in indices (WGSL): the invocation's place in its workgroup
  | "local_index";

export type Expr =
  /** `varies`: sizes decide it, so programs of several sizes that share a kernel are likely to have several. */
  | { readonly op: "const"; readonly type: Type; readonly value: number | bigint; readonly varies?: true }
  | { readonly op: "var"; readonly type: Type; readonly name: string }
  /** A kernel parameter that is a number: a scalar slot, or a runtime size. */
  | { readonly op: "param"; readonly type: Type; readonly name: string }
  /** `buffer[index]`, or `lanes` neighbours from there. */
  | { readonly op: "load"; readonly type: Type; readonly buffer: string; readonly index: Expr }
  | {
      readonly op: Operation;
      readonly type: Type;
      readonly args: readonly Expr[];
      readonly memory?: DType; // narrow
      readonly lane?: number; // extract
    };

/**
 * How a loop's iterations may run. `serial`: in order. `parallel`: independent (CPU: may be split over threads;
 * WGSL: one iteration a workgroup when it contains `lane` loops, else one an invocation).
 * `lane`: WGSL only: iterations are spread over the workgroup's invocations.
 */
export type LoopMode = "serial" | "parallel" | "lane";

export type Stmt =
  | { readonly kind: "let"; readonly name: string; readonly value: Expr }
  /** A variable that `assign` changes: an accumulator. */
  | { readonly kind: "declare"; readonly name: string; readonly value: Expr }
  | { readonly kind: "assign"; readonly name: string; readonly value: Expr }
  | {
      readonly kind: "for";
      readonly name: string;
      readonly start: Expr;
      readonly end: Expr; // exclusive
      readonly step: number;
      readonly mode: LoopMode;
      readonly body: readonly Stmt[];
    }
  | { readonly kind: "if"; readonly condition: Expr; readonly then: readonly Stmt[]; readonly else: readonly Stmt[] }
  | { readonly kind: "while"; readonly condition: Expr; readonly body: readonly Stmt[] }
  | { readonly kind: "store"; readonly buffer: string; readonly index: Expr; readonly value: Expr }
  /** No effect on values: keeps V8 from moving loads over it (a never-taken exit on `counter == never`). */
  | { readonly kind: "fence"; readonly counter: Expr; readonly never: number }
  /** WGSL: all invocations of the workgroup meet here, and see each other's writes to `workgroup` buffers. */
  | { readonly kind: "barrier" };

export interface BufferParam {
  readonly name: string;
  readonly dtype: DType;
  readonly elements: number;
  readonly access: "read" | "write" | "readwrite";
  /** `argument`: passed in. `scratch`: private to one iteration of the enclosing parallel loop, contents undefined at
   *  entry. `workgroup`: WGSL, shared by one workgroup. */
  readonly scope: "argument" | "scratch" | "workgroup";
}

export interface NumberParam {
  readonly name: string;
  readonly kind: Kind;
  /** The least and the largest value of an integer, where they are known. */
  readonly range?: readonly [number, number];
  /** Of a size: one of the values that it had when the kernel was made to be shared by programs of other sizes. */
  readonly typical?: number;
}

export interface LoopKernel {
  readonly name: string;
  readonly buffers: readonly BufferParam[];
  readonly numbers: readonly NumberParam[];
  readonly body: readonly Stmt[];
  /** WGSL: invocations of a workgroup. */
  readonly workgroupSize: number;
  /** Kernels that have the same one here differ in sizes of buffers alone. */
  readonly code?: object;
  /** Set when an index was clamped or a value was refused: the kernel then stores a code here (see ir/program.ts). */
  readonly status?: boolean;
}

export const f32: Type = { kind: "f32", lanes: 1 };
export const f64: Type = { kind: "f64", lanes: 1 };
export const i32: Type = { kind: "i32", lanes: 1 };
export const i64: Type = { kind: "i64", lanes: 1 };
export const bool: Type = { kind: "bool", lanes: 1 };
