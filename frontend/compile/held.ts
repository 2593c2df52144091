/**
 * What objects hold that a function uses: of modules, of what their members hold, of `this` and of arguments.
 *
 * While the function is recorded, members of objects are properties that tell when they are read, so that only what
 * was read is looked at in later calls. Lists, Maps, Sets and typed arrays count as read when they are reached. When the
 * function has returned, what it has changed is compared with what was there: each call makes the same changes.
 */
import { guardModule } from "../nn/guards.ts";
import { isLookedAt, isModule } from "../nn/module-internals.ts";
import { Tensor } from "../tensor.ts";
import type { Failure } from "./guards.ts";
import { isRecord, kindOf, type Kind } from "./holders.ts";

/** Stands for a member that there is none of. */
export const absent = Symbol("absent");

/** Puts something in a place, or leaves none there. */
export function put(kind: Kind, owner: object, key: unknown, value: unknown): void {
  if (value === absent) kind.remove(owner, key);
  else kind.set(owner, key, value);
}

/** An object, and what it held when the recording began to use it. */
export interface Held {
  readonly label: string;
  readonly owner: object;
  readonly kind: Kind;
  readonly before: ReadonlyMap<unknown, unknown>;
  /** Members that were read; null for all. */
  readonly read: Set<unknown> | null;
  /** An argument's copy: what it holds is looked at with the arguments. */
  readonly isArgument: boolean;
}

/** A member that is another one than before. */
export interface Change {
  readonly held: Held;
  readonly key: unknown;
  readonly was: unknown;
  readonly is: unknown;
}

export class HeldObjects {
  private readonly all = new Map<object, Held>();
  private readonly restores: (() => void)[] = [];
  /** Made by the function itself: as new at each call. */
  private readonly made: WeakSet<object>;

  constructor(made: WeakSet<object>) {
    this.made = made;
  }

  has(value: unknown): boolean {
    return this.all.has(value as object);
  }
  get objects(): Iterable<Held> {
    return this.all.values();
  }

  /** An object is used; its members where they are read. */
  use(label: string, owner: object, isArgument = false): void {
    const kind = kindOf(owner);
    if (kind === null || this.all.has(owner) || this.made.has(owner)) return;
    const isWatched = isRecord(kind) && !isArgument;
    const keys = kind.keys(owner);
    const before = new Map(keys.map((key) => [key, kind.get(owner, key)]));
    const read = isWatched ? new Set<unknown>() : null;
    const held: Held = { label, owner, kind, before, read, isArgument };
    this.all.set(owner, held);
    for (const key of keys) if (!isWatched || !this.watch(held, key as string)) this.noteRead(held, key);
  }

  /** The function has returned, or thrown: properties are plain again. */
  release(): void {
    for (const restore of this.restores) restore();
  }

  /** What the function has changed. */
  changes(): Change[] {
    const found: Change[] = [];
    for (const held of this.all.values()) {
      const { owner, kind, before } = held;
      const keys = kind.keys(owner);
      for (const key of keys) {
        const [was, is] = [before.has(key) ? before.get(key) : absent, kind.get(owner, key)];
        if (!Object.is(was, is)) found.push({ held, key, was, is });
      }
      const left = new Set(keys);
      for (const [key, was] of before) if (!left.has(key)) found.push({ held, key, was, is: absent });
    }
    return found;
  }

  private noteRead(held: Held, key: unknown): void {
    held.read?.add(key);
    const value = held.before.get(key);
    if (isModule(value)) {
      // A module's own children are found with it.
      if (!held.isArgument && !isModule(held.owner)) guardModule(value);
    } else if (!held.isArgument && kindOf(value) !== null) this.use(held.kind.name(held.label, key), value as object);
  }

  /** False where reading cannot be noted, or need not be: tensors, functions and modules are always looked at. */
  private watch(held: Held, key: string): boolean {
    const { owner } = held;
    const property = Object.getOwnPropertyDescriptor(owner, key)!;
    if (property.configurable !== true || property.writable !== true) return false;
    let { value } = property as { value: unknown };
    if (value instanceof Tensor || typeof value === "function") return false;
    Object.defineProperty(owner, key, {
      configurable: true,
      enumerable: property.enumerable === true,
      get: () => {
        if (!isLookedAt() && !held.read!.has(key)) this.noteRead(held, key);
        return value;
      },
      set: (next: unknown) => {
        value = next;
      },
    });
    this.restores.push(() => {
      // The function may have deleted it, or defined it anew.
      if (Object.getOwnPropertyDescriptor(owner, key)?.get !== undefined)
        Object.defineProperty(owner, key, { ...property, value });
    });
    return true;
  }
}

/** What one object has to hold still. */
export class HeldGuard {
  private readonly held: Held;
  private readonly keys: unknown[] = [];
  private readonly expected: unknown[] = [];
  private count: number;

  constructor(held: Held) {
    this.held = held;
    this.count = held.before.size;
  }

  /** It has a member more, which nothing depends on. */
  allow(): void {
    this.count++;
  }

  expect(key: unknown, value: unknown): void {
    this.keys.push(key);
    this.expected.push(value);
  }

  firstFailure(): Failure | null {
    const { held, keys, expected, count } = this;
    const { kind, owner, label } = held;
    for (let i = 0; i < keys.length; i++) {
      const now = kind.get(owner, keys[i]);
      const before = expected[i];
      if (Object.is(now, before)) continue;
      if (before instanceof Like ? before.fits(now) : before === absent && now === undefined) continue;
      const was = before instanceof Like ? before.value : before === absent ? undefined : before;
      return { guard: kind.name(label, keys[i]), before: was, now };
    }
    const now = kind.count(owner);
    return now === count ? null : { guard: `${label}'s number of members`, before: count, now };
  }
}

/** In the place of a value that others may stand for. */
export class Like {
  readonly value: unknown;
  readonly fits: (other: unknown) => boolean;
  constructor(value: unknown, fits: (other: unknown) => boolean) {
    this.value = value;
    this.fits = fits;
  }
}

/** Whether two values are alike all the way down, and of numbers, words and the like alone. */
export function areAlike(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return !(a instanceof Tensor);
  const kind = kindOf(a);
  if (kind === null || isModule(a) || kind !== kindOf(b) || Object.getPrototypeOf(a) !== Object.getPrototypeOf(b))
    return false;
  const [one, other] = [a as object, b as object];
  const keys = kind.keys(one);
  return keys.length === kind.count(other) && keys.every((key) => areAlike(kind.get(one, key), kind.get(other, key)));
}
