/** A target: a ratio of what we reach and what is measured beside it in the same run. */
import type * as torch from "../../frontend/index.ts";
import { agrees, fingerprint } from "../generate.ts";
import { map } from "../workloads/map.ts";
import { mediansOf, type Work } from "./interleave.ts";

export interface Target {
  readonly work: string;
  /** The ratio, or the figure, that is asked for: at least this, or at most. */
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly unit:
    | "of the peak"
    | "of copying"
    | "x the loop"
    | "of the loop"
    | "x the peak's time"
    | "of all at once"
    | "x n log n"
    | "µs"
    | "x the direct form"
    | "x one thread";
  measure(budgetMs: number): Promise<Outcome> | Outcome;
}

export interface Outcome {
  /** Null where it cannot be measured yet. */
  readonly value: number | null;
  readonly note?: string;
}

/** Our work, compiled, and its first result compared with what a loop gave. */
export function ours(
  inputs: readonly torch.Tensor[],
  shape: readonly number[],
  compute: (...inputs: torch.Tensor[]) => torch.Tensor,
): { readonly run: Work; check(): Promise<readonly number[]> } {
  const work = map("cpu", inputs, shape, compute);
  return { run: () => work.run(), check: () => work.check() };
}

/** How many times faster we are than a loop, which leaves its result in `result`. */
export async function againstLoop(
  work: ReturnType<typeof ours>,
  loop: Work,
  result: ArrayLike<number>,
  budgetMs: number,
): Promise<Outcome> {
  const [own, other] = mediansOf([work.run, loop], budgetMs) as [number, number];
  const [actual, expected] = [await work.check(), fingerprint(result)];
  if (!agrees(actual, expected)) return { value: null, note: `DIFFERS: ${actual.join()} and ${expected.join()}` };
  return { value: other / own, note: `${own.toFixed(3)} ms and ${other.toFixed(3)} ms` };
}
