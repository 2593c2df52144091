/** `vmap`: a function of one example becomes one of a batch. */
import { ArgumentError, NotImplementedError, ShapeError } from "../ir/errors.ts";
import { axisOf } from "../ir/ops/support.ts";
import { scan } from "./control-flow/scan.ts";
import { zeros } from "./creation.ts";
import { movedim } from "./generated/functions.ts";
import { tensorTree, type TensorTree } from "./pytree.ts";
import { withSite } from "./site.ts";
import type { Tensor } from "./tensor.ts";

/** The dimension of an argument that counts examples; null: all examples get the whole argument. */
export type BatchDimension = number | null;
export interface VmapOptions {
  /** One for all arguments, or one for each. */
  readonly in_dims?: BatchDimension | readonly BatchDimension[];
  /** Where the results have the batch: one for all, or one for each of several. */
  readonly out_dims?: number | readonly number[];
  /** Draws inside are an error; PyTorch's other choices are not available. */
  readonly randomness?: "error" | "different" | "same";
  /** Without effect: memory is planned for one example at a time. */
  readonly chunk_size?: number | null;
}

/**
 * A function that calls `func` on each example of a batch and stacks the results. `func` is recorded once, over one
 * example; the program has one loop over the batch, which can be differentiated. Arguments and results are tensors, or
 * nested arrays, objects and Maps of them.
 * @throws ShapeError when batches differ in size
 * @see https://docs.pytorch.org/docs/stable/generated/torch.func.vmap.html
 */
export function vmap<A extends unknown[], R>(
  func: (...args: A) => R,
  in_dims: VmapOptions["in_dims"] | VmapOptions = 0,
  out_dims: number | readonly number[] = 0,
  randomness: VmapOptions["randomness"] = "error",
  options: Pick<VmapOptions, "chunk_size"> = {},
): (...args: A) => R {
  if (typeof func !== "function")
    throw new ArgumentError("vmap/callable", `vmap: Expected func to be callable, got ${typeof func}.`);
  const given: VmapOptions =
    typeof in_dims === "object" && in_dims !== null && !Array.isArray(in_dims)
      ? (in_dims as VmapOptions)
      : { ...options, in_dims: in_dims as BatchDimension, out_dims, randomness };
  if ((given.randomness ?? "error") !== "error")
    throw new NotImplementedError(
      "vmap/randomness",
      `vmap: randomness "${given.randomness}" is not available.`,
      "Draw before the call, one value for each example.",
    );
  return (...args) => withSite(() => mapped(func, args, given));
}

function mapped<A extends unknown[], R>(func: (...args: A) => R, args: A, options: VmapOptions): R {
  const dims = dimensionsOf(args, options.in_dims === undefined ? 0 : options.in_dims);
  const trees = args.map((arg, i) => (dims[i] === null ? null : tensorTree(`vmap: argument ${i}`, arg)));
  // A number alone is no batch.
  const batched = trees.flatMap((tree, i) => (tree === null ? [] : batchFirst(tree, dims[i]!, i)));
  checkSizes(batched);
  const state = zeros([], { device: batched[0]!.device });
  let structure: TensorTree | null = null;
  const [, stacked] = scan(
    (carry: Tensor, leaves: readonly Tensor[]) => {
      let next = 0;
      const call = args.map((arg, i) => trees[i]?.rebuild(trees[i].leaves.map(() => leaves[next++]!)) ?? arg);
      structure = tensorTree("vmap: the result of func", func(...(call as A)));
      return [carry, structure.leaves] as const;
    },
    state,
    batched as readonly Tensor[],
  );
  const result = structure as unknown as TensorTree;
  const places = outputDimensions(options.out_dims ?? 0, result.leaves.length);
  return result.rebuild(stacked.map((tensor, i) => (places[i] === 0 ? tensor : movedim(tensor, 0, places[i]!)))) as R;
}

function dimensionsOf(args: readonly unknown[], given: NonNullable<VmapOptions["in_dims"]> | null): BatchDimension[] {
  const dims = Array.isArray(given) ? [...(given as BatchDimension[])] : args.map(() => given as BatchDimension);
  if (dims.length !== args.length)
    throw new ArgumentError(
      "vmap/in-dims",
      `vmap: in_dims is not compatible with the structure of inputs: it has ${dims.length} entries for ${args.length} arguments.`,
    );
  if (dims.every((dim) => dim === null))
    throw new ArgumentError("vmap/in-dims", "vmap: at least one argument must be mapped over, got only null in_dims.");
  return dims;
}

/** The leaves with the dimension to map over first. */
const batchFirst = (tree: TensorTree, dim: number, argument: number): Tensor[] =>
  tree.leaves.map((leaf) => {
    if (leaf.ndim === 0)
      throw new ShapeError(
        "vmap/rank",
        `vmap: Got in_dim=${dim} for argument ${argument}, a tensor of dimensionality 0, which has no batch.`,
        "Give null in in_dims for what all examples share.",
      );
    const axis = axisOf("vmap", dim, leaf.ndim);
    return axis === 0 ? leaf : movedim(leaf, axis, 0);
  });

function checkSizes(batched: readonly Tensor[]): void {
  const sizes = batched.map(({ shape }) => shape[0]);
  if (sizes.some((size) => size !== sizes[0]))
    throw new ShapeError(
      "vmap/sizes",
      `vmap: Expected all tensors to have the same size in the mapped dimension, got sizes [${sizes.join(", ")}] for the mapped dimension.`,
    );
}

function outputDimensions(given: number | readonly number[], count: number): readonly number[] {
  if (typeof given === "number") return Array.from({ length: count }, () => given);
  if (given.length !== count)
    throw new ArgumentError(
      "vmap/out-dims",
      `vmap: out_dims is not compatible with the structure of outputs: it has ${given.length} entries for ${count} tensors.`,
    );
  return given;
}
