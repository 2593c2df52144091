/** A storage as bytes. */
import { callableClass } from "./callable-class.ts";
import { withSite } from "./call.ts";
import { tensor } from "./creation.ts";
import type { DeviceLike } from "./devices.ts";
import { fileBytes } from "./file-bytes.ts";
import type { FileSource } from "./files.ts";
import { asType, Elements, ownRow, rowOf, type StorageOptions } from "./storage-elements.ts";
import { Tensor } from "./tensor.ts";

class UntypedElements extends Elements {
  /** That many bytes, or these. */
  constructor(bytes: number | readonly number[] | Tensor, options: StorageOptions = {}) {
    if (bytes instanceof Tensor) super(asType(rowOf(bytes), "uint8"), false);
    else super(ownRow(bytes, "uint8", options), true);
  }
  /** The bytes of a file. https://docs.pytorch.org/docs/stable/storage.html#torch.UntypedStorage.from_file */
  static from_file(filename: FileSource, shared: boolean | null = false, nbytes = 0): UntypedElements {
    return withSite(() => {
      const storage = new UntypedElements(0);
      storage.row_ = tensor(fileBytes("UntypedStorage.from_file", filename, shared, nbytes));
      return storage;
    });
  }
  clone(): UntypedElements {
    return new UntypedElements(this.row_.clone());
  }
  cpu(): UntypedElements {
    return this.device.type === "cpu" ? this : new UntypedElements(this.row_.cpu());
  }
  cuda(where?: DeviceLike | null): UntypedElements {
    return new UntypedElements(this.row_.cuda(where));
  }
  override toString(): string {
    return `[torch.storage.UntypedStorage(device=${String(this.device)}) of size ${this.size()}]`;
  }
}
/** Bytes under a tensor; `new` may be left out. https://docs.pytorch.org/docs/stable/storage.html */
export const UntypedStorage = /* @__PURE__ */ callableClass(UntypedElements);
export type UntypedStorage = UntypedElements;
