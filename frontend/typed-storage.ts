/** A storage as elements of a type, and the storages of tensors. */
import { isPlainObject } from "./bind.ts";
import { callableClass } from "./callable-class.ts";
import { withSite } from "./call.ts";
import { type DType, scalarName } from "../ir/dtype.ts";
import type { DeviceLike } from "./devices.ts";
import { dtypeName, dtypeObject, type dtype, type DTypeLike } from "./dtype.ts";
import type { HostNumber } from "./elements.ts";
import { settings } from "./state.ts";
import { asType, Elements, ownRow, rowOf, type StorageOptions } from "./storage-elements.ts";
import { Tensor } from "./tensor.ts";
import { UntypedStorage } from "./untyped-storage.ts";

export interface TypedStorageOptions extends StorageOptions {
  readonly dtype?: DTypeLike | null;
  /** The bytes to show as elements. */
  readonly wrap_storage?: UntypedStorage | null;
}

class TypedElements extends Elements {
  /** That many elements, or these; of the default type unless `dtype` says another. */
  constructor(
    elements: number | readonly HostNumber[] | Tensor | TypedStorageOptions = 0,
    options: TypedStorageOptions = {},
  ) {
    const named = isPlainObject(elements) ? (elements as TypedStorageOptions) : options;
    const type = named.dtype ?? settings.defaultDType;
    if (named.wrap_storage) super(asType(named.wrap_storage.row_, type), false);
    else if (elements instanceof Tensor) super(rowOf(elements), false);
    else super(ownRow(isPlainObject(elements) ? 0 : (elements as number), type, named), true);
  }
  get dtype(): dtype {
    return dtypeObject(this.row_.type_);
  }
  /** The same memory, as bytes. */
  untyped(): UntypedStorage {
    return UntypedStorage(this.row_);
  }
  clone(): TypedElements {
    return new TypedElements(this.row_.clone());
  }
  /** In another type; itself where it is of that type. Without a type: what PyTorch calls storages of this one's. */
  type(): string;
  type(wanted: DTypeLike): TypedElements;
  type(wanted: DTypeLike | null = null): TypedElements | string {
    if (wanted === null) return `torch.${scalarName(this.row_.type_)}Storage`;
    return this.row_.type_ === dtypeName(wanted, "type") ? this : new TypedElements(this.row_.to(wanted));
  }
  cpu(): TypedElements {
    return this.device.type === "cpu" ? this : new TypedElements(this.row_.cpu());
  }
  cuda(where?: DeviceLike | null): TypedElements {
    return new TypedElements(this.row_.cuda(where));
  }
  override toString(): string {
    return `[torch.storage.TypedStorage(dtype=${String(this.dtype)}, device=${String(this.device)}) of size ${this.size()}]`;
  }
}
/** Elements under a tensor; `new` may be left out. https://docs.pytorch.org/docs/stable/storage.html#legacy-typed-storage */
export const TypedStorage = /* @__PURE__ */ callableClass(TypedElements);
export type TypedStorage = TypedElements;

export interface StorageOf {
  (elements?: number | readonly HostNumber[], options?: StorageOptions): TypedStorage;
}
const storageOf =
  (type: DType): StorageOf =>
  (elements = 0, options = {}) =>
    new TypedElements(elements, { ...options, dtype: type });

/** A storage of float32 elements. https://docs.pytorch.org/docs/stable/storage.html */
export const FloatStorage = /* @__PURE__ */ storageOf("float32");
/** A storage of float64 elements. https://docs.pytorch.org/docs/stable/storage.html */
export const DoubleStorage = /* @__PURE__ */ storageOf("float64");
/** A storage of float16 elements. https://docs.pytorch.org/docs/stable/storage.html */
export const HalfStorage = /* @__PURE__ */ storageOf("float16");
/** A storage of bfloat16 elements. https://docs.pytorch.org/docs/stable/storage.html */
export const BFloat16Storage = /* @__PURE__ */ storageOf("bfloat16");
/** A storage of int8 elements. https://docs.pytorch.org/docs/stable/storage.html */
export const CharStorage = /* @__PURE__ */ storageOf("int8");
/** A storage of int16 elements. https://docs.pytorch.org/docs/stable/storage.html */
export const ShortStorage = /* @__PURE__ */ storageOf("int16");
/** A storage of int32 elements. https://docs.pytorch.org/docs/stable/storage.html */
export const IntStorage = /* @__PURE__ */ storageOf("int32");
/** A storage of int64 elements. https://docs.pytorch.org/docs/stable/storage.html */
export const LongStorage = /* @__PURE__ */ storageOf("int64");
/** A storage of uint8 elements. https://docs.pytorch.org/docs/stable/storage.html */
export const ByteStorage = /* @__PURE__ */ storageOf("uint8");
/** A storage of bool elements. https://docs.pytorch.org/docs/stable/storage.html */
export const BoolStorage = /* @__PURE__ */ storageOf("bool");
/** A storage of complex64 elements. https://docs.pytorch.org/docs/stable/storage.html */
export const ComplexFloatStorage = /* @__PURE__ */ storageOf("complex64");
/** A storage of complex128 elements. https://docs.pytorch.org/docs/stable/storage.html */
export const ComplexDoubleStorage = /* @__PURE__ */ storageOf("complex128");
/** PyTorch's name for storages of the default type. */
export const Storage = FloatStorage;

const kinds: Readonly<Record<DType, StorageOf>> = {
  float32: FloatStorage,
  float64: DoubleStorage,
  float16: HalfStorage,
  bfloat16: BFloat16Storage,
  int8: CharStorage,
  int16: ShortStorage,
  int32: IntStorage,
  int64: LongStorage,
  uint8: ByteStorage,
  bool: BoolStorage,
  complex64: ComplexFloatStorage,
  complex128: ComplexDoubleStorage,
};

declare module "./tensor.ts" {
  interface Tensor {
    /** The storage that this tensor shares with its views. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.untyped_storage.html */
    untyped_storage(): UntypedStorage;
    /** The same, as elements of this tensor's type. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.storage.html */
    storage(): TypedStorage;
    /** What makes storages of this tensor's type: `torch.FloatStorage`, … */
    storage_type(): StorageOf;
  }
}
const methods: Record<string, (this: Tensor) => unknown> = {
  untyped_storage(this: Tensor) {
    return withSite(() => new UntypedStorage(this));
  },
  storage(this: Tensor) {
    return withSite(() => new TypedElements(this));
  },
  storage_type(this: Tensor) {
    return kinds[this.type_];
  },
};
for (const [name, value] of Object.entries(methods))
  Object.defineProperty(Tensor.prototype, name, { value, writable: true, configurable: true });

/** Whether `obj` is a storage. https://docs.pytorch.org/docs/stable/generated/torch.is_storage.html */
export const is_storage = (obj: unknown): obj is UntypedStorage | TypedStorage => obj instanceof Elements;
