/** Ratios of two pieces of work: they take turns, so that both see the same machine. */
import { median } from "../measure.ts";
import { processorMs } from "../../runtime/clock.ts";

export type Work = () => unknown;

const sampleMs = 4;

type Clock = () => number;
export const wallMs: Clock = () => performance.now();

/** The median time of one call of each, in milliseconds: of the processor, where no other clock is given. */
export function mediansOf(works: readonly Work[], budgetMs: number, clock: Clock = processorMs): number[] {
  const calls = works.map((work) => warmUp(work, budgetMs / 4 / works.length));
  const times = works.map((): number[] => []);
  const end = performance.now() + budgetMs;
  for (let round = 0; round < 5 || performance.now() < end; round++) {
    works.forEach((work, i) => times[i]!.push(timeOf(work, calls[i]!, clock)));
  }
  return times.map(median);
}

/** Calls until the engine has optimised; how many calls make a sample. */
function warmUp(work: Work, ms: number): number {
  const start = performance.now();
  let calls = 0;
  for (; calls < 3 || performance.now() - start < ms; calls++) work();
  return Math.max(1, Math.round(sampleMs / timeOf(work, Math.max(1, calls >> 2), wallMs)));
}

function timeOf(work: Work, calls: number, clock: Clock): number {
  const start = clock();
  for (let i = 0; i < calls; i++) work();
  return (clock() - start) / calls;
}
