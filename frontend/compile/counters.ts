/**
 * Numbers of the host's that a compiled function changes, by steps of optimizers and schedules, and those that it reads.
 * What it reads is guarded; where it reads what it changes, each call has to be run.
 */
import { asOwnWork, isOwnWork } from "../host-effects.ts";
import { asWatcher, numbersIn, setReachHook, type Place } from "../host-numbers.ts";
import type { Guard } from "./guards.ts";

/** Whether a place is not among these yet, which it is from now on. */
const isNewIn = (places: Map<object, Set<string>>, [owner, key]: Place): boolean => {
  let keys = places.get(owner);
  if (keys === undefined) places.set(owner, (keys = new Set()));
  const isNew = !keys.has(key);
  keys.add(key);
  return isNew;
};

/** Lists are compared by what is in them. */
function numberAt([owner, key]: Place): unknown {
  const value = (owner as Record<string, unknown>)[key];
  return Array.isArray(value) ? value.join() : value;
}

/** Numbers, and what they were when they were saved. */
export class Counters {
  private readonly places: readonly Place[];
  private readonly saved: unknown[];

  constructor(places: readonly Place[]) {
    this.places = places;
    this.saved = new Array<unknown>(places.length);
    this.save();
  }
  save(): void {
    const { places, saved } = this;
    for (let i = 0; i < places.length; i++) saved[i] = (places[i]![0] as Record<string, unknown>)[places[i]![1]];
  }
  restore(): void {
    const { places, saved } = this;
    for (let i = 0; i < places.length; i++) (places[i]![0] as Record<string, unknown>)[places[i]![1]] = saved[i];
  }
}

/** Those that are used while one function is recorded. */
export class UsedNumbers {
  readonly changed: Place[] = [];
  /** A number that the function assigns by itself. */
  assigned: string | null = null;
  /** In the order in which they were changed: what they were before. */
  private readonly before: Counters[] = [];
  private readonly changedKeys = new Map<object, Set<string>>();
  private readonly read: { readonly place: Place; readonly guard: Guard }[] = [];
  private readonly readKeys = new Map<object, Set<string>>();
  private readonly watched = new Set<object>();
  private readonly restores: (() => void)[] = [];

  /** From now on it is noted who reads and assigns those of objects that the function gets hold of. */
  watch(): void {
    setReachHook((label, owner) => this.watchOwner(label, owner));
  }
  release(): void {
    setReachHook(null);
    for (const restore of this.restores) restore();
  }

  /** They are about to be changed. */
  changing(places: readonly Place[]): void {
    const fresh = places.filter((place) => isNewIn(this.changedKeys, place));
    this.before.push(asOwnWork(() => new Counters(fresh)));
    this.changed.push(...fresh);
  }
  undo(): void {
    for (const counters of this.before.reverse()) counters.restore();
  }

  get guards(): readonly Guard[] {
    return this.read.map(({ guard }) => guard);
  }
  /** One that is read and changed: how messages call it. */
  get readAndChanged(): string | null {
    const found = this.read.find(({ place: [owner, key] }) => this.changedKeys.get(owner)?.has(key));
    return found?.guard.name ?? null;
  }

  private watchOwner(label: string, owner: object): void {
    if (this.watched.has(owner)) return;
    this.watched.add(owner);
    for (const place of numbersIn(owner)) this.watchPlace(`${label}.${place[1]}`, place);
  }

  private watchPlace(name: string, place: Place): void {
    const [owner, key] = place;
    const property = Object.getOwnPropertyDescriptor(owner, key)!;
    if (property.configurable !== true || property.writable !== true) return;
    let value: unknown = property.value;
    Object.defineProperty(owner, key, {
      configurable: true,
      enumerable: property.enumerable === true,
      get: asWatcher(() => {
        if (!isOwnWork() && isNewIn(this.readKeys, place)) {
          const expected = Array.isArray(value) ? value.join() : value;
          this.read.push({ place, guard: { name, read: () => numberAt(place), expected } });
        }
        return value;
      }),
      set: (next: unknown) => {
        if (!isOwnWork()) this.assigned ??= name;
        value = next;
      },
    });
    this.restores.push(() => {
      if (Object.getOwnPropertyDescriptor(owner, key)?.get !== undefined)
        Object.defineProperty(owner, key, { ...property, value });
    });
  }
}
