/** Looking things up in lists that may be long, and mostly are not: few are looked through, which takes no memory. */
const few = { numbered: 16, given: 64 };

/** Distinct items, numbered as they come. */
export class Places<T> {
  readonly items: T[] = [];
  private known: Map<T, number> | null = null;

  /** The number of an item; -1 where it is none of them. */
  find(item: T): number {
    return this.known === null ? this.items.indexOf(item) : (this.known.get(item) ?? -1);
  }

  /** The number of an item, which becomes one of them if it is not yet. */
  of(item: T): number {
    const place = this.find(item);
    if (place >= 0) return place;
    const { items } = this;
    items.push(item);
    if (this.known !== null) this.known.set(item, items.length - 1);
    else if (items.length > few.numbered) this.known = new Map(items.map((known, i) => [known, i]));
    return items.length - 1;
  }
}

/** What tells whether something is in a list. */
export function membersOf<T>(list: readonly T[]): (item: T) => boolean {
  if (list.length <= few.given) return (item) => list.includes(item);
  const members = new Set(list);
  return (item) => members.has(item);
}
