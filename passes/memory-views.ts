/** Which views and leaves are written to memory although nothing computes them there. */
import { bodiesOf } from "../ir/body.ts";
import type { Node } from "../ir/graph.ts";
import { elementCount } from "../ir/shape.ts";
import { isFree, isView } from "../ir/traits.ts";
import { behindReshape, linearAccess } from "../ir/views.ts";

/** Up to so many buffers are brought together in one kernel. */
export const mostBuffers = 128;
/**
 * The most values and numbers that a kernel reads, whatever brought it together. A function of an engine has 1000
 * parameters, and what is stored needs some.
 */
export const mostReads = 2 * mostBuffers;
/** The most loads and operations behind what is read in one place of a kernel. */
const mostBehind = 1024;
/** The most gathers of gathers: each kernel that reads the last of a chain looks all of them up. */
const mostLookups = 32;

/** What the kernels inside loops and choices find in memory. A reshaped value has the same bytes as it had before. */
export function regionInputs(order: readonly Node[]): Set<Node> {
  const inputs = order.flatMap((node) => (bodiesOf(node).length > 0 ? node.inputs : []));
  return new Set(inputs.map(behindReshape));
}

/**
 * Views that are copied out first: the inputs of loops and choices, joins that interleave values (an element would read
 * all of them to take one), those that a dot cannot read through (its operands
 * need one linear index), and groups of a join with very many parts (a kernel has only so many buffers).
 */
export function chooseCopied(order: readonly Node[], handedOver: ReadonlySet<Node>): Set<Node> {
  const copied = new Set<Node>([...handedOver].filter(isView));
  for (const join of interleaving(order)) copied.add(join);
  for (const node of order) {
    if (node.op === "concat") {
      const groups = node.inputs.filter((part) => part.op === "concat");
      const parts = groups.reduce((count, group) => count + group.inputs.length, node.inputs.length);
      if (parts > mostBuffers) for (const group of groups) copied.add(group);
    }
    if (node.op === "window") {
      const padded = paddingBehind(node);
      if (padded !== null) copied.add(padded);
    }
    if (node.op !== "dot") continue;
    for (const operand of node.inputs) {
      const { base } = linearAccess(operand, copied);
      if (isView(base)) copied.add(base);
    }
  }
  return copied;
}

/** How often windows read an element of padded values that are written out. */
const leastOverlap = 2;

/** The padding that windows read over and over: deciding each time whether an element is in it takes longer than a copy. */
function paddingBehind(window: Node): Node | null {
  let node = window.inputs[0]!;
  while (isView(node) && node.op !== "pad" && node.op !== "concat" && node.op !== "gather") node = node.inputs[0]!;
  const isOverlapping = elementCount(window.shape) >= leastOverlap * elementCount(node.shape);
  return node.op === "pad" && isOverlapping ? node : null;
}

/** What reading a value takes: which values and numbers, how many loads and operations, how many lookups in turn. */
interface Behind {
  readonly reads: ReadonlySet<Node>;
  readonly size: number;
  readonly lookups: number;
}

const isTooMuch = ({ reads, size, lookups }: Behind): boolean =>
  reads.size > mostReads || size > mostBehind || lookups > mostLookups;

/**
 * Bounds what a node reads through views and through what is computed where it is used: where that is too much for one
 * kernel, the node's own inputs are stored. Changes both sets.
 * Cost: O(edges x the limits).
 */
export function limitReads(order: readonly Node[], inlined: Set<Node>, copied: Set<Node>): void {
  const known = new Map<Node, Behind>();
  const isPassedOn = (node: Node): boolean => (isView(node) && !copied.has(node)) || inlined.has(node);
  for (const node of order) {
    let behind = behindInputs(node, known);
    if (isTooMuch(behind)) {
      for (const input of node.inputs.filter(isPassedOn)) {
        if (isView(input)) copied.add(input);
        inlined.delete(input);
        known.set(input, stored(input));
      }
      behind = behindInputs(node, known);
    }
    known.set(node, isPassedOn(node) ? behind : stored(node));
  }
}

const nothing: Behind = { reads: new Set(), size: 0, lookups: 0 };
const stored = (node: Node): Behind =>
  isFree(node) && node.op !== "input" && node.op !== "scalar"
    ? nothing
    : { ...nothing, reads: new Set([node]), size: 1 };

function behindInputs(node: Node, known: ReadonlyMap<Node, Behind>): Behind {
  const parts = node.inputs.map((input) => known.get(input)!);
  const [first = nothing, ...others] = parts;
  if (others.length === 0) return first;
  const reads = new Set(first.reads);
  for (const part of others) for (const read of part.reads) reads.add(read);
  const lookups = parts.reduce((most, part) => Math.max(most, part.lookups), 0) + (node.op === "gather" ? 1 : 0);
  return { reads, size: parts.reduce((sum, part) => sum + part.size, 1), lookups };
}

/** Joins of at least so many values element by element are written out. */
const leastInterleaved = 3;

/** The outermost joins of single elements along the last axis, or of such joins. */
function interleaving(order: readonly Node[]): Set<Node> {
  const counts = new Map<Node, number>();
  const outermost = new Set<Node>();
  for (const node of order) {
    if (node.op !== "concat") continue;
    const inner = node.inputs.map(behindReshape).filter((part) => counts.has(part));
    const isLast = node.attrs.axis === node.shape.length - 1 && node.inputs.every((part) => part.shape.at(-1) === 1);
    if (!isLast && inner.length < node.inputs.length) continue;
    const count = isLast ? node.inputs.length : inner.reduce((sum, part) => sum + counts.get(part)!, 0);
    counts.set(node, count);
    for (const part of inner) outermost.delete(part);
    if (count >= leastInterleaved) outermost.add(node);
  }
  return outermost;
}
