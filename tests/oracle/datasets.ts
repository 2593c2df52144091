/** User-written datasets for the data cases. The only place that knows which members the library asks of a dataset. */
import type { Adapter } from "./adapter.ts";

/** An element: a Python int is a bigint, a Python float a number. */
export type Item = unknown;

/** A map-style dataset over a list. */
export function listDataset(adapter: Adapter, items: readonly Item[]): object {
  const Dataset = adapter.lookup("torch.utils.data.Dataset") as new () => object;
  class Listed extends Dataset {
    get length(): number {
      return items.length;
    }
    __len__(): number {
      return items.length;
    }
    get(index: number | bigint): Item {
      return items.at(Number(index));
    }
    __getitem__(index: number | bigint): Item {
      return items.at(Number(index));
    }
  }
  return new Listed();
}

/** An iterable-style dataset of 0 .. n - 1. */
export function iterableNumbers(adapter: Adapter, n: number): object {
  const IterableDataset = adapter.lookup("torch.utils.data.IterableDataset") as new () => object;
  class Counting extends IterableDataset {
    *[Symbol.iterator](): Generator<bigint> {
      for (let i = 0; i < n; i++) yield BigInt(i);
    }
    __iter__(): Generator<bigint> {
      return this[Symbol.iterator]();
    }
  }
  return new Counting();
}
