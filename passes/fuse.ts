/**
 * Groups nodes that can share one loop nest.
 *
 * in:  a canonical graph of primitives
 * out: regions in a runnable order; every map, reduction and anchor node in exactly one region, except the cheap ones
 *      that are computed where they are used
 * @throws IrError when a region would contain a cycle
 *
 * Method: nodes are taken inputs first. A node joins the newest region that computes one of its inputs, or one that
 * reads a common input, over the same iteration space, when that makes no cycle; else it opens a region. A producer is
 * computed inside its consumer (`inlined`) only when it is read once an element, or costs next to nothing: an
 * expensive producer is never recomputed inside a broadcast consumer.
 * Cost: O(nodes x candidate regions), and the searches for cycles (passes/region-draft.ts).
 */
import { bodiesOf } from "../ir/body.ts";
import { IrError } from "../ir/errors.ts";
import { topologicalOrder, usersOf, type Node } from "../ir/graph.ts";
import type { KernelGraph, Region, RegionKind } from "../ir/kernel-graph.ts";
import { elementCount, sameShape } from "../ir/shape.ts";
import { isFree, isMap, isReduce, isView } from "../ir/traits.ts";
import { behindReshape, linearAccess } from "../ir/views.ts";
import { joinRegions } from "./join-regions.ts";
import { addWait, openDraft, reaches, type Draft } from "./region-draft.ts";

const anchorKinds: Readonly<Record<string, RegionKind>> = {
  dot: "contract",
  scan: "scan",
  sort: "sort",
  scatter: "scatter",
  routine: "routine",
  loop: "repeat",
  cond: "choice",
};

const isMapLike = (node: Node): boolean => isMap(node) || node.op === "philox";

/** Rough cost of one element, in additions. */
function costOf(node: Node): number {
  switch (node.op) {
    case "add":
    case "sub":
    case "mul":
    case "neg":
    case "abs":
    case "min":
    case "max":
    case "where":
    case "cast":
    case "bitcast":
    case "not":
    case "and":
    case "or":
    case "xor":
    case "shl":
    case "shr":
    case "copysign":
    case "eq":
    case "ne":
    case "lt":
    case "le":
    case "gt":
    case "ge":
    case "floor":
    case "ceil":
    case "trunc":
    case "nearest":
      return 1;
    case "div":
    case "sqrt":
    case "rem":
      return 4;
    default:
      return 20;
  }
}

const inlineCostLimit = 2; // of a producer that is recomputed
const lightCostLimit = 4; // of a producer that reads at most one value
const inlineNodeLimit = 40; // of a producer that is computed once
const regionNodeLimit = 160;
const mostBuffers = 128;

export interface FuseOptions {
  /** Off: every node that can stand alone becomes a kernel of its own (for tests). */
  readonly fusion: boolean;
}

export function fuse(roots: readonly Node[], options: FuseOptions = { fusion: true }): KernelGraph {
  const order = topologicalOrder(roots);
  const users = usersOf(order);
  const outputs = new Set(roots);
  const handedOver = regionInputs(order);
  const drafts: Draft[] = [];
  const home = new Map<Node, Draft>();
  const inlined = chooseInlined(order, users, outputs, options);
  const copied = chooseCopied(order, handedOver);

  /** The nodes behind `input` that some region computes, and what else is read, looking through views and inlined nodes. */
  const sources = (input: Node): { node: Node; direct: boolean }[] => {
    const found: { node: Node; direct: boolean }[] = [];
    const stack: { node: Node; direct: boolean }[] = [{ node: input, direct: true }];
    const seen = new Set<Node>();
    while (stack.length > 0) {
      const item = stack.pop()!;
      const { node } = item;
      if (seen.has(node)) continue;
      seen.add(node);
      if (
        home.has(node) ||
        (copied.has(node) && node !== input) ||
        node.op === "input" ||
        node.op === "pick" ||
        node.op === "scalar"
      )
        found.push(item);
      else if (isView(node)) for (const next of node.inputs) stack.push({ node: next, direct: false });
      else if (inlined.has(node)) for (const next of node.inputs) stack.push({ node: next, direct: item.direct });
    }
    return found;
  };

  /** Whether a member's value is available at the reader's own iteration: same element, or its row's value. */
  const sameIteration = (draft: Draft, input: Node): boolean => {
    const stack = [input];
    const seen = new Set<Node>();
    while (stack.length > 0) {
      const node = stack.pop()!;
      if (seen.has(node)) continue;
      seen.add(node);
      if (draft.members.has(node)) continue;
      if (isFree(node)) continue;
      if (node.op === "expand" && draft.rowShape !== null && draft.members.has(node.inputs[0]!)) {
        if (sameShape(node.inputs[0]!.shape, draft.rowShape) && sameShape(node.shape, draft.domain)) continue;
        return false;
      }
      if (inlined.has(node)) {
        stack.push(...node.inputs);
        continue;
      }
      // Through any other view, a member's value belongs to another iteration.
      if (isView(node) && sources(node).some((s) => draft.members.has(s.node))) return false;
    }
    return true;
  };

  const open = (kind: RegionKind, domain: readonly number[]): Draft => {
    const draft = openDraft(kind, domain, drafts.length);
    drafts.push(draft);
    return draft;
  };

  const place = (node: Node, draft: Draft, found: readonly { node: Node }[]): void => {
    draft.members.add(node);
    home.set(node, draft);
    for (const { node: source } of found) {
      const origin = home.get(source.op === "pick" ? source.inputs[0]! : source);
      if (origin === draft) continue;
      if (origin !== undefined) {
        addWait(draft, origin);
        origin.stores.add(source);
      }
      draft.reads.add(source);
    }
    if (outputs.has(node)) draft.stores.add(node);
  };

  const readers = new Map<Node, Set<Draft>>();
  const note = (draft: Draft): void => {
    for (const read of draft.reads) {
      let set = readers.get(read);
      if (set === undefined) readers.set(read, (set = new Set()));
      set.add(draft);
    }
  };

  const candidates = (found: readonly { node: Node }[]): Draft[] => {
    if (!options.fusion) return [];
    // Regions that compute an input come before those that only read one too: joining a sibling makes the two wait for
    // the inputs of both, which can keep a later consumer out of its producer's region.
    const producers = new Set<Draft>();
    const siblings = new Set<Draft>();
    for (const { node } of found) {
      const own = home.get(node);
      if (own !== undefined) producers.add(own);
      for (const reader of readers.get(node) ?? []) siblings.add(reader);
    }
    const newestFirst = (a: Draft, b: Draft): number => b.order - a.order;
    const others = [...siblings].filter((draft) => !producers.has(draft)).sort(newestFirst);
    return [...[...producers].sort(newestFirst), ...others].slice(0, 12);
  };

  const acyclic = (draft: Draft, found: readonly { node: Node }[]): boolean =>
    found.every(({ node }) => {
      const origin = home.get(node.op === "pick" ? node.inputs[0]! : node);
      return origin === undefined || origin === draft || !reaches(origin, draft);
    });

  for (const node of order) {
    // A literal or a scalar slot that is itself a result, or a region's input, has to be written out; an input is there already.
    const isFreeOutput = isFree(node) && node.op !== "input" && (outputs.has(node) || handedOver.has(node));
    if ((isFree(node) && !isFreeOutput) || inlined.has(node) || node.op === "pick") continue;
    const isOutputView = isView(node) && (outputs.has(node) || copied.has(node));
    if (isView(node) && !isOutputView) continue;
    const found = node.inputs.flatMap(sources);
    const anchor = anchorKinds[node.op];
    if (anchor !== undefined) {
      const draft = open(anchor, node.shape);
      place(node, draft, found);
      note(draft);
      continue;
    }
    let chosen: Draft | null = null;
    if (isReduce(node)) {
      const { axes } = node.attrs as { axes: readonly number[] };
      const domain = node.inputs[0]!.shape;
      for (const draft of candidates(found)) {
        if (draft.kind !== "loops" || draft.members.size >= regionNodeLimit || !sameShape(draft.domain, domain))
          continue;
        if (draft.reduced.length > 0 && !sameShape(draft.reduced, axes)) continue;
        if (!sameIteration(draft, node.inputs[0]!) || !acyclic(draft, found)) continue;
        chosen = draft;
        break;
      }
      chosen ??= open("loops", domain);
      chosen.reduced = axes;
      chosen.rowShape = node.shape;
    } else if (isMapLike(node) || isOutputView || isFreeOutput) {
      for (const draft of candidates(found)) {
        if (draft.kind !== "loops" && draft.kind !== "contract") continue;
        if (draft.members.size >= regionNodeLimit) continue;
        const full = sameShape(draft.domain, node.shape);
        const row = draft.rowShape !== null && sameShape(draft.rowShape, node.shape);
        if (!full && !row) continue;
        const fits = isOutputView
          ? found.every((s) => !draft.members.has(s.node)) || sameIteration(draft, node)
          : node.inputs.every((input) => sameIteration(draft, input));
        if (!fits || !acyclic(draft, found)) continue;
        chosen = draft;
        break;
      }
      chosen ??= open("loops", node.shape);
    } else throw new IrError("ir/fuse", `fuse: ${node.op} has no place`);
    place(node, chosen, found);
    note(chosen);
  }
  for (const root of roots) {
    if (root.op === "pick") home.get(root.inputs[0]!)!.stores.add(root);
  }
  if (options.fusion)
    joinRegions(drafts, { home, outputs, nodeLimit: regionNodeLimit, readLimit: mostBuffers, sameIteration });
  return { regions: sortRegions(drafts, options), outputs: roots };
}

/** What the kernels inside loops and choices find in memory. A reshaped value has the same bytes as it had before. */
function regionInputs(order: readonly Node[]): Set<Node> {
  const inputs = order.flatMap((node) => (bodiesOf(node).length > 0 ? node.inputs : []));
  return new Set(inputs.map(behindReshape));
}

/**
 * Views that are copied out first: the inputs of loops and choices, those that a dot cannot read through (its operands need one linear index), and
 * groups of a join with very many parts (a kernel has only so many buffers).
 */
function chooseCopied(order: readonly Node[], handedOver: ReadonlySet<Node>): Set<Node> {
  const copied = new Set<Node>([...handedOver].filter(isView));
  for (const node of order) {
    if (node.op === "concat") {
      const groups = node.inputs.filter((part) => part.op === "concat");
      const parts = groups.reduce((count, group) => count + group.inputs.length, node.inputs.length);
      if (parts > mostBuffers) for (const group of groups) copied.add(group);
    }
    if (node.op !== "dot") continue;
    for (const operand of node.inputs) {
      const { base } = linearAccess(operand, copied);
      if (isView(base)) copied.add(base);
    }
  }
  return copied;
}

/** What computing a node where it is used repeats: additions, nodes, and the values read from memory. */
interface Repeated {
  readonly cost: number;
  readonly nodes: number;
  readonly reads: readonly Node[];
}

/**
 * Nodes computed where they are used, at the user's own index: only maps that rest on leaves and other such maps (what
 * rests on a region's value belongs to that region).
 */
function chooseInlined(
  order: readonly Node[],
  users: ReadonlyMap<Node, readonly Node[]>,
  outputs: ReadonlySet<Node>,
  options: FuseOptions,
): Set<Node> {
  const inlined = new Set<Node>();
  const weight = new Map<Node, Repeated>();
  /** Total of what would be computed again behind an input; null when a region's value is behind it. */
  const behind = (input: Node): Repeated | null => {
    let node = input;
    while (isView(node) && node.op !== "concat" && node.op !== "gather" && node.op !== "pad") node = node.inputs[0]!;
    if (isFree(node))
      return { cost: 0, nodes: 0, reads: node.op === "input" && elementCount(node.shape) > 1 ? [node] : [] };
    if (inlined.has(node)) return weight.get(node)!;
    return null;
  };
  for (const node of order) {
    if (!isMapLike(node) || outputs.has(node)) continue;
    let cost = costOf(node);
    let nodes = 1;
    const reads = new Set<Node>();
    let rests = true;
    for (const input of node.inputs) {
      const total = behind(input);
      if (total === null) rests = false;
      else {
        cost += total.cost;
        nodes += total.nodes;
        for (const read of total.reads) reads.add(read);
      }
    }
    if (!rests) continue;
    const tiny =
      elementCount(node.shape) === 1 &&
      node.inputs.every(
        (input) => elementCount(input.shape) === 1 && (isFree(input) || inlined.has(input) || isView(input)),
      );
    const once = readOnce(node, users);
    if (once === "by anchor") continue;
    // A comparison or conversion of one leaf is as cheap to repeat as to read, wherever it is used.
    const light = options.fusion && reads.size <= 1 && cost <= lightCostLimit;
    const cheap = light || cost <= inlineCostLimit;
    if (once === "same shape" && options.fusion && !cheap && !tiny) continue; // joins its user's region anyway
    if (once === "same shape" && !tiny && !light) continue;
    if (!cheap && !tiny && (once !== "through views" || nodes > inlineNodeLimit || !options.fusion)) continue;
    if (tiny && (cost > 64 || nodes > inlineNodeLimit)) continue;
    inlined.add(node);
    weight.set(node, { cost: tiny ? 0 : cost, nodes, reads: [...reads] });
  }
  return inlined;
}

/** How a node's value is used. */
function readOnce(
  node: Node,
  users: ReadonlyMap<Node, readonly Node[]>,
): "same shape" | "through views" | "many times" | "by anchor" {
  let repeated = false;
  let count = 0;
  let direct = false;
  const stack: { node: Node; moved: boolean }[] = [{ node, moved: false }];
  while (stack.length > 0) {
    const item = stack.pop()!;
    for (const user of users.get(item.node) ?? []) {
      if (user.op === "dot" || bodiesOf(user).length > 0) return "by anchor";
      if (isView(user)) {
        if (user.op === "expand" || user.op === "window" || user.op === "gather") repeated = true;
        if (users.get(user)!.length === 0) count++; // an output
        stack.push({ node: user, moved: true });
      } else {
        count++;
        if (!item.moved) direct = true;
      }
    }
  }
  if (direct) return "same shape";
  return repeated || count > 1 ? "many times" : "through views";
}

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
      const members = [...draft.members].sort((a, b) => a.id - b.id);
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
