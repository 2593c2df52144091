/** Dropout as functions of `torch`: the probability and the mode are always said, and each form has one in place. */
import { signature, type CallOf } from "../arguments.ts";
import { callOperator, withSite } from "../call.ts";
import type { Tensor } from "../tensor.ts";
import * as F from "./dropout.ts";

const formArguments = signature<[input: Tensor, p: number, train: boolean]>()("input, p, train");
type FormCall = CallOf<typeof formArguments>;

const form =
  (name: string, drop: typeof F.dropout, inplace: boolean) =>
  (...args: FormCall): Tensor =>
    withSite(() => {
      const { input, p, train } = formArguments.bind(name, args);
      return drop(input, p, train, inplace);
    });

/**
 * torch.nn.functional.dropout with `p` and `train` required.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html
 */
export const dropout = form("dropout", F.dropout, false);
/**
 * In place: the result becomes the contents.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html
 */
export const dropout_ = form("dropout_", F.dropout, true);
/**
 * torch.nn.functional.alpha_dropout with `p` and `train` required.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.alpha_dropout.html
 */
export const alpha_dropout = form("alpha_dropout", F.alpha_dropout, false);
/**
 * In place: the result becomes the contents.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.alpha_dropout.html
 */
export const alpha_dropout_ = form("alpha_dropout_", F.alpha_dropout, true);
/**
 * Zeroes whole channels of `[N, C, *]`.
 *
 * Shape: `[N, C, *] -> [N, C, *]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout2d.html
 */
export const feature_dropout = form("feature_dropout", F.dropout2d, false);
/**
 * In place: the result becomes the contents.
 *
 * Shape: `[N, C, *] -> [N, C, *]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout2d.html
 */
export const feature_dropout_ = form("feature_dropout_", F.dropout2d, true);
/**
 * alpha_dropout of whole channels.
 *
 * Shape: `[N, C, *] -> [N, C, *]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.feature_alpha_dropout.html
 */
export const feature_alpha_dropout = form("feature_alpha_dropout", F.feature_alpha_dropout, false);
/**
 * In place: the result becomes the contents.
 *
 * Shape: `[N, C, *] -> [N, C, *]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.feature_alpha_dropout.html
 */
export const feature_alpha_dropout_ = form("feature_alpha_dropout_", F.feature_alpha_dropout, true);

const nativeArguments = signature<[input: Tensor, p: number, train: boolean | null]>()("input, p, train");

/**
 * Dropout, and which elements it has kept.
 *
 * Shape: `[*] -> [*], bool[*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html
 */
export function native_dropout(...args: CallOf<typeof nativeArguments>): readonly [Tensor, Tensor] {
  return withSite(() => {
    const { input, p, train } = nativeArguments.bind("native_dropout", args);
    const factors = F.drawnMask("native_dropout", input, input.shape, train === false ? 0 : p);
    return [callOperator("mul", [input, factors]) as Tensor, callOperator("ne", [factors, 0]) as Tensor];
  });
}
