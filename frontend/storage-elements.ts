/** What storages of bytes and of elements have in common. */
import { ArgumentError, IndexError, ValueError } from "../ir/errors.ts";
import { elementCount } from "../ir/shape.ts";
import { callOperator, withSite } from "./call.ts";
import { tensor, zeros } from "./creation.ts";
import { device, type DeviceLike } from "./devices.ts";
import { dtypeName, type DTypeLike } from "./dtype.ts";
import type { Item } from "./element-values.ts";
import type { HostNumber } from "./elements.ts";
import { makeRoom, resized } from "./resizing.ts";
import type { Tensor } from "./tensor.ts";

export interface StorageOptions {
  readonly device?: DeviceLike | null;
}

/** All elements of a tensor's storage, in a row, as they lie there. */
export function rowOf(tensor: Tensor): Tensor {
  const whole = tensor.root_;
  return callOperator("view", [whole.data, [elementCount(whole.shape)]]) as Tensor;
}
/** The same memory, read as another type. */
export const asType = (row: Tensor, type: DTypeLike): Tensor =>
  row.type_ === dtypeName(type, "storage") ? row : (callOperator("view", [row, type]) as Tensor);

export abstract class Elements {
  /** @internal The elements. */ row_: Tensor;
  /** @internal Made by itself and not for a tensor: it may be resized. */ readonly isOwn_: boolean;

  constructor(row: Tensor, isOwn: boolean) {
    this.row_ = row;
    this.isOwn_ = isOwn;
  }
  /** Elements. */
  size(): number {
    return this.row_.numel();
  }
  get length(): number {
    return this.size();
  }
  nbytes(): number {
    return this.row_.nbytes;
  }
  element_size(): number {
    return this.row_.itemsize;
  }
  /** Equal for storages that are one. */
  data_ptr(): number {
    return this.row_.storage_.id * 2 ** 20;
  }
  get device(): device {
    return new device(this.row_.storage_.device.name);
  }
  get is_cuda(): boolean {
    return this.device.type === "webgpu";
  }
  tolist(): Item[] {
    return this.row_.tolist() as Item[];
  }
  *[Symbol.iterator](): IterableIterator<Item> {
    yield* this.tolist();
  }
  private position(index: number): number {
    const count = this.size();
    const at = index < 0 ? index + count : index;
    if (!Number.isInteger(index) || at < 0 || at >= count)
      throw new IndexError("storage/index", `storage: index ${index} out of range for storage of size ${count}.`);
    return at;
  }
  /** `storage[index]` */
  at(index: number): Item {
    return withSite(() => (callOperator("select", [this.row_, 0, this.position(index)]) as Tensor).item());
  }
  /** `storage[index] = value` */
  set_at(index: number, value: HostNumber): void {
    withSite(
      () => void (callOperator("select", [this.row_, 0, this.position(index)]) as Tensor).fill_(value as number),
    );
  }
  fill_(value: HostNumber): this {
    this.row_.fill_(value as number);
    return this;
  }
  /** Takes over another storage's bytes. @throws ValueError when there are more or fewer */
  copy_(source: Elements): this {
    return withSite(() => {
      if (source.nbytes() !== this.nbytes())
        throw new ValueError(
          "storage/copy",
          `copy_: size does not match, self was ${this.nbytes()} bytes but src was ${source.nbytes()} bytes.`,
        );
      const moved =
        source.row_.storage_.device === this.row_.storage_.device ? source.row_ : source.row_.to(this.device);
      asType(this.row_, "uint8").copy_(asType(moved, "uint8"));
      return this;
    });
  }
  /** Keeps the first elements; new ones are zero. @throws ValueError where tensors would lose elements that they show */
  resize_(size: number): this {
    return withSite(() => {
      if (this.isOwn_) this.row_ = resized(callOperator("clone", [this.row_]) as Tensor, [size], "resize_");
      else if (size > this.size()) this.grow(size);
      else if (size < this.size())
        throw new ValueError(
          "storage/resize",
          `resize_: the ${this.size()} elements of this storage belong to tensors, which would lose some of them at a size of ${size}.`,
          "Use tensor.resize_(...).",
        );
      return this;
    });
  }
  private grow(size: number): void {
    const { row_ } = this;
    makeRoom(row_, size, "resize_");
    const whole = asType(rowOf(row_), row_.type_);
    this.row_ = whole.numel() === size ? whole : (callOperator("narrow", [whole, 0, 0, size]) as Tensor);
  }
  pin_memory(): this {
    this.row_.pin_memory();
    return this;
  }
  is_pinned(): boolean {
    return false;
  }
  share_memory_(): this {
    this.row_.share_memory_();
    return this;
  }
  is_shared(): boolean {
    return this.row_.is_shared();
  }
}

/** That many elements, or these. */
export function ownRow(elements: number | readonly HostNumber[], type: DTypeLike, options: StorageOptions): Tensor {
  const made = { dtype: type, device: options.device };
  if (typeof elements !== "number") return tensor(elements, made);
  if (!Number.isInteger(elements) || elements < 0)
    throw new ArgumentError("storage/size", `storage: a size is a whole number that is not negative, got ${elements}.`);
  return zeros([elements], made);
}
