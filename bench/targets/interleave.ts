/** Ratios of two pieces of work: they take turns, so that both see the same machine. */
import { median } from "../measure.ts";
import { processorMs } from "../../runtime/clock.ts";

export type Work = () => unknown;

interface Timing {
  readonly clock: () => number;
  readonly sampleMs: number;
  /** What share of a sample is done before, untimed: threads that sleep while it is the other's turn wake up. */
  readonly untimed: number;
}
const ofProcessor: Timing = { clock: processorMs, sampleMs: 4, untimed: 0 };
/** Short enough that some samples see no other work on the machine. */
const ofWall: Timing = { clock: () => performance.now(), sampleMs: 1, untimed: 0.5 };

/** The median of the processor's time for one call of each, in milliseconds. */
export const mediansOf = (works: readonly Work[], budgetMs: number): number[] =>
  timesOf(works, budgetMs, ofProcessor).map(median);

/** The least wall time of one call of each, in milliseconds: what other work on the machine adds is left out. */
export const minimaOf = (works: readonly Work[], budgetMs: number): number[] =>
  timesOf(works, budgetMs, ofWall).map((times) => Math.min(...times));

function timesOf(works: readonly Work[], budgetMs: number, timing: Timing): number[][] {
  const calls = works.map((work) => warmUp(work, budgetMs / 4 / works.length, timing));
  const times = works.map((): number[] => []);
  const end = performance.now() + budgetMs;
  for (let round = 0; round < 5 || performance.now() < end; round++) {
    works.forEach((work, i) => {
      for (let call = 0; call < calls[i]! * timing.untimed; call++) work();
      times[i]!.push(timeOf(work, calls[i]!, timing));
    });
  }
  return times;
}

/** Calls until the engine has optimised; how many calls make a sample. */
function warmUp(work: Work, ms: number, { sampleMs }: Timing): number {
  const start = performance.now();
  let calls = 0;
  for (; calls < 3 || performance.now() - start < ms; calls++) work();
  return Math.max(1, Math.round(sampleMs / timeOf(work, Math.max(1, calls >> 2), ofWall)));
}

function timeOf(work: Work, calls: number, { clock }: Timing): number {
  const start = clock();
  for (let i = 0; i < calls; i++) work();
  return (clock() - start) / calls;
}
