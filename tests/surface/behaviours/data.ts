/** Behaviours of data loaders: what each way of asking for batches is the same as. */
import * as torch from "cresset";
import { expect } from "vitest";
import type { Behaviours } from "../behaviours.ts";

const { data } = torch.utils;
const ten = Array.from({ length: 10 }, (_, i) => i * i);

class Counted extends data.IterableDataset<number> {
  override *[Symbol.iterator](): IterableIterator<number> {
    yield* ten;
  }
}

const joined = (batch: readonly number[]): string => batch.join("+");
const single = (item: unknown): string => `<${String(item)}>`;
const sizes = (batches: Iterable<torch.Tensor>): number[] => [...batches].map((batch) => batch.shape[0]!);

export const dataBehaviours: Behaviours = {
  "loader-map-batched"() {
    const batches = [[3, 1], [0], [9, 2, 2]];
    const loader = new data.DataLoader(ten, { batch_sampler: batches, collate_fn: joined });
    expect([...loader]).toEqual(batches.map((indices) => joined(indices.map((i) => ten[i]!))));
  },
  "loader-iter-batched"() {
    const load = (drop_last: boolean) => [
      ...new data.DataLoader(new Counted(), { batch_size: 4, drop_last, collate_fn: joined }),
    ];
    const want = [ten.slice(0, 4), ten.slice(4, 8), ten.slice(8)].map(joined);
    expect([load(false), load(true)]).toEqual([want, want.slice(0, 2)]);
  },
  "loader-map-unbatched"() {
    const sampler = [4, 4, 7];
    const loader = new data.DataLoader(ten, { batch_size: null, sampler, collate_fn: single as never });
    expect([...loader]).toEqual(sampler.map((index) => single(ten[index])));
  },
  "loader-iter-unbatched"() {
    const loader = new data.DataLoader(new Counted(), { batch_size: null, collate_fn: single as never });
    expect([...loader]).toEqual(ten.map(single));
  },
  "loader-drop-last"() {
    expect(sizes(new data.DataLoader(ten, { batch_size: 4 }))).toEqual([4, 4, 2]);
    expect(sizes(new data.DataLoader(ten, { batch_size: 4, drop_last: true }))).toEqual([4, 4]);
  },
  "loader-shuffle"() {
    torch.manual_seed(2);
    const loader = new data.DataLoader(ten, { batch_size: 10, shuffle: true });
    const [first, second] = [[...loader][0]!.tolist(), [...loader][0]!.tolist()] as [number[], number[]];
    for (const epoch of [first, second]) expect(epoch.toSorted((a, b) => a - b)).toEqual(ten);
    expect(first).not.toEqual(second);
  },
  "loader-exclusive"() {
    const sampler = [1, 2];
    const batch_sampler = [[1], [2]];
    for (const options of [{ sampler }, { batch_sampler }, { shuffle: true }])
      expect(() => new data.DataLoader(new Counted(), options)).toThrow(torch.ValueError);
    for (const options of [{ batch_size: 2 }, { shuffle: true }, { sampler }, { drop_last: true }])
      expect(() => new data.DataLoader(ten, { batch_sampler, ...options })).toThrow(torch.ValueError);
  },
  "collate-tuples"() {
    const samples = Array.from({ length: 5 }, (_, i) => [torch.ones(3, 4, 6), BigInt(i)] as const);
    const [images, classes] = data.default_collate(samples);
    expect([images.shape, images.dtype, classes.shape, classes.dtype]).toEqual([
      [5, 3, 4, 6],
      torch.float32,
      [5],
      torch.int64,
    ]);
  },
  "collate-structure"() {
    const samples = [1, 2, 3].map((n) => ({ a: n + 0.5, b: [new Float32Array([n, n]), `s${n}`] as const }));
    const batch = data.default_collate(samples);
    expect(Object.keys(batch)).toEqual(["a", "b"]);
    expect([batch.a.dtype, batch.a.tolist()]).toEqual([torch.float64, [1.5, 2.5, 3.5]]);
    const [arrays, strings] = batch.b;
    expect([arrays.shape, strings]).toEqual([
      [3, 2],
      ["s1", "s2", "s3"],
    ]);
    expect(data.default_collate([1n, 2n]).dtype).toBe(torch.int64);
  },
  "convert-default"() {
    const items = [new Float32Array([1, 2]), 3, "four"];
    const [array, number, text] = [...new data.DataLoader(items, { batch_size: null })] as unknown[];
    expect(array).toBeInstanceOf(torch.Tensor);
    expect([(array as torch.Tensor).tolist(), number, text]).toEqual([[1, 2], 3, "four"]);
  },
};
