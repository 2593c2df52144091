/** What the objects consist of that a function returns, so that each call can have others like them. */
import { NamedResults } from "../named-results.ts";
import { isModule } from "../nn/module-internals.ts";
import { Tensor } from "../tensor.ts";
import { isOwnClass } from "./holders.ts";

export interface Contents {
  /** Lists, Maps, Sets and plain objects: each call has its own. */
  readonly isTree: boolean;
  readonly items: readonly unknown[];
  /** Another one, which `fill` puts items in; `items`: as far as they are there already. */
  make(items: readonly unknown[]): object;
  fill(object: object, items: readonly unknown[]): void;
}

/** What is in an object; null where nothing is, or nobody can see it. */
export function contentsOf(value: unknown): Contents | null {
  if (typeof value !== "object" || value === null || classOf(value) !== "open") return null;
  if (value instanceof NamedResults) return contentsOfNamed(value);
  const prototype = Object.getPrototypeOf(value) as object | null;
  const isExtensible = Object.isExtensible(value);
  const { elements, kind } = elementsOf(value);
  const properties = propertiesOf(value, elements.length);
  if (properties === null) return null;
  const { keys, attributes } = properties;
  // Assignment is faster, and finds no setter there.
  const isSimple = prototype === Object.prototype && attributes.every((own) => own === plain);
  return {
    isTree: prototype === kind.prototype || (kind === records && prototype === null),
    items: [...elements, ...properties.values],
    make: (items) => {
      const made = kind.make(items.length - keys.length);
      return prototype === kind.prototype ? made : (Object.setPrototypeOf(made, prototype) as object);
    },
    fill: (object, items) => {
      const first = items.length - keys.length;
      kind.fill(object, items, first);
      for (let i = 0; i < keys.length; i++)
        if (isSimple && keys[i] !== "__proto__") (object as Record<PropertyKey, unknown>)[keys[i]!] = items[first + i];
        else Object.defineProperty(object, keys[i]!, { ...attributes[i]!, value: items[first + i] });
      if (!isExtensible) Object.preventExtensions(object);
    },
  };
}

/** Why nobody can see what tensors are in a value; null where there are none, or they are seen. */
export function hidingIn(value: unknown): string | null {
  if (typeof value === "function") return isModule(value) ? null : "a function";
  if (typeof value !== "object" || value === null) return null;
  const kind = classOf(value);
  if (kind === "hidden") return `an object of class ${nameOf(value)}`;
  return kind === "open" && contentsOf(value) === null ? "an object with accessors" : null;
}

function nameOf(value: object): string {
  const tag = Object.prototype.toString.call(value).slice("[object ".length, -1);
  return tag === "Object" ? value.constructor.name : tag;
}

function contentsOfNamed(value: NamedResults): Contents {
  const frame = value.mapped(() => null);
  return { isTree: true, items: [...value], make: (items) => frame.mapped((_, i) => items[i]), fill: () => undefined };
}

/** Whether all that an object holds are properties, and nobody can hide anything in it. */
export const isRecordOfMembers = (value: object): boolean =>
  classOf(value) === "open" && !(value instanceof NamedResults) && elementsOf(value).kind === records;

/** What an object holds beside properties. */
interface Elements {
  readonly prototype: object;
  make(count: number): object;
  /** Puts the first `count` items in, and nothing else. */
  fill(object: object, items: readonly unknown[], count: number): void;
}
const records: Elements = { prototype: Object.prototype, make: () => ({}), fill: () => undefined };
const lists: Elements = {
  prototype: Array.prototype,
  make: (count) => new Array<unknown>(count),
  fill: (list, items, count) => {
    for (let i = 0; i < count; i++) (list as unknown[])[i] = items[i];
  },
};
const maps: Elements = {
  prototype: Map.prototype,
  make: () => new Map(),
  fill: (map, items, count) => {
    (map as Map<unknown, unknown>).clear();
    for (let i = 0; i < count; i += 2) (map as Map<unknown, unknown>).set(items[i], items[i + 1]);
  },
};
const sets: Elements = {
  prototype: Set.prototype,
  make: () => new Set(),
  fill: (set, items, count) => {
    (set as Set<unknown>).clear();
    for (let i = 0; i < count; i++) (set as Set<unknown>).add(items[i]);
  },
};

function elementsOf(value: object): { readonly elements: readonly unknown[]; readonly kind: Elements } {
  if (value instanceof Map) return { elements: [...(value as Map<unknown, unknown>)].flat(1), kind: maps };
  if (value instanceof Set) return { elements: [...(value as Set<unknown>)], kind: sets };
  if (!Array.isArray(value)) return { elements: [], kind: records };
  // Where there are holes or constants, elements are properties.
  const last = value.length - 1;
  const isDense = !Object.isSealed(value) && (last < 0 || Reflect.ownKeys(value)[last] === String(last));
  return { elements: isDense ? (value as unknown[]).slice() : [], kind: lists };
}

interface Attributes {
  readonly configurable: boolean;
  readonly enumerable: boolean;
  readonly writable: boolean;
}
const plain: Attributes = { configurable: true, enumerable: true, writable: true };

interface Properties {
  readonly keys: readonly PropertyKey[];
  readonly values: readonly unknown[];
  readonly attributes: readonly Attributes[];
}

/** Its own ones beside the elements; null where one is a function that is run when it is read. */
function propertiesOf(value: object, elementCount: number): Properties | null {
  const isList = Array.isArray(value);
  const all = isList ? Reflect.ownKeys(value).slice(elementCount) : Reflect.ownKeys(value);
  // Of a list with holes it is the last one to be set.
  const keys = isList && elementCount > 0 ? all.filter((key) => key !== "length") : all;
  const values: unknown[] = [];
  const attributes: Attributes[] = [];
  for (const key of keys) {
    const property = Object.getOwnPropertyDescriptor(value, key)!;
    if (property.get !== undefined ? !isNative(property.get) : property.set !== undefined) return null;
    values.push((value as Record<PropertyKey, unknown>)[key]);
    const { configurable = false, enumerable = false } = property;
    const writable = property.writable ?? true;
    attributes.push(configurable && enumerable && writable ? plain : { configurable, enumerable, writable });
  }
  return { keys, values, attributes };
}

const isNative = (fn: Function): boolean => /\{\s*\[native code\]\s*\}\s*$/.test(Function.prototype.toString.call(fn));

/** "open": all that is in it can be seen; "hidden": something may be in it that cannot; "closed": there are no tensors in it. */
type Openness = "open" | "hidden" | "closed";

const known = new WeakMap<object, Openness>();
const transparent: readonly unknown[] = [Object, Array, Map, Set, Error, RangeError, TypeError, AggregateError];
const opaque: readonly unknown[] = [Promise, WeakMap, WeakSet, WeakRef];
// What follows is only made when it is needed: engines take longer for it than for most of a module.
const iterators = (): object[] =>
  [[].values(), (async function* () {})()].map((iterator) => {
    const chain = prototypesOf(iterator);
    return chain[chain.length - 2]!;
  });
/** How private members are used, in the language or what it is compiled to: others like this object cannot have them. */
const privateUse = (): RegExp => /\.#[\p{ID_Start}$_]|__(?:classP|p)rivate|\bWeak(?:Map|Set)\b/u;

function classOf(value: object): Openness {
  if (value instanceof NamedResults) return "open";
  if (value instanceof Tensor || isOwnClass(value)) return "closed";
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null) return "open";
  let found = known.get(prototype);
  if (found === undefined) known.set(prototype, (found = judge(prototypesOf(value))));
  return found;
}

function prototypesOf(value: object): object[] {
  const chain: object[] = [];
  for (let next = Object.getPrototypeOf(value) as object | null; next !== null;)
    next = Object.getPrototypeOf(chain[chain.push(next) - 1]!) as object | null;
  return chain;
}

function judge(chain: readonly object[]): Openness {
  let isOpen = true;
  const hidden = iterators();
  for (const prototype of chain) {
    if (hidden.includes(prototype)) return "hidden";
    const made: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
    if (typeof made !== "function" || transparent.includes(made)) continue;
    if (opaque.includes(made)) return "hidden";
    if (isNative(made)) isOpen = false;
    else if (privateUse().test(Function.prototype.toString.call(made))) return "hidden";
  }
  return isOpen ? "open" : "closed";
}
