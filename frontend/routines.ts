/** Imported by whoever uses an operator that is computed by routines: kernels can be made of them from then on. */
import { useRoutines } from "../codegen/lower/region.ts";
import { lowerRoutine } from "../codegen/lower/routines/index.ts";

useRoutines(lowerRoutine);
