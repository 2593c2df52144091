/** Imported by whoever uses an operator that sorts: kernels can be made of sorts from then on. */
import { sortLowering } from "../codegen/lower/region.ts";
import { lowerSort } from "../codegen/lower/sort.ts";

sortLowering.provide(lowerSort);
