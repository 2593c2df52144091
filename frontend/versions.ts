/**
 * Version counters, which tell a backward pass that a value it needs has been overwritten since. Tensors that share
 * memory share one; `.data` starts another, so that writes through it go unseen.
 */
import { isComplex } from "../ir/dtype.ts";
import { leafNode, type Node } from "../ir/graph.ts";
import { NodeFlag, NodeNote } from "../ir/node-notes.ts";
import { withGradMode } from "./grad-mode.ts";
import { tracing } from "./host-effects.ts";
import { graph } from "./state.ts";
import { behindMarkers, valueOf } from "./value.ts";

export interface VersionCounter {
  /** How often the memory was written through the tensors that share this. */
  version: number;
  /** What wrote it last. */
  operator: string;
}

export const newCounter = (): VersionCounter => ({ version: 0, operator: "" });

/** Where a value was overwritten: for the error of a backward pass that needs the old one. */
export interface Overwrite {
  readonly version: number;
  readonly operator: string;
}

/** A node is what a tensor with this counter holds. */
export interface Exposure {
  readonly node: Node;
  readonly counter: VersionCounter;
}

const overwritten = new NodeNote<Overwrite>();
/** Nodes whose memory was written through another counter: overwritten for autograd when theirs moves on. */
const unseen = new NodeNote<Exposure & { readonly version: number }>();

let overwriting: ((node: Node) => void) | null = null;
/** Calls `watch` with every node whose memory is about to be written, until the returned function is called. */
export function beforeOverwrite(watch: (node: Node) => void): () => void {
  overwriting = watch;
  return () => {
    overwriting = null;
  };
}

/** The memory that these nodes stood for has been written through tensors with `counter`. */
export function noteWrite(exposed: readonly Exposure[], counter: VersionCounter, operator: string): void {
  if (overwriting !== null) for (const item of exposed) overwriting(item.node);
  for (const item of exposed)
    if (item.counter !== counter && !unseen.has(item.node))
      unseen.set(item.node, { ...item, version: item.counter.version });
  counter.version++;
  counter.operator = operator;
  const write = { version: counter.version, operator };
  for (const item of exposed) if (item.counter === counter) overwritten.set(item.node, write);
}

export function overwriteOf(node: Node): Overwrite | null {
  const known = overwritten.get(node);
  if (known !== undefined) return known;
  const later = unseen.get(node);
  return later !== undefined && later.counter.version !== later.version ? later.counter : null;
}

const owned = new NodeFlag();
const copied = new NodeFlag();
/** Whether other tensors' nodes are copies of this one that wait for its value. */
export const isCopied = (node: Node): boolean => copied.has(node);

/**
 * A node for new contents: two tensors may be computed by one, but what is saved for backward is checked for each by
 * itself.
 */
export function ownNode(contents: Node): Node {
  // What has a history keeps it, also where none is recorded.
  if (contents.requiresGrad && !graph.gradEnabled) return withGradMode(true, () => ownNode(contents));
  if (isComplex(contents.dtype)) return ownComplex(contents);
  const node = contents.op === "leaf" || owned.has(contents) ? toldApart(contents) : contents;
  owned.set(node);
  return node;
}

/** The same value as another node. What is known stays known: a copy that waits might wait until the value is gone. */
function toldApart(contents: Node): Node {
  const source = behindMarkers(contents);
  const value = valueOf(source);
  if (value === null) copied.set(source);
  if (value === null || tracing.active) return graph.distinct(contents);
  // It was pending when the storage that has it was asked: that one is not among its holders.
  if (value.holders === 0) value.isShared = true;
  if (!contents.requiresGrad) return leafNode("input", contents.dtype, contents.shape, value);
  const node = graph.distinct(contents);
  node.binding = value;
  return node;
}

/** A tensor holds or shows this node: what is written from it, into itself too, or a tensor of the same gets another. */
export const claimNode = (node: Node): void => owned.set(node);

/** Complex numbers come from memory of their parts: that is what has a value. */
function ownComplex(contents: Node): Node {
  const isOwn = contents.op === "as_complex" && !owned.has(contents);
  const node = isOwn ? contents : graph.asComplex(toldApart(graph.asReal(contents)));
  owned.set(node);
  return node;
}
