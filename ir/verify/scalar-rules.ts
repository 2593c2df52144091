/** Which types the scalar operations take, and give. */
import { isComplex, isFloat, isInteger, type DType } from "../dtype.ts";
import type { BinaryPrimitive, ComparisonPrimitive, Node, UnaryPrimitive } from "../graph.ts";
import { sameShape } from "../shape.ts";
import { broken, type Inferred } from "./inferred.ts";

export type Scalar = UnaryPrimitive | BinaryPrimitive | ComparisonPrimitive;

/** Which element types a scalar operation takes. */
type Domain = "float" | "number" | "bits" | "any" | "arithmetic";
const takes: Readonly<Record<Domain, (dtype: DType) => boolean>> = {
  float: isFloat,
  number: (dtype) => isFloat(dtype) || isInteger(dtype),
  bits: (dtype) => isInteger(dtype) || dtype === "bool",
  any: (dtype) => !isComplex(dtype),
  // Truth values are added (or) and multiplied (and).
  arithmetic: (dtype) => !isComplex(dtype),
};

export const scalarDomains: Readonly<Record<Scalar, Domain>> = {
  neg: "number",
  abs: "number",
  sqrt: "float",
  floor: "number",
  ceil: "number",
  trunc: "number",
  nearest: "number",
  exp: "float",
  exp2: "float",
  expm1: "float",
  log: "float",
  log2: "float",
  log10: "float",
  log1p: "float",
  sin: "float",
  cos: "float",
  tan: "float",
  asin: "float",
  acos: "float",
  atan: "float",
  sinh: "float",
  cosh: "float",
  tanh: "float",
  asinh: "float",
  acosh: "float",
  atanh: "float",
  sigmoid: "float",
  erf: "float",
  erfc: "float",
  erfinv: "float",
  lgamma: "float",
  digamma: "float",
  not: "bits",
  add: "arithmetic",
  sub: "number",
  mul: "arithmetic",
  div: "number",
  rem: "number",
  min: "any",
  max: "any",
  pow: "float",
  atan2: "float",
  copysign: "float",
  and: "bits",
  or: "bits",
  xor: "bits",
  shl: "bits",
  shr: "bits",
  eq: "any",
  ne: "any",
  lt: "any",
  le: "any",
  gt: "any",
  ge: "any",
};
const comparisons: ReadonlySet<string> = new Set<ComparisonPrimitive>(["eq", "ne", "lt", "le", "gt", "ge"]);
const unaries: ReadonlySet<string> = new Set(
  Object.keys(scalarDomains).slice(0, Object.keys(scalarDomains).indexOf("add")),
);

export const inputCountOf = (op: Scalar): number => (unaries.has(op) ? 1 : 2);

export function inferScalar(node: Node, op: Scalar): Inferred {
  const [x, y] = node.inputs as [Node, Node?];
  if (!takes[scalarDomains[op]](x.dtype)) return broken(`${op} does not take ${x.dtype}`);
  if (y !== undefined && y.dtype !== x.dtype) return broken("operands have one type");
  if (y !== undefined && !sameShape(x.shape, y.shape)) return broken("operands have one shape");
  return { dtype: comparisons.has(op) ? "bool" : x.dtype, shape: x.shape };
}
