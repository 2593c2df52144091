/** From the pickle machine's values to those of values.ts. Shared and cyclic parts stay shared and cyclic. */
import { serializationErrors } from "./errors.ts";
import { NumpyRecord } from "./numpy.ts";
import { PyCallable, PyClass, PyDict, PySet, PyTuple } from "./python-values.ts";
import type { StorageRecord } from "./tensor-records.ts";
import { StorageHandle, storageBytes, TensorRecord } from "./tensor-records.ts";
import type { StorageData, StoredTensor } from "./tensors.ts";
import { bytesOf, contiguousBytes, contiguousStrides, elementCountOf, reachOf } from "./tensors.ts";
import type { SpecialValue } from "./values.ts";
import {
  Complex,
  NumpyArray,
  PythonObject,
  PythonReference,
  setDictInfo,
  TorchDevice,
  TorchName,
  TorchSize,
  TorchStorage,
} from "./values.ts";

/**
 * "object": a dict becomes a plain object when all its keys are strings that an object keeps in order, else a Map;
 * "map": always a Map.
 */
export type DictForm = "object" | "map";

export interface ConvertOptions {
  readonly makeTensor: (tensor: StoredTensor) => unknown;
  readonly revive?: ((value: SpecialValue) => unknown) | undefined;
  readonly dicts?: DictForm | undefined;
}

/** More than Python's own pickler would write. */
const depthLimit = 1000;

export function toJavaScript(root: unknown, options: ConvertOptions): unknown {
  const done = new Map<object, unknown>();
  const storages: Storages = new Map();
  const revive = options.revive ?? ((value: SpecialValue): unknown => value);

  const convert = (value: unknown, depth: number): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (done.has(value)) return done.get(value);
    if (depth > depthLimit) throw serializationErrors.tooDeep("the pickle", depthLimit);
    const finish = <Made>(made: Made): Made => (done.set(value, made), made);
    const inner = (item: unknown): unknown => convert(item, depth + 1);

    if (Array.isArray(value)) {
      const list = finish<unknown[]>([]);
      for (const item of value as unknown[]) list.push(inner(item));
      return list;
    }
    if (value instanceof PyTuple) return finish(Object.freeze(value.items.map(inner)));
    if (value instanceof PyDict) return convertDict(value, options.dicts ?? "object", inner, finish);
    if (value instanceof PySet) {
      const set = finish(new Set<unknown>());
      for (const item of value.items) set.add(inner(item));
      return set;
    }
    if (value instanceof Uint8Array) return finish(value.slice());
    if (value instanceof TensorRecord) return finish(options.makeTensor(storedTensor(value, storages)));
    if (value instanceof PythonObject) {
      const made = finish(new PythonObject(value.class, value.args.map(inner)));
      made.state = inner(value.state);
      for (const element of value.elements) made.elements.push(inner(element));
      for (const [key, entry] of value.entries) made.entries.set(inner(key), inner(entry));
      return finish(revive(made));
    }
    if (value instanceof StorageHandle)
      return finish(revive(new TorchStorage(value.dtype, windowBytes(value, storages))));
    return finish(revive(convertLeaf(value)));
  };
  return convert(root, 0);
}

function convertLeaf(value: object): SpecialValue {
  if (value instanceof NumpyRecord && value.array !== null) return value.array;
  if (value instanceof PyCallable || value instanceof PyClass) return new PythonReference(value.name);
  for (const known of [TorchName, TorchDevice, TorchSize, Complex, NumpyArray, PythonReference]) {
    if (value instanceof known) return value;
  }
  throw serializationErrors.corrupt("the pickle contains a value that was never completed");
}

function convertDict(
  dict: PyDict,
  form: DictForm,
  inner: (item: unknown) => unknown,
  finish: <Made extends object>(made: Made) => Made,
): object {
  const asObject = form === "object" && keysFitAnObject(dict);
  const made = finish<object>(asObject ? {} : new Map<unknown, unknown>());
  for (const [key, value] of dict) {
    if (made instanceof Map) made.set(inner(key), inner(value));
    // defineProperty, because assigning to "__proto__" would do something else.
    else
      Object.defineProperty(made, key as string, {
        value: inner(value),
        writable: true,
        enumerable: true,
        configurable: true,
      });
  }
  if (dict.ordered || dict.attributes !== null) {
    const attributes = dict.attributes === null ? {} : { attributes: plainAttributes(dict.attributes, inner) };
    setDictInfo(made, { ordered: dict.ordered, ...attributes });
  }
  return made;
}

/** An object lists keys such as "0" first, in ascending order: then only a Map keeps the dict's order. */
function keysFitAnObject(dict: PyDict): boolean {
  for (const key of dict.keys()) if (typeof key !== "string" || /^\d+$/.test(key)) return false;
  return true;
}

const plainAttributes = (attributes: PyDict, inner: (item: unknown) => unknown): Record<string, unknown> =>
  Object.fromEntries(Array.from(attributes, ([key, value]) => [String(key), inner(value)]));

type Storages = Map<StorageRecord, StorageData>;

/** `elementBytes` counts an untyped storage in elements of the first tensor on it. */
function loadStorage(record: StorageRecord, elementBytes: number, storages: Storages): StorageData {
  const known = storages.get(record);
  if (known !== undefined) return known;
  const { key, bytes, dtype } = record;
  if (bytes === null) throw serializationErrors.badStorage(key, "its data is missing from the file");
  const needed = storageBytes(record.elementCount, dtype);
  if (bytes.length < needed) {
    throw serializationErrors.badStorage(
      key,
      `${record.elementCount} elements need ${needed} bytes, the file has ${bytes.length}`,
    );
  }
  const elementCount = dtype === null ? Math.floor(bytes.length / elementBytes) : record.elementCount;
  const made = { key, bytes: bytes.slice(), elementCount };
  storages.set(record, made);
  return made;
}

const windowBytes = ({ record, dtype, elementOffset }: StorageHandle, storages: Storages): Uint8Array =>
  loadStorage(record, 1, storages).bytes.slice(storageBytes(elementOffset, dtype));

function storedTensor({ about }: TensorRecord, storages: Storages): StoredTensor {
  const { record } = about.storage;
  const { dtype, shape, strides, offset, requires_grad, parameter } = about;
  const storage = loadStorage(record, bytesOf(dtype), storages);
  const available = Math.floor(storage.bytes.length / bytesOf(dtype));
  const reach = reachOf(shape, strides, offset);
  if (reach > available) {
    throw serializationErrors.badStorage(
      record.key,
      `a tensor of shape (${shape.join(", ")}) reaches element ${reach}, the storage has ${available}`,
    );
  }
  const common = { dtype, shape, requires_grad, parameter, device: record.device };
  if (!about.conj && !about.neg) return { ...common, strides, storageOffset: offset, storage };
  const bytes = contiguousBytes(about, offset, storage.bytes).slice();
  flipSigns(bytes, dtype, about);
  const own = { key: record.key, bytes, elementCount: elementCountOf(shape) };
  return { ...common, strides: contiguousStrides(shape), storageOffset: 0, storage: own };
}

/** Carries out a pending negation (every component) or conjugation (every second one); both cancel on imaginary parts. */
function flipSigns(
  bytes: Uint8Array,
  dtype: string,
  { conj, neg }: { readonly conj: boolean; readonly neg: boolean },
): void {
  if (!dtype.startsWith("complex") && !dtype.startsWith("float") && dtype !== "bfloat16") {
    throw serializationErrors.unsupported(`a lazily negated tensor of dtype ${dtype}`);
  }
  const isComplex = dtype.startsWith("complex");
  const size = isComplex ? bytesOf(dtype) / 2 : bytesOf(dtype);
  for (let at = size - 1, part = 0; at < bytes.length; at += size, part++) {
    const imaginary = isComplex && part % 2 === 1;
    if (neg !== (conj && imaginary)) bytes[at]! ^= 0x80;
  }
}
