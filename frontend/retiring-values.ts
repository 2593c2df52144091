/** Values that their storages have given up: kept for two flushes that write, and then given back. */
import type { Node } from "../ir/graph.ts";
import { canonicalOrder } from "../ir/walks.ts";
import { valueOf, type Value } from "./value.ts";

/** How many flushes a superseded value outlives: a pending tensor that needs it can be read that long. */
export const retention = 2;
/**
 * How many bytes are kept for tensors that may need them. Beyond, who needs a value keeps it: a program that never
 * flushes lets no time pass. (Weak from the start they would be worse: what a weak reference is made of stays until the
 * running job ends.)
 */
const keptBytes = 16e6;
const reason = "this tensor was not read in time: the values it is computed from have been overwritten since";

/** It may have been handed on as another node's meanwhile. */
const isGivenUp = ({ holders, isShared, available }: Value): boolean => holders === 0 && !isShared && available;

export class RetiringValues {
  private list: { readonly value: Value | WeakRef<Value>; readonly at: number }[] = [];
  private bytes = 0;
  private time = 0;

  add(value: Value): void {
    this.list.push({ value, at: this.time });
    this.bytes += value.bytes;
    if (this.bytes > keptBytes) this.loosen();
  }

  /** What the next flush gives back; null where that is nothing. */
  due(): ReadonlySet<Value> | null {
    let values: Set<Value> | null = null;
    for (const item of this.list) {
      const value = this.time + 1 - item.at > retention ? valueIn(item.value) : undefined;
      if (value !== undefined && isGivenUp(value)) (values ??= new Set()).add(value);
    }
    return values;
  }

  /** One more flush: what was superseded long enough ago is given back. */
  advance(): void {
    this.time++;
    const { list } = this;
    this.list = [];
    this.bytes = 0;
    for (const item of list) {
      const value = valueIn(item.value);
      if (value === undefined || !isGivenUp(value)) continue;
      if (this.time - item.at > retention) value.retire(reason);
      else {
        this.list.push(item);
        if (item.value === value) this.bytes += value.bytes;
      }
    }
  }

  private loosen(): void {
    this.list = this.list.flatMap(({ value, at }) =>
      value instanceof WeakRef
        ? value.deref() === undefined
          ? []
          : [{ value, at }]
        : [{ value: new WeakRef(value), at }],
    );
    this.bytes = 0;
  }
}

const valueIn = (held: Value | WeakRef<Value>): Value | undefined => (held instanceof WeakRef ? held.deref() : held);

/** Takes out what is computed from values that have been given up. */
export function leaveLost(wanted: Map<Node, unknown>): void {
  const isLeaf = (node: Node): boolean => valueOf(node) !== null;
  for (const node of wanted.keys())
    if (canonicalOrder([node], isLeaf).some((used) => valueOf(used)?.available === false)) wanted.delete(node);
}
