/** Pooling functions that give the positions of the maxima as well when they are asked to. */
import "../../ir/ops/nn/pooling.ts";
import "../../ir/ops/nn/pooling-adaptive.ts";
import { signature, type CallOf } from "../arguments.ts";
import { callOperator, withSite } from "../call.ts";
import type { Tensor } from "../tensor.ts";

type Sizes = number | readonly number[];
const maxPoolArguments = signature<
  [
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | null,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: boolean,
    return_indices: boolean,
  ]
>()("input, kernel_size, stride?, padding?, dilation?, ceil_mode?, return_indices?");
type MaxPoolCall = CallOf<typeof maxPoolArguments>;
/** The values, or with `return_indices: true` the values and their positions. */
type Pooled<A extends readonly unknown[]> = A extends readonly [...unknown[], { readonly return_indices: true }]
  ? readonly [Tensor, Tensor]
  : A extends readonly [Tensor, Sizes, Sizes | null, Sizes, Sizes, boolean, true]
    ? readonly [Tensor, Tensor]
    : A extends readonly [Tensor, Sizes, true] | readonly [Tensor, unknown, true]
      ? readonly [Tensor, Tensor]
      : Tensor;

function maxPool<const A extends MaxPoolCall>(name: string, args: A): Pooled<A> {
  return withSite(() => {
    const { input, kernel_size, stride, padding, dilation, ceil_mode, return_indices } = maxPoolArguments.bind(
      name,
      args,
    );
    const given = [input, kernel_size, stride ?? null, padding ?? 0, dilation ?? 1, ceil_mode ?? false];
    return callOperator(return_indices === true ? `${name}_with_indices` : name, given) as Pooled<A>;
  });
}

/** Maximum of each window of `[N, C, L]`. https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool1d.html */
export const max_pool1d = <const A extends MaxPoolCall>(...args: A): Pooled<A> => maxPool("max_pool1d", args);
/** Maximum of each window of `[N, C, H, W]`. https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool2d.html */
export const max_pool2d = <const A extends MaxPoolCall>(...args: A): Pooled<A> => maxPool("max_pool2d", args);
/** Maximum of each window of `[N, C, D, H, W]`. https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool3d.html */
export const max_pool3d = <const A extends MaxPoolCall>(...args: A): Pooled<A> => maxPool("max_pool3d", args);

type OutputSize = number | null | readonly (number | null)[];
const adaptiveArguments = signature<[input: Tensor, output_size: OutputSize, return_indices: boolean]>()(
  "input, output_size, return_indices?",
);
type AdaptiveCall = CallOf<typeof adaptiveArguments>;

function adaptiveMaxPool<const A extends AdaptiveCall>(name: string, args: A): Pooled<A> {
  return withSite(() => {
    const { input, output_size, return_indices } = adaptiveArguments.bind(name, args);
    const [values, indices] = callOperator(`${name}_with_indices`, [input, output_size]) as readonly [Tensor, Tensor];
    return (return_indices === true ? [values, indices] : values) as Pooled<A>;
  });
}

/** Maxima over `output_size` windows of `[N, C, L]`. https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool1d.html */
export const adaptive_max_pool1d = <const A extends AdaptiveCall>(...args: A): Pooled<A> =>
  adaptiveMaxPool("adaptive_max_pool1d", args);
/** Maxima over `output_size` windows of `[N, C, H, W]`. https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool2d.html */
export const adaptive_max_pool2d = <const A extends AdaptiveCall>(...args: A): Pooled<A> =>
  adaptiveMaxPool("adaptive_max_pool2d", args);
/** Maxima over `output_size` windows of `[N, C, D, H, W]`. https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool3d.html */
export const adaptive_max_pool3d = <const A extends AdaptiveCall>(...args: A): Pooled<A> =>
  adaptiveMaxPool("adaptive_max_pool3d", args);
