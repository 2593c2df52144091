import { describe, expect, it } from "vitest";
import { loadSafetensors, saveSafetensors } from "../../../frontend/serialization/index.ts";
import { SerializationError } from "../../../ir/errors.ts";
import { FakeTensor, float32, makeTensor } from "./fake-tensor.ts";

function fileOf(header: unknown, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  return new Uint8Array(Buffer.concat([Buffer.from(BigUint64Array.of(BigInt(text.length)).buffer), text, data]));
}
const load = (file: Uint8Array) => loadSafetensors(file, makeTensor);
const values = (tensor: FakeTensor | undefined): number[] =>
  Array.from(new Float32Array(tensor!.storageBytes().slice().buffer));

describe("saveSafetensors", () => {
  it("writes views as they look", () => {
    const base = float32([1, 2, 3, 4, 5, 6], [2, 3]);
    const transposed = new FakeTensor({ ...base.stored, shape: [3, 2], strides: [1, 3] });
    const column = new FakeTensor({ ...base.stored, shape: [2], strides: [3], storageOffset: 1 });
    const expanded = new FakeTensor({ ...base.stored, shape: [2, 2], strides: [0, 1] });
    const { tensors } = load(saveSafetensors(Object.entries({ transposed, column, expanded })));
    expect(values(tensors.get("transposed"))).toEqual([1, 4, 2, 5, 3, 6]);
    expect(values(tensors.get("column"))).toEqual([2, 5]);
    expect(values(tensors.get("expanded"))).toEqual([1, 2, 1, 2]);
  });

  it("keeps names that look like numbers, empty tensors and metadata", () => {
    const tensors = new Map([
      ["1", float32([1])],
      ["0", float32([], [0, 3])],
      ["héé", float32([2], [])],
    ]);
    const loaded = load(saveSafetensors(tensors, { note: "x" }));
    expect(Array.from(loaded.tensors, ([name, { shape }]) => [name, shape])).toEqual([
      ["0", [0, 3]],
      ["1", [1]],
      ["héé", []],
    ]);
    expect(loaded.metadata).toEqual({ note: "x" });
  });

  it("aligns every tensor to its element size", () => {
    const bool = new FakeTensor({
      ...float32([1]).stored,
      dtype: "bool",
      storage: { key: "", bytes: new Uint8Array(1), elementCount: 1 },
    });
    const { tensors } = load(
      saveSafetensors([
        ["a", bool],
        ["b", float32([7])],
      ]),
    );
    expect(values(tensors.get("b"))).toEqual([7]);
  });

  it("refuses dtypes that the format lacks, and names twice", () => {
    const storage = { key: "", bytes: new Uint8Array(16), elementCount: 1 };
    const complex = new FakeTensor({ ...float32([1]).stored, dtype: "complex128", storage });
    expect(() => saveSafetensors([["z", complex]])).toThrow('"z" is of dtype complex128');
    expect(() =>
      saveSafetensors([
        ["a", float32([1])],
        ["a", float32([2])],
      ]),
    ).toThrow('"a" is a name that is taken');
  });
});

describe("loadSafetensors", () => {
  const entry = (dtype: string, shape: unknown, offsets: unknown) => ({ dtype, shape, data_offsets: offsets });
  const four = new Uint8Array(4);

  it.each<[string, Uint8Array, string]>([
    ["no header", new Uint8Array(3), "a length needs 8 bytes, 3 are left"],
    ["a header beyond the file", fileOf("{}").slice(0, 9), "needs 2 bytes, 1 are left"],
    ["an enormous header", new Uint8Array(16).fill(255), "its header would be"],
    ["a header that is not JSON", fileOf("{nonsense"), "its header is not JSON"],
    ["a header that is an array", fileOf("[]"), "its header is no JSON object"],
    ["an entry that is a number", fileOf({ a: 1 }), 'the entry "a" is no object'],
    ["an unknown dtype", fileOf({ a: entry("F12", [1], [0, 4]) }, four), 'tensor "a" has the unknown dtype "F12"'],
    ["a negative size", fileOf({ a: entry("F32", [-1], [0, 4]) }, four), 'tensor "a" has no valid shape'],
    ["three offsets", fileOf({ a: entry("F32", [1], [0, 4, 8]) }, four), 'tensor "a" has no valid data_offsets'],
    ["a wrong extent", fileOf({ a: entry("F32", [2], [0, 4]) }, four), "needs 8 bytes, its offsets give 4"],
    ["a gap", fileOf({ a: entry("F32", [1], [4, 8]) }, new Uint8Array(8)), "begins at 4, but the one before ends at 0"],
    ["an overlap", fileOf({ a: entry("U8", [3], [0, 3]), b: entry("U8", [2], [2, 4]) }, four), "begins at 2"],
    ["missing data", fileOf({ a: entry("F32", [2], [0, 8]) }, four), "its data needs 8 bytes, 4 are left"],
    ["hidden data", fileOf({ a: entry("U8", [1], [0, 1]) }, four), "3 bytes after the last tensor belong to none"],
    ["metadata that is no string", fileOf({ __metadata__: { n: 1 } }), 'the metadata "n" is no string'],
  ])("refuses %s", (_, file, message) => {
    expect(() => load(file)).toThrow(SerializationError);
    expect(() => load(file)).toThrow(message);
  });

  it("accepts a file without tensors", () => {
    expect(load(fileOf({})).tensors.size).toBe(0);
  });
});
