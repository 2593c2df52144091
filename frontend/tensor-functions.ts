/** Members of a tensor as functions of `torch`, and the names of things. */
import "../ir/ops/copies.ts";
import { signature, type CallOf } from "./arguments.ts";
import { callOperator, withSite } from "./call.ts";
import { legacyNameOf } from "./conversion.ts";
import "./holding.ts";
import { stridedOf } from "./strided-view.ts";
import { Tensor } from "./tensor.ts";

/**
 * The same values, cut from the graph; shares memory.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.detach.html
 */
export const detach = (input: Tensor): Tensor => input.detach();
/**
 * Cuts the tensor from the graph, in place.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.detach_.html
 */
export const detach_ = (input: Tensor): Tensor => input.detach_();
/** The ordinal of the GPU that holds it, -1 on a CPU. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.get_device.html */
export const get_device = (input: Tensor): number => input.get_device();
/** Whether the elements can be negative. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.is_signed.html */
export const is_signed = (input: Tensor): boolean => input.is_signed();

/** `torch.FloatTensor` of a tensor, else the name of the type. https://docs.pytorch.org/docs/stable/generated/torch.typename.html */
export function typename(obj: unknown): string {
  if (obj instanceof Tensor) return legacyNameOf(obj);
  if (typeof obj === "function") return obj.name;
  return typeof obj === "object" && obj !== null ? obj.constructor.name : typeof obj;
}

const stridedSignature = /* @__PURE__ */ signature<
  [input: Tensor, size: readonly number[], stride: readonly number[], storage_offset: number | null]
>()("input, size, stride, storage_offset?");

/**
 * The elements of the storage that sizes and strides describe; a copy.
 *
 * Shape: `storage -> [*size]`
 *
 * @throws IndexError when an element would lie outside the storage
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.as_strided.html
 */
export function as_strided_copy(...args: CallOf<typeof stridedSignature>): Tensor {
  return withSite(() => {
    const { input, size, stride, storage_offset } = stridedSignature.bind("as_strided_copy", args);
    return callOperator("alias_copy", [stridedOf(input, size, stride, storage_offset)]) as Tensor;
  });
}
