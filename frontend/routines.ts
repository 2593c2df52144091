/** Imported by whoever uses an operator that is computed by routines: kernels can be made of them from then on. */
import { routineLowering } from "../codegen/lower/region.ts";
import { lowerRoutine } from "../codegen/lower/routines/index.ts";

routineLowering.provide(lowerRoutine);
