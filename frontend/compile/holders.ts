/** Objects that hold what a function uses: modules, objects of any class, lists, Maps, Sets and typed arrays, by keys. */
import { dtype } from "../dtype.ts";
import { isModule } from "../nn/module-internals.ts";
import { Optimizer } from "../optim/optimizer.ts";
import { LRScheduler } from "../optim/lr_scheduler/base.ts";
import { Generator } from "../random/generator.ts";
import { Tensor } from "../tensor.ts";

/** How the contents of one kind of object are reached. */
export interface Kind<O extends object = object> {
  keys(owner: O): readonly unknown[];
  /** How many keys there are. */
  count(owner: O): number;
  get(owner: O, key: unknown): unknown;
  set(owner: O, key: unknown, value: unknown): void;
  remove(owner: O, key: unknown): void;
  /** How messages call the place. */
  name(label: string, key: unknown): string;
}

const inBrackets = (label: string, key: unknown): string => `${label}[${String(key)}]`;

const records: Kind = {
  keys: Object.keys,
  count: (owner) => Object.keys(owner).length,
  get: (owner, key) => (owner as Record<string, unknown>)[key as string],
  set: (owner, key, value) => void Reflect.set(owner, key as string, value),
  remove: (owner, key) => void Reflect.deleteProperty(owner, key as string),
  name: (label, key) => `${label}.${String(key)}`,
};
/** How long it is comes first: elements are looked for within it. */
const lists: Kind<unknown[]> = {
  keys: (list) => ["length", ...list.keys()],
  count: (list) => list.length + 1,
  get: (list, key) => list[key as number],
  set: (list, key, value) => void (list[key as number] = value),
  remove: () => {},
  name: (label, key) => (key === "length" ? `${label}.length` : inBrackets(label, key)),
};
const maps: Kind<Map<unknown, unknown>> = {
  keys: (map) => [...map.keys()],
  count: (map) => map.size,
  get: (map, key) => map.get(key),
  set: (map, key, value) => void map.set(key, value),
  remove: (map, key) => void map.delete(key),
  name: inBrackets,
};
const sets: Kind<Set<unknown>> = {
  keys: (set) => [...set],
  count: (set) => set.size,
  get: (set, key) => (set.has(key) ? true : undefined),
  set: (set, key) => void set.add(key),
  remove: (set, key) => void set.delete(key),
  name: inBrackets,
};
type Numbers = Record<number, number | bigint> & { readonly length: number };
const arrays: Kind<Numbers> = {
  keys: ({ length }) => Array.from({ length }, (_, i) => i),
  count: ({ length }) => length,
  get: (array, key) => array[key as number],
  set: (array, key, value) => void (array[key as number] = value as number),
  remove: () => {},
  name: inBrackets,
};

/** What watches over itself, or never changes. */
const ownClasses = [Tensor, Optimizer, LRScheduler, Generator, dtype];
export const isOwnClass = (value: object): boolean => ownClasses.some((own) => value instanceof own);

/** Null for what is no object with contents. */
export function kindOf(value: unknown): Kind | null {
  if (isModule(value)) return records;
  if (typeof value !== "object" || value === null) return null;
  if (Array.isArray(value)) return lists;
  if (value instanceof Map) return maps;
  if (value instanceof Set) return sets;
  if (ArrayBuffer.isView(value)) return value instanceof DataView ? null : arrays;
  return isOwnClass(value) ? null : records;
}

/** Whether single members can be watched as they are read. */
export const isRecord = (kind: Kind): boolean => kind === records;
