/** Tensors as the two file formats see them: strides over a storage of bytes. */
import { serializationErrors } from "./errors.ts";
import { storedDtypes } from "./dtypes.ts";

/** What must be told about a tensor to save it. */
export interface TensorLeaf {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** In elements. */
  readonly strides: readonly number[];
  /** In elements. */
  readonly storage_offset: number;
  /** Tensors with the same key share memory, also after loading. */
  readonly storageKey: object;
  readonly storageElementCount: number;
  /** The whole storage, little-endian; asked for once for each storageKey. */
  storageBytes(): Uint8Array;
  readonly requires_grad?: boolean;
  readonly parameter?: boolean;
}

export const isTensorLeaf = (value: object): value is TensorLeaf =>
  "storageBytes" in value && typeof value.storageBytes === "function" && "storageKey" in value;

/** One for each storage of a file: tensors that share memory get the same object. */
export interface StorageData {
  /** Its name in the file. */
  readonly key: string;
  /** Memory of its own, which the tensor may keep; typed arrays can be laid over its buffer. */
  readonly bytes: Uint8Array;
  readonly elementCount: number;
}

/** A tensor of a file. */
export interface StoredTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly storageOffset: number;
  readonly storage: StorageData;
  readonly requires_grad: boolean;
  /** It was an nn.Parameter. */
  readonly parameter: boolean;
  /** Where it lay when it was saved: "cpu", "cuda:0". */
  readonly device: string;
}

export const elementCountOf = (shape: readonly number[]): number => shape.reduce((count, size) => count * size, 1);

export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    strides[dim] = stride;
    stride *= Math.max(shape[dim]!, 1);
  }
  return strides;
}

/** Elements from the start of the storage to the end of the last element that the view reaches. */
export function reachOf(shape: readonly number[], strides: readonly number[], offset: number): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((reach, size, dim) => reach + (size - 1) * strides[dim]!, offset) + 1;
}

export function bytesOf(dtype: string): number {
  const known = Object.hasOwn(storedDtypes, dtype) ? storedDtypes[dtype] : undefined;
  if (known === undefined) throw serializationErrors.unsupported(`dtype ${dtype}`);
  return known.bytes;
}

/** The viewed elements in row-major order; a copy unless the view is contiguous. */
export function contiguousBytes(
  view: Pick<TensorLeaf, "dtype" | "shape" | "strides">,
  offset: number,
  storage: Uint8Array,
): Uint8Array {
  const { shape, strides } = view;
  const size = bytesOf(view.dtype);
  const count = elementCountOf(shape);
  if (count === 0) return new Uint8Array(0);
  const expected = contiguousStrides(shape);
  if (shape.every((extent, dim) => extent === 1 || strides[dim] === expected[dim])) {
    return storage.subarray(offset * size, (offset + count) * size);
  }
  const out = new Uint8Array(count * size);
  const index = new Array<number>(shape.length).fill(0);
  let from = offset;
  for (let to = 0; to < count; to++) {
    for (let byte = 0; byte < size; byte++) out[to * size + byte] = storage[from * size + byte]!;
    for (let dim = shape.length - 1; dim >= 0; dim--) {
      from += strides[dim]!;
      if (++index[dim]! < shape[dim]!) break;
      from -= shape[dim]! * strides[dim]!;
      index[dim] = 0;
    }
  }
  return out;
}
