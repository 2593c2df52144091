/**
 * What objects hold that a function uses: of modules, of what their members hold, of `this` and of arguments.
 *
 * While the function is recorded, members of objects are properties that tell when they are read, so that only what
 * was read is looked at in later calls. Lists, Maps, Sets and typed arrays count as read when they are reached. When the
 * function has returned, what it has changed is compared with what was there: each call makes the same changes.
 */
import { guardModule } from "../nn/guards.ts";
import { isLookedAt, isModule, isState } from "../nn/module-internals.ts";
import { Tensor } from "../tensor.ts";
import type { Failure } from "./guards.ts";
import { Bytes } from "./bytes.ts";
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
  /** Objects that have been reached, while another is looked into. */
  private readonly reached: Pick<Held, "label" | "owner" | "isArgument">[] = [];
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
    const { reached } = this;
    // One after the other: they may lie in each other as deep as they like.
    if (reached.push({ label, owner, isArgument }) > 1) return;
    for (let i = 0; i < reached.length; i++) this.lookInto(reached[i]!);
    reached.length = 0;
  }
  private lookInto({ label, owner, isArgument }: Pick<Held, "label" | "owner" | "isArgument">): void {
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
        const was = before.has(key) ? before.get(key) : absent;
        if (!kind.has(owner, key, was)) found.push({ held, key, was, is: kind.get(owner, key) });
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

  /**
   * False where reading cannot be noted, or need not be: functions, modules, and their parameters and buffers are always
   * looked at.
   */
  private watch(held: Held, key: string): boolean {
    const { owner } = held;
    const property = Object.getOwnPropertyDescriptor(owner, key)!;
    if (property.configurable !== true || property.writable !== true) return false;
    let { value } = property as { value: unknown };
    if (typeof value === "function" || (value instanceof Tensor && isModule(owner) && isState(owner, key, value)))
      return false;
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
  private readonly members: readonly unknown[];

  constructor(held: Held) {
    this.held = held;
    this.members = [...held.before.keys()];
  }

  expect(key: unknown, value: unknown): void {
    this.keys.push(key);
    this.expected.push(value);
  }

  firstFailure(): Failure | null {
    const { held, keys, expected, members } = this;
    const { kind, owner, label } = held;
    for (let i = 0; i < keys.length; i++) {
      const before = expected[i];
      if (kind.has(owner, keys[i], before)) continue;
      const now = kind.get(owner, keys[i]);
      if (before instanceof Bytes) return before.failure(label, owner as ArrayBuffer);
      if (before instanceof Like ? before.fits(now) : before === absent && now === undefined) continue;
      const was = before instanceof Like ? before.value : before === absent ? undefined : before;
      return { guard: kind.name(label, keys[i]), before: was, now };
    }
    if (kind.hasKeys(owner, members)) return null;
    const now = kind.keys(owner);
    if (now.length !== members.length)
      return { guard: `${label}'s number of members`, before: members.length, now: now.length };
    const place = now.findIndex((key, i) => !Object.is(key, members[i]));
    return { guard: `${label}'s members`, before: members[place], now: now[place] };
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
  const pairs: (readonly [unknown, unknown])[] = [[a, b]];
  const seen = new Map<unknown, unknown>();
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const [one, other] = pair;
    if (one instanceof Tensor) return false;
    if (Object.is(one, other) || (seen.has(one) && seen.get(one) === other)) continue;
    const kind = kindOf(one);
    if (kind === null || isModule(one) || kind !== kindOf(other)) return false;
    if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
    seen.set(one, other);
    const [left, right] = [one as object, other as object];
    const keys = kind.keys(left);
    if (!kind.hasKeys(right, keys)) return false;
    for (const key of keys) {
      const value = kind.get(left, key);
      if (value instanceof Tensor) return false;
      if (!kind.has(right, key, value)) pairs.push([value, kind.get(right, key)]);
    }
  }
  return true;
}
