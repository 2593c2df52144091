/**
 * Groups nodes that can share one loop nest.
 *
 * in:  a canonical graph of primitives
 * out: regions in a runnable order; every map, reduction and anchor node in exactly one region, except the cheap ones
 *      that are computed where they are used
 * @throws IrError when a region would contain a cycle
 *
 * Method: nodes are taken inputs first. A node joins the newest region that computes one of its inputs, or one that
 * reads a common input, over the same iteration space, when that makes no cycle; else it opens a region. Some
 * producers are computed inside their consumers (passes/inlining.ts), some views are stored (passes/memory-views.ts).
 * Cost: O(nodes x (candidate regions + what a node reads through views)), and the searches for cycles
 * (passes/region-draft.ts).
 */
import { bodiesOf } from "../ir/body.ts";
import { IrError } from "../ir/errors.ts";
import { topologicalOrder, usersOf } from "../ir/walks.ts";
import { type Node } from "../ir/graph.ts";
import { partsOf, type KernelGraph, type Region, type RegionKind } from "../ir/kernel-graph.ts";
import { sameShape, type Shape } from "../ir/shape.ts";
import { isFree, isReduce, isView } from "../ir/traits.ts";
import { chooseInlined, isMapLike } from "./inlining.ts";
import { joinRegions } from "./join-regions.ts";
import { chooseCopied, limitReads, mostBuffers, mostReads, regionInputs } from "./memory-views.ts";
import { addWait, anyReaches, openDraft, type Draft } from "./region-draft.ts";

const anchorKinds: Readonly<Record<string, RegionKind>> = {
  dot: "contract",
  scan: "scan",
  sort: "sort",
  scatter: "scatter",
  routine: "routine",
  loop: "repeat",
  while: "while",
  cond: "choice",
};

const regionNodeLimit = 160;
const candidateLimit = 12;

export interface FuseOptions {
  /** Off: every node that can stand alone becomes a kernel of its own (for tests). */
  readonly fusion: boolean;
  /** Whether a region over rows may sum over the other axes, too: on GPUs rows do not wait for each other. */
  readonly sumsAcross?: boolean;
}

export function fuse(roots: readonly Node[], options: FuseOptions = { fusion: true }): KernelGraph {
  const order = topologicalOrder(roots);
  const outputs = new Set(roots);
  const fusion = new Fusion(order, outputs, options);
  for (const node of order) fusion.add(node);
  for (const root of roots) fusion.keep(root);
  return { regions: sortRegions(fusion.joined(), options), outputs: roots };
}

/** A value that a node reads. `direct`: through no view. */
interface Source {
  readonly node: Node;
  readonly direct: boolean;
}

const computation = (node: Node): Node => (node.op === "pick" ? node.inputs[0]! : node);

/** Whether a region can take a node that reads this as well. */
function hasRoom({ members, reads }: Draft, found: readonly Source[]): boolean {
  if (members.size >= regionNodeLimit) return false;
  if (reads.size + found.length <= mostReads) return true;
  const more = new Set(found.flatMap(({ node }) => (reads.has(node) || members.has(node) ? [] : [node])));
  return reads.size + more.size <= mostReads;
}

/** Regions while they grow, one node after another. */
class Fusion {
  private readonly options: FuseOptions;
  private readonly outputs: ReadonlySet<Node>;
  private readonly handedOver: ReadonlySet<Node>;
  private readonly inlined: ReadonlySet<Node>;
  private readonly copied: ReadonlySet<Node>;
  private readonly drafts: Draft[] = [];
  /** The region that computes a node. */
  private readonly home = new Map<Node, Draft>();
  /** The newest regions that read a node. */
  private readonly readers = new Map<Node, Draft[]>();

  constructor(order: readonly Node[], outputs: ReadonlySet<Node>, options: FuseOptions) {
    this.options = options;
    this.outputs = outputs;
    this.handedOver = regionInputs(order);
    const inlined = chooseInlined(order, usersOf(order), outputs, options);
    const copied = chooseCopied(order, this.handedOver);
    limitReads(order, inlined, copied);
    this.inlined = inlined;
    this.copied = copied;
  }

  /** Finds a region for a node whose inputs have one. */
  add(node: Node): void {
    const isOutput = this.outputs.has(node);
    // A literal or a scalar slot that is itself a result, or a region's input, has to be written out; an input is there.
    const isWritten = isFree(node) && node.op !== "input" && (isOutput || this.handedOver.has(node));
    const isCopied = isView(node) && (isOutput || this.copied.has(node));
    const isComputedElsewhere = isFree(node) || isView(node) || this.inlined.has(node) || node.op === "pick";
    if (isComputedElsewhere && !isWritten && !isCopied) return;
    const found = node.inputs.flatMap((input) => this.sources(input));
    this.place(node, this.draftFor(node, found, isCopied), found);
  }

  private draftFor(node: Node, found: readonly Source[], isCopied: boolean): Draft {
    const anchor = anchorKinds[node.op];
    if (anchor !== undefined) return this.open(anchor, node.shape);
    if (isReduce(node)) return this.draftForReduction(node, found);
    if (!isMapLike(node) && !isCopied && !isFree(node)) throw new IrError("ir/fuse", `fuse: ${node.op} has no place`);
    const joined = this.candidates(found).find((draft) => this.takesMap(draft, node, found, isCopied));
    return joined ?? this.open("loops", node.shape);
  }

  private draftForReduction(node: Node, found: readonly Source[]): Draft {
    const { axes } = node.attrs as { axes: readonly number[] };
    const domain = node.inputs[0]!.shape;
    const takes = (draft: Draft): boolean =>
      draft.kind === "loops" &&
      hasRoom(draft, found) &&
      sameShape(draft.domain, domain) &&
      (draft.reduced.length === 0 || sameShape(draft.reduced, axes)) &&
      this.isSameIteration(draft, node.inputs[0]!) &&
      this.isAcyclic(draft, found);
    const chosen = this.candidates(found).find(takes) ?? this.open("loops", domain);
    chosen.reduced = axes;
    chosen.rowShape = node.shape;
    return chosen;
  }

  private takesMap(draft: Draft, node: Node, found: readonly Source[], isCopied: boolean): boolean {
    if ((draft.kind !== "loops" && draft.kind !== "contract") || !hasRoom(draft, found)) return false;
    if (isCopied && this.takesParts(draft, node)) return this.isAcyclic(draft, found);
    const isRow = draft.rowShape !== null && sameShape(draft.rowShape, node.shape);
    if (!isRow && !sameShape(draft.domain, node.shape)) return false;
    const fits = isCopied
      ? found.every((source) => !draft.members.has(source.node)) || this.isSameIteration(draft, node)
      : node.inputs.every((input) => this.isSameIteration(draft, input));
    return fits && this.isAcyclic(draft, found);
  }

  /** Whether a join is written where its parts are computed. */
  private takesParts(draft: Draft, node: Node): boolean {
    const parts = draft.kind === "loops" ? partsOf(node, draft.domain) : null;
    if (parts === null) return false;
    return parts.some((part) => draft.members.has(part)) && parts.every((part) => this.isSameIteration(draft, part));
  }

  /** A result of the program is stored. */
  keep(root: Node): void {
    if (root.op === "pick") this.home.get(computation(root))!.stores.add(root);
  }

  /** All regions, those over the same rows joined. */
  joined(): readonly Draft[] {
    const { drafts, home, outputs } = this;
    const { sumsAcross = false } = this.options;
    const fits = (draft: Draft, member: Node): boolean => this.isMemberOf(draft, member);
    if (!this.options.fusion) return drafts;
    return joinRegions(drafts, {
      home,
      outputs,
      nodeLimit: regionNodeLimit,
      readLimit: mostBuffers,
      sumsAcross,
      fits,
    });
  }

  /** The nodes behind `input` that some region computes, and what else is read, looking through views and inlined nodes. */
  private sources(input: Node): Source[] {
    const found: Source[] = [];
    const stack: Source[] = [{ node: input, direct: true }];
    const seen = new Set<Node>();
    for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
      const { node, direct } = item;
      if (seen.has(node)) continue;
      seen.add(node);
      const isStored = this.home.has(node) || (this.copied.has(node) && node !== input);
      if (isStored || node.op === "input" || node.op === "pick" || node.op === "scalar") found.push(item);
      else if (isView(node)) for (const next of node.inputs) stack.push({ node: next, direct: false });
      else if (this.inlined.has(node)) for (const next of node.inputs) stack.push({ node: next, direct });
    }
    return found;
  }

  /** Whether a member finds what it reads of the others at its own iteration; a view that is stored moves it. */
  private isMemberOf(draft: Draft, member: Node): boolean {
    if (!isView(member) || partsOf(member, draft.domain) !== null)
      return member.inputs.every((input) => this.isSameIteration(draft, input));
    const sources = member.inputs.flatMap((input) => this.sources(input));
    return sources.every(({ node }) => !draft.members.has(node)) || this.isRowSpread(draft, member);
  }

  /** Whether a node is a row's value of the draft, for each element of the row. */
  private isRowSpread({ members, rowShape, domain }: Draft, node: Node): boolean {
    if (node.op !== "expand" || rowShape === null || !members.has(node.inputs[0]!)) return false;
    return sameShape(node.inputs[0]!.shape, rowShape) && sameShape(node.shape, domain);
  }

  /** Whether a member's value is available at the reader's own iteration: same element, or its row's value. */
  private isSameIteration(draft: Draft, input: Node): boolean {
    const stack = [input];
    const seen = new Set<Node>();
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      if (draft.members.has(node) || isFree(node)) continue;
      if (this.isRowSpread(draft, node)) continue;
      if (this.inlined.has(node)) {
        stack.push(...node.inputs);
        continue;
      }
      // Through any other view, a member's value belongs to another iteration.
      if (isView(node) && this.sources(node).some((source) => draft.members.has(source.node))) return false;
    }
    return true;
  }

  private open(kind: RegionKind, domain: Shape): Draft {
    const draft = openDraft(kind, domain, this.drafts.length);
    this.drafts.push(draft);
    return draft;
  }

  private place(node: Node, draft: Draft, found: readonly Source[]): void {
    draft.members.add(node);
    this.home.set(node, draft);
    for (const { node: source } of found) {
      const origin = this.home.get(computation(source));
      if (origin === draft) continue;
      if (origin !== undefined) {
        addWait(draft, origin);
        origin.stores.add(source);
      }
      if (draft.reads.has(source)) continue;
      draft.reads.add(source);
      this.noteReader(source, draft);
    }
    if (this.outputs.has(node)) draft.stores.add(node);
  }

  /** As many readers are kept as `candidates` takes at most, and could leave out as producers. */
  private noteReader(node: Node, draft: Draft): void {
    const known = this.readers.get(node);
    if (known === undefined) return void this.readers.set(node, [draft]);
    const place = known.findIndex(({ order }) => order < draft.order);
    known.splice(place < 0 ? known.length : place, 0, draft);
    if (known.length > 2 * candidateLimit) known.pop();
  }

  /**
   * Regions that a node may join. Those that compute an input come before those that only read one too: joining a
   * sibling makes the two wait for the inputs of both, which can keep a later consumer out of its producer's region.
   */
  private candidates(found: readonly Source[]): Draft[] {
    if (!this.options.fusion) return [];
    const producers = new Set<Draft>();
    const siblings = new Set<Draft>();
    for (const { node } of found) {
      const own = this.home.get(node);
      if (own !== undefined) producers.add(own);
      for (const reader of this.readers.get(node) ?? []) siblings.add(reader);
    }
    const newestFirst = (a: Draft, b: Draft): number => b.order - a.order;
    const others = [...siblings].filter((draft) => !producers.has(draft)).sort(newestFirst);
    return [...[...producers].sort(newestFirst), ...others].slice(0, candidateLimit);
  }

  private isAcyclic(draft: Draft, found: readonly Source[]): boolean {
    const origins = new Set(found.map(({ node }) => this.home.get(computation(node))));
    origins.delete(undefined);
    origins.delete(draft);
    return !anyReaches(origins as Set<Draft>, draft);
  }
}

/** Regions in an order in which they can run; those inside loops and choices, too. */
function sortRegions(drafts: readonly Draft[], options: FuseOptions): Region[] {
  const done = new Set<Draft>();
  const result: Region[] = [];
  const visit = (start: Draft): void => {
    const stack: Draft[] = [start];
    const open = new Set<Draft>();
    while (stack.length > 0) {
      const draft = stack.at(-1)!;
      if (done.has(draft)) {
        stack.pop();
        continue;
      }
      const waiting = [...draft.before].filter((earlier) => !done.has(earlier));
      if (waiting.length > 0) {
        if (open.has(draft)) throw new IrError("ir/fuse", "fuse: regions form a cycle");
        open.add(draft);
        stack.push(...waiting);
        continue;
      }
      done.add(draft);
      stack.pop();
      const anchorFirst = (node: Node): number => (anchorKinds[node.op] === undefined ? node.id : 0);
      const members = [...draft.members].sort((a, b) => anchorFirst(a) - anchorFirst(b));
      const bodies = members.flatMap(bodiesOf);
      result.push({
        ...(bodies.length === 0 ? {} : { bodies: bodies.map(({ results }) => fuse(results, options)) }),
        kind: draft.kind,
        domain: draft.domain,
        reduced: draft.reduced,
        members,
        stores: [...draft.stores].sort((a, b) => a.id - b.id),
      });
    }
  };
  for (const draft of drafts) visit(draft);
  return result;
}
