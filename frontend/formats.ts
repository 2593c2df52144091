/** `torch.Size`, layouts and memory formats: what PyTorch names and prints beside dtypes and devices. */
import { elementCount, sizeText } from "../ir/shape.ts";
import { callableClass } from "./callable-class.ts";

class SizeArray extends Array<number> {
  constructor(sizes: Iterable<number> = []) {
    super();
    this.push(...sizes);
  }
  /** What is mapped or sliced is a plain array. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
  numel(): number {
    return elementCount(this);
  }
  override toString(): string {
    return sizeText(this);
  }
}

/** A shape that prints as PyTorch's; `new` may be left out. https://docs.pytorch.org/docs/stable/size.html */
export const Size = /* @__PURE__ */ callableClass(SizeArray);
export type Size = SizeArray;

class TorchConstant<Name extends string> {
  readonly name: Name;
  constructor(name: Name) {
    this.name = name;
  }
  toString(): string {
    return `torch.${this.name}`;
  }
}

/** How a tensor's elements are held. https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.layout */
export class layout extends TorchConstant<
  "strided" | "sparse_coo" | "sparse_csr" | "sparse_csc" | "sparse_bsr" | "sparse_bsc"
> {}
/** In what order. https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.memory_format */
export class memory_format extends TorchConstant<
  "contiguous_format" | "channels_last" | "channels_last_3d" | "preserve_format"
> {}

/** By sizes and strides: what tensors are. */
export const strided = new layout("strided");
/** The name of a layout that no tensor has yet. */
export const sparse_coo = new layout("sparse_coo");
/** The name of a layout that no tensor has yet. */
export const sparse_csr = new layout("sparse_csr");
/** The name of a layout that no tensor has yet. */
export const sparse_csc = new layout("sparse_csc");
/** The name of a layout that no tensor has yet. */
export const sparse_bsr = new layout("sparse_bsr");
/** The name of a layout that no tensor has yet. */
export const sparse_bsc = new layout("sparse_bsc");

/** Row by row. */
export const contiguous_format = new memory_format("contiguous_format");
/** An older name of the same. */
export const legacy_contiguous_format = contiguous_format;
/** [N, C, H, W] with the channels side by side. */
export const channels_last = new memory_format("channels_last");
/** [N, C, D, H, W] with the channels side by side. */
export const channels_last_3d = new memory_format("channels_last_3d");
/** As the input lies in memory. */
export const preserve_format = new memory_format("preserve_format");
