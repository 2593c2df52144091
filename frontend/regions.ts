/** Imported by whoever records loops and choices: they can be differentiated and compiled from then on. */
import { regionBinding } from "../codegen/bind-work.ts";
import { bindRegion } from "../codegen/bind-regions.ts";
import { regionAdjoints } from "../passes/differentiate.ts";
import { inlineChoices } from "../passes/inline-choices.ts";
import { mergeLoops } from "../passes/merge-loops.ts";
import { pruneRegions } from "../passes/prune-regions.ts";
import { condAdjoint, loopAdjoint } from "../passes/region-adjoints.ts";
import { regionPasses } from "./pipeline.ts";

regionAdjoints.provide({ loop: loopAdjoint, cond: condAdjoint });
regionPasses.provide({ mergeLoops, inlineChoices, pruneRegions });
regionBinding.provide(bindRegion);
