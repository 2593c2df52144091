/** Which type an operation of the loop IR gives: what the printer leaves out, and the verifier checks. */
import type { BufferParam, Kind, Operation, Type } from "../loop.ts";
import { registerKind } from "../loop.ts";

export const kinds = ["f32", "f64", "i32", "i64", "bool"] as const satisfies readonly Kind[];

export const typeText = ({ kind, lanes }: Type): string => (lanes === 1 ? kind : `${kind}x${lanes}`);
export const sameType = (a: Type, b: Type): boolean => a.kind === b.kind && a.lanes === b.lanes;

/**
 * How an operation's result type follows from its operands: `same` as them all, a truth value for each lane
 * (`comparison`), as the last two (`choice`), one lane of them (`lane`), or stated (`stated`).
 */
type TypeRule = "same" | "comparison" | "choice" | "lane" | "stated" | "index";
export const typeRules = {
  add: "same",
  sub: "same",
  mul: "same",
  div: "same",
  rem: "same",
  neg: "same",
  abs: "same",
  sqrt: "same",
  floor: "same",
  ceil: "same",
  trunc: "same",
  nearest: "same",
  min: "same",
  max: "same",
  madd: "same",
  copysign: "same",
  and: "same",
  or: "same",
  xor: "same",
  not: "same",
  shl: "same",
  shr: "same",
  ushr: "same",
  eq: "comparison",
  ne: "comparison",
  lt: "comparison",
  le: "comparison",
  gt: "comparison",
  ge: "comparison",
  select: "choice",
  cast: "stated",
  bitcast: "stated",
  narrow: "same",
  exp: "same",
  exp_nonpositive: "same",
  exp2: "same",
  expm1: "same",
  log: "same",
  log2: "same",
  log10: "same",
  log1p: "same",
  sin: "same",
  cos: "same",
  tan: "same",
  asin: "same",
  acos: "same",
  atan: "same",
  atan2: "same",
  sinh: "same",
  cosh: "same",
  tanh: "same",
  asinh: "same",
  acosh: "same",
  atanh: "same",
  sigmoid: "same",
  erf: "same",
  erfc: "same",
  erfinv: "same",
  lgamma: "same",
  digamma: "same",
  pow: "same",
  splat: "stated",
  ramp: "stated",
  join: "stated",
  extract: "lane",
  reduce_add: "lane",
  reduce_mul: "lane",
  reduce_max: "lane",
  reduce_min: "lane",
  local_index: "index",
} as const satisfies Record<Operation, TypeRule>;

/** The result type when the rule gives one. */
export function impliedType(op: Operation, args: readonly Type[]): Type | null {
  switch (typeRules[op]) {
    case "same":
      return args[0] ?? null;
    case "comparison":
      return args[0] === undefined ? null : { kind: "bool", lanes: args[0].lanes };
    case "choice":
      return args[1] ?? null;
    case "lane":
      return args[0] === undefined ? null : { kind: args[0].kind, lanes: 1 };
    case "index":
      return { kind: "i32", lanes: 1 };
    case "stated":
      return null;
  }
}

/** The type that one element of a buffer is loaded as. */
export function elementType({ dtype }: Pick<BufferParam, "dtype">): Type {
  if (dtype === "complex64" || dtype === "complex128") return { kind: "f32", lanes: 1 };
  return { kind: registerKind[dtype], lanes: 1 };
}
