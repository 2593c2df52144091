/** What was made and may be wanted again, up to a total weight: the oldest goes first. */
export class WeightedCache<Value> {
  private readonly entries = new Map<string, { readonly value: Value; readonly weight: number }>();
  private readonly capacity: number;
  private weight = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get(key: string): Value | undefined {
    return this.entries.get(key)?.value;
  }

  /** In place of what had the key. */
  set(key: string, value: Value, weight: number): void {
    this.weight += weight - (this.entries.get(key)?.weight ?? 0);
    this.entries.delete(key);
    this.entries.set(key, { value, weight });
    for (const [oldest, { weight: freed }] of this.entries) {
      if (this.weight <= this.capacity) break;
      this.entries.delete(oldest);
      this.weight -= freed;
    }
  }
}
