/** The float64 functions that JavaScript's Math lacks: for the JavaScript device, the interpreter and WASM's imports. */
export { i0, i0e, i1, i1e } from "./float64-bessel.ts";
export { erf, erfc, erfinv, logNdtr, ndtri } from "./float64-error-function.ts";
export { digamma, lgamma, polygamma, zeta } from "./float64-gamma.ts";
export { igamma, igammac } from "./float64-incomplete-gamma.ts";
