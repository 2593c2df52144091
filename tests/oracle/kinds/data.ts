/** torch.utils.data: loaders, samplers, splits, collation. Python ints are bigints here, Python floats are numbers. */
import { hasMethod, member, type Adapter, type Callable } from "../adapter.ts";
import { Comparison } from "../comparison.ts";
import { Decoder } from "../decode.ts";
import { NotImplementedHere } from "../not-implemented.ts";
import type { RecordedError, TensorNode, Tree } from "../format.ts";
import { iterableNumbers, listDataset, type Item } from "../datasets.ts";
import { defineKind, mustRefuse } from "./kind.ts";

interface DataCase {
  kind: string;
  n?: number;
  /** What item i of the dataset is. */
  item?: string;
  batch_size?: number | null;
  drop_last?: boolean;
  seed?: number;
  lengths?: number[];
  indices?: number[];
  weights?: number[];
  num_samples?: number;
  replacement?: boolean;
  parts?: number[][];
  of?: number[];
  tensors?: TensorNode[];
  len?: number;
  batches?: Tree[];
  out?: Tree;
  items?: Tree[];
  slice?: Tree;
  cumulative_sizes?: number[];
  error?: RecordedError;
}

const DATA = "torch.utils.data";

export const data = defineKind<DataCase>({
  operator: (record) => `${DATA} ${record.kind}`,
  *checks(record, { adapter }) {
    const port = PORTS[record.kind];
    yield {
      label: record.kind,
      run: async () => {
        if (port === undefined) throw new NotImplementedHere(`data cases of kind ${record.kind}`);
        if (record.error !== undefined) return mustRefuse(adapter, record.error, () => port(adapter, record));
        const [actual, expected] = await port(adapter, record);
        return new Comparison(adapter).expect(actual, expected).verdict();
      },
    };
  },
});

/** What the library gives, and what it should. */
type Outcome = [actual: unknown, expected: Tree];

/** Tensors of small lists, as `torch.tensor([...])` makes them in Python. */
function floats(adapter: Adapter, ...values: number[]): unknown {
  return adapter.makeTensor(Float32Array.from(values), [values.length], "float32");
}

function integers(adapter: Adapter, ...values: bigint[]): unknown {
  return adapter.makeTensor(BigInt64Array.from(values), [values.length], "int64");
}

/** The recorded items, by their text. */
const ITEMS: Record<string, (adapter: Adapter, i: number) => Item> = {
  i: (_, i) => BigInt(i),
  "i * 0.5": (_, i) => i * 0.5,
  "[tensor([i, i+1.0]), i]": (adapter, i) => [floats(adapter, i, i + 1), BigInt(i)],
  "{'x': tensor([i]), 'y': 'name' + i}": (adapter, i) => ({ x: integers(adapter, BigInt(i)), y: `name${i}` }),
  "[[i, i], {'a': [i, 2.5]}]": (_, i) => [[BigInt(i), BigInt(i)], { a: [BigInt(i), 2.5] }],
};

function numbers(adapter: Adapter, list: readonly number[]): object {
  return listDataset(adapter, list.map(BigInt));
}

function range(adapter: Adapter, n: number): object {
  return numbers(
    adapter,
    Array.from({ length: n }, (_, i) => i),
  );
}

async function collect(iterable: unknown): Promise<unknown[]> {
  const all: unknown[] = [];
  if (!hasMethod(iterable, Symbol.asyncIterator) && !hasMethod(iterable, Symbol.iterator)) {
    throw new NotImplementedHere("iterating over this");
  }
  for await (const value of iterable as AsyncIterable<unknown>) all.push(value);
  return all;
}

/** Elements of an iterable of integers, tensors of them included. */
async function integersIn(adapter: Adapter, iterable: unknown): Promise<unknown[]> {
  const values = adapter.isTensor(iterable) ? Array.from((await adapter.read(iterable)).data) : await collect(iterable);
  return Promise.all(
    values.map(async (value) =>
      Number(adapter.isTensor(value) ? (await adapter.read(value)).data[0] : (value as number | bigint)),
    ),
  );
}

async function nested(adapter: Adapter, iterables: readonly unknown[]): Promise<unknown[]> {
  return Promise.all(iterables.map((iterable) => integersIn(adapter, iterable)));
}

function lengthOf(value: unknown): unknown {
  if (hasMethod(value, "__len__")) return (member(value, "__len__") as Callable).call(value);
  const length = member(value, "length");
  if (length === undefined) throw new NotImplementedHere("the length of this");
  return length;
}

function itemOf(value: unknown, index: unknown): unknown {
  for (const name of ["__getitem__", "get", "at"]) {
    if (hasMethod(value, name)) return (member(value, name) as Callable).call(value, index);
  }
  throw new NotImplementedHere("an item of this");
}

async function generator(adapter: Adapter, seed: number): Promise<unknown> {
  const made = adapter.construct("torch.Generator", []);
  return (await adapter.method(made, "manual_seed", [seed])) ?? made;
}

function loader(adapter: Adapter, dataset: unknown, kwargs: Record<string, unknown>): unknown {
  return adapter.construct(`${DATA}.DataLoader`, [dataset], kwargs);
}

async function sampled(
  adapter: Adapter,
  name: string,
  args: unknown[],
  record: DataCase,
  kwargs = {},
): Promise<Outcome> {
  const sampler = adapter.construct(`${DATA}.${name}`, args, {
    ...kwargs,
    generator: await generator(adapter, record.seed!),
  });
  return [await integersIn(adapter, sampler), record.out!];
}

const PORTS: Record<string, (adapter: Adapter, record: DataCase) => Promise<Outcome>> = {
  async DataLoader(adapter, record) {
    const item = ITEMS[record.item!];
    if (item === undefined) throw new NotImplementedHere(`the item ${record.item}`);
    const items = Array.from({ length: record.n! }, (_, i) => item(adapter, i));
    const { batch_size, drop_last } = record;
    const batches = loader(adapter, listDataset(adapter, items), { batch_size, drop_last });
    return [
      [lengthOf(batches), await collect(batches)],
      [record.len!, record.batches!],
    ];
  },
  async IterableDataLoader(adapter, record) {
    const batches = loader(adapter, iterableNumbers(adapter, record.n!), { batch_size: record.batch_size });
    return [await collect(batches), record.batches!];
  },
  async BatchSampler(adapter, record) {
    const order = adapter.construct(`${DATA}.SequentialSampler`, [range(adapter, record.n!)]);
    const args = [order, record.batch_size, record.drop_last];
    return [await nested(adapter, await collect(adapter.construct(`${DATA}.BatchSampler`, args))), record.out!];
  },
  async random_split(adapter, record) {
    const kwargs = { generator: await generator(adapter, record.seed!) };
    const args = [range(adapter, record.n!), record.lengths];
    const parts = await collect(await adapter.call(`${DATA}.random_split`, args, kwargs));
    return [
      await nested(
        adapter,
        parts.map((part) => member(part, "indices")),
      ),
      record.out!,
    ];
  },
  RandomSampler(adapter, record) {
    const { replacement, num_samples } = record;
    const kwargs = replacement === undefined ? {} : { replacement, num_samples };
    return sampled(adapter, "RandomSampler", [range(adapter, record.n!)], record, kwargs);
  },
  SubsetRandomSampler: (adapter, record) => sampled(adapter, "SubsetRandomSampler", [record.indices], record),
  WeightedRandomSampler: (adapter, record) =>
    sampled(adapter, "WeightedRandomSampler", [record.weights, record.num_samples], record),
  async "shuffled DataLoader"(adapter, record) {
    const batches = loader(adapter, range(adapter, record.n!), { batch_size: record.batch_size, shuffle: true });
    await adapter.call("torch.manual_seed", [record.seed]);
    return [await nested(adapter, await collect(batches)), record.out!];
  },
  async "shuffled DataLoader generator"(adapter, record) {
    const batches = loader(adapter, range(adapter, record.n!), {
      batch_size: record.batch_size,
      shuffle: true,
      generator: await generator(adapter, record.seed!),
    });
    return [await nested(adapter, await collect(batches)), record.out!];
  },
  async TensorDataset(adapter, record) {
    const tensors = new Decoder(adapter).values(record.tensors!);
    const dataset = adapter.construct(`${DATA}.TensorDataset`, tensors);
    const items = record.items!.map((_, i) => itemOf(dataset, i));
    return [
      [lengthOf(dataset), items, itemOf(dataset, adapter.slice(0, 2, null))],
      [record.len!, record.items!, record.slice!],
    ];
  },
  async "TensorDataset mismatch"(adapter) {
    adapter.construct(`${DATA}.TensorDataset`, [floats(adapter, 0, 0, 0), floats(adapter, 0, 0)]);
    return [null, null];
  },
  async ConcatDataset(adapter, record) {
    const parts = record.parts!.map((part) => numbers(adapter, part));
    const joined = adapter.construct(`${DATA}.ConcatDataset`, [parts]);
    const items = [0, 2, 3, 4, -1].map((index) => itemOf(joined, index));
    return [
      [await integersIn(adapter, member(joined, "cumulative_sizes")), items],
      [record.cumulative_sizes!, record.items!],
    ];
  },
  async Subset(adapter, record) {
    const subset = adapter.construct(`${DATA}.Subset`, [numbers(adapter, record.of!), record.indices]);
    return [record.items!.map((_, i) => itemOf(subset, i)), record.items!];
  },
  async "drop_last without batch"(adapter) {
    loader(adapter, range(adapter, 4), { batch_size: null, drop_last: true });
    return [null, null];
  },
  async "sampler and shuffle"(adapter) {
    const dataset = range(adapter, 4);
    const sampler = adapter.construct(`${DATA}.SequentialSampler`, [dataset]);
    loader(adapter, dataset, { sampler, shuffle: true });
    return [null, null];
  },
  async "collate ragged"(adapter) {
    const ragged = listDataset(adapter, [floats(adapter, 0, 0), floats(adapter, 0, 0, 0)]);
    return [await collect(loader(adapter, ragged, { batch_size: 2 })), null];
  },
};
