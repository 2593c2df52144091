/** Imported by whoever uses an operator that is computed by special functions: modules can be made of them then. */
import { digamma, erf, erfc, erfinv, lgamma } from "../codegen/math/float64-library.ts";
import { specialHostFunctions } from "../codegen/wasm/host-functions.ts";
import { specialExpansions } from "../codegen/wasm/math-functions.ts";
import { expansions } from "../codegen/wasm/special-functions.ts";

specialExpansions.provide(expansions);
specialHostFunctions.provide({ digamma, erf, erfc, erfinv, lgamma });
