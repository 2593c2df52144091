/** The error function and the gamma function's logarithm, which few pages have. */
import * as errorFunction from "../math/error-function.ts";
import * as gamma from "../math/gamma.ts";
import { type Expansion, type SpecialExpansions, unary } from "./math-functions.ts";

/** Below zero, between the poles, the host's float64 keeps the digits that cancel. */
const ofPositive = (name: "lgamma" | "digamma", write: typeof gamma.lgamma): Expansion => ({
  write: (builder, x, _, host) => write(builder, x, () => host(name, x)),
});

export const expansions: SpecialExpansions = {
  erf: unary(errorFunction.erf, true),
  erfc: unary(errorFunction.erfc),
  erfinv: unary(errorFunction.erfinv),
  lgamma: ofPositive("lgamma", gamma.lgamma),
  digamma: ofPositive("digamma", gamma.digamma),
};
