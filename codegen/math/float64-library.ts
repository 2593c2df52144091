/** The float64 functions that JavaScript's Math lacks: for the JavaScript device, the interpreter and WASM's imports. */
export { erf, erfc, erfinv } from "./float64-error-function.ts";
export { digamma, lgamma } from "./float64-gamma.ts";
