import { describe, expect, it } from "vitest";
import { loadPt, NumpyArray, savePt, TorchName } from "../../../frontend/serialization/index.ts";
import { SerializationError } from "../../../ir/errors.ts";
import { FakeTensor, float32, makeTensor } from "./fake-tensor.ts";

const roundTrip = (value: unknown): unknown => loadPt(savePt(value), { makeTensor });

describe("savePt", () => {
  it.each([
    0,
    255,
    256,
    65535,
    65536,
    2 ** 31 - 1,
    2 ** 31,
    -1,
    -128,
    -129,
    -(2 ** 31),
    -(2 ** 31) - 1,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
    2 ** 60,
    0.1,
    -0,
    NaN,
    Infinity,
    5e-324,
  ])("keeps the number %d", (value) => {
    expect(roundTrip(value)).toBe(value);
  });

  it.each([2n ** 64n, -(2n ** 64n), 2n ** 63n - 1n, -(2n ** 63n), 2n ** 3000n])("keeps the bigint %s", (value) => {
    expect(roundTrip(value)).toBe(value);
  });

  it("keeps strings of any alphabet, nulls, booleans, bytes and nesting", () => {
    const value = { text: "héé 😀\n\0", none: null, yes: true, no: false, bytes: new Uint8Array([0, 127, 128, 255]) };
    expect(roundTrip([value, [], {}, new Set(["a", 1])])).toEqual([value, [], {}, new Set(["a", 1])]);
  });

  it("writes undefined as None", () => {
    expect(roundTrip({ a: undefined })).toEqual({ a: null });
  });

  it("writes frozen arrays as tuples, of every length", () => {
    for (const length of [0, 1, 2, 3, 4, 300]) {
      const tuple = Object.freeze(Array.from({ length }, (_, i) => i));
      const loaded = roundTrip([tuple, tuple]) as unknown[][];
      expect(loaded[0]).toEqual(tuple);
      expect(Object.isFrozen(loaded[0])).toBe(true);
    }
  });

  it("keeps what is shared shared, cycles included", () => {
    const inner: unknown[] = [1];
    const outer: unknown[] = [inner, inner];
    outer.push(outer);
    const loaded = roundTrip(outer) as unknown[];
    expect(loaded[0]).toBe(loaded[1]);
    expect(loaded[2]).toBe(loaded);
  });

  it("writes more than 256 remembered values", () => {
    const many = Array.from({ length: 1000 }, (_, i) => [`name ${i}`, `name ${i % 300}`]);
    expect(roundTrip(many)).toEqual(many);
  });

  it("keeps NumPy arrays", () => {
    const array = new NumpyArray("int16", [3], new Uint8Array(Int16Array.of(1, -2, 3).buffer));
    expect(roundTrip(array)).toEqual(array);
  });

  it("asks each storage for its bytes once", () => {
    let asked = 0;
    class Counting extends FakeTensor {
      override storageBytes(): Uint8Array {
        asked++;
        return super.storageBytes();
      }
    }
    const { stored } = float32([1, 2]);
    savePt([new Counting(stored), new Counting(stored), new Counting({ ...stored, shape: [1] })]);
    expect(asked).toBe(1);
  });

  it("makes equal bytes from equal trees", () => {
    const tree = () => ({ a: float32([1, 2]), b: [1, "x"] });
    expect(savePt(tree())).toEqual(savePt(tree()));
  });

  it("saves what `replace` gives for a value, and keeps its identity", () => {
    class Tensor {
      readonly values = [1, 2];
    }
    const float16 = Symbol.for("unused");
    const dtype = { float16 };
    const replace = (value: object): unknown => {
      if (value instanceof Tensor) return float32(value.values);
      return value === dtype ? new TorchName("dtype", "float16") : value;
    };
    const tensor = new Tensor();
    const file = savePt({ tensor, again: tensor, dtype }, { replace });
    const loaded = loadPt(file, { makeTensor }) as Record<string, unknown>;
    expect(loaded["tensor"]).toBeInstanceOf(FakeTensor);
    expect(loaded["again"]).toBe(loaded["tensor"]);
    expect(loaded["dtype"]).toEqual(new TorchName("dtype", "float16"));
  });
});

describe("what Python does not have", () => {
  class Model {
    readonly weight = 1;
  }
  const { stored } = float32([1, 2]);
  const short = { ...stored.storage, bytes: new Uint8Array(4) };
  const selfTuple: unknown[] = [];
  selfTuple.push([selfTuple]);
  Object.freeze(selfTuple);

  it.each<[string, unknown, string]>([
    ["a function", { model: { act: () => 1 } }, 'the value["model"]["act"] is a function'],
    ["a symbol", [Symbol("x")], "the value[0] is a symbol"],
    ["an instance", new Map([[3, new Model()]]), "the value[3] is an instance of Model"],
    ["a typed array", [new Float32Array(2)], "the value[0] is a typed array"],
    ["a promise", [Promise.resolve(1)], "the value[0] is an instance of Promise"],
    [
      "a storage of a wrong size",
      [new FakeTensor({ ...stored, storage: short })],
      "has 4 bytes for 2 elements of float32",
    ],
    ["an unknown dtype", [new FakeTensor({ ...stored, dtype: "int7" })], "dtype int7"],
    ["a tuple inside itself", selfTuple, "is a frozen array that contains itself"],
  ])("is refused with the path to it: %s", (_, value, message) => {
    expect(() => savePt(value)).toThrow(SerializationError);
    expect(() => savePt(value)).toThrow(message);
  });

  it("is refused when it nests too deep", () => {
    const nest = (levels: number): unknown[] => {
      let deep: unknown[] = [];
      for (let i = 0; i < levels; i++) deep = [deep];
      return deep;
    };
    expect(() => savePt(nest(100_000))).toThrow(/nested more than 400 levels/);
    expect(() => savePt(nest(400))).not.toThrow();
  });
});
