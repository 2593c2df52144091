/** Values that are on the host anyway. */
import { elementCount } from "../ir/shape.ts";
import type { TypedArray } from "../runtime/typed-array.ts";
import type { Tensor } from "./tensor.ts";
import { behindMarkers, valueOf } from "./value.ts";

/** The elements of a tensor, row-major, where they came from the host: nothing is computed or read. Not to be changed. */
export function hostContentsOf(tensor: Tensor): TypedArray | null {
  const { storage_: storage } = tensor;
  const whole =
    tensor.is_contiguous() && tensor.storage_offset() === 0 && tensor.numel() === elementCount(storage.shape);
  return whole ? (valueOf(behindMarkers(storage.node))?.hostContents ?? null) : null;
}
