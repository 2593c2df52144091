/** `vmap`: a function of one example becomes one of a batch. */
import { onBehalfOf } from "./body-scope.ts";
import { ArgumentError, ShapeError, ValueError } from "../ir/errors.ts";
import type { Node } from "../ir/graph.ts";
import { axisOf } from "../ir/ops/support.ts";
import { topologicalOrder } from "../ir/walks.ts";
import { dimensionsOfLeaves, type BatchDimension, type BatchDimensions } from "./batch-dimensions.ts";
import { scan } from "./control-flow/scan.ts";
import { arange } from "./arange.ts";
import { zeros } from "./creation.ts";
import { movedim, select } from "./generated/functions.ts";
import { mapTree, tensorTree, type TensorTree } from "./pytree.ts";
import { examplesHere, recordingExample, type Randomness } from "./random/examples.ts";
import { withSite } from "./site.ts";
import { Tensor } from "./tensor.ts";

export type { BatchDimension, BatchDimensions } from "./batch-dimensions.ts";
export interface VmapOptions {
  /** One for all arguments, or one for each: a dimension, or a structure of them like the argument's. */
  readonly in_dims?: BatchDimension | readonly BatchDimensions[];
  /** Where the results have the batch: one for all, or a structure of them; null for what examples share. */
  readonly out_dims?: BatchDimensions;
  /** Draws inside are an error, or each example has its own, or all share one. */
  readonly randomness?: Randomness;
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
  out_dims: BatchDimensions = 0,
  randomness: VmapOptions["randomness"] = "error",
  options: Pick<VmapOptions, "chunk_size"> = {},
): (...args: A) => R {
  if (typeof func !== "function")
    throw new ArgumentError("vmap/callable", `vmap: Expected func to be callable, got ${typeof func}.`);
  const given: VmapOptions =
    typeof in_dims === "object" && in_dims !== null && !Array.isArray(in_dims)
      ? (in_dims as VmapOptions)
      : { ...options, in_dims: in_dims as BatchDimension, out_dims, randomness };
  if (!["error", "different", "same"].includes(given.randomness ?? "error"))
    throw new ValueError(
      "vmap/randomness",
      `vmap: Only allowed values for randomness are 'error', 'different', or 'same'. Got ${given.randomness}.`,
    );
  if ((given.chunk_size ?? 1) <= 0)
    throw new ValueError(
      "vmap/chunk-size",
      `vmap: chunk_size should be None or greater than 0, got ${given.chunk_size}.`,
    );
  return (...args) => withSite(() => mapped(func, args, given));
}

/** The function for one example, whose batched leaves are these slices. */
type OfSlices = (slices: readonly Tensor[]) => unknown;

function mapped<A extends unknown[], R>(func: (...args: A) => R, args: A, options: VmapOptions): R {
  const dims = argumentDimensions(args, options.in_dims === undefined ? 0 : options.in_dims);
  const batched = batchFirst(args, dims);
  const count = sharedSize(batched);
  const ofSlices: OfSlices = (slices) => {
    let next = 0;
    let leaf = 0;
    const call = mapTree(args, (value) => (dims[leaf++] === null ? value : slices[next++]!));
    return func(...(call as A));
  };
  const results = count === 0 ? ofNone(ofSlices, batched) : ofEach(ofSlices, batched, options.randomness ?? "error");
  const places = outputDimensions(options.out_dims === undefined ? 0 : options.out_dims, results.tree);
  const moved = results.stacked.map((tensor, i) => {
    const place = places[i]!;
    if (place === null) return shared(tensor, results.rests[i]!);
    return place === 0 ? tensor : movedim(tensor, 0, place);
  });
  return results.tree.rebuild(moved) as R;
}

interface Results {
  /** What the function gives for one example. */
  readonly tree: TensorTree;
  readonly stacked: readonly Tensor[];
  /** Whether each of them rests on the example. */
  readonly rests: readonly boolean[];
}

function ofEach(ofSlices: OfSlices, batched: readonly Tensor[], randomness: Randomness): Results {
  const { device } = batched[0]!;
  const count = batched[0]!.shape[0]!;
  const outer = examplesHere();
  let tree: TensorTree | null = null;
  let rests: readonly boolean[] = [];
  const [, stacked] = scan(
    (carry: Tensor, [which, ...slices]: readonly Tensor[]) => {
      const examples = { randomness, count, which: which!.node_(), outer };
      tree = resultTree(onBehalfOf("vmap", () => recordingExample(examples, () => ofSlices(slices))));
      const own = new Set([which!, ...slices].map((slice) => slice.node_()));
      rests = tree.leaves.map((leaf) => restsOn(leaf.node_(), own));
      return [carry, tree.leaves] as const;
    },
    zeros([], { device }),
    [arange(count, { device, dtype: "int32" }), ...batched],
  );
  return { tree: tree as unknown as TensorTree, stacked, rests };
}

function resultTree(result: unknown): TensorTree {
  mapTree(result, (leaf, path) => {
    if (!(leaf instanceof Tensor))
      throw new ValueError(
        "vmap/result",
        `vmap: func must only return Tensors, got type ${leaf === null ? "null" : typeof leaf}${path === "" ? "" : ` at ${path}`}.`,
        "A number becomes a tensor with torch.tensor(number).",
      );
  });
  return tensorTree("vmap: the result of func", result);
}

const restsOn = (node: Node, slices: ReadonlySet<Node>): boolean =>
  topologicalOrder([node], (each) => slices.has(each)).some((each) => slices.has(each));

/** Of no examples: only the shapes are found out. */
function ofNone(ofSlices: OfSlices, batched: readonly Tensor[]): Results {
  const example = batched.map(({ shape, dtype, device }) => zeros(shape.slice(1), { dtype, device }));
  const tree = resultTree(ofSlices(example));
  const stacked = tree.leaves.map(({ shape, dtype, device }) => zeros([0, ...shape], { dtype, device }));
  return { tree, stacked, rests: tree.leaves.map(() => true) };
}

/** One for each leaf of the arguments. */
function argumentDimensions(
  args: readonly unknown[],
  given: NonNullable<VmapOptions["in_dims"]> | null,
): BatchDimension[] {
  if (Array.isArray(given) && given.length !== args.length)
    throw new ArgumentError(
      "vmap/in-dims",
      `vmap: in_dims is not compatible with the structure of inputs: it has ${given.length} entries for ${args.length} arguments.`,
    );
  const dims = dimensionsOfLeaves("in_dims", given, args);
  if (dims.every((dim) => dim === null))
    throw new ArgumentError("vmap/in-dims", "vmap: Expected at least one Tensor to vmap over, got only null in_dims.");
  return dims;
}

/** The leaves that have a batch, with the dimension to map over first. */
function batchFirst(args: readonly unknown[], dims: readonly BatchDimension[]): Tensor[] {
  const batched: Tensor[] = [];
  let leaf = 0;
  mapTree(args, (value, path) => {
    const dim = dims[leaf++]!;
    if (dim === null) return;
    if (!(value instanceof Tensor))
      throw new ArgumentError(
        "vmap/leaf",
        `vmap: Got in_dim=${dim} for an input but the input is of type ${typeof value}, at ${path}. We cannot vmap over non-Tensor arguments.`,
        "Give null in in_dims for what all examples share.",
      );
    batched.push(withBatchFirst(value, dim, path));
  });
  return batched;
}

function withBatchFirst(leaf: Tensor, dim: number, path: string): Tensor {
  if (leaf.ndim === 0)
    throw new ShapeError(
      "vmap/rank",
      `vmap: Got in_dim=${dim} for some input, but that input is a Tensor of dimensionality 0, which has no batch: ${path} of the arguments.`,
      "Give null in in_dims for what all examples share.",
    );
  if (dim < -leaf.ndim || dim >= leaf.ndim)
    throw new ValueError(
      "vmap/in-dims",
      `vmap: Got in_dim=${dim} for some input, but that input is a Tensor of dimensionality ${leaf.ndim} so expected in_dim to satisfy ${-leaf.ndim} <= in_dim < ${leaf.ndim}: ${path} of the arguments.`,
    );
  const axis = axisOf("vmap", dim, leaf.ndim);
  return axis === 0 ? leaf : movedim(leaf, axis, 0);
}

/** How many examples there are. */
function sharedSize(batched: readonly Tensor[]): number {
  const sizes = batched.map(({ shape }) => shape[0]!);
  if (sizes.some((size) => size !== sizes[0]))
    throw new ShapeError(
      "vmap/sizes",
      `vmap: Expected all tensors to have the same size in the mapped dimension, got sizes [${sizes.join(", ")}] for the mapped dimension.`,
    );
  return sizes[0]!;
}

function outputDimensions(given: BatchDimensions, tree: TensorTree): BatchDimension[] {
  const isOne = tree.paths.length === 1 && tree.paths[0] === "";
  const dims = isOne && Array.isArray(given) && given.length === 1 ? (given[0] as BatchDimensions) : given;
  return dimensionsOfLeaves("out_dims", dims, tree.rebuild(tree.leaves));
}

function shared(stacked: Tensor, rests: boolean): Tensor {
  if (rests)
    throw new ArgumentError(
      "vmap/out-dims",
      "vmap: func can not return a BatchedTensor, a value that rests on the example, when out_dim is None (null).",
      "Give the dimension that the examples are to have in it.",
    );
  return select(stacked, 0, 0);
}
