/** Watching the compiler at work; see docs/debugging.md for the flags. */
import type { Node } from "../ir/graph.ts";

type PassObserver = (name: string, roots: readonly Node[]) => void;
const observers = new Set<PassObserver>();

/** Calls `observer` with the graph after every pass, until the returned function is called. */
export function onPass(observer: PassObserver): () => void {
  observers.add(observer);
  return () => observers.delete(observer);
}
export function observePass(name: string, roots: readonly Node[]): void {
  for (const observer of observers) observer(name, roots);
}
