/**
 * A region while it grows, and which region waits for which.
 *
 * Always true: a draft's level is above that of every draft it waits for. So a search for a way between two drafts
 * needs only what lies between their levels; it goes from both ends at once, and is done when either has nowhere to go.
 * In a chain, where what is asked about was opened last and nothing waits for it yet, that is at once.
 */
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
  /** Regions that read what this one stores. */
  readonly after: Set<Draft>;
  level: number;
  readonly reads: Set<Node>;
  readonly order: number;
  /** The last search that came by, from the later end (positive) or the earlier one (negative). */
  search: number;
}

export function openDraft(kind: RegionKind, domain: readonly number[], order: number): Draft {
  return {
    kind,
    domain,
    reduced: [],
    rowShape: null,
    members: new Set(),
    stores: new Set(),
    before: new Set(),
    after: new Set(),
    level: 0,
    reads: new Set(),
    order,
    search: 0,
  };
}

/** `draft` waits for `earlier`. Cost: O(1), and the drafts whose levels this raises. */
export function addWait(draft: Draft, earlier: Draft): void {
  draft.before.add(earlier);
  earlier.after.add(draft);
  raise(draft, earlier.level + 1);
}

/** Lifts a draft to a level, and what waits for it above that. */
function raise(draft: Draft, level: number): void {
  if (draft.level >= level) return;
  draft.level = level;
  const raised = [draft];
  while (raised.length > 0) {
    const lower = raised.pop()!;
    for (const later of lower.after) {
      if (later.level > lower.level) continue;
      later.level = lower.level + 1;
      raised.push(later);
    }
  }
}

/** `into` waits for what `other` waits for, and takes its place before what waits for it. No cycle may arise. */
export function takeOverWaits(into: Draft, other: Draft): void {
  for (const earlier of other.before) {
    earlier.after.delete(other);
    if (earlier !== into) addWait(into, earlier);
  }
  for (const later of other.after) {
    later.before.delete(other);
    if (later !== into) addWait(later, into);
  }
}

/** How many drafts all searches so far have looked at: their cost, for tests. */
export const searchCost = { drafts: 0 };

let searches = 0;

/** Whether any of `from` waits for `to`, directly or through others, or is `to`. */
export function anyReaches(from: Iterable<Draft>, to: Draft): boolean {
  const search = ++searches;
  const lateEnd: Draft[] = [];
  for (const draft of from) {
    if (draft === to) return true;
    if (draft.level <= to.level) continue;
    draft.search = search;
    lateEnd.push(draft);
  }
  const top = lateEnd.reduce((level, draft) => Math.max(level, draft.level), 0);
  const earlyEnd = [to];
  to.search = -search;
  for (let i = 0; i < lateEnd.length && i < earlyEnd.length; i++) {
    searchCost.drafts += 2;
    for (const earlier of lateEnd[i]!.before) {
      if (earlier.search === -search) return true;
      if (earlier.level <= to.level || earlier.search === search) continue;
      earlier.search = search;
      lateEnd.push(earlier);
    }
    for (const later of earlyEnd[i]!.after) {
      if (later.search === search) return true;
      if (later.level > top || later.search === -search) continue;
      later.search = -search;
      earlyEnd.push(later);
    }
  }
  return false;
}

/** Whether `from` waits for `to` through a third region. */
export const reachesAround = (from: Draft, to: Draft): boolean =>
  anyReaches(
    [...from.before].filter((earlier) => earlier !== to),
    to,
  );
