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
}

/** Whether `from` waits for `to`, directly or through others. */
export function reaches(from: Draft, to: Draft): boolean {
  const stack = [from];
  const seen = new Set<Draft>();
  while (stack.length > 0) {
    const draft = stack.pop()!;
    if (draft === to) return true;
    if (seen.has(draft)) continue;
    seen.add(draft);
    for (const earlier of draft.before) stack.push(earlier);
  }
  return false;
}

/** Whether `from` waits for `to` through a third region. */
export const reachesAround = (from: Draft, to: Draft): boolean =>
  [...from.before].some((earlier) => earlier !== to && reaches(earlier, to));
