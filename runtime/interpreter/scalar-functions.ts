/** The scalar primitives: one function of JavaScript values for each kind of element type. */
import { digamma, erf, erfc, erfinv, lgamma } from "../../codegen/math/float64-library.ts";
import { dtypes, type DType } from "../../ir/dtype.ts";
import { IrError } from "../../ir/errors.ts";
import type { BinaryPrimitive, ComparisonPrimitive, UnaryPrimitive } from "../../ir/graph.ts";
import { roundHalfToEven, type Element } from "../../ir/rounding.ts";

/** An operation on floats (as float64), on integers (as bigint) and on truth values (0 and 1); null where it has none. */
interface UnaryRule {
  readonly float: ((x: number) => number) | null;
  readonly integer?: (x: bigint) => bigint;
  readonly bool?: (x: number) => number;
  /** No back end has to give the last bits. */
  readonly inexact?: boolean;
}
interface BinaryRule {
  readonly float: ((x: number, y: number) => number) | null;
  readonly integer?: (x: bigint, y: bigint) => bigint;
  readonly bool?: (x: number, y: number) => number;
  readonly inexact?: boolean;
}

const same = (x: bigint): bigint => x;
const inexact = (float: (x: number) => number): UnaryRule => ({ float, inexact: true });

export const unaryRules: Readonly<Record<UnaryPrimitive, UnaryRule>> = {
  neg: { float: (x) => -x, integer: (x) => -x },
  abs: { float: Math.abs, integer: (x) => (x < 0n ? -x : x) },
  sqrt: { float: Math.sqrt },
  floor: { float: Math.floor, integer: same },
  ceil: { float: Math.ceil, integer: same },
  trunc: { float: Math.trunc, integer: same },
  nearest: { float: roundHalfToEven, integer: same },
  exp: inexact(Math.exp),
  exp2: inexact((x) => 2 ** x),
  expm1: inexact(Math.expm1),
  log: inexact(Math.log),
  log2: inexact(Math.log2),
  log10: inexact(Math.log10),
  log1p: inexact(Math.log1p),
  sin: inexact(Math.sin),
  cos: inexact(Math.cos),
  tan: inexact(Math.tan),
  asin: inexact(Math.asin),
  acos: inexact(Math.acos),
  atan: inexact(Math.atan),
  sinh: inexact(Math.sinh),
  cosh: inexact(Math.cosh),
  tanh: inexact(Math.tanh),
  asinh: inexact(Math.asinh),
  acosh: inexact(Math.acosh),
  atanh: inexact(Math.atanh),
  sigmoid: inexact((x) => 1 / (1 + Math.exp(-x))),
  erf: inexact(erf),
  erfc: inexact(erfc),
  erfinv: inexact(erfinv),
  lgamma: inexact(lgamma),
  digamma: inexact(digamma),
  not: { float: null, integer: (x) => ~x, bool: (x) => 1 - x },
};

const isNegative = (x: number): boolean => x < 0 || Object.is(x, -0);
/** C's pow: 1 to any power is 1, and so is -1 to an infinite one. */
const power = (x: number, y: number): number => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y);

export const binaryRules: Readonly<Record<BinaryPrimitive, BinaryRule>> = {
  add: { float: (x, y) => x + y, integer: (x, y) => x + y, bool: (x, y) => x | y },
  sub: { float: (x, y) => x - y, integer: (x, y) => x - y },
  mul: { float: (x, y) => x * y, integer: (x, y) => x * y, bool: (x, y) => x & y },
  div: { float: (x, y) => x / y, integer: (x, y) => (y === 0n ? 0n : x / y) },
  rem: { float: (x, y) => x % y, integer: (x, y) => (y === 0n ? 0n : x % y) },
  min: { float: Math.min, integer: (x, y) => (x < y ? x : y), bool: Math.min },
  max: { float: Math.max, integer: (x, y) => (x > y ? x : y), bool: Math.max },
  pow: { float: power, inexact: true },
  atan2: { float: Math.atan2, inexact: true },
  copysign: { float: (x, y) => (isNegative(x) === isNegative(y) ? x : -x) },
  and: { float: null, integer: (x, y) => x & y, bool: (x, y) => x & y },
  or: { float: null, integer: (x, y) => x | y, bool: (x, y) => x | y },
  xor: { float: null, integer: (x, y) => x ^ y, bool: (x, y) => x ^ y },
  shl: { float: null, integer: (x, y) => x << y },
  shr: { float: null, integer: (x, y) => x >> y },
};

export const comparisons: Readonly<Record<ComparisonPrimitive, (x: Element, y: Element) => boolean>> = {
  eq: (x, y) => x === y,
  ne: (x, y) => x !== y,
  lt: (x, y) => x < y,
  le: (x, y) => x <= y,
  gt: (x, y) => x > y,
  ge: (x, y) => x >= y,
};

/** The exact (integers: unbounded) result of an operation on elements of one type, to be rounded to the result's. */
export function applyUnary(op: UnaryPrimitive, dtype: DType, x: Element): Element {
  const { float, integer, bool } = unaryRules[op];
  const category = dtypes[dtype].category;
  if (category === "float" && float !== null) return float(Number(x));
  if (category === "integer" && integer !== undefined) return integer(BigInt(x));
  if (category === "bool" && bool !== undefined) return bool(Number(x));
  throw new IrError("interpreter/dtype", `${op}: not defined for ${dtype}`);
}

export function applyBinary(op: BinaryPrimitive, dtype: DType, x: Element, y: Element): Element {
  const { float, integer, bool } = binaryRules[op];
  const category = dtypes[dtype].category;
  if (category === "float" && float !== null) return float(Number(x), Number(y));
  if (category === "integer" && integer !== undefined) return integer(BigInt(x), BigInt(y));
  if (category === "bool" && bool !== undefined) return bool(Number(x), Number(y));
  throw new IrError("interpreter/dtype", `${op}: not defined for ${dtype}`);
}

/**
 * Conversion before the rounding to `to`. A float becomes an integer by truncating; what int64 (for int64) or int32 (for
 * the others, which then wrap) does not hold becomes the lowest of them, NaN too. Anything but zero is true.
 */
export function convert(x: Element, from: DType, to: DType): Element {
  if (to === "bool") return Number(x) === 0 ? 0 : 1;
  if (dtypes[from].category !== "float" || dtypes[to].category !== "integer") return x;
  const value = Number(x);
  const bits = to === "int64" ? 63 : 31;
  return Math.abs(value) < 2 ** bits ? BigInt(Math.trunc(value)) : -(2n ** BigInt(bits));
}
