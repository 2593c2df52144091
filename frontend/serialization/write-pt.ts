/** `torch.save`: the tree as a pickle, each storage as an entry of the archive. */
import { serializationErrors } from "./errors.ts";
import { opcodes as op } from "./pickle-opcodes.ts";
import { PickleWriter } from "./pickle-writer.ts";
import { StorageWriter } from "./write-tensors.ts";
import { writeSpecial } from "./write-special.ts";
import { isTensorLeaf } from "./tensors.ts";
import { getDictInfo } from "./values.ts";
import { writeZip } from "./write-zip.ts";

export interface SaveOptions {
  /**
   * Called for every object, array and function before it is written: returns what to save in its place (a TensorLeaf
   * for a tensor, a TorchName for a dtype), or the value itself.
   */
  readonly replace?: ((value: object) => unknown) | undefined;
}

const archive = "archive";
/** About as deep as Python's own pickler goes before its recursion limit. */
const depthLimit = 400;

/**
 * The bytes of a file that `torch.load` reads.
 * @throws SerializationError when a value has no counterpart in Python, with the path to it
 */
export function savePt(value: unknown, options: SaveOptions = {}): Uint8Array {
  const writer = new PickleWriter();
  const storages = new StorageWriter(writer);
  new TreeWriter(writer, storages, options.replace ?? ((item) => item)).write(value, "the value", 0);
  const text = new TextEncoder();
  const entries = new Map([
    [`${archive}/data.pkl`, writer.finish()],
    [`${archive}/byteorder`, text.encode("little")],
  ]);
  storages.contents.forEach((bytes, index) => entries.set(`${archive}/data/${index}`, bytes));
  entries.set(`${archive}/version`, text.encode("3\n"));
  return writeZip(entries);
}

class TreeWriter {
  readonly #writer: PickleWriter;
  readonly #storages: StorageWriter;
  readonly #replace: (value: object) => unknown;
  readonly #openTuples = new Set<object>();

  constructor(writer: PickleWriter, storages: StorageWriter, replace: (value: object) => unknown) {
    this.#writer = writer;
    this.#storages = storages;
    this.#replace = replace;
  }

  write(value: unknown, path: string, depth: number): void {
    const writer = this.#writer;
    switch (typeof value) {
      case "undefined":
        return writer.opcode(op.NONE);
      case "boolean":
        return writer.opcode(value ? op.NEWTRUE : op.NEWFALSE);
      case "number":
        return writer.number(value);
      case "bigint":
        return writer.bigint(value);
      case "string":
        return writer.string(value);
      case "symbol":
        throw serializationErrors.cannotSave(path, "a symbol, which Python does not have");
      case "function":
      case "object":
        if (value === null) return writer.opcode(op.NONE);
        if (depth > depthLimit) throw serializationErrors.tooDeep(path, depthLimit);
        return this.#object(value, path, depth);
      default:
        throw serializationErrors.cannotSave(path, `of type ${typeof value}`);
    }
  }

  #object(original: object, path: string, depth: number): void {
    const writer = this.#writer;
    if (writer.recall(original)) return;
    const value = this.#replace(original);
    if (typeof value !== "object" || value === null) {
      if (typeof value !== "function") return this.write(value, path, depth);
      throw serializationErrors.cannotSave(
        path,
        "a function",
        "Save data only: a state_dict, numbers, strings, tensors.",
      );
    }
    if (value === original || !writer.recall(value)) this.#fresh(value, path, depth);
    writer.memoizeAs(original, value);
  }

  #fresh(value: object, path: string, depth: number): void {
    const writer = this.#writer;
    const item = (child: unknown, step: string): void => this.write(child, `${path}${step}`, depth + 1);
    if (Array.isArray(value)) return this.#array(value as unknown[], path, item);
    if (isTensorLeaf(value)) this.#storages.tensor(value, path);
    else if (value instanceof Uint8Array) writer.bytesValue(value);
    else if (value instanceof Map || isPlain(value)) return this.#dict(value, item);
    else if (value instanceof Set) return this.#set(value, item);
    else if (!writeSpecial(writer, this.#storages, value, item))
      throw serializationErrors.cannotSave(path, ...describe(value));
    writer.memoize(value);
  }

  #array(values: readonly unknown[], path: string, item: (child: unknown, step: string) => void): void {
    const writer = this.#writer;
    if (!Object.isFrozen(values)) {
      writer.opcode(op.EMPTY_LIST);
      writer.memoize(values);
      writer.opcode(op.MARK);
      values.forEach((child, i) => item(child, `[${i}]`));
      return writer.opcode(op.APPENDS);
    }
    // A frozen array is a tuple, which Python cannot refer to before it is complete.
    if (this.#openTuples.has(values)) throw serializationErrors.cannotSave(path, "a frozen array that contains itself");
    this.#openTuples.add(values);
    writer.tuple(values.map((child, i) => () => item(child, `[${i}]`)));
    this.#openTuples.delete(values);
    if (values.length > 0) writer.memoize(values);
  }

  #dict(value: object, item: (child: unknown, step: string) => void): void {
    const writer = this.#writer;
    const info = getDictInfo(value);
    if (info?.ordered === true) writer.orderedDict();
    else writer.opcode(op.EMPTY_DICT);
    writer.memoize(value);
    this.#entries(entriesOf(value, info?.integerKeys === true), item);
    if (info?.attributes !== undefined && info.ordered) {
      writer.opcode(op.EMPTY_DICT);
      this.#entries(Object.entries(info.attributes), item);
      writer.opcode(op.BUILD);
    }
  }

  #entries(entries: Iterable<[unknown, unknown]>, item: (child: unknown, step: string) => void): void {
    this.#writer.opcode(op.MARK);
    for (const [key, child] of entries) {
      const step = typeof key === "string" ? `[${JSON.stringify(key)}]` : `[${String(key)}]`;
      item(key, `'s key ${step}`);
      item(child, step);
    }
    this.#writer.opcode(op.SETITEMS);
  }

  #set(value: ReadonlySet<unknown>, item: (child: unknown, step: string) => void): void {
    const writer = this.#writer;
    writer.call("__builtin__", "set", () => {
      writer.opcode(op.EMPTY_LIST);
      writer.opcode(op.MARK);
      for (const child of value) item(child, "'s member");
      writer.opcode(op.APPENDS);
    });
    writer.memoize(value);
  }
}

function entriesOf(dict: object, integerKeys: boolean): Iterable<[unknown, unknown]> {
  if (dict instanceof Map) return (dict as Map<unknown, unknown>).entries();
  const entries = Object.entries(dict);
  return integerKeys ? entries.map(([key, value]) => [Number(key), value]) : entries;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function describe(value: object): [what: string, cure: string] {
  if (ArrayBuffer.isView(value)) return ["a typed array", "Make it a tensor, an Array or a Uint8Array (bytes)."];
  const { constructor } = value as { readonly constructor?: { readonly name?: unknown } };
  const name = typeof constructor?.name === "string" && constructor.name !== "" ? constructor.name : "unknown class";
  return [`an instance of ${name}`, "Save data only: a module's or optimizer's state_dict() instead of itself."];
}
