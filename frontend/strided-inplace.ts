/** Functions that change a tensor's own shape, by the methods that do. */
import "./strided-methods.ts";
import type { Shape } from "../ir/shape.ts";
import type { Tensor } from "./tensor.ts";

export const resize_as_ = (input: Tensor, the_template: Tensor): Tensor => input.resize_as_(the_template);
export const as_strided_ = (
  input: Tensor,
  size: Shape,
  stride: readonly number[],
  storage_offset?: number | null,
): Tensor => input.as_strided_(size, stride, storage_offset);
