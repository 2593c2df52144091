/** A region while it grows, and questions about the order of regions. */
import type { Node } from "../ir/graph.ts";
import type { RegionKind } from "../ir/kernel-graph.ts";

export interface Draft {
  readonly kind: RegionKind;
  readonly domain: readonly number[];
  reduced: readonly number[];
  rowShape: readonly number[] | null;
  readonly members: Set<Node>;
  readonly stores: Set<Node>;
  /** Regions whose stored values this one reads. */
  readonly before: Set<Draft>;
  readonly reads: Set<Node>;
  readonly order: number;
  /** The last walk of `reaches` that came by. */
  walk: number;
}

let walks = 0;

/** Whether `from` waits for `to`, directly or through others. Nearest first: what waits mostly waits directly. */
export function reaches(from: Draft, to: Draft): boolean {
  if (from === to) return true;
  const walk = ++walks;
  const queue = [from];
  for (const draft of queue) {
    for (const earlier of draft.before) {
      if (earlier === to) return true;
      if (earlier.walk === walk) continue;
      earlier.walk = walk;
      queue.push(earlier);
    }
  }
  return false;
}

/** Whether `from` waits for `to` through a third region. */
export const reachesAround = (from: Draft, to: Draft): boolean =>
  [...from.before].some((earlier) => earlier !== to && reaches(earlier, to));
