/** Numbers of the user's that must be values of a type: fillers. */
import { describe, isNode, type GraphBuilder } from "../builder.ts";
import { dtypeBytes, integerRange, isComplex, isFloat, isInteger, unconvertible, type DType } from "../dtype.ts";
import { ValueError } from "../errors.ts";
import type { Node } from "../graph.ts";
import type { ScalarArgument } from "../signature.ts";
import { operand, scalarAs, type TensorOrScalar } from "./support.ts";

/** Infinities are values of every float type; a fraction is cut off for integers, and -255 is one of uint8's, modulo 256. */
function fits(number: number | bigint, dtype: DType): boolean {
  if (isFloat(dtype)) return !Number.isFinite(Number(number)) || Math.abs(Number(number)) <= largestOf(dtype);
  const [least, most] = integerRange(dtype);
  return number <= most && number >= (least === 0n ? -most : least);
}

const unpacking = "Overflow when unpacking long long: the value cannot be converted without overflow";

/** @throws ValueError when a number is none of an integer type's; what is no integer type takes all */
export function requireFit(name: string, value: number | bigint, dtype: DType): void {
  if (!isInteger(dtype) || fits(value, dtype)) return;
  const isLong = typeof value === "bigint" && !fits(value, "int64");
  const words = isLong ? unpacking : `value cannot be converted to type ${dtype} without overflow`;
  throw new ValueError(`${name}/overflow`, `${name}: ${words}: ${value} as ${dtype}.`);
}

const overflow = (name: string, value: string, dtype: DType): ValueError =>
  new ValueError(`${name}/overflow`, `${name}: ${unconvertible(dtype)}: ${value} as ${dtype}.`);

/** A 0-d tensor as one of a type; reading what is filled with a value outside of that type is an error. */
export function tensorFiller(g: GraphBuilder, name: string, value: Node, dtype: DType): Node {
  if (value.dtype === dtype) return value;
  const complex = isComplex(value.dtype) && !isComplex(dtype);
  const checked = complex || isInteger(dtype) || dtypeBytes(dtype) < dtypeBytes(value.dtype);
  if (!checked || dtype === "bool" || isComplex(dtype) || value.dtype === "bool") return g.cast(value, dtype);
  const outside = (): Node => {
    const real = complex ? g.real(value) : isInteger(value.dtype) ? g.cast(value, "int64") : value;
    const beyond = outsideOf(g, real, dtype);
    return complex ? g.or(g.ne(g.imag(value), 0), beyond) : beyond;
  };
  const fitting = g.refuseWhere(value, outside, () => overflow(name, describe(value), dtype));
  return g.cast(complex ? g.real(fitting) : fitting, dtype);
}

/** As `fits`, of a node. */
function outsideOf(g: GraphBuilder, x: Node, dtype: DType): Node {
  const [least, most] = isFloat(dtype) ? [-largestOf(dtype), largestOf(dtype)] : integerRange(dtype);
  const literal = (bound: bigint | number): bigint | number => (x.dtype === "int64" ? BigInt(bound) : Number(bound));
  if (isFloat(dtype) && dtype !== "float16" && x.dtype === "int64") return g.constant(false, "bool");
  const low = least === 0n ? -most : least;
  const inside = g.and(g.ge(x, literal(low)), g.le(x, literal(most)));
  if (!isFloat(dtype) || x.dtype === "int64") return g.not(inside);
  return g.and(g.not(inside), g.lt(g.abs(x), Infinity));
}

/**
 * A number as a 0-d node of a type, or an error where it lies outside of that type; of `unbounded` types it is then an
 * infinity.
 */
export function filler(
  g: GraphBuilder,
  name: string,
  scalar: ScalarArgument,
  dtype: DType,
  unbounded: readonly DType[] = [],
): Node {
  const { value, category } = scalar;
  const free = dtype === "bool" || isComplex(dtype) || category === "complex" || unbounded.includes(dtype);
  if (!free && !fits(typeof value === "bigint" ? value : Number(value), dtype))
    throw overflow(name, String(value), dtype);
  return scalarAs(g, scalar, dtype);
}

/** An operand that is a tensor, or a number as `filler` takes it. */
export const fitting = (
  g: GraphBuilder,
  name: string,
  value: TensorOrScalar,
  dtype: DType,
  unbounded: readonly DType[] = [],
): Node => (isNode(value) ? operand(g, value, dtype) : filler(g, name, value, dtype, unbounded));

/** Largest finite number of a float type. */
export function largestOf(dtype: DType): number {
  if (dtype === "float64") return Number.MAX_VALUE;
  if (dtype === "float32") return (2 - 2 ** -23) * 2 ** 127;
  return dtype === "bfloat16" ? (2 - 2 ** -7) * 2 ** 127 : 65504;
}
