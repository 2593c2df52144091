/** Fractional max pooling, whose random numbers are drawn here. */
import "../../ir/ops/nn/pooling-fractional.ts";
import { ArgumentError } from "../../ir/errors.ts";
import { signature, type CallOf } from "../arguments.ts";
import { callOperator, withSite } from "../call.ts";
import { rand } from "../random/index.ts";
import type { Tensor } from "../tensor.ts";

type Sizes = number | readonly number[];
const fractionalArguments = signature<
  [
    input: Tensor,
    kernel_size: Sizes,
    output_size: Sizes | null,
    output_ratio: number | readonly number[] | null,
    return_indices: boolean,
    _random_samples: Tensor | null,
  ]
>()("input, kernel_size, output_size?, output_ratio?, return_indices?, _random_samples?");
type FractionalCall = CallOf<typeof fractionalArguments>;
type Pooled = Tensor & readonly [Tensor, Tensor];

function fractional(name: string, rank: number, args: FractionalCall): Pooled {
  return withSite(() => {
    const given = fractionalArguments.bind(name, args);
    const { input } = given;
    const spread = (values: number | readonly number[]): number[] =>
      typeof values === "number" ? new Array<number>(rank).fill(values) : [...values];
    const isSingle = input.ndim === rank + 1;
    const x = isSingle ? (callOperator("unsqueeze", [input, 0]) as Tensor) : input;
    if (x.ndim !== rank + 2)
      throw new ArgumentError(
        `${name}/rank`,
        `${name}: expected ${rank + 1}D or ${rank + 2}D input, got ${input.toString()}.`,
      );
    const sizes = x.shape.slice(2);
    const ratio = given.output_ratio == null ? null : spread(given.output_ratio);
    if (given.output_size == null && ratio === null)
      throw new ArgumentError(`${name}/size`, `${name}: requires specifying either an output_size or an output_ratio.`);
    const output =
      given.output_size == null ? sizes.map((size, i) => Math.trunc(size * ratio![i]!)) : spread(given.output_size);
    const samples =
      given._random_samples ?? rand([x.shape[0]!, x.shape[1]!, rank], { dtype: x.dtype, device: x.device });
    const pooled = callOperator("fractional_max_pool", [x, samples, spread(given.kernel_size), output]) as readonly [
      Tensor,
      Tensor,
    ];
    const [values, indices] = isSingle
      ? (pooled.map((part) => callOperator("squeeze", [part, 0])) as [Tensor, Tensor])
      : pooled;
    return (given.return_indices === true ? [values, indices] : values) as Pooled;
  });
}

/** Maxima of randomly placed windows of `[N, C, H, W]`, with positions for return_indices. https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.fractional_max_pool2d.html */
export const fractional_max_pool2d = (...args: FractionalCall): Pooled => fractional("fractional_max_pool2d", 2, args);
/** Maxima of randomly placed windows of `[N, C, D, H, W]`, with positions for return_indices. https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.fractional_max_pool3d.html */
export const fractional_max_pool3d = (...args: FractionalCall): Pooled => fractional("fractional_max_pool3d", 3, args);
type FractionalArguments = readonly [
  input: Tensor,
  kernel_size: Sizes,
  options?: Readonly<{
    output_size?: Sizes | null;
    output_ratio?: number | readonly number[] | null;
    _random_samples?: Tensor | null;
  }>,
];
const withIndices =
  (name: string, rank: number) =>
  (...[input, kernel_size, options]: FractionalArguments): readonly [Tensor, Tensor] =>
    fractional(name, rank, [input, kernel_size, { ...options, return_indices: true }]);

/**
 * fractional_max_pool2d with the positions of the maxima.
 *
 * Shape: `[N, C, H, W] -> [N, C, *], int64[N, C, *]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.fractional_max_pool2d.html
 */
export const fractional_max_pool2d_with_indices = withIndices("fractional_max_pool2d_with_indices", 2);
/**
 * fractional_max_pool3d with the positions of the maxima.
 *
 * Shape: `[N, C, D, H, W] -> [N, C, *], int64[N, C, *]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.fractional_max_pool3d.html
 */
export const fractional_max_pool3d_with_indices = withIndices("fractional_max_pool3d_with_indices", 3);
