/**
 * Version counters, which tell a backward pass that a value it needs has been overwritten since. Tensors that share
 * memory share one; `.data` starts another, so that writes through it go unseen.
 */
import type { Node } from "../ir/graph.ts";

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

/** A node was some tensor's value when the tensor's memory was at this version. */
interface Exposure {
  readonly counter: VersionCounter;
  readonly version: number;
  readonly next: Exposure | null;
}
const exposures = new WeakMap<Node, Exposure>();

export const isExposed = (node: Node): boolean => exposures.has(node);

/** `node` is what a tensor with this counter holds now. */
export function expose(node: Node, counter: VersionCounter): void {
  const known = exposures.get(node) ?? null;
  for (let item = known; item !== null; item = item.next) if (item.counter === counter) return;
  exposures.set(node, { counter, version: counter.version, next: known });
}

export function overwriteOf(node: Node): Overwrite | null {
  for (let item = exposures.get(node) ?? null; item !== null; item = item.next)
    if (item.counter.version !== item.version) return item.counter;
  return null;
}
