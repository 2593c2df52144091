/** The least that can be a tensor: enough to be loaded and saved again. */
import type { StoredTensor, TensorLeaf } from "../../../frontend/serialization/index.ts";

export class FakeTensor implements TensorLeaf {
  readonly stored: StoredTensor;
  constructor(stored: StoredTensor) {
    this.stored = stored;
  }
  get dtype(): string {
    return this.stored.dtype;
  }
  get shape(): readonly number[] {
    return this.stored.shape;
  }
  get strides(): readonly number[] {
    return this.stored.strides;
  }
  get storage_offset(): number {
    return this.stored.storageOffset;
  }
  get storageKey(): object {
    return this.stored.storage;
  }
  get storageElementCount(): number {
    return this.stored.storage.elementCount;
  }
  get requires_grad(): boolean {
    return this.stored.requires_grad;
  }
  get parameter(): boolean {
    return this.stored.parameter;
  }
  storageBytes(): Uint8Array {
    return this.stored.storage.bytes;
  }
}

export const makeTensor = (stored: StoredTensor): FakeTensor => new FakeTensor(stored);

/** A contiguous tensor on a storage of its own. */
export function float32(values: readonly number[], shape: readonly number[] = [values.length]): FakeTensor {
  const strides = shape.map((_, dim) => shape.slice(dim + 1).reduce((count, size) => count * size, 1));
  const storage = { key: "", bytes: new Uint8Array(Float32Array.from(values).buffer), elementCount: values.length };
  const about = { requires_grad: false, parameter: false, device: "cpu" };
  return new FakeTensor({ dtype: "float32", shape, strides, storageOffset: 0, storage, ...about });
}
