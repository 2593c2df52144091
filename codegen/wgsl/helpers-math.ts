/** Mathematical functions, expanded from the texts that all back ends share (codegen/math). */
import type { BinaryExpansion, UnaryExpansion } from "../math/builder.ts";
import { erf, erfc, erfinv } from "../math/error-function.ts";
import { exp, exp2, expm1, sigmoid } from "../math/exponential.ts";
import { digamma, lgamma } from "../math/gamma.ts";
import { acosh, asinh, atanh, cosh, sinh, tanh } from "../math/hyperbolic.ts";
import { acos, asin, atan, atan2 } from "../math/inverse-trigonometric.ts";
import { log, log10, log1p, log2 } from "../math/logarithm.ts";
import { cos, sin, tan } from "../math/trigonometric.ts";
import { pow } from "../math/power.ts";
import type { Helper } from "./helper.ts";
import { binaryFunction, unaryFunction } from "./math-builder.ts";

const unary = (name: string, expand: UnaryExpansion): Helper => ({
  source: (width) => unaryFunction(name, expand, width),
});
const binary = (name: string, expand: BinaryExpansion): Helper => ({
  source: (width) => binaryFunction(name, expand, width),
});

export const mathHelpers = {
  math_exp: unary("math_exp", exp),
  math_exp2: unary("math_exp2", exp2),
  math_expm1: unary("math_expm1", expm1),
  math_log: unary("math_log", log),
  math_log2: unary("math_log2", log2),
  math_log10: unary("math_log10", log10),
  math_log1p: unary("math_log1p", log1p),
  math_sigmoid: unary("math_sigmoid", sigmoid),
  math_sin: unary("math_sin", sin),
  math_cos: unary("math_cos", cos),
  math_tan: unary("math_tan", tan),
  math_asin: unary("math_asin", asin),
  math_acos: unary("math_acos", acos),
  math_atan: unary("math_atan", atan),
  math_atan2: binary("math_atan2", atan2),
  math_sinh: unary("math_sinh", sinh),
  math_cosh: unary("math_cosh", cosh),
  math_tanh: unary("math_tanh", tanh),
  math_asinh: unary("math_asinh", asinh),
  math_acosh: unary("math_acosh", acosh),
  math_atanh: unary("math_atanh", atanh),
  math_erf: unary("math_erf", erf),
  math_erfc: unary("math_erfc", erfc),
  math_erfinv: unary("math_erfinv", erfinv),
  math_lgamma: unary("math_lgamma", lgamma),
  math_digamma: unary("math_digamma", digamma),
  math_pow: binary("math_pow", pow),
} satisfies Record<string, Helper>;
