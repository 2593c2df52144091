/** Samplers: in which order a dataset's items are taken. Random ones draw as PyTorch's do. */
import { ValueError } from "../../../ir/errors.ts";
import { signature, type CallOf } from "../../arguments.ts";
import { default_generator, type Generator } from "../../random/index.ts";
import {
  CpuGenerator,
  randomSamplerIndices,
  randperm,
  splitIndices,
  subsetRandomIndices,
  weightedRandomIndices,
} from "../../../runtime/random/index.ts";
import { hostContentsOf } from "../../host-contents.ts";
import { Tensor } from "../../tensor.ts";
import { lengthOf, Subset, type MapStyle } from "./dataset.ts";

type Source = Generator | null;
const streamOf = (generator: Source | undefined): CpuGenerator => (generator ?? default_generator).cpu_;

/** Gives keys of items. Subclass it with `[Symbol.iterator]`, and `length` where it is known. */
export abstract class Sampler<T = number> implements Iterable<T> {
  abstract [Symbol.iterator](): Iterator<T>;
  get length(): number {
    throw new ValueError("sampler/length", `object of type '${this.constructor.name}' has no length.`);
  }
  __len__(): number {
    return this.length;
  }
}

/** 0, 1, 2, ... https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.SequentialSampler */
export class SequentialSampler extends Sampler {
  readonly data_source: MapStyle<unknown>;
  constructor(data_source: MapStyle<unknown>) {
    super();
    this.data_source = data_source;
  }
  override *[Symbol.iterator](): Iterator<number> {
    for (let i = 0; i < this.length; i++) yield i;
  }
  override get length(): number {
    return lengthOf(this.data_source);
  }
}

const random = signature<
  [data_source: MapStyle<unknown>, replacement: boolean, num_samples: number | null, generator: Source]
>()("data_source, replacement?, num_samples?, generator?");
/** A random order; with replacement, random draws. https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.RandomSampler */
export class RandomSampler extends Sampler {
  readonly data_source: MapStyle<unknown>;
  readonly replacement: boolean;
  readonly generator: Source;
  private readonly count: number | null;
  constructor(...args: CallOf<typeof random>) {
    super();
    const { data_source, replacement = false, num_samples, generator } = random.bind("RandomSampler", args);
    this.data_source = data_source;
    this.replacement = replacement;
    this.generator = generator ?? null;
    this.count = num_samples ?? null;
    if (!(this.length > 0 && Number.isInteger(this.length)))
      throw new ValueError(
        "random-sampler/samples",
        `RandomSampler: num_samples should be a positive integer value, but got num_samples=${this.length}.`,
      );
  }
  get num_samples(): number {
    return this.count ?? lengthOf(this.data_source);
  }
  override [Symbol.iterator](): Iterator<number> {
    const options = { replacement: this.replacement, num_samples: this.num_samples, generator: this.generator?.cpu_ };
    return randomSamplerIndices(lengthOf(this.data_source), default_generator.cpu_, options);
  }
  override get length(): number {
    return this.num_samples;
  }
}

const subset = signature<[indices: Iterable<number>, generator: Source]>()("indices, generator?");
/** Given indices in a random order. https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.SubsetRandomSampler */
export class SubsetRandomSampler extends Sampler {
  readonly indices: readonly number[];
  readonly generator: Source;
  constructor(...args: CallOf<typeof subset>) {
    super();
    const { indices, generator } = subset.bind("SubsetRandomSampler", args);
    this.indices = [...indices];
    this.generator = generator ?? null;
  }
  override *[Symbol.iterator](): Iterator<number> {
    yield* subsetRandomIndices(this.indices, streamOf(this.generator));
  }
  override get length(): number {
    return this.indices.length;
  }
}

const weighted = signature<
  [weights: Iterable<number> | Tensor, num_samples: number, replacement: boolean, generator: Source]
>()("weights, num_samples, replacement?, generator?");
/** Indices drawn with given weights. https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.WeightedRandomSampler */
export class WeightedRandomSampler extends Sampler {
  readonly weights: readonly number[];
  readonly num_samples: number;
  readonly replacement: boolean;
  readonly generator: Source;
  constructor(...args: CallOf<typeof weighted>) {
    super();
    const { weights, num_samples, replacement = true, generator } = weighted.bind("WeightedRandomSampler", args);
    if (!(num_samples > 0 && Number.isInteger(num_samples)))
      throw new ValueError(
        "weighted-sampler/samples",
        `WeightedRandomSampler: num_samples should be a positive integer value, but got num_samples=${num_samples}.`,
      );
    this.weights =
      weights instanceof Tensor
        ? Array.from((hostContentsOf(weights) ?? weights.readSync_()) as ArrayLike<number>)
        : [...weights];
    this.num_samples = num_samples;
    this.replacement = replacement;
    this.generator = generator ?? null;
  }
  override *[Symbol.iterator](): Iterator<number> {
    yield* weightedRandomIndices(this.weights, this.num_samples, this.replacement, streamOf(this.generator));
  }
  override get length(): number {
    return this.num_samples;
  }
}

const batch = signature<[sampler: Iterable<unknown>, batch_size: number, drop_last: boolean]>()(
  "sampler, batch_size, drop_last",
);
/** Another sampler's keys in groups. https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.BatchSampler */
export class BatchSampler<T = number> extends Sampler<T[]> {
  readonly sampler: Iterable<T>;
  readonly batch_size: number;
  readonly drop_last: boolean;
  constructor(...args: CallOf<typeof batch>) {
    super();
    const { sampler, batch_size, drop_last } = batch.bind("BatchSampler", args);
    if (!(batch_size > 0 && Number.isInteger(batch_size)))
      throw new ValueError(
        "batch-sampler/size",
        `BatchSampler: batch_size should be a positive integer value, but got batch_size=${batch_size}.`,
      );
    if (typeof drop_last !== "boolean")
      throw new ValueError(
        "batch-sampler/drop-last",
        `BatchSampler: drop_last should be a boolean value, but got drop_last=${String(drop_last)}.`,
      );
    this.sampler = sampler as Iterable<T>;
    this.batch_size = batch_size;
    this.drop_last = drop_last;
  }
  override *[Symbol.iterator](): Iterator<T[]> {
    let group: T[] = [];
    for (const key of this.sampler) {
      group.push(key);
      if (group.length < this.batch_size) continue;
      yield group;
      group = [];
    }
    if (group.length > 0 && !this.drop_last) yield group;
  }
  override get length(): number {
    const count = lengthOf(this.sampler as unknown as MapStyle<unknown>);
    return this.drop_last ? Math.floor(count / this.batch_size) : Math.ceil(count / this.batch_size);
  }
}

const distributed = signature<
  [
    dataset: MapStyle<unknown>,
    num_replicas: number | null,
    rank: number | null,
    shuffle: boolean,
    seed: number,
    drop_last: boolean,
  ]
>()("dataset, num_replicas?, rank?, shuffle?, seed?, drop_last?");
/** One process's share of a dataset. https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.distributed.DistributedSampler */
export class DistributedSampler extends Sampler {
  readonly dataset: MapStyle<unknown>;
  readonly num_replicas: number;
  readonly rank: number;
  readonly shuffle: boolean;
  readonly seed: number;
  readonly drop_last: boolean;
  epoch = 0;
  constructor(...args: CallOf<typeof distributed>) {
    super();
    const {
      dataset,
      num_replicas,
      rank,
      shuffle = true,
      seed = 0,
      drop_last = false,
    } = distributed.bind("DistributedSampler", args);
    this.dataset = dataset;
    this.num_replicas = num_replicas ?? 1;
    this.rank = rank ?? 0;
    this.shuffle = shuffle;
    this.seed = seed;
    this.drop_last = drop_last;
    if (this.rank < 0 || this.rank >= this.num_replicas)
      throw new ValueError(
        "distributed-sampler/rank",
        `DistributedSampler: Invalid rank ${this.rank}, rank should be in the interval [0, ${this.num_replicas - 1}].`,
      );
  }
  /** Another epoch, another order. */
  set_epoch(epoch: number): void {
    this.epoch = epoch;
  }
  override get length(): number {
    const count = lengthOf(this.dataset);
    return this.drop_last && count % this.num_replicas !== 0
      ? Math.ceil((count - this.num_replicas) / this.num_replicas)
      : Math.ceil(count / this.num_replicas);
  }
  override *[Symbol.iterator](): Iterator<number> {
    const count = lengthOf(this.dataset);
    const order = this.shuffle
      ? randperm(count, new CpuGenerator(this.seed + this.epoch))
      : Array.from({ length: count }, (_, i) => i);
    // What is missing to equal shares is taken from the beginning again.
    for (let i = this.rank; i < this.length * this.num_replicas; i += this.num_replicas) yield order[i % count]!;
  }
}

/** Splits a dataset at random into parts of given lengths, or fractions. https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.random_split */
export function random_split<T>(
  dataset: MapStyle<T>,
  lengths: readonly number[],
  given: Source | { readonly generator?: Source } = null,
): Subset<T>[] {
  const generator =
    given !== null && Object.getPrototypeOf(given) === Object.prototype
      ? (given as { generator?: Source }).generator
      : (given as Source);
  return splitIndices(lengthOf(dataset), lengths, streamOf(generator)).map((indices) => new Subset(dataset, indices));
}
