/**
 * What the emitter needs for programs that several threads share. It is handed in, so that a page that computes on one
 * thread does not hold it.
 */
import { split } from "../schedule/split.ts";
import { splitSums } from "../schedule/split-sums.ts";
import type { FunctionPool } from "./module-builder.ts";
import { TeamSteps } from "./team-steps.ts";

export const sharing = {
  split,
  splitSums,
  steps: (pool: FunctionPool, from: number): TeamSteps => new TeamSteps(pool, from),
};
export type Sharing = typeof sharing;
