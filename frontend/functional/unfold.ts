/** `unfold` of nn.functional: another function than the method of that name. */
import "../../ir/ops/nn/fold.ts";
import { signature, type CallOf } from "../arguments.ts";
import { callOperator, withSite } from "../call.ts";
import type { Tensor } from "../tensor.ts";

type Sizes = number | readonly number[];
const unfoldArguments = signature<
  [input: Tensor, kernel_size: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes]
>()("input, kernel_size, dilation?, padding?, stride?");

/**
 * Every window of an image as a column.
 *
 * Shape: `[N, C, H, W] -> [N, C * kH * kW, L]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.unfold.html
 */
export function unfold(...args: CallOf<typeof unfoldArguments>): Tensor {
  return withSite(() => {
    const { input, kernel_size, dilation, padding, stride } = unfoldArguments.bind("unfold", args);
    return callOperator("im2col", [input, kernel_size, dilation ?? 1, padding ?? 0, stride ?? 1]) as Tensor;
  });
}
