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
 * Cost: O(pairs of such regions x region edges).
 */
import type { Node } from "../ir/graph.ts";
import { keptAxes, rowCountOf } from "../ir/kernel-graph.ts";
import { elementCount, sameShape } from "../ir/shape.ts";
import { isReduce, isView } from "../ir/traits.ts";
import { isMapLike } from "./inlining.ts";
import { reachesAround, takeOverWaits, type Draft } from "./region-draft.ts";

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

export function joinRegions(drafts: Draft[], context: JoinContext): void {
  joinRows(drafts, context);
  if (context.sumsAcross) joinSumsAcross(drafts, context);
  joinElements(drafts, context);
  joinAddends(drafts, context);
}

const isElementwise = ({ kind, reduced }: Draft): boolean => kind === "loops" && reduced.length === 0;

/** Elementwise regions take over those whose values they read. */
function joinElements(drafts: Draft[], context: JoinContext): void {
  const gone = new Set<Draft>();
  for (const draft of drafts.filter(isElementwise)) {
    if (gone.has(draft)) continue;
    const producer = (): Draft | undefined =>
      [...draft.before].find(
        (earlier) =>
          isElementwise(earlier) && sameShape(earlier.domain, draft.domain) && mayJoin(draft, earlier, context),
      );
    for (let earlier = producer(); earlier !== undefined; earlier = producer()) {
      absorb(drafts, draft, earlier, context);
      gone.add(earlier);
    }
  }
}

/** Contractions take over elementwise regions that they alone read. */
function joinAddends(drafts: Draft[], context: JoinContext): void {
  const readers = new Map<Node, Draft[]>();
  for (const draft of drafts)
    for (const node of draft.reads) {
      const known = readers.get(node);
      if (known === undefined) readers.set(node, [draft]);
      else known.push(draft);
    }
  for (const addend of [...drafts].reverse()) {
    if (addend.kind !== "loops" || addend.reduced.length > 0) continue;
    const [into, ...others] = new Set([...addend.stores].flatMap((node) => readers.get(node) ?? []));
    if (into === undefined || others.length > 0 || !takesAddend(into, addend, context)) continue;
    absorb(drafts, into, addend, context);
    for (const node of addend.reads) {
      const known = readers.get(node)!.filter((draft) => draft !== addend && draft !== into);
      readers.set(node, [...known, into]);
    }
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

function joinRows(drafts: Draft[], context: JoinContext): void {
  const byRows = new Map<string, Draft[]>();
  for (const draft of drafts) {
    if (draft.kind !== "loops" || draft.reduced.length === 0) continue;
    const key = `${draft.domain.join()}|${draft.reduced.join()}`;
    const known = byRows.get(key);
    if (known === undefined) byRows.set(key, [draft]);
    else known.push(draft);
  }
  for (const group of byRows.values()) {
    for (let i = 0; i < group.length; i++) {
      for (let j = group.length - 1; j > i; j--) {
        if (!mayJoin(group[i]!, group[j]!, context)) continue;
        absorb(drafts, group[i]!, group[j]!, context);
        group.splice(j, 1);
        j = group.length;
      }
    }
  }
}

/** Rows and columns from which sums across save more than their blocks cost; columns whose sums stay in cache. */
const leastRows = 128;
const leastColumns = 32;
const mostColumns = 2 ** 14;

/** Regions over rows take over sums over the other axes of the same values. */
function joinSumsAcross(drafts: Draft[], context: JoinContext): void {
  const rows = drafts.filter(takesSumsAcross);
  const sums = drafts.filter(isOfSums);
  for (const draft of sums) {
    const into = rows.find(
      (row) =>
        sameShape(keptAxes(row), draft.reduced) && sameShape(row.domain, draft.domain) && mayJoin(row, draft, context),
    );
    if (into !== undefined) absorb(drafts, into, draft, context);
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
  if (reachesAround(a, b) || reachesAround(b, a)) return false;
  const isDirect = a.before.has(b) || b.before.has(a);
  const whole = elementCount(a.domain);
  const shares = (): boolean => [...a.reads].some((node) => b.reads.has(node) && elementCount(node.shape) === whole);
  if (!isDirect) return shares();
  const both: Draft = { ...a, members: new Set([...a.members, ...b.members]) };
  return [...both.members].every((node) => fits(both, node));
}

function absorb(drafts: Draft[], into: Draft, other: Draft, { home, outputs }: JoinContext): void {
  for (const node of other.members) {
    into.members.add(node);
    home.set(node, into);
  }
  for (const node of other.stores) into.stores.add(node);
  for (const node of other.reads) into.reads.add(node);
  takeOverWaits(into, other);
  drafts.splice(drafts.indexOf(other), 1);
  const isOwn = (node: Node): boolean => home.get(node.op === "pick" ? node.inputs[0]! : node) === into;
  for (const node of into.reads) if (isOwn(node)) into.reads.delete(node);
  // What only the other part read need not be stored.
  for (const node of into.stores) {
    if (!outputs.has(node) && !drafts.some((draft) => draft !== into && draft.reads.has(node)))
      into.stores.delete(node);
  }
}
