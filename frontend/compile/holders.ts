/** Objects that hold what a function uses: modules, objects of any class, lists, Maps and Sets by keys, and numbers in bytes. */
import { dtype } from "../dtype.ts";
import { isModule } from "../nn/module-internals.ts";
import { Optimizer } from "../optim/optimizer.ts";
import { LRScheduler } from "../optim/lr_scheduler/base.ts";
import { Generator } from "../random/generator.ts";
import { Tensor } from "../tensor.ts";
import { Bytes, bytesIn } from "./bytes.ts";

/** How the contents of one kind of object are reached. */
export interface Kind<O extends object = object> {
  keys(owner: O): readonly unknown[];
  /** Whether these are the keys, in this order. */
  hasKeys(owner: O, keys: readonly unknown[]): boolean;
  get(owner: O, key: unknown): unknown;
  /** Whether a value is still what `get` gave. */
  has(owner: O, key: unknown, value: unknown): boolean;
  set(owner: O, key: unknown, value: unknown): void;
  remove(owner: O, key: unknown): void;
  /** How messages call the place. */
  name(label: string, key: unknown): string;
}

const inBrackets = (label: string, key: unknown): string => `${label}[${String(key)}]`;

/** Those that are words come before symbols, which are told by what they hold alone. */
const records: Kind = {
  keys(owner) {
    const names = Object.keys(owner);
    const symbols = Object.getOwnPropertySymbols(owner).filter((key) =>
      Object.prototype.propertyIsEnumerable.call(owner, key),
    );
    return symbols.length === 0 ? names : [...names, ...symbols];
  },
  hasKeys(owner, keys) {
    const names = Object.keys(owner);
    for (let i = 0; i < names.length; i++) if (names[i] !== keys[i]) return false;
    return names.length === keys.length || typeof keys[names.length] === "symbol";
  },
  get: (owner, key) => (owner as Record<string, unknown>)[key as string],
  has: (owner, key, value) => Object.is((owner as Record<string, unknown>)[key as string], value),
  set: (owner, key, value) => void Reflect.set(owner, key as string, value),
  remove: (owner, key) => void Reflect.deleteProperty(owner, key as string),
  name: (label, key) => `${label}.${String(key)}`,
};
/** How long it is comes first: elements are looked for within it. */
const lists: Kind<unknown[]> = {
  keys: (list) => ["length", ...list.keys()],
  hasKeys: (list, keys) => list.length === keys.length - 1,
  get: (list, key) => list[key as number],
  has: (list, key, value) => Object.is(list[key as number], value),
  set: (list, key, value) => void (list[key as number] = value),
  remove: () => {},
  name: (label, key) => (key === "length" ? `${label}.length` : inBrackets(label, key)),
};
function areKeys(now: Iterable<unknown>, count: number, keys: readonly unknown[]): boolean {
  if (count !== keys.length) return false;
  let i = 0;
  for (const key of now) if (!Object.is(key, keys[i++])) return false;
  return true;
}
const maps: Kind<Map<unknown, unknown>> = {
  keys: (map) => [...map.keys()],
  hasKeys: (map, keys) => areKeys(map.keys(), map.size, keys),
  get: (map, key) => map.get(key),
  has: (map, key, value) => Object.is(map.get(key), value),
  set: (map, key, value) => void map.set(key, value),
  remove: (map, key) => void map.delete(key),
  name: inBrackets,
};
const sets: Kind<Set<unknown>> = {
  keys: (set) => [...set],
  hasKeys: (set, keys) => areKeys(set, set.size, keys),
  get: (set, key) => (set.has(key) ? true : undefined),
  has: (set, key, value) => set.has(key) === (value === true),
  set: (set, key) => void set.add(key),
  remove: (set, key) => void set.delete(key),
  name: inBrackets,
};
/** All elements are one member. */
const arrays: Kind<ArrayBuffer | ArrayBufferView> = {
  keys: () => ["elements"],
  hasKeys: () => true,
  get: (owner) => new Bytes(owner),
  has: (owner, _key, value) => value instanceof Bytes && value.areIn(owner),
  set: (owner, _key, value) => (value as Bytes).putInto(owner),
  remove: () => {},
  name: (label) => label,
};
const dates: Kind<Date> = {
  keys: () => ["time"],
  hasKeys: () => true,
  get: (date) => date.getTime(),
  has: (date, _key, value) => Object.is(date.getTime(), value),
  set: (date, _key, value) => void date.setTime(value as number),
  remove: () => {},
  name: (label) => label,
};

/** What watches over itself, or never changes. */
const ownClasses = [Tensor, Optimizer, LRScheduler, Generator, dtype, Bytes];
export const isOwnClass = (value: object): boolean => ownClasses.some((own) => value instanceof own);

/** Null for what is no object with contents. */
export function kindOf(value: unknown): Kind | null {
  if (isModule(value)) return records;
  if (typeof value !== "object" || value === null) return null;
  if (Array.isArray(value)) return lists;
  if (value instanceof Map) return maps;
  if (value instanceof Set) return sets;
  if (bytesIn(value) !== null) return arrays;
  if (value instanceof Date) return dates;
  return isOwnClass(value) ? null : records;
}

/** Whether single members can be watched as they are read. */
export const isRecord = (kind: Kind): boolean => kind === records;
