/** Imported by whoever uses an operator that is computed by special functions: they can be differentiated and made modules of then. */
import { digamma, erf, erfc, erfinv, lgamma } from "../codegen/math/float64-library.ts";
import { specialHostFunctions } from "../codegen/wasm/host-functions.ts";
import { specialExpansions } from "../codegen/wasm/math-functions.ts";
import { expansions } from "../codegen/wasm/special-functions.ts";
import { specialGradients } from "../ir/gradients.ts";
import { rules } from "../ir/special-gradients.ts";

specialExpansions.provide(expansions);
specialHostFunctions.provide({ digamma, erf, erfc, erfinv, lgamma });
specialGradients.provide(rules);
