/** Tensors and storages while a pickle is read: the bytes of a legacy file come only after it. */
import { serializationErrors } from "./errors.ts";
import { asIndex, asIndices, asString, asTuple, PyCallable, PyDict } from "./python-values.ts";
import { bytesOf } from "./tensors.ts";
import { TorchName } from "./values.ts";

export interface StorageRecord {
  readonly key: string;
  /** Of the first reference to it; null when it is untyped. */
  readonly dtype: string | null;
  readonly device: string;
  readonly elementCount: number;
  bytes: Uint8Array | null;
}

/** What a persistent id stands for; legacy files have storages that are windows onto others. */
export class StorageHandle {
  readonly record: StorageRecord;
  readonly dtype: string | null;
  readonly elementOffset: number;
  constructor(record: StorageRecord, dtype: string | null, elementOffset: number) {
    this.record = record;
    this.dtype = dtype;
    this.elementOffset = elementOffset;
  }
}

export interface TensorDescription {
  readonly storage: StorageHandle;
  readonly dtype: string;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly requires_grad: boolean;
  readonly parameter: boolean;
  /** Lazy conjugation and negation: the storage holds the values before them. */
  readonly conj: boolean;
  readonly neg: boolean;
}

export class TensorRecord {
  readonly about: TensorDescription;
  constructor(about: TensorDescription) {
    this.about = about;
  }
}

/** The class in a storage's persistent id; dtype null: untyped. */
export class StorageClass {
  readonly dtype: string | null;
  constructor(dtype: string | null) {
    this.dtype = dtype;
  }
}

export interface StorageReference {
  readonly dtype: string | null;
  readonly key: string;
  readonly device: string;
  readonly elementCount: number;
  /** In legacy files: the window's own key, and where it begins. */
  readonly window: { readonly key: string; readonly elementOffset: number } | null;
}

/** `("storage", class, key, location, count)`, with a sixth part in legacy files. */
export function parseStorageReference(id: unknown): StorageReference {
  const [tag, storageClass, key, location, count, window] = asTuple(id, "a persistent id");
  if (tag !== "storage" || !(storageClass instanceof StorageClass)) {
    throw serializationErrors.corrupt("a persistent id does not refer to a storage");
  }
  let parsedWindow: StorageReference["window"] = null;
  if (window !== undefined && window !== null) {
    const [windowKey, offset] = asTuple(window, "a storage's window");
    parsedWindow = {
      key: asString(windowKey, "a storage's key"),
      elementOffset: asIndex(offset, "a storage's offset"),
    };
  }
  return {
    dtype: storageClass.dtype,
    key: asString(key, "a storage's key"),
    device: asString(location, "a storage's location"),
    elementCount: asIndex(count, "a storage's element count"),
    window: parsedWindow,
  };
}

export const storageBytes = (elementCount: number, dtype: string | null): number =>
  elementCount * (dtype === null ? 1 : bytesOf(dtype));

/** `torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks, metadata)`; v1 ends at strides. */
export function rebuildTensor(args: readonly unknown[], explicitDtype?: string): TensorRecord {
  const [storage, offset, shape, strides, requiresGrad] = args;
  if (!(storage instanceof StorageHandle)) throw serializationErrors.corrupt("a tensor has no storage");
  const dtype = explicitDtype ?? storage.dtype;
  if (dtype === null) throw serializationErrors.corrupt("a tensor on an untyped storage has no dtype");
  const metadata = args[explicitDtype === undefined ? 6 : 7];
  const flag = (name: string): boolean => metadata instanceof PyDict && metadata.get(name) === true;
  const about: TensorDescription = {
    storage,
    dtype,
    offset: storage.elementOffset + asIndex(offset, "a tensor's storage offset"),
    shape: asIndices(shape, "a tensor's shape"),
    strides: asIndices(strides, "a tensor's strides"),
    requires_grad: requiresGrad === true,
    parameter: false,
    conj: flag("conj"),
    neg: flag("neg"),
  };
  if (about.strides.length !== about.shape.length) {
    throw serializationErrors.corrupt(`a tensor has ${about.shape.length} sizes but ${about.strides.length} strides`);
  }
  return new TensorRecord(about);
}

/** v3 names the dtype, because the storage is untyped. */
export function rebuildTensorV3(args: readonly unknown[]): TensorRecord {
  const dtype = args[6];
  if (!(dtype instanceof TorchName) || dtype.kind !== "dtype") {
    throw serializationErrors.corrupt("a tensor's dtype is missing");
  }
  return rebuildTensor(args, dtype.name);
}

export function rebuildParameter([data, requiresGrad]: readonly unknown[]): TensorRecord {
  if (!(data instanceof TensorRecord)) throw serializationErrors.corrupt("a parameter has no tensor");
  return new TensorRecord({ ...data.about, requires_grad: requiresGrad === true, parameter: true });
}

/** `torch._tensor._rebuild_from_type_v2(rebuild, type, args, state)`: buffers, and tensors with attributes of their own. */
export function rebuildFromType([rebuild, , args]: readonly unknown[]): unknown {
  if (!(rebuild instanceof PyCallable)) throw serializationErrors.corrupt("a tensor is rebuilt by what is no function");
  return rebuild.call(asTuple(args, "a tensor's arguments"));
}
