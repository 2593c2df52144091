/**
 * `torch.masked`: reductions and normalisations that leave out the elements where a mask is false. Where a whole line is
 * left out, the result is what the reduction of nothing gives.
 * https://docs.pytorch.org/docs/stable/masked.html
 */
import "../ir/ops/norms.ts";
import "../ir/ops/ordering.ts";
import "../ir/ops/pairs.ts";
import { integerRange, isIntegral, type DType } from "../ir/dtype.ts";
import { ArgumentError, DTypeError } from "../ir/errors.ts";
import { sameShape } from "../ir/shape.ts";
import { callOperator, withSite } from "./call.ts";
import { ones_like } from "./creation.ts";
import { dtypeName, type DTypeLike } from "./dtype.ts";
import type { Tensor } from "./tensor.ts";

type Dims = number | readonly number[] | null;
interface MaskOptions {
  /** False where an element does not count; broadcast to the input. */
  readonly mask?: Tensor | null | undefined;
  readonly dtype?: DTypeLike | null | undefined;
}
interface ReductionOptions extends MaskOptions {
  readonly dim?: Dims | undefined;
  readonly keepdim?: boolean | undefined;
}

const call = (name: string, ...args: unknown[]): Tensor => callOperator(name, args) as Tensor;

/** The input with a number in the place of what the mask leaves out. */
function combined(input: Tensor, mask: Tensor | null | undefined, identity: number | bigint): Tensor {
  if (mask === null || mask === undefined) return input;
  // A mask that is stretched is a copy, as in PyTorch: it may be written afterwards.
  return call("where", sameShape(mask.shape, input.shape) ? mask : mask.clone(), input, identity);
}

const typeOr = (dtype: DTypeLike | null | undefined, fallback: DType): DType =>
  dtype === null || dtype === undefined ? fallback : dtypeName(dtype, "masked");
/** Sums and products of small integers are int64. */
const accumulated = (input: Tensor, dtype: DTypeLike | null | undefined): DType =>
  typeOr(dtype, isIntegral(input.dtype.name) ? "int64" : input.dtype.name);
const floating = (input: Tensor, dtype: DTypeLike | null | undefined): DType =>
  typeOr(dtype, isIntegral(input.dtype.name) ? "float32" : input.dtype.name);

/** `f(input, dim, options)` and `f(input, options)`. */
function reductionArguments(dim: Dims | ReductionOptions | undefined, options: ReductionOptions): ReductionOptions {
  if (dim === undefined || dim === null || typeof dim === "number" || Array.isArray(dim))
    return dim === undefined ? options : { ...options, dim: dim as Dims };
  return dim as ReductionOptions;
}
type Reduction = (input: Tensor, dim?: Dims | ReductionOptions, options?: ReductionOptions) => Tensor;
const reduction =
  (compute: (input: Tensor, dim: Dims, options: ReductionOptions) => Tensor): Reduction =>
  (input, dim, options = {}) =>
    withSite(() => {
      const bound = reductionArguments(dim, options);
      return compute(input, bound.dim ?? null, bound);
    });

const lowest = (dtype: DType): number | bigint => (isIntegral(dtype) ? integerRange(dtype)[0] : -Infinity);
const highest = (dtype: DType): number | bigint => (isIntegral(dtype) ? integerRange(dtype)[1] : Infinity);

/**
 * Sum of the elements that count.
 *
 * Shape: `[*] -> [*] without dim (of size 1 with keepdim)`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export const sum = reduction((input, dim, { mask, dtype, keepdim = false }) =>
  call("sum", combined(input, mask, 0), dim, keepdim, { dtype: accumulated(input, dtype) }),
);

/**
 * Product of the elements that count.
 *
 * Shape: `[*] -> [*] without dim (of size 1 with keepdim)`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export const prod = reduction((input, dim, { mask, dtype, keepdim = false }) => {
  const axes = dim === null ? input.shape.map((_, i) => i) : typeof dim === "number" ? [dim] : [...dim];
  const ordered = axes.map((axis) => (axis < 0 ? axis + Math.max(1, input.ndim) : axis)).sort((a, b) => b - a);
  const type = accumulated(input, dtype);
  return ordered.reduce(
    (x, axis) => call("prod", x, axis, keepdim, { dtype: type }),
    combined(input, mask, 1).to(type),
  );
});

/**
 * The largest of the elements that count.
 *
 * Shape: `[*] -> [*] without dim (of size 1 with keepdim)`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export const amax = reduction((input, dim, { mask, dtype, keepdim = false }) =>
  call("amax", combined(input, mask, lowest(input.dtype.name)), dim, keepdim).to(typeOr(dtype, input.dtype.name)),
);
/**
 * The smallest of the elements that count.
 *
 * Shape: `[*] -> [*] without dim (of size 1 with keepdim)`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export const amin = reduction((input, dim, { mask, dtype, keepdim = false }) =>
  call("amin", combined(input, mask, highest(input.dtype.name)), dim, keepdim).to(typeOr(dtype, input.dtype.name)),
);

const position = (name: "argmax" | "argmin", identity: (dtype: DType) => number | bigint): Reduction =>
  reduction((input, dim, { mask, dtype, keepdim = false }) =>
    call(name, combined(input, mask, identity(input.dtype.name)), dim, keepdim).to(typeOr(dtype, input.dtype.name)),
  );
/**
 * Position of the largest of the elements that count.
 *
 * Shape: `[*] -> [*] without dim (of size 1 with keepdim)`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export const argmax = position("argmax", lowest);
/**
 * Position of the smallest of the elements that count.
 *
 * Shape: `[*] -> [*] without dim (of size 1 with keepdim)`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export const argmin = position("argmin", highest);

/** How many elements count along dim. */
function counted(input: Tensor, dim: Dims, keepdim: boolean, mask: Tensor | null | undefined): Tensor {
  return sum(ones_like(input, { dtype: "int64" }), dim, { mask, keepdim });
}

/**
 * Mean of the elements that count.
 *
 * Shape: `[*] -> [*] without dim (of size 1 with keepdim)`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export const mean = reduction((input, dim, { mask, dtype, keepdim = false }) => {
  if ((dtype === undefined || dtype === null) && isIntegral(input.dtype.name))
    throw new ArgumentError(
      "masked/mean",
      `masked: mean(): Could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: ${String(input.dtype)}.`,
      "Pass a dtype.",
    );
  const total = sum(input, dim, { mask, keepdim, dtype: floating(input, dtype) });
  return call("div", total, counted(input, dim, keepdim, mask));
});

/**
 * log(sum(exp(x))) of the elements that count.
 *
 * Shape: `[*] -> [*] without dim (of size 1 with keepdim)`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export const logsumexp = reduction((input, dim, { mask, dtype, keepdim = false }) => {
  const axes = dim ?? input.shape.map((_, i) => i);
  return call("logsumexp", combined(input, mask, lowest(input.dtype.name)), axes, keepdim).to(
    typeOr(dtype, input.dtype.name),
  );
});

/**
 * The median along dim of the elements that count.
 *
 * Shape: `[*] -> [*] without dim (of size 1 with keepdim)`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export function median(input: Tensor, dim = -1, options: ReductionOptions = {}): Tensor {
  return withSite(() => {
    if (!input.is_floating_point())
      throw new DTypeError(
        "masked/median",
        `masked median expects an input tensor of a floating point type, got ${String(input)}.`,
        "Convert it with input.float().",
      );
    const [values] = callOperator("nanmedian", [
      combined(input, options.mask, NaN),
      dim,
      options.keepdim ?? false,
    ]) as readonly [Tensor];
    return values.to(typeOr(options.dtype, input.dtype.name));
  });
}

/**
 * The norm of order `ord` over dim.
 *
 * Shape: `[*] -> [*] without dim (of size 1 with keepdim)`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export function norm(
  input: Tensor,
  ord: number | null = 2,
  dim?: Dims | ReductionOptions,
  options: ReductionOptions = {},
): Tensor {
  return withSite(() => {
    const { mask, dtype, keepdim = false, dim: axes = null } = reductionArguments(dim, options);
    const order = ord ?? 2;
    const x = combined(input.to(typeOr(dtype, input.dtype.name)), mask, order < 0 ? Infinity : 0);
    return call("norm", x, order, axes, keepdim);
  });
}

interface MomentOptions extends ReductionOptions {
  readonly unbiased?: boolean | null | undefined;
  /** Subtracted from the count: 1 unless given here or by `unbiased`. */
  readonly correction?: number | null | undefined;
}
function moment(
  input: Tensor,
  dim: Dims,
  { mask, dtype, keepdim = false, unbiased = null, correction = null }: MomentOptions,
  root: boolean,
): Tensor {
  if (unbiased !== null && correction !== null)
    throw new ArgumentError(
      "masked/correction",
      "masked.var, masked.std: Only one of unbiased and correction may be given.",
    );
  const type = floating(input, dtype);
  // What bools refuse is the difference to the mean.
  const x = input.dtype.name === "bool" ? input : input.to(type);
  const centre = call("div", sum(x, dim, { mask, keepdim: true }), counted(input, dim, true, mask));
  const distance = call("sub", x, centre);
  const size = distance.is_complex() ? call("abs", distance) : distance;
  const total = sum(call("mul", size, size), dim, { mask, keepdim });
  const fewer = correction ?? (unbiased === false ? 0 : 1);
  const count = call("clamp", call("sub", counted(input, dim, keepdim, mask).to(size.dtype), fewer), 0);
  const variance = call("div", total, count);
  return (root ? call("sqrt", variance) : variance).to(type);
}
type Moment = (
  input: Tensor,
  dim?: Dims | MomentOptions,
  unbiased?: boolean | null | MomentOptions,
  options?: MomentOptions,
) => Tensor;
const momentOf =
  (root: boolean): Moment =>
  (input, dim, unbiased, options = {}) =>
    withSite(() => {
      const named = typeof unbiased === "object" && unbiased !== null ? unbiased : options;
      const bound: MomentOptions = {
        ...named,
        ...reductionArguments(dim, named),
        ...(typeof unbiased === "boolean" ? { unbiased } : {}),
      };
      return moment(input, bound.dim ?? null, bound, root);
    });
/**
 * Variance of the elements that count.
 *
 * Shape: `[*] -> [*] without dim (of size 1 with keepdim)`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export const var_ = momentOf(false);
export { var_ as var };
/**
 * Standard deviation of the elements that count.
 *
 * Shape: `[*] -> [*] without dim (of size 1 with keepdim)`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export const std = momentOf(true);

// ---- along a dimension, keeping the shape

type Along = (input: Tensor, dim: number, options?: MaskOptions) => Tensor;
const along =
  (name: string, identity: number): Along =>
  (input, dim, { mask, dtype } = {}) =>
    withSite(() => call(name, combined(input, mask, identity), dim, { dtype: typeOr(dtype, input.dtype.name) }));

/**
 * Running sums of the elements that count.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export const cumsum = along("cumsum", 0);
/**
 * Running products of the elements that count.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export const cumprod = along("cumprod", 1);
/**
 * softmax over the elements that count.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export const softmax = along("softmax", -Infinity);
/**
 * log_softmax over the elements that count.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export const log_softmax = along("log_softmax", -Infinity);
/**
 * softmin over the elements that count.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export const softmin = along("softmin", Infinity);

/**
 * input / max(norm, eps), zero where the mask is false.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export function normalize(
  input: Tensor,
  ord: number,
  dim: number,
  options: MaskOptions & { readonly eps?: number | undefined } = {},
): Tensor {
  return withSite(() => {
    const { mask, dtype, eps = 1e-12 } = options;
    const type = floating(input, dtype);
    const size = norm(input, ord, dim, { mask, keepdim: true, dtype: type });
    return call("div", combined(input.to(type), mask, 0), call("clamp", size, eps));
  });
}

interface PairOptions {
  readonly dtype?: DTypeLike | null | undefined;
  readonly input_mask?: Tensor | null | undefined;
  readonly other_mask?: Tensor | null | undefined;
}
/**
 * log(exp(input) + exp(other)), each where its mask is true.
 *
 * Shape: `[*] and [*], broadcast together -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export function logaddexp(input: Tensor, other: Tensor, { dtype, input_mask, other_mask }: PairOptions = {}): Tensor {
  return withSite(() => {
    const result = call("logaddexp", combined(input, input_mask, -Infinity), combined(other, other_mask, -Infinity));
    return result.to(typeOr(dtype, input.dtype.name));
  });
}
