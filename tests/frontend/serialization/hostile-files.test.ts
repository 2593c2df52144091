import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadPt, loadSafetensors, savePt } from "../../../frontend/serialization/index.ts";
import { SerializationError } from "../../../ir/errors.ts";
import { isZip, readZip } from "../../../frontend/serialization/read-zip.ts";
import { writeZip } from "../../../frontend/serialization/write-zip.ts";
import { archiveOf, archiveOfPython, pickleOf } from "./archive.ts";
import { FakeTensor, float32, makeTensor } from "./fake-tensor.ts";
import { pythonPickles } from "./python-pickles.ts";

const load = (file: Uint8Array): unknown => loadPt(file, { makeTensor });
const loadPickle = (...parts: readonly (string | number)[]): unknown => load(archiveOf(pickleOf(...parts)));

describe("a pickle that wants to run code", () => {
  it.each(["os\nsystem\n", "builtins\neval\n", "__builtin__\ngetattr\n", "torch\nload\n", "posix\nsystem\n"])(
    "is refused by the name it asks for: %j",
    (global) => {
      const name = global.trim().replace("\n", ".").replace("__builtin__", "builtins");
      const attempt = () => loadPickle("\x80\x02c", global, "X\x02\x00\x00\x00ls\x85R.");
      expect(attempt).toThrow(SerializationError);
      expect(attempt).toThrow(`the file refers to ${name}, which is not among the names`);
    },
  );

  it("gets data, never a call, even when every class is allowed", () => {
    const pickle = pickleOf("\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R.");
    const loaded = loadPt(archiveOf(pickle), { makeTensor, classes: () => true });
    expect(loaded).toMatchObject({ class: "os.system", args: ["ls"] });
  });

  it("cannot reach names through the prototypes of our tables", () => {
    expect(() => loadPickle("\x80\x02cconstructor\nprototype\n.")).toThrow(/constructor\.prototype/);
    expect(() => loadPickle("\x80\x02ctorch\n__proto__\n.")).toThrow(/torch\.__proto__/);
  });
});

describe("a damaged pickle", () => {
  it.each([
    ["an empty stack", ["\x80\x02."], "takes a value from an empty stack"],
    ["an unknown opcode", ["\x80\x02\xff."], "the pickle opcode 0xff at byte 2"],
    ["protocol 0", ["I1\n."], "the pickle opcode 0x49 at byte 0"],
    ["a future protocol", ["\x80\x09."], "pickle protocol 9"],
    ["an unopened group", ["\x80\x02t."], "closes a group that it never opened"],
    ["an unknown memo entry", ["\x80\x02h\x07."], "entry 7 of its memo"],
    ["a string longer than the file", ["\x80\x02X\xff\xff\xff\x7f."], "a string needs 2147483647 bytes, 1 are left"],
    ["no end", ["\x80\x02N"], "an opcode needs 1 bytes, 0 are left"],
    ["an append to a number", ["\x80\x02K\x01K\x02a."], "appends to what is no list"],
    ["a call of a number", ["\x80\x02K\x01)R."], "calls what is no function"],
    ["a state for a list", ["\x80\x02]}b."], "sets the state of a value that has none"],
    ["a tensor without storage", ["\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(NK\x00))\x89NtR."], "has no storage"],
  ])("with %s says so", (_, parts, message) => {
    expect(() => loadPickle(...parts)).toThrow(SerializationError);
    expect(() => loadPickle(...parts)).toThrow(message);
  });

  it("that nests too deep is refused before the stack overflows", () => {
    const deep = pickleOf("\x80\x02", "]".repeat(100_000), "a".repeat(99_999), ".");
    expect(() => load(archiveOf(deep))).toThrow(/nested more than 1000 levels/);
  });

  it("that refers to itself is loaded as it is", () => {
    const list = loadPickle("\x80\x02]q\x00h\x00a.") as unknown[];
    expect(list[0]).toBe(list);
  });
});

describe("storages", () => {
  const [tensor] = [float32([1, 2, 3, 4])];
  const entry = (file: Uint8Array, name: string): Uint8Array => {
    // Our own archives store their entries, so a search finds the data.
    const at = Buffer.from(file).indexOf(name) + name.length;
    return file.subarray(at);
  };

  it("that are too short for a tensor are named", () => {
    const beyond = new FakeTensor({ ...tensor.stored, storageOffset: 2 });
    expect(() => load(savePt(beyond))).toThrow("a tensor of shape (4) reaches element 6, the storage has 4");
  });

  it("that are missing are named", () => {
    const { pickle } = pythonPickles.storage;
    expect(() => load(archiveOfPython({ pickle }))).toThrow("storage 0: its data is missing from the file");
    expect(() => load(archiveOfPython({ pickle, storages: ["AACAPw=="] }))).toThrow(
      "2 elements need 8 bytes, the file has 4",
    );
  });

  it("begin on a multiple of 64 bytes", () => {
    const file = savePt([tensor, float32([5])]);
    for (const name of ["archive/data/0", "archive/data/1"]) {
      const rest = entry(file, name);
      const padding = rest[2]! + 256 * rest[3]!;
      expect((rest.byteOffset - file.byteOffset + 4 + padding) % 64).toBe(0);
    }
  });
});

describe("what is no checkpoint", () => {
  it.each([
    [[], "is empty"],
    [[0x1f, 0x8b, 8, 0], "is compressed with gzip"],
    [[0x89, 0x48, 0x44, 0x46], "is an HDF5 file"],
    [[0x80, 0x04, 0x5d, 0x2e], "is a pickle that torch.save did not write"],
    [[1, 2, 3, 4, 5], "begins with the bytes 01 02 03 04"],
  ])("%j is told apart", (bytes, message) => {
    expect(() => load(Uint8Array.from(bytes))).toThrow(message);
  });

  it("is an archive of something else", () => {
    const other = writeZip(new Map([["a/readme", new Uint8Array(3)]]));
    expect(() => load(other)).toThrow("is a zip archive without a data.pkl");
    const script = new Map([
      ["a/data.pkl", new Uint8Array(1)],
      ["a/constants.pkl", new Uint8Array(1)],
    ]);
    expect(() => load(writeZip(script))).toThrow("a TorchScript archive cannot be read here");
    const bigEndian = new Map([
      ["a/data.pkl", new Uint8Array(1)],
      ["a/byteorder", new TextEncoder().encode("big")],
    ]);
    expect(() => load(writeZip(bigEndian))).toThrow("a file in big-endian byte order");
  });

  it("is an array of text or objects", () => {
    expect(() => load(archiveOfPython(pythonPickles.textArray))).toThrow("the NumPy dtype U1 cannot be read here");
  });
});

describe("any damage to a real file", () => {
  const folder = new URL("../../oracle/cases/pt/", import.meta.url);
  const files = readdirSync(folder).map((name) => ({
    name,
    bytes: new Uint8Array(readFileSync(new URL(name, folder))),
  }));
  const loadEither = (name: string, bytes: Uint8Array): unknown =>
    name.endsWith(".safetensors") ? loadSafetensors(bytes, makeTensor) : load(bytes);

  /** "loaded", "refused", or whatever other error escaped. */
  function outcome(name: string, bytes: Uint8Array): unknown {
    try {
      loadEither(name, bytes);
      return "loaded";
    } catch (error) {
      return error instanceof SerializationError ? "refused" : error;
    }
  }

  /** Changes one to three bytes, `times` over, always in the same way. */
  function* damaged(bytes: Uint8Array, times: number): Generator<Uint8Array> {
    let state = 12345;
    const random = (below: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let i = 0; i < times; i++) {
      const changed = bytes.slice();
      for (let n = 0; n <= i % 3; n++) changed[random(bytes.length)] = random(256);
      yield changed;
    }
  }

  it.each(files)("$name: cut anywhere it is a SerializationError", ({ name, bytes }) => {
    const steps = 60;
    for (let i = 0; i < steps; i++) {
      const length = Math.floor((bytes.length * i) / steps);
      expect(() => loadEither(name, bytes.slice(0, length))).toThrow(SerializationError);
    }
  });

  it.each(files)("$name: changed bytes never escape as another error", ({ name, bytes }) => {
    const outcomes = new Set(Array.from(damaged(bytes, 300), (changed) => outcome(name, changed)));
    for (const known of ["loaded", "refused"]) outcomes.delete(known);
    expect(outcomes).toEqual(new Set());
  });

  it.each(files.filter(({ bytes }) => isZip(bytes)))("$name: nor do they in its pickle alone", ({ name, bytes }) => {
    const entries = readZip(bytes);
    const pickle = Array.from(entries.keys()).find((entry) => entry.endsWith("data.pkl"))!;
    const outcomes = new Set(
      Array.from(damaged(entries.get(pickle)!, 300), (changed) =>
        outcome(name, writeZip(new Map([...entries, [pickle, changed]]))),
      ),
    );
    for (const known of ["loaded", "refused"]) outcomes.delete(known);
    expect(outcomes).toEqual(new Set());
  });
});
