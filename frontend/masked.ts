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
import { signature, type CallOf } from "./arguments.ts";
import { callOperator, withSite } from "./call.ts";
import { ones_like } from "./creation.ts";
import { dtypeName, type DTypeLike } from "./dtype.ts";
import type { Tensor } from "./tensor.ts";

type Dims = number | readonly number[] | null;
/** `mask` is false where an element does not count, and broadcast to the input. */
type Reduced = [keepdim: boolean, dtype: DTypeLike | null, mask: Tensor | null];
const reducedNames = "keepdim?, dtype?, mask?";
const reductionSignature = signature<[input: Tensor, dim: Dims, ...Reduced]>()(`input, dim?, *, ${reducedNames}`);
interface ReductionOptions {
  readonly keepdim?: boolean | undefined;
  readonly dtype?: DTypeLike | null | undefined;
  readonly mask?: Tensor | null | undefined;
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

type Reduction = (...args: CallOf<typeof reductionSignature>) => Tensor;
const reduction =
  (name: string, compute: (input: Tensor, dim: Dims, options: ReductionOptions) => Tensor): Reduction =>
  (...args) =>
    withSite(() => {
      const { input, dim = null, ...options } = reductionSignature.bind(name, args);
      return compute(input, dim, options);
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
export const sum = reduction("sum", (input, dim, { mask, dtype, keepdim = false }) =>
  call("sum", combined(input, mask, 0), dim, keepdim, { dtype: accumulated(input, dtype) }),
);

/**
 * Product of the elements that count.
 *
 * Shape: `[*] -> [*] without dim (of size 1 with keepdim)`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export const prod = reduction("prod", (input, dim, { mask, dtype, keepdim = false }) => {
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
export const amax = reduction("amax", (input, dim, { mask, dtype, keepdim = false }) =>
  call("amax", combined(input, mask, lowest(input.dtype.name)), dim, keepdim).to(typeOr(dtype, input.dtype.name)),
);
/**
 * The smallest of the elements that count.
 *
 * Shape: `[*] -> [*] without dim (of size 1 with keepdim)`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export const amin = reduction("amin", (input, dim, { mask, dtype, keepdim = false }) =>
  call("amin", combined(input, mask, highest(input.dtype.name)), dim, keepdim).to(typeOr(dtype, input.dtype.name)),
);

const position = (name: "argmax" | "argmin", identity: (dtype: DType) => number | bigint): Reduction =>
  reduction(name, (input, dim, { mask, dtype, keepdim = false }) =>
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
export const mean = reduction("mean", (input, dim, { mask, dtype, keepdim = false }) => {
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
export const logsumexp = reduction("logsumexp", (input, dim, { mask, dtype, keepdim = false }) => {
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
export function median(...args: CallOf<typeof reductionSignature>): Tensor {
  return withSite(() => {
    const { input, dim = -1, keepdim = false, dtype, mask } = reductionSignature.bind("median", args);
    if (!input.is_floating_point())
      throw new DTypeError(
        "masked/median",
        `masked median expects an input tensor of a floating point type, got ${String(input)}.`,
        "Convert it with input.float().",
      );
    const [values] = callOperator("nanmedian", [combined(input, mask, NaN), dim, keepdim]) as readonly [Tensor];
    return values.to(typeOr(dtype, input.dtype.name));
  });
}

const normSignature = signature<[input: Tensor, ord: number | null, dim: Dims, ...Reduced]>()(
  `input, ord?, dim?, *, ${reducedNames}`,
);
/**
 * The norm of order `ord` over dim.
 *
 * Shape: `[*] -> [*] without dim (of size 1 with keepdim)`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export function norm(...args: CallOf<typeof normSignature>): Tensor {
  return withSite(() => {
    const { input, ord, dim = null, keepdim = false, dtype, mask } = normSignature.bind("norm", args);
    const order = ord ?? 2;
    const x = combined(input.to(typeOr(dtype, input.dtype.name)), mask, order < 0 ? Infinity : 0);
    return call("norm", x, order, dim, keepdim);
  });
}

interface MomentOptions extends ReductionOptions {
  readonly unbiased?: boolean | null | undefined;
  readonly correction?: number | null | undefined;
}
/** `correction` is subtracted from the count: 1 unless given here or by `unbiased`. */
const momentSignature = signature<
  [input: Tensor, dim: Dims, unbiased: boolean | null, correction: number | null, ...Reduced]
>()(`input, dim?, unbiased?, *, correction?, ${reducedNames}`);
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
type Moment = (...args: CallOf<typeof momentSignature>) => Tensor;
const momentOf =
  (name: string, root: boolean): Moment =>
  (...args) =>
    withSite(() => {
      const { input, dim = null, ...options } = momentSignature.bind(name, args);
      return moment(input, dim, options, root);
    });
/**
 * Variance of the elements that count.
 *
 * Shape: `[*] -> [*] without dim (of size 1 with keepdim)`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export const var_ = momentOf("var", false);
export { var_ as var };
/**
 * Standard deviation of the elements that count.
 *
 * Shape: `[*] -> [*] without dim (of size 1 with keepdim)`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export const std = momentOf("std", true);

// ---- along a dimension, keeping the shape

const alongSignature =
  signature<[input: Tensor, dim: number, dtype: DTypeLike | null, mask: Tensor | null]>()(
    "input, dim, *, dtype?, mask?",
  );
type Along = (...args: CallOf<typeof alongSignature>) => Tensor;
const along =
  (name: string, identity: number): Along =>
  (...args) =>
    withSite(() => {
      const { input, dim, dtype, mask } = alongSignature.bind(name, args);
      return call(name, combined(input, mask, identity), dim, { dtype: typeOr(dtype, input.dtype.name) });
    });

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

const normalizeSignature = signature<
  [input: Tensor, ord: number, dim: number, eps: number, dtype: DTypeLike | null, mask: Tensor | null]
>()("input, ord, dim, *, eps?, dtype?, mask?");
/**
 * input / max(norm, eps), zero where the mask is false.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export function normalize(...args: CallOf<typeof normalizeSignature>): Tensor {
  return withSite(() => {
    const { input, ord, dim, eps = 1e-12, dtype, mask } = normalizeSignature.bind("normalize", args);
    const type = typeOr(dtype, input.dtype.name);
    const size = norm(input, ord, dim, { mask, keepdim: true, dtype: type });
    return call("div", combined(input.to(type), mask, 0), call("clamp", size, eps));
  });
}

const pairSignature = signature<
  [input: Tensor, other: Tensor, dtype: DTypeLike | null, input_mask: Tensor | null, other_mask: Tensor | null]
>()("input, other, *, dtype?, input_mask?, other_mask?");
/**
 * log(exp(input) + exp(other)), each where its mask is true.
 *
 * Shape: `[*] and [*], broadcast together -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/masked.html
 */
export function logaddexp(...args: CallOf<typeof pairSignature>): Tensor {
  return withSite(() => {
    const { input, other, dtype, input_mask, other_mask } = pairSignature.bind("logaddexp", args);
    const result = call("logaddexp", combined(input, input_mask, -Infinity), combined(other, other_mask, -Infinity));
    return result.to(typeOr(dtype, input.dtype.name));
  });
}
