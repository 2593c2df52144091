/**
 * The float32 functions that back ends expand into basic arithmetic, by the names of the loop IR's operations.
 *
 * in:  a `MathBuilder` and float32 values in it
 * out: a float32 value; no branches but `rare`, no tables, no imports
 *
 * Error bounds stand at each function and are measured in tests/codegen/math; they hold over all of float32,
 * subnormals included, whether `madd` is fused or not. NaN, infinities and signed zeros come out as in C.
 */
import type { BinaryExpansion, UnaryExpansion } from "./builder.ts";
import { erf, erfc, erfinv } from "./error-function.ts";
import { exp, exp2, expm1, expNonpositive, sigmoid } from "./exponential.ts";
import { digamma, lgamma } from "./gamma.ts";
import { acosh, asinh, atanh, cosh, sinh, tanh } from "./hyperbolic.ts";
import { acos, asin, atan, atan2 } from "./inverse-trigonometric.ts";
import { log, log10, log1p, log2 } from "./logarithm.ts";
import { pow } from "./power.ts";
import { cos, sin, tan } from "./trigonometric.ts";

export const unaryExpansions = {
  exp,
  exp_nonpositive: expNonpositive,
  exp2,
  expm1,
  log,
  log2,
  log10,
  log1p,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  sigmoid,
  erf,
  erfc,
  erfinv,
  lgamma,
  digamma,
} as const satisfies Record<string, UnaryExpansion>;

/** `atan2(y, x)` and `pow(base, exponent)`, arguments in that order. */
export const binaryExpansions = { atan2, pow } as const satisfies Record<string, BinaryExpansion>;

export type UnaryExpansionName = keyof typeof unaryExpansions;
export type BinaryExpansionName = keyof typeof binaryExpansions;
