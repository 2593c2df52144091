/** Fourier transforms: how the time grows with the length, beside n log n. */
import * as torch from "../../frontend/index.ts";
import { input } from "../workloads/workload.ts";
import { mediansOf, type Work } from "./interleave.ts";
import type { Target } from "./target.ts";

/** One transform of a complex line. */
function transform(length: number): Work {
  const line = torch.view_as_complex(input("cpu", 71, [length, 2]));
  const run = torch.compile(() => torch.fft.fft(line));
  return () => run();
}

const log = (length: number): number => length * Math.log2(length);

/**
 * The time for n log2 n of the longest transform by that of the shortest: 1 if it grows as n log n, where a sum over all
 * pairs of elements would give some fifty. What fits no cache takes longer.
 */
const growth = (kind: string, lengths: readonly number[]): Target => ({
  work: `fft of ${lengths.at(-1)} (${kind}) by that of ${lengths[0]}, each by n log n`,
  atMost: 2,
  unit: "x n log n",
  measure(budgetMs) {
    const times = mediansOf(lengths.map(transform), budgetMs * 2);
    const each = lengths.map((length, i) => (times[i]! * 1e6) / log(length));
    const note = lengths.map(
      (length, i) => `${length}: ${(times[i]! * 1000).toFixed(0)} µs, ${each[i]!.toFixed(2)} ns`,
    );
    return { value: each.at(-1)! / each[0]!, note: note.join("; ") };
  },
});

export const fourierTargets: readonly Target[] = [
  growth("powers of two", [4096, 65_536, 262_144]),
  growth("2, 3 and 5", [3600, 60_000, 259_200]),
  growth("7, 11 and 13", [7007, 77_077, 539_539]),
  growth("primes", [4099, 65_537, 262_147]),
];
