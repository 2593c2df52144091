/** Functions that change a tensor's own shape, by the methods that do. */
import "./strided-methods.ts";
import { signature, type CallOf } from "./arguments.ts";
import type { memory_format } from "./formats.ts";
import type { Shape } from "../ir/shape.ts";
import type { Tensor } from "./tensor.ts";

const resizeSignature = signature<[input: Tensor, the_template: Tensor, memory_format: memory_format | null]>()(
  "input, the_template, *, memory_format?",
);
/**
 * Gives input itself the shape of another tensor.
 *
 * Shape: `[*] -> [*the_template]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.resize_as_.html
 */
export function resize_as_(...args: CallOf<typeof resizeSignature>): Tensor {
  const { input, the_template, memory_format } = resizeSignature.bind("resize_as_", args);
  return input.resize_as_(the_template, { memory_format });
}
/**
 * Makes input itself another view of its storage.
 *
 * Shape: `storage -> [*size]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.as_strided_.html
 */
export const as_strided_ = (
  input: Tensor,
  size: Shape,
  stride: readonly number[],
  storage_offset?: number | null,
): Tensor => input.as_strided_(size, stride, storage_offset);
