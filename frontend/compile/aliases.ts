/**
 * Arguments that share memory with what the function closes over, or with each other.
 *
 * While a function is recorded each argument has a stand-in with a storage of its own. Before a storage is used, what
 * was written to the others that share its memory is carried over, so that the recording sees what the function would.
 * A recording in which that happened is for arguments that lie in this very memory; any other is for arguments that lie
 * outside of what it writes.
 */
import { withGradMode } from "../grad-mode.ts";
import type { Storage } from "../storage.ts";
import type { Tensor } from "../tensor.ts";
import type { Failure } from "./guards.ts";

interface Link {
  readonly given: Tensor;
  readonly stand: Tensor;
  /** Versions at which the two were last the same. */
  givenVersion: number;
  standVersion: number;
  /** Whether something was carried over. */
  used: boolean;
}

export class Aliases {
  private readonly links: Link[];
  /** What stand-ins were that have become something else: that is what stands for the arguments' memory. */
  private readonly formers: ReadonlyMap<Tensor, Tensor>;
  private busy = false;

  constructor(given: readonly Tensor[], stands: readonly Tensor[], formers: ReadonlyMap<Tensor, Tensor>) {
    this.formers = formers;
    this.links = given.map((tensor, i) => ({
      given: tensor,
      stand: stands[i]!,
      givenVersion: tensor.storage_.version,
      standVersion: stands[i]!.storage_.version,
      used: false,
    }));
  }

  /** A storage has another version with the same contents. */
  renumbered(storage: Storage, before: number): void {
    for (const link of this.links)
      if (link.given.storage_ === storage && link.givenVersion === before) link.givenVersion = storage.version;
  }

  /** A storage is about to be used. */
  using(storage: Storage): void {
    if (this.busy) return;
    const own = this.links.find(({ stand }) => stand.storage_ === storage);
    const memory = this.memoryOf(storage);
    const group = this.links.filter(({ given }) => given.storage_ === memory);
    if (group.length === 0) return;
    this.carry(() => {
      for (const link of group) if (link !== own) this.push(link, group);
      if (own !== undefined && own.givenVersion !== memory.version) this.pull(own);
    });
  }

  /** The function has returned: memory that it wrote holds what was written through arguments, too. */
  settle(): void {
    this.carry(() => {
      for (const link of this.links) {
        const group = this.links.filter(({ given }) => given.storage_ === link.given.storage_);
        if (link.givenVersion !== link.given.storage_.version || group.some(({ used }) => used)) this.push(link, group);
      }
    });
  }

  /** The call was a plain one: what was written through arguments is written in their memory. */
  giveBack(): void {
    this.carry(() => {
      for (const link of this.links) {
        const group = this.links.filter(({ given }) => given.storage_ === link.given.storage_);
        this.push(link, group);
      }
    });
  }

  private carry(body: () => void): void {
    this.busy = true;
    try {
      withGradMode(false, body);
    } finally {
      this.busy = false;
    }
  }

  /** Whether an argument's writes have been carried over already. */
  isCarried(place: number): boolean {
    return this.links[place]!.used;
  }

  /** The memory that a stand-in stands for; any other storage is its own. */
  memoryOf(storage: Storage): Storage {
    return this.links.find(({ stand }) => stand.storage_ === storage)?.given.storage_ ?? storage;
  }

  /** Whether an argument lies in this memory. */
  touch(storage: Storage): boolean {
    return this.links.some(({ given }) => given.storage_ === storage);
  }

  /** What was written to a stand-in goes to the memory behind it. */
  private push(link: Link, group: readonly Link[]): void {
    const stand = this.formers.get(link.stand) ?? link.stand;
    if (stand.storage_.version === link.standVersion) return;
    const memory = link.given.storage_;
    const before = memory.version;
    // With the history that it has: what lies around it in memory, or before it, may have another.
    withGradMode(!stand.is_leaf, () => link.given.write_(stand.node_(), "a compiled function"));
    link.standVersion = stand.storage_.version;
    if (link.givenVersion === before) link.givenVersion = memory.version;
    for (const other of group) other.used = true;
  }

  /** What was written to the memory behind a stand-in is seen through it. */
  private pull(link: Link): void {
    link.stand.storage_.accept(link.given.node_());
    link.standVersion = link.stand.storage_.version;
    link.givenVersion = link.given.storage_.version;
    link.used = true;
  }
}

/** Where an argument lies in memory that the function uses. */
export interface Place {
  readonly storage: Storage;
  readonly layout: string;
}

/** Where the arguments of a recording lie. */
export class MemoryGuard {
  /** What must lie outside of the arguments' memory, or in it as it was. */
  private readonly used: ReadonlySet<Storage>;
  private readonly places: readonly (Place | null)[];

  constructor(given: readonly Tensor[], used: ReadonlySet<Storage>) {
    this.used = used;
    this.places = given.map((tensor) => this.placeOf(tensor));
  }

  firstFailure(given: readonly Tensor[], nameOf: (place: number) => string): Failure | null {
    if (this.used.size === 0) return null;
    for (let i = 0; i < given.length; i++) {
      const before = this.places[i]!;
      if (before === null && !this.used.has(given[i]!.storage_)) continue;
      const now = this.placeOf(given[i]!);
      if (now?.storage === before?.storage && now?.layout === before?.layout) continue;
      return { guard: `${nameOf(i)}'s place in what the function writes`, before: shown(before), now: shown(now) };
    }
    return null;
  }

  private placeOf(tensor: Tensor): Place | null {
    const { storage_ } = tensor;
    if (!this.used.has(storage_)) return null;
    return { storage: storage_, layout: layoutOf(tensor) };
  }
}

function layoutOf(tensor: Tensor): string {
  const placed = tensor.placement_();
  // Without strides it is known by the object that it is.
  const lies = placed === null ? `view ${numberOf(tensor)}` : `strides ${placed.strides.join()} from ${placed.offset}`;
  return `${tensor.type_} in [${tensor.storage_.shape.join()}], ${lies}`;
}

const numbers = new WeakMap<Tensor, number>();
let nextNumber = 1;
function numberOf(tensor: Tensor): number {
  let number = numbers.get(tensor);
  if (number === undefined) numbers.set(tensor, (number = nextNumber++));
  return number;
}

const shown = (place: Place | null): string => (place === null ? "outside" : `inside, ${place.layout}`);
