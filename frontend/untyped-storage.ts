/** What tensors that alias each other share, as users see it. */
import { elementCount } from "../ir/shape.ts";
import { device } from "./devices.ts";
import type { Storage } from "./storage.ts";
import { Tensor } from "./tensor.ts";

/** Bytes under a tensor. https://docs.pytorch.org/docs/stable/storage.html */
export class UntypedStorage {
  private readonly storage: Storage;
  private readonly itemsize: number;

  /** @internal Use tensor.untyped_storage(). */
  constructor(tensor: Tensor) {
    this.storage = tensor.storage_;
    this.itemsize = tensor.itemsize;
  }
  nbytes(): number {
    return elementCount(this.storage.node.shape) * this.itemsize;
  }
  /** As nbytes: a storage without a type counts bytes. */
  size(): number {
    return this.nbytes();
  }
  /** Equal for storages that are one. */
  data_ptr(): number {
    return this.storage.id * 2 ** 20;
  }
  get device(): device {
    return new device(this.storage.device.name);
  }
  get is_cuda(): boolean {
    return this.device.type === "webgpu";
  }
  element_size(): number {
    return 1;
  }
}

declare module "./tensor.ts" {
  interface Tensor {
    /** The storage that this tensor shares with its views. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.untyped_storage.html */
    untyped_storage(): UntypedStorage;
  }
}
Object.defineProperty(Tensor.prototype, "untyped_storage", {
  value(this: Tensor): UntypedStorage {
    return new UntypedStorage(this);
  },
  writable: true,
  configurable: true,
});

/** Whether `obj` is a storage. https://docs.pytorch.org/docs/stable/generated/torch.is_storage.html */
export const is_storage = (obj: unknown): obj is UntypedStorage => obj instanceof UntypedStorage;
