/** Datasets: what has items by number, or gives them one after another. https://docs.pytorch.org/docs/stable/data.html */
import { IndexError, NotImplementedError, ValueError } from "../../../ir/errors.ts";
import { formatShape, elementCount } from "../../../ir/shape.ts";
import { callOperator, withSite } from "../../call.ts";
import { fromHost } from "../../creation.ts";
import { hostContentsOf } from "../../host-contents.ts";
import { Tensor } from "../../tensor.ts";
import { typedArray } from "../../../runtime/typed-array.ts";

/** Items by number. Subclass it with `get` and `length` (or, as in Python, `__getitem__` and `__len__`). */
export abstract class Dataset<T = unknown> {
  /** The item at a place. May be a promise: then the loader is iterated with `for await`. */
  get(index: number): T | Promise<T> {
    return this.__getitem__(index);
  }
  __getitem__(_index: number): T | Promise<T> {
    throw new NotImplementedError(
      "dataset/get",
      `${this.constructor.name}: subclasses of Dataset should implement get.`,
    );
  }
  get length(): number {
    return this.__len__();
  }
  __len__(): number {
    throw new NotImplementedError(
      "dataset/length",
      `${this.constructor.name}: subclasses of Dataset should implement length.`,
    );
  }
}

/** Items one after another. Subclass it with `[Symbol.iterator]` or `[Symbol.asyncIterator]`. */
export abstract class IterableDataset<T = unknown> {
  [Symbol.iterator](): Iterator<T> {
    throw new NotImplementedError(
      "dataset/iterate",
      `${this.constructor.name}: subclasses of IterableDataset should implement [Symbol.iterator] or [Symbol.asyncIterator].`,
    );
  }
  declare [Symbol.asyncIterator]?: () => AsyncIterator<T>;
}

/** A Dataset, an array, or anything with items and a length. */
export type MapStyle<T> =
  | Dataset<T>
  | readonly T[]
  | { get(index: number): T | Promise<T>; readonly length: number }
  | { __getitem__(index: number): T | Promise<T>; __len__(): number };
export type AnyDataset<T> = MapStyle<T> | IterableDataset<T>;

interface Indexable {
  readonly get?: (index: number) => unknown;
  readonly __getitem__?: (index: number) => unknown;
  readonly __len__?: () => number;
  readonly length?: number;
}
const base = Dataset.prototype as Indexable;

/** The item of a dataset, whichever way it gives it. */
export function itemOf<T>(dataset: MapStyle<T>, index: number): T | Promise<T> {
  if (Array.isArray(dataset)) return (dataset as readonly T[])[index]!;
  const source = dataset as Indexable;
  const own = source.get !== undefined && source.get !== base.get ? source.get : (source.__getitem__ ?? source.get);
  return own!.call(source, index) as T | Promise<T>;
}
/** A dataset's length, whichever way it gives it. */
export function lengthOf(dataset: MapStyle<unknown>): number {
  const { __len__ } = dataset as Indexable;
  return __len__ !== undefined && __len__ !== base.__len__ ? __len__.call(dataset) : (dataset as Indexable).length!;
}

/** Rows of tensors: item i is [a[i], b[i], ...]. */
export class TensorDataset<T extends readonly Tensor[] = readonly Tensor[]> extends Dataset<{
  [K in keyof T]: Tensor;
}> {
  readonly tensors: T;
  constructor(...tensors: T) {
    super();
    withSite(() => {
      if (tensors.some((tensor) => tensor.shape[0] !== tensors[0]!.shape[0]))
        throw new ValueError(
          "tensor-dataset/size",
          `TensorDataset: Size mismatch between tensors: ${tensors.map((tensor) => formatShape(tensor.shape)).join(", ")}.`,
        );
    });
    this.tensors = tensors;
  }
  /** One row of each tensor; a slice gives several. */
  override __getitem__(index: number): { [K in keyof T]: Tensor } {
    return this.tensors.map((tensor) =>
      typeof index === "number" || typeof index === "bigint"
        ? (callOperator("select", [tensor, 0, Number(index)]) as Tensor)
        : tensor.at(index),
    ) as { [K in keyof T]: Tensor };
  }
  override __len__(): number {
    return this.tensors[0]?.shape[0] ?? 0;
  }
  /** @internal Several rows at once: what collating them one by one gives. */
  rows_(indices: readonly number[]): Tensor[] {
    return this.tensors.map((tensor) => rowsOf(tensor, indices));
  }
}

/** Rows of a tensor: copied on the host where its contents are there, else gathered on its device. */
function rowsOf(tensor: Tensor, indices: readonly number[]): Tensor {
  const { device } = tensor.storage_;
  const contents = hostContentsOf(tensor);
  if (contents === null)
    return callOperator("index_select", [tensor, 0, fromHost(indices, [indices.length], "int64", device)]) as Tensor;
  const rest = tensor.shape.slice(1);
  const width = elementCount(rest);
  const rows = typedArray(tensor.dtype.name, indices.length * width);
  indices.forEach((index, i) =>
    (rows as Float32Array).set((contents as Float32Array).subarray(index * width, (index + 1) * width), i * width),
  );
  return Tensor.ofArray(rows, [indices.length, ...rest], tensor.dtype.name, device);
}

/** Several datasets whose items belong together, as an array or by name. */
export class StackDataset<T = unknown> extends Dataset<T[] | Record<string, T>> {
  readonly datasets: readonly MapStyle<T>[] | Readonly<Record<string, MapStyle<T>>>;
  constructor(...datasets: MapStyle<T>[] | [Readonly<Record<string, MapStyle<T>>>]) {
    super();
    const named = datasets.length === 1 && Object.getPrototypeOf(datasets[0]) === Object.prototype;
    this.datasets = named ? (datasets[0] as Readonly<Record<string, MapStyle<T>>>) : (datasets as MapStyle<T>[]);
    const lengths = Object.values(this.datasets).map(lengthOf);
    if (lengths.some((length) => length !== lengths[0]))
      throw new ValueError("stack-dataset/size", "StackDataset: Size mismatch between datasets.");
  }
  override __getitem__(index: number): T[] | Record<string, T> {
    if (Array.isArray(this.datasets))
      return (this.datasets as MapStyle<T>[]).map((dataset) => itemOf(dataset, index) as T);
    return Object.fromEntries(
      Object.entries(this.datasets).map(([name, dataset]) => [name, itemOf(dataset, index) as T]),
    );
  }
  override __len__(): number {
    return lengthOf(Object.values(this.datasets)[0] as MapStyle<T>);
  }
}

/** Datasets one after another. */
export class ConcatDataset<T = unknown> extends Dataset<T> {
  readonly datasets: readonly MapStyle<T>[];
  /** Where each dataset ends. */
  readonly cumulative_sizes: readonly number[];
  constructor(datasets: Iterable<MapStyle<T>>) {
    super();
    this.datasets = [...datasets];
    if (this.datasets.length === 0)
      throw new ValueError("concat-dataset/none", "ConcatDataset: datasets should not be an empty iterable.");
    let end = 0;
    this.cumulative_sizes = this.datasets.map((dataset) => (end += lengthOf(dataset)));
  }
  override __getitem__(index: number): T | Promise<T> {
    const length = this.__len__();
    if (-index > length || index >= length)
      throw new IndexError(
        "concat-dataset/index",
        `ConcatDataset: absolute value of index should not exceed dataset length: ${index}, length ${length}.`,
      );
    const at = Number(index) < 0 ? Number(index) + length : Number(index);
    const which = this.cumulative_sizes.findIndex((end) => at < end);
    return itemOf(this.datasets[which]!, at - (this.cumulative_sizes[which - 1] ?? 0));
  }
  override __len__(): number {
    return this.cumulative_sizes.at(-1)!;
  }
}

/** Some of a dataset's items. */
export class Subset<T = unknown> extends Dataset<T> {
  readonly dataset: MapStyle<T>;
  readonly indices: readonly number[];
  constructor(dataset: MapStyle<T>, indices: Iterable<number>) {
    super();
    this.dataset = dataset;
    this.indices = [...indices];
  }
  override __getitem__(index: number): T | Promise<T> {
    const place = this.indices.at(Number(index));
    if (place === undefined)
      throw new IndexError("subset/index", `Subset: list index out of range: ${index} of ${this.indices.length}.`);
    return itemOf(this.dataset, place);
  }
  override __len__(): number {
    return this.indices.length;
  }
}

/** Iterable datasets one after another. */
export class ChainDataset<T = unknown> extends IterableDataset<T> {
  readonly datasets: readonly Iterable<T>[];
  constructor(datasets: Iterable<Iterable<T>>) {
    super();
    this.datasets = [...datasets];
  }
  override *[Symbol.iterator](): Iterator<T> {
    for (const dataset of this.datasets) yield* dataset;
  }
}
