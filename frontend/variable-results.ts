/** Operators whose flags decide how many results they give: typed by hand, because one declaration cannot say it. */
import "../ir/ops/distinct.ts";
import "../ir/ops/linalg/lu.ts";
import "./routines.ts";
import { ArgumentError } from "../ir/errors.ts";
import { signature } from "./arguments.ts";
import { callOperator, callOperatorAsync, withSite, type Result } from "./call.ts";
import { asMethods } from "./comparison.ts";
import type { Exact } from "./operator-types.ts";
import { resized } from "./resizing.ts";
import type { Tensor } from "./tensor.ts";

interface ConsecutiveFlags {
  readonly return_inverse?: boolean | undefined;
  readonly return_counts?: boolean | undefined;
  readonly dim?: number | null | undefined;
}
interface UniqueFlags extends ConsecutiveFlags {
  readonly sorted?: boolean | undefined;
}
/** The distinct elements, then where each element went, then how often each occurs: what the flags ask for. */
type UniqueResult<F> = F extends { readonly return_inverse: true; readonly return_counts: true }
  ? readonly [output: Tensor, inverse_indices: Tensor, counts: Tensor]
  : F extends { readonly return_inverse: true }
    ? readonly [output: Tensor, inverse_indices: Tensor]
    : F extends { readonly return_counts: true }
      ? readonly [output: Tensor, counts: Tensor]
      : Tensor;
interface NonzeroFlags {
  readonly as_tuple?: boolean | undefined;
  readonly out?: Tensor | undefined;
}
type NonzeroResult<F> = F extends { readonly as_tuple: true } ? readonly Tensor[] : Tensor;

const plain = (name: string) => ((...args: unknown[]): Result => callOperator(name, args)) as never;
const later = (name: string) => ((...args: unknown[]): Promise<Result> => callOperatorAsync(name, args)) as never;

interface Unique<Flags> {
  /**
   * The distinct elements of a tensor, or its distinct slices along dim. Of other positional arguments only the number
   * of results is untold; name them to have it.
   */
  <const F extends Flags>(input: Tensor, flags?: Exact<F, Flags>): UniqueResult<F>;
  (input: Tensor, first: boolean, ...more: readonly (boolean | number | null)[]): Tensor | readonly Tensor[];
}
interface UniqueAsync<Flags> {
  <const F extends Flags>(input: Tensor, flags?: Exact<F, Flags>): Promise<UniqueResult<F>>;
  (input: Tensor, first: boolean, ...more: readonly (boolean | number | null)[]): Promise<Tensor | readonly Tensor[]>;
}

/**
 * Sorted distinct elements.
 *
 * Shape: `[*] -> [k], [..., n, ...] -> [..., k, ...] with dim`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.unique.html
 */
export const unique: Unique<UniqueFlags> = plain("unique");
/**
 * The same on every device, as a promise.
 *
 * Shape: `[*] -> [k], [..., n, ...] -> [..., k, ...] with dim`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.unique.html
 */
export const uniqueAsync: UniqueAsync<UniqueFlags> = later("unique");
/**
 * Elements without repeated neighbours.
 *
 * Shape: `[*] -> [k], [..., n, ...] -> [..., k, ...] with dim`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.unique_consecutive.html
 */
export const unique_consecutive: Unique<ConsecutiveFlags> = plain("unique_consecutive");
/**
 * The same on every device, as a promise.
 *
 * Shape: `[*] -> [k], [..., n, ...] -> [..., k, ...] with dim`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.unique_consecutive.html
 */
export const unique_consecutiveAsync: UniqueAsync<ConsecutiveFlags> = later("unique_consecutive");
/**
 * Positions of the elements that are not zero.
 *
 * Shape: `[*] of n dimensions -> int64[k, n], or n of int64[k] with as_tuple`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nonzero.html
 */
export const nonzero: <const F extends NonzeroFlags>(
  input: Tensor,
  flags?: Exact<F, NonzeroFlags>,
) => NonzeroResult<F> = plain("nonzero");
/**
 * The same on every device, as a promise.
 *
 * Shape: `[*] of n dimensions -> int64[k, n], or n of int64[k] with as_tuple`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nonzero.html
 */
export const nonzeroAsync: <const F extends NonzeroFlags>(
  input: Tensor,
  flags?: Exact<F, NonzeroFlags>,
) => Promise<NonzeroResult<F>> = later("nonzero");

interface LuFlags {
  readonly pivot?: boolean | undefined;
  readonly get_infos?: boolean | undefined;
  /** Written in their own types. */
  readonly out?: readonly Tensor[] | undefined;
}
type LuResult<I> = I extends true
  ? readonly [LU: Tensor, pivots: Tensor, info: Tensor]
  : readonly [LU: Tensor, pivots: Tensor];
const luSignature = signature<[input: Tensor, pivot: boolean, get_infos: boolean, out: readonly Tensor[] | null]>()(
  "input, pivot?, get_infos?, out?",
);
interface Lu {
  /** Packed LU factors and pivots, and with get_infos where a pivot was zero; deprecated in PyTorch for linalg.lu_factor. */
  <const I extends boolean = false>(
    input: Tensor,
    pivot?: boolean,
    get_infos?: I,
    rest?: { readonly out?: readonly Tensor[] },
  ): LuResult<I>;
  <const F extends LuFlags>(input: Tensor, flags: Exact<F, LuFlags>): LuResult<F["get_infos"]>;
}
/**
 * LU factors.
 *
 * Shape: `[*, m, n] -> [*, m, n], int32[*, min(m, n)]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.lu.html
 */
export const lu: Lu = ((...args: unknown[]) =>
  withSite(() => {
    const { input, pivot = true, get_infos = false, out } = luSignature.bind("lu", args);
    const name = get_infos ? "linalg_lu_factor_ex" : "linalg_lu_factor";
    const results = callOperator(name, [input, { pivot }]) as readonly Tensor[];
    return out === undefined || out === null ? results : copiedInto("lu", out, results);
  })) as never;

/** PyTorch copies these, whatever types the targets have. */
function copiedInto(name: string, out: readonly Tensor[], results: readonly Tensor[]): readonly Tensor[] {
  if (out.length !== results.length)
    throw new ArgumentError(
      `${name}/out`,
      `${name}: expected tuple of ${results.length} elements but got ${out.length}.`,
    );
  return out.map((target, i) => resized(target, results[i]!.shape, name).copy_(results[i]!));
}

declare module "./tensor.ts" {
  interface Tensor {
    /**
     * Packed LU factors and pivots, and with get_infos where a pivot was zero.
     *
     * Shape: `[*, m, n] -> [*, m, n], int32[*, min(m, n)]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.lu.html
     */
    lu<const I extends boolean = false>(pivot?: boolean, get_infos?: I): LuResult<I>;
    lu<const F extends LuFlags>(flags: Exact<F, LuFlags>): LuResult<F["get_infos"]>;
    /**
     * The distinct elements, or the distinct slices along dim, sorted.
     *
     * Shape: `[*] -> [k], [..., n, ...] -> [..., k, ...] with dim`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.unique.html
     */
    unique<const F extends UniqueFlags>(flags?: Exact<F, UniqueFlags>): UniqueResult<F>;
    unique(sorted: boolean, ...more: readonly (boolean | number | null)[]): Tensor | readonly Tensor[];
    /**
     * The same on every device, as a promise.
     *
     * Shape: `[*] -> [k], [..., n, ...] -> [..., k, ...] with dim`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.unique.html
     */
    uniqueAsync<const F extends UniqueFlags>(flags?: Exact<F, UniqueFlags>): Promise<UniqueResult<F>>;
    /**
     * Elements, or slices along dim, without repeated neighbours.
     *
     * Shape: `[*] -> [k], [..., n, ...] -> [..., k, ...] with dim`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.unique_consecutive.html
     */
    unique_consecutive<const F extends ConsecutiveFlags>(flags?: Exact<F, ConsecutiveFlags>): UniqueResult<F>;
    unique_consecutive(
      return_inverse: boolean,
      ...more: readonly (boolean | number | null)[]
    ): Tensor | readonly Tensor[];
    /**
     * The same on every device, as a promise.
     *
     * Shape: `[*] -> [k], [..., n, ...] -> [..., k, ...] with dim`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.unique_consecutive.html
     */
    unique_consecutiveAsync<const F extends ConsecutiveFlags>(
      flags?: Exact<F, ConsecutiveFlags>,
    ): Promise<UniqueResult<F>>;
    /**
     * Positions of the elements that are not zero, one a row; with as_tuple one tensor a dimension.
     *
     * Shape: `[*] of n dimensions -> int64[k, n], or n of int64[k] with as_tuple`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.nonzero.html
     */
    nonzero<const F extends NonzeroFlags>(flags?: Exact<F, NonzeroFlags>): NonzeroResult<F>;
    /**
     * The same on every device, as a promise.
     *
     * Shape: `[*] of n dimensions -> int64[k, n], or n of int64[k] with as_tuple`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.nonzero.html
     */
    nonzeroAsync<const F extends NonzeroFlags>(flags?: Exact<F, NonzeroFlags>): Promise<NonzeroResult<F>>;
  }
}
asMethods({ unique, uniqueAsync, unique_consecutive, unique_consecutiveAsync, nonzero, nonzeroAsync, lu });
