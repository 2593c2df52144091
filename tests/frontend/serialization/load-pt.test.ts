import { describe, expect, it } from "vitest";
import type { LoadOptions, NumpyArray, PythonObject, SpecialValue } from "../../../frontend/serialization/index.ts";
import { Complex, getDictInfo, loadPt, savePt, setDictInfo, TorchSize } from "../../../frontend/serialization/index.ts";
import { opcodes as op } from "../../../frontend/serialization/pickle-opcodes.ts";
import { PickleWriter } from "../../../frontend/serialization/pickle-writer.ts";
import { archiveOfPython } from "./archive.ts";
import { FakeTensor, float32, makeTensor } from "./fake-tensor.ts";
import type { PythonPickle } from "./python-pickles.ts";
import { pythonPickles } from "./python-pickles.ts";

const loadPython = (pickle: PythonPickle, options: Partial<LoadOptions> = {}): unknown =>
  loadPt(archiveOfPython(pickle), { makeTensor, ...options });
const roundTrip = (value: unknown, options: Partial<LoadOptions> = {}): unknown =>
  loadPt(savePt(value), { makeTensor, ...options });

describe("dicts", () => {
  it("become plain objects when an object keeps their keys in order, Maps otherwise", () => {
    const strings = new Map([
      ["b", 1],
      ["a", 2],
    ]);
    const numbers = new Map([
      [1, "x"],
      [0, "y"],
    ]);
    const digits = new Map([
      ["1", "x"],
      ["0", "y"],
    ]);
    expect(roundTrip(strings)).toEqual({ b: 1, a: 2 });
    expect(roundTrip(numbers)).toEqual(numbers);
    expect(roundTrip(digits)).toEqual(digits);
    expect(roundTrip(strings, { dicts: "map" })).toEqual(strings);
  });

  it("keep a key named __proto__ as a key", () => {
    const loaded = roundTrip(new Map([["__proto__", { evil: 1 }]])) as object;
    expect(Object.keys(loaded)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(loaded)).toBe(Object.prototype);
  });

  it("carry that they are OrderedDicts, and their attributes, out of sight", () => {
    const info = { ordered: true, attributes: { _metadata: { "": { version: 1 } } } };
    const loaded = roundTrip(setDictInfo({ weight: 1 }, info)) as object;
    expect(getDictInfo(loaded)).toEqual(info);
    expect({ ...loaded }).toEqual({ weight: 1 });
    expect(getDictInfo({ ...loaded })).toBeUndefined();
  });
});

describe("values that PyTorch's users save", () => {
  it("collections of every kind", () => {
    const bytes = new Uint8Array([0x78, 0x79]);
    const counter = { a: 2, b: 1 };
    const loaded = [counter, { a: [1] }, new Set([1]), bytes, new Uint8Array(0), new Complex(1, 2)];
    expect(loadPython(pythonPickles.containers)).toEqual(loaded);
    const protocol5 = [counter, new Set([1, 2]), new Set([3]), bytes, bytes, 2n ** 70n];
    expect(loadPython(pythonPickles.containersProtocol5)).toEqual(protocol5);
  });

  it("NumPy arrays in either memory and byte order", () => {
    const elements = (array: unknown): ArrayBufferLike => (array as NumpyArray).bytes.buffer;
    const rows = loadPython(pythonPickles.columnMajor) as NumpyArray;
    expect([rows.dtype, rows.shape]).toEqual(["float16", [2, 3]]);
    // 0, 2, 4, 1, 3, 5 as halves.
    expect(Array.from(new Uint16Array(elements(rows)))).toEqual([0, 0x4000, 0x4400, 0x3c00, 0x4200, 0x4500]);
    expect(Array.from(new Int32Array(elements(loadPython(pythonPickles.bigEndian))))).toEqual([0, 1, 2]);
    expect(Array.from(new Float64Array(elements(loadPython(pythonPickles.fromBuffer))))).toEqual([0, 1, 2, 3]);
  });

  it("NumPy scalars", () => {
    expect(loadPython(pythonPickles.scalars)).toEqual([2.5, 2n ** 62n, true, 1.5, new Complex(1, 2), 200]);
  });

  it("instances of classes that were allowed, as data", () => {
    expect(() => loadPython(pythonPickles.namespace)).toThrow(/refers to types\.SimpleNamespace/);
    const asked: string[] = [];
    const classes = (name: string): boolean => asked.push(name) > 0;
    const loaded = loadPython(pythonPickles.namespace, { classes }) as PythonObject;
    expect(asked).toEqual(["types.SimpleNamespace"]);
    expect([loaded.class, loaded.state]).toEqual(["types.SimpleNamespace", { a: 1 }]);
  });

  it("values that the caller revives as its own", () => {
    const revive = (value: SpecialValue): unknown => (value instanceof TorchSize ? value.sizes.join("x") : value);
    expect(roundTrip([new TorchSize([2, 3])], { revive })).toEqual(["2x3"]);
  });
});

describe("tensors", () => {
  const values = (tensor: unknown): number[] =>
    Array.from(new Float32Array((tensor as FakeTensor).storageBytes().buffer));

  it("with a pending conjugation or negation are loaded with it carried out", () => {
    expect(values(loadPython(pythonPickles.conjugated))).toEqual([1, -2, 3, 4]);
    expect(values(loadPython(pythonPickles.negated))).toEqual([-2]);
  });

  it("on untyped storages count in their own elements", () => {
    const { stored } = loadPython(pythonPickles.untypedStorage) as FakeTensor;
    expect(stored).toMatchObject({ dtype: "uint16", shape: [2], storage: { elementCount: 2 } });
    const saved = roundTrip(new FakeTensor(stored)) as FakeTensor;
    expect(saved.stored).toEqual(stored);
  });

  it("that are buffers or sparse load as what they consist of", () => {
    expect((loadPython(pythonPickles.buffer) as FakeTensor).shape).toEqual([1]);
    const sparse = loadPython(pythonPickles.sparse) as PythonObject;
    expect(sparse.class).toBe("torch.sparse_coo");
    expect(sparse.state).toMatchObject({ size: new TorchSize([2, 2]), is_coalesced: true });
    expect(roundTrip(sparse)).toEqual(sparse);
  });

  it("stay one object when they were one object, and share storages that they shared", () => {
    const base = float32([1, 2, 3, 4]);
    const view = new FakeTensor({ ...base.stored, shape: [2], storageOffset: 2 });
    const [a, b, c] = roundTrip([base, base, view]) as FakeTensor[];
    expect(a).toBe(b);
    expect(c).not.toBe(a);
    expect(c!.storageKey).toBe(a!.storageKey);
  });

  it("own their memory: neither the file nor another storage is seen through it", () => {
    const loaded = roundTrip([float32([1]), float32([2, 3, 4])]) as FakeTensor[];
    for (const tensor of loaded) {
      const bytes = tensor.storageBytes();
      expect([bytes.byteOffset, bytes.buffer.byteLength]).toEqual([0, bytes.length]);
    }
  });
});

describe("the legacy format", () => {
  /** The five pickles and one storage of four floats; the tensor is on a window that begins at element 1. */
  function legacyWindow(): Uint8Array {
    const pickle = (write: (writer: PickleWriter) => void): Uint8Array => {
      const writer = new PickleWriter();
      write(writer);
      return writer.finish();
    };
    const tensor = (writer: PickleWriter): void => {
      const reference = (): void => {
        writer.tuple([
          () => writer.string("storage"),
          () => writer.global("torch", "FloatStorage"),
          () => writer.string("root"),
          () => writer.string("cuda:1"),
          () => writer.number(4),
          () => writer.tuple([() => writer.string("window"), () => writer.number(1), () => writer.number(3)]),
        ]);
        writer.opcode(op.BINPERSID);
      };
      writer.call(
        "torch._utils",
        "_rebuild_tensor",
        reference,
        () => writer.number(1),
        () => writer.indices([2]),
        () => writer.indices([1]),
      );
    };
    const keys = (writer: PickleWriter): void => writer.tuple([() => writer.string("root")]);
    const data = Buffer.concat([Buffer.from(BigUint64Array.of(4n).buffer), float32([1, 2, 3, 4]).storageBytes()]);
    const parts = [
      pickle((writer) => writer.bigint(0x1950a86a20f9469cfc6cn)),
      pickle((writer) => writer.number(1001)),
      pickle((writer) => writer.opcode(op.EMPTY_DICT)),
      pickle(tensor),
      pickle(keys),
      data,
    ];
    return new Uint8Array(Buffer.concat(parts));
  }

  it("places a tensor inside a window of a storage", () => {
    const { stored } = loadPt(legacyWindow(), { makeTensor }) as FakeTensor;
    expect(stored).toMatchObject({ storageOffset: 2, shape: [2], device: "cuda:1", storage: { elementCount: 4 } });
  });
});
