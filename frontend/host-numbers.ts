/**
 * Numbers that lie outside the graph and change with steps: options and state of optimizers, and what schedules count.
 * A compiled function that reads one takes it for granted.
 */
import { isOwnWork } from "./host-effects.ts";

/** A number, or a list of numbers, of an object. */
export type Place = readonly [owner: object, key: string];

/** Reads a number while it is watched. */
type Watcher = () => unknown;
const watchers = new WeakSet<Watcher>();
export function asWatcher(read: Watcher): Watcher {
  watchers.add(read);
  return read;
}

const isPlain = (value: unknown): boolean => Object(value) !== value;
const isNumbers = (value: unknown): boolean => (Array.isArray(value) ? value.every(isPlain) : isPlain(value));

/** Those of one object. */
export const numbersIn = (owner: object, keys: readonly string[] = Object.keys(owner)): Place[] =>
  keys.flatMap((key): Place[] => {
    const property = Object.getOwnPropertyDescriptor(owner, key);
    if (property === undefined) return [];
    const isOne = property.get === undefined ? isNumbers(property.value) : watchers.has(property.get as Watcher);
    return isOne ? [[owner, key]] : [];
  });

/** Told of objects with numbers that somebody gets hold of, while a compiled function is recorded. */
let onReach: ((label: string, owner: object) => void) | null = null;
export function setReachHook(next: typeof onReach): void {
  onReach = next;
}
export const isReachWatched = (): boolean => onReach !== null && !isOwnWork();
export const noteReached = (label: string, owner: object): void => onReach?.(label, owner);
