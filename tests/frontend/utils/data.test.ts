import { describe, expect, it } from "vitest";
import * as torch from "cresset";

const { data } = torch.utils;
const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

describe("DataLoader", () => {
  it("gives batches of tensors, typed as the dataset's items", async () => {
    const dataset = new data.TensorDataset(torch.arange(10).reshape(5, 2), torch.arange(5));
    const loader = new data.DataLoader(dataset, { batch_size: 2 });
    expect(loader.length).toBe(3);
    const batches = [...loader];
    const [[x, y]] = batches as [(typeof batches)[0], ...typeof batches];
    expect([x.tolist(), y.tolist()]).toEqual([
      [
        [0, 1],
        [2, 3],
      ],
      [0, 1],
    ]);
    expect((await collect(loader)).map(([, labels]) => labels.shape[0])).toEqual([2, 2, 1]);
    expect([...new data.DataLoader(dataset, 2, { drop_last: true })]).toHaveLength(2);
  });

  it("shuffles anew at each pass, the same for the same seed", () => {
    const loader = new data.DataLoader(
      Array.from({ length: 8 }, (_, i) => BigInt(i)),
      { batch_size: 8, shuffle: true },
    );
    const pass = (): unknown => [...loader][0]!.tolist();
    torch.manual_seed(1);
    const [first, second] = [pass(), pass()];
    torch.manual_seed(1);
    expect(pass()).toEqual(first);
    expect(second).not.toEqual(first);
  });

  it("waits for items that are promises", async () => {
    class Slow extends data.Dataset<number> {
      override async get(index: number): Promise<number> {
        return index * 2;
      }
      override get length(): number {
        return 3;
      }
    }
    const loader = new data.DataLoader<number>(new Slow(), { batch_size: 3 });
    expect((await collect(loader)).map((batch) => batch.tolist())).toEqual([[0, 2, 4]]);
    expect(() => [...loader]).toThrow("for await");
  });

  it("takes a collate function and knows its type", () => {
    const loader = new data.DataLoader(["a", "b", "c"], { batch_size: 2, collate_fn: (batch) => batch.join("+") });
    const batches: string[] = [...loader];
    expect(batches).toEqual(["a+b", "c"]);
  });

  it("copies rows of tensors that are views or not computed yet", () => {
    const base = torch.arange(12).reshape(3, 4);
    const dataset = new data.TensorDataset(base.t(), base.t().add(1));
    const [[view, sum]] = [...new data.DataLoader(dataset, { batch_size: 2 })] as [[torch.Tensor, torch.Tensor]];
    expect(view.tolist()).toEqual([
      [0, 4, 8],
      [1, 5, 9],
    ]);
    expect(sum.tolist()).toEqual([
      [1, 5, 9],
      [2, 6, 10],
    ]);
  });

  it("iterates over iterable datasets, in chunks", async () => {
    class Stream extends data.IterableDataset<bigint> {
      override *[Symbol.iterator](): Generator<bigint> {
        yield* [1n, 2n, 3n];
      }
    }
    expect(
      (await collect(new data.DataLoader(new Stream(), { batch_size: 2 }))).map((batch) => batch.tolist()),
    ).toEqual([[1, 2], [3]]);
    expect(() => new data.DataLoader(new Stream(), { shuffle: true })).toThrow("expected unspecified shuffle option");
  });
});

describe("default_collate", () => {
  it("keeps structure", () => {
    const batch = data.default_collate([
      { x: torch.ones(2), label: 1n, name: "a", flag: true },
      { x: torch.zeros(2), label: 2n, name: "b", flag: false },
    ]);
    expect(batch.x.tolist()).toEqual([
      [1, 1],
      [0, 0],
    ]);
    expect(batch.label.dtype).toBe(torch.int64);
    expect(batch.flag.dtype).toBe(torch.bool);
    expect(batch.name).toEqual(["a", "b"]);
    expect(() => data.default_collate([null])).toThrow("batch must contain tensors");
    expect(() => data.default_collate([[1], [1, 2]])).toThrow("should be of equal size");
  });
});

describe("datasets", () => {
  it("are split, chosen from and joined", () => {
    const parts = data.random_split([10, 11, 12, 13], [3, 1], { generator: new torch.Generator().manual_seed(0) });
    const joined = new data.ConcatDataset(parts);
    expect(joined.length).toBe(4);
    expect([0, 1, 2, -1].map((i) => joined.get(i) as number).sort((a, b) => a - b)).toEqual([10, 11, 12, 13]);
    expect(() => joined.get(4)).toThrow("should not exceed dataset length");
    expect([...new data.ChainDataset([[1], [2, 3]])]).toEqual([1, 2, 3]);
    expect(new data.StackDataset([1, 2], [3, 4]).get(1)).toEqual([2, 4]);
  });

  it("are shared out among processes", () => {
    const sampler = (rank: number): number[] => [
      ...new data.distributed.DistributedSampler([0, 1, 2, 3, 4], { num_replicas: 2, rank, shuffle: false }),
    ];
    expect([sampler(0), sampler(1)]).toEqual([
      [0, 2, 4],
      [1, 3, 0],
    ]);
  });
});
