/** `DataLoader`: batches of a dataset. */
import { ReadError, ValueError } from "../../../ir/errors.ts";
import { signature } from "../../arguments.ts";
import { withSite } from "../../call.ts";
import { default_generator, type Generator } from "../../random/index.ts";
import { drawSeed } from "../../../runtime/random/index.ts";
import { default_collate, default_convert, type Collated } from "./collate.ts";
import { IterableDataset, itemOf, lengthOf, TensorDataset, type AnyDataset, type MapStyle } from "./dataset.ts";
import { BatchSampler, RandomSampler, SequentialSampler } from "./sampler.ts";

type Collate = (batch: never) => unknown;
export interface DataLoaderOptions {
  /** Items a batch; null: items one by one. */
  readonly batch_size?: number | null;
  readonly shuffle?: boolean | null;
  readonly sampler?: Iterable<unknown> | null;
  readonly batch_sampler?: Iterable<readonly unknown[]> | null;
  /** Accepted: items are made on this thread. */
  readonly num_workers?: number;
  readonly pin_memory?: boolean;
  readonly drop_last?: boolean;
  readonly timeout?: number;
  readonly worker_init_fn?: ((worker: number) => void) | null;
  readonly multiprocessing_context?: unknown;
  readonly generator?: Generator | null;
  readonly prefetch_factor?: number | null;
  readonly persistent_workers?: boolean;
  readonly pin_memory_device?: string;
  readonly in_order?: boolean;
}

const loader = signature<
  [
    batch_size: number | null,
    shuffle: boolean | null,
    sampler: Iterable<unknown> | null,
    batch_sampler: Iterable<readonly unknown[]> | null,
    num_workers: number,
    collate_fn: Collate | null,
    pin_memory: boolean,
    drop_last: boolean,
    timeout: number,
    worker_init_fn: ((worker: number) => void) | null,
    multiprocessing_context: unknown,
    generator: Generator | null,
    prefetch_factor: number | null,
    persistent_workers: boolean,
    pin_memory_device: string,
    in_order: boolean,
  ]
>()(
  "batch_size?, shuffle?, sampler?, batch_sampler?, num_workers?, collate_fn?, pin_memory?, drop_last?, timeout?, worker_init_fn?, multiprocessing_context?, generator?, *, prefetch_factor?, persistent_workers?, pin_memory_device?, in_order?",
);

/**
 * Iterates over a dataset in batches, with `for await`, or with `for` where the dataset gives no promises.
 * https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader
 */
export class DataLoader<T, B = Collated<T>> implements Iterable<B>, AsyncIterable<B> {
  readonly dataset: AnyDataset<T>;
  readonly batch_size: number | null;
  readonly drop_last: boolean;
  readonly generator: Generator | null;
  readonly collate_fn: (batch: readonly T[]) => B;
  readonly sampler: Iterable<unknown> | null;
  readonly batch_sampler: Iterable<readonly unknown[]> | null;
  readonly num_workers: number;
  readonly pin_memory: boolean;
  readonly timeout: number;
  readonly worker_init_fn: ((worker: number) => void) | null;

  constructor(dataset: AnyDataset<T>, options: DataLoaderOptions & { readonly collate_fn: (batch: T[]) => B });
  constructor(dataset: AnyDataset<T>, options?: DataLoaderOptions);
  constructor(dataset: AnyDataset<T>, batch_size: number | null, options?: Omit<DataLoaderOptions, "batch_size">);
  constructor(
    dataset: AnyDataset<T>,
    batch_size: number | null,
    shuffle: boolean | null,
    options?: Omit<DataLoaderOptions, "batch_size" | "shuffle">,
  );
  constructor(dataset: AnyDataset<T>, ...args: unknown[]) {
    const bound = loader.bind("DataLoader", args);
    const { sampler = null, batch_sampler = null, drop_last = false, generator = null, collate_fn = null } = bound;
    const shuffle = bound.shuffle === true;
    let batch_size = bound.batch_size === undefined ? 1 : bound.batch_size;
    const refuse = (code: string, reason: string): never =>
      withSite(() => {
        throw new ValueError(`data-loader/${code}`, `DataLoader: ${reason}.`);
      });
    const iterable = dataset instanceof IterableDataset;
    if (iterable) {
      if (shuffle)
        refuse(
          "iterable",
          `DataLoader with IterableDataset: expected unspecified shuffle option, but got shuffle=${String(bound.shuffle)}`,
        );
      if (sampler !== null) refuse("iterable", "DataLoader with IterableDataset: expected unspecified sampler option");
      if (batch_sampler !== null)
        refuse("iterable", "DataLoader with IterableDataset: expected unspecified batch_sampler option");
    }
    if (sampler !== null && shuffle) refuse("sampler", "sampler option is mutually exclusive with shuffle");
    if (batch_sampler !== null) {
      if ((bound.batch_size !== undefined && bound.batch_size !== 1) || shuffle || sampler !== null || drop_last)
        refuse(
          "batch-sampler",
          "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last",
        );
      batch_size = null;
    } else if (batch_size === null && drop_last)
      refuse("drop-last", "batch_size=None option disables auto-batching and is mutually exclusive with drop_last");
    this.dataset = dataset;
    this.num_workers = bound.num_workers ?? 0;
    this.pin_memory = bound.pin_memory ?? false;
    this.timeout = bound.timeout ?? 0;
    this.worker_init_fn = bound.worker_init_fn ?? null;
    this.generator = generator;
    this.drop_last = drop_last;
    this.batch_size = batch_size;
    this.sampler = iterable
      ? null
      : (sampler ?? (shuffle ? new RandomSampler(dataset, { generator }) : new SequentialSampler(dataset)));
    this.batch_sampler =
      batch_sampler ??
      (batch_size !== null && this.sampler !== null ? new BatchSampler(this.sampler, batch_size, drop_last) : null);
    const batching = batch_size !== null || batch_sampler !== null;
    this.collate_fn = (collate_fn ?? (batching ? default_collate : default_convert)) as (batch: readonly T[]) => B;
  }

  /** Batches in one pass. */
  get length(): number {
    if (this.dataset instanceof IterableDataset) {
      const { length } = this.dataset as { readonly length?: number };
      if (length === undefined)
        throw new ValueError("data-loader/length", `object of type '${this.dataset.constructor.name}' has no length.`);
      if (this.batch_size === null) return length;
      return this.drop_last ? Math.floor(length / this.batch_size) : Math.ceil(length / this.batch_size);
    }
    return lengthOf((this.batch_sampler ?? this.sampler) as unknown as MapStyle<unknown>);
  }
  __len__(): number {
    return this.length;
  }

  [Symbol.iterator](): Iterator<B> {
    this.begin();
    return this.batches();
  }
  [Symbol.asyncIterator](): AsyncIterator<B> {
    this.begin();
    return this.batchesAsync();
  }
  /** A seed for workers is drawn when iteration begins, whether there are any or not: so the stream goes on as PyTorch's. */
  private begin(): void {
    drawSeed((this.generator ?? default_generator).cpu_);
  }

  private *batches(): Generator_<B> {
    for (const keys of this.requests()) {
      if (keys === null) yield* this.chunks(this.dataset as Iterable<T>);
      else
        yield this.finish(
          keys,
          this.fetch(keys).map((item) => settled(item)),
        );
    }
  }
  private async *batchesAsync(): AsyncGenerator<B, void, undefined> {
    for (const keys of this.requests()) {
      if (keys === null) yield* this.chunksAsync(this.dataset as AsyncIterable<T> | Iterable<T>);
      else yield this.finish(keys, await Promise.all(this.fetch(keys)));
    }
  }
  /** Keys of the items of each batch; null once for datasets that have no keys. */
  private *requests(): Generator_<readonly unknown[] | null> {
    if (this.dataset instanceof IterableDataset) yield null;
    else if (this.batch_sampler !== null) yield* this.batch_sampler;
    else for (const key of this.sampler!) yield [key];
  }
  private fetch(keys: readonly unknown[]): (T | Promise<T>)[] {
    if (this.copiesRows()) return [];
    return keys.map((key) => itemOf(this.dataset as MapStyle<T>, key as number));
  }
  /** Rows of tensors need not be taken one by one. */
  private copiesRows(): boolean {
    return (
      this.dataset instanceof TensorDataset &&
      this.batch_sampler !== null &&
      (this.collate_fn as unknown) === default_collate
    );
  }
  private finish(keys: readonly unknown[], items: readonly T[]): B {
    if (this.copiesRows()) return (this.dataset as unknown as TensorDataset).rows_(keys.map(Number)) as B;
    return this.collate(items);
  }
  private collate(items: readonly T[]): B {
    return this.batch_sampler !== null || this.batch_size !== null
      ? this.collate_fn(items)
      : this.collate_fn(items[0] as unknown as readonly T[]);
  }
  private *chunks(items: Iterable<T>): Generator_<B> {
    let chunk: T[] = [];
    for (const item of items) {
      chunk.push(item);
      if (chunk.length < (this.batch_size ?? 1)) continue;
      yield this.collate(chunk);
      chunk = [];
    }
    if (chunk.length > 0 && !this.drop_last) yield this.collate(chunk);
  }
  private async *chunksAsync(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<B, void, undefined> {
    let chunk: T[] = [];
    for await (const item of items) {
      chunk.push(item);
      if (chunk.length < (this.batch_size ?? 1)) continue;
      yield this.collate(chunk);
      chunk = [];
    }
    if (chunk.length > 0 && !this.drop_last) yield this.collate(chunk);
  }
}

/** JavaScript's generator object; `Generator` is torch's here. */
type Generator_<T> = globalThis.Generator<T, void, undefined>;

function settled<T>(item: T | Promise<T>): T {
  if (item instanceof Promise)
    throw new ReadError(
      "data-loader/promise",
      "DataLoader: the dataset gives promises, which `for` cannot wait for.",
      "Use `for await (const batch of loader)`.",
    );
  return item;
}
