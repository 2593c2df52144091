/**
 * Joins regions that turn out to belong together: greedy growth keeps two apart when what relates them came after both
 * were opened.
 *
 * in:  drafts of regions in any order
 * out: the same drafts, of which some have taken over all of another; no cycle is made
 * A region over rows takes over the sums over the other axes of what it reads or computes, on devices that say so.
 * Two reducing regions over one domain and the same axes are joined when one reads the other's values at its own
 * iterations only, or when both read a value of the whole domain; two elementwise ones when one reads the other's values
 * at its own iterations only. Elementwise work goes into a contraction when that alone reads it, beside the product: a
 * sum that the product is added to.
 * Cost: O(pairs of such regions that are next to each other or read one value); a way around is only looked for where
 * everything else allows the two to be one.
 */
import type { Node } from "../ir/graph.ts";
import { keptAxes, rowCountOf } from "../ir/kernel-graph.ts";
import { elementCount, sameShape } from "../ir/shape.ts";
import { isReduce, isView } from "../ir/traits.ts";
import { isMapLike } from "./inlining.ts";
import { reachesAround, searchCost, takeOverWaits, type Draft } from "./region-draft.ts";

export interface JoinContext {
  readonly home: Map<Node, Draft>;
  readonly outputs: ReadonlySet<Node>;
  readonly nodeLimit: number;
  readonly readLimit: number;
  /** Whether rows of a region may be summed besides (isSumAcross in ir/kernel-graph.ts). */
  readonly sumsAcross: boolean;
  /** Whether a member of a draft finds what it reads of the others where it computes. */
  readonly fits: (draft: Draft, member: Node) => boolean;
}

export function joinRegions(all: readonly Draft[], context: JoinContext): Draft[] {
  const drafts = new Set(all);
  joinRows(drafts, context);
  if (context.sumsAcross) joinSumsAcross(drafts, context);
  joinElements(drafts, context);
  joinAddends(drafts, context);
  return [...drafts];
}

const isElementwise = ({ kind, reduced }: Draft): boolean => kind === "loops" && reduced.length === 0;

/** Elementwise regions take over those whose values they read. */
function joinElements(drafts: Set<Draft>, context: JoinContext): void {
  for (const draft of [...drafts].filter(isElementwise)) {
    if (!drafts.has(draft)) continue;
    const producer = (): Draft | undefined =>
      [...draft.before].find(
        (earlier) =>
          isElementwise(earlier) && sameShape(earlier.domain, draft.domain) && mayJoin(draft, earlier, context),
      );
    for (let earlier = producer(); earlier !== undefined; earlier = producer()) absorb(drafts, draft, earlier, context);
  }
}

/** Contractions take over elementwise regions that they alone read. */
function joinAddends(drafts: Set<Draft>, context: JoinContext): void {
  for (const addend of [...drafts].reverse()) {
    if (!isElementwise(addend) || addend.after.size !== 1) continue;
    const [into] = addend.after;
    if (takesAddend(into!, addend, context)) absorb(drafts, into!, addend, context);
  }
}

function takesAddend(into: Draft, addend: Draft, { outputs, nodeLimit, readLimit, fits }: JoinContext): boolean {
  if (into.kind !== "contract" || !sameShape(into.domain, addend.domain)) return false;
  if ([...addend.stores].some((node) => outputs.has(node)) || ![...addend.members].every(isMapLike)) return false;
  if (into.members.size + addend.members.size > nodeLimit || into.reads.size + addend.reads.size > readLimit)
    return false;
  const both: Draft = { ...into, members: new Set([...into.members, ...addend.members]) };
  return [...both.members].every((node) =>
    node.op === "dot" ? node.inputs.every((operand) => !addend.members.has(behindViews(operand))) : fits(both, node),
  );
}

function behindViews(node: Node): Node {
  let source = node;
  while (isView(source)) source = source.inputs[0]!;
  return source;
}

/** Regions of one iteration space, found by what they read of all of it and by what they wait for. */
class Neighbours {
  private readonly space: number;
  private readonly known: Set<Draft>;
  private readonly readers = new Map<Node, Set<Draft>>();

  constructor(drafts: readonly Draft[]) {
    this.space = elementCount(drafts[0]!.domain);
    this.known = new Set(drafts);
    for (const draft of drafts) this.note(draft, draft.reads);
  }

  /** Those that may be joined with a region, oldest first. */
  of(draft: Draft): Draft[] {
    const found = new Set<Draft>();
    for (const other of draft.before) if (this.known.has(other)) found.add(other);
    for (const other of draft.after) if (this.known.has(other)) found.add(other);
    for (const node of draft.reads) for (const other of this.readers.get(node) ?? []) found.add(other);
    found.delete(draft);
    return [...found].sort((a, b) => a.order - b.order);
  }

  /** One has taken over another, which may have been none of these. */
  taken(into: Draft, other: Draft): void {
    this.known.delete(other);
    for (const node of other.reads) this.readers.get(node)?.delete(other);
    this.note(into, other.reads);
  }

  private note(draft: Draft, reads: Iterable<Node>): void {
    for (const node of reads) {
      if (elementCount(node.shape) !== this.space) continue;
      const known = this.readers.get(node);
      if (known === undefined) this.readers.set(node, new Set([draft]));
      else known.add(draft);
    }
  }
}

function groupedBy(drafts: Iterable<Draft>, keyOf: (draft: Draft) => string): Map<string, Draft[]> {
  const groups = new Map<string, Draft[]>();
  for (const draft of drafts) {
    const key = keyOf(draft);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [draft]);
    else known.push(draft);
  }
  return groups;
}

function joinRows(drafts: Set<Draft>, context: JoinContext): void {
  const reducing = [...drafts].filter(({ kind, reduced }) => kind === "loops" && reduced.length > 0);
  for (const group of groupedBy(reducing, ({ domain, reduced }) => `${domain.join()}|${reduced.join()}`).values()) {
    const neighbours = new Neighbours(group);
    for (const draft of group) {
      if (!drafts.has(draft)) continue;
      // What it takes over may bring it next to others.
      for (let isChanged = true; isChanged;) {
        isChanged = false;
        for (const other of neighbours.of(draft).reverse()) {
          if (other.order < draft.order) break;
          if (!mayJoin(draft, other, context)) continue;
          neighbours.taken(draft, other);
          absorb(drafts, draft, other, context);
          isChanged = true;
        }
      }
    }
  }
}

/** Rows and columns from which sums across save more than their blocks cost; columns whose sums stay in cache. */
const leastRows = 128;
const leastColumns = 32;
const mostColumns = 2 ** 14;

/** Regions over rows take over sums over the other axes of the same values. */
function joinSumsAcross(drafts: Set<Draft>, context: JoinContext): void {
  const rows = [...drafts].filter(takesSumsAcross);
  const groups = groupedBy(rows, (row) => `${row.domain.join()}|${keptAxes(row).join()}`);
  const spaces = new Map([...groups].map(([key, group]) => [key, new Neighbours(group)]));
  for (const draft of [...drafts].filter(isOfSums)) {
    const neighbours = spaces.get(`${draft.domain.join()}|${draft.reduced.join()}`);
    const into = neighbours?.of(draft).find((row) => drafts.has(row) && mayJoin(row, draft, context));
    if (into === undefined) continue;
    neighbours!.taken(into, draft);
    absorb(drafts, into, draft, context);
  }
}

/** Its reductions run over the last axes, and it is long and wide enough. */
function takesSumsAcross(draft: Draft): boolean {
  const { kind, reduced, domain } = draft;
  if (kind !== "loops" || reduced.length === 0 || reduced[0] !== domain.length - reduced.length) return false;
  const columns = elementCount(domain.slice(reduced[0]));
  return rowCountOf(draft) >= leastRows && columns >= leastColumns && columns <= mostColumns;
}

const isOfSums = ({ kind, reduced, domain, members }: Draft): boolean =>
  kind === "loops" &&
  reduced.length > 0 &&
  [...members].every((node) =>
    isReduce(node)
      ? node.op === "reduce_sum" && (node.dtype === "float32" || node.dtype === "float64")
      : sameShape(node.shape, domain),
  );

function mayJoin(a: Draft, b: Draft, { nodeLimit, readLimit, fits }: JoinContext): boolean {
  if (a.members.size + b.members.size > nodeLimit || a.reads.size + b.reads.size > readLimit) return false;
  if (a.before.has(b) || b.before.has(a)) {
    const both: Draft = { ...a, members: new Set([...a.members, ...b.members]) };
    for (const node of both.members) if (!fits(both, node)) return false;
  } else if (!sharesWhole(a, b)) return false;
  return !reachesAround(a, b) && !reachesAround(b, a);
}

/** Whether both read a value of the whole domain. */
function sharesWhole(a: Draft, b: Draft): boolean {
  const whole = elementCount(a.domain);
  for (const node of a.reads) if (b.reads.has(node) && elementCount(node.shape) === whole) return true;
  return false;
}

function absorb(drafts: Set<Draft>, into: Draft, other: Draft, { home, outputs }: JoinContext): void {
  for (const node of other.members) {
    into.members.add(node);
    home.set(node, into);
  }
  for (const node of other.stores) into.stores.add(node);
  for (const node of other.reads) into.reads.add(node);
  takeOverWaits(into, other);
  drafts.delete(other);
  const isOwn = (node: Node): boolean => home.get(node.op === "pick" ? node.inputs[0]! : node) === into;
  for (const node of into.reads) {
    if (!isOwn(node)) continue;
    into.reads.delete(node);
    // What only one part read of the other need not be stored.
    if (!outputs.has(node) && !isReadByAny(into.after, node)) into.stores.delete(node);
  }
}

function isReadByAny(drafts: ReadonlySet<Draft>, node: Node): boolean {
  for (const { reads } of drafts) {
    searchCost.drafts++;
    if (reads.has(node)) return true;
  }
  return false;
}
