/** Functions that change a tensor's own shape, by the methods that do. */
import "./strided-methods.ts";
import type { Shape } from "../ir/shape.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Gives input itself the shape of another tensor.
 *
 * Shape: `[*] -> [*the_template]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.resize_as_.html
 */
export const resize_as_ = (input: Tensor, the_template: Tensor): Tensor => input.resize_as_(the_template);
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
