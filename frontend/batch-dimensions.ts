/** Where the leaves of arguments and results have their batch, as `in_dims` and `out_dims` say it. */
import { ArgumentError } from "../ir/errors.ts";
import { isPlainObject } from "./bind.ts";

/** The dimension that counts examples; null: what all examples share. */
export type BatchDimension = number | null;
/** One dimension for all leaves of a tree, or a structure that begins as the tree does. */
export type BatchDimensions =
  | BatchDimension
  | readonly BatchDimensions[]
  | ReadonlyMap<unknown, BatchDimensions>
  | { readonly [key: string]: BatchDimensions };

/** One dimension for each leaf of a tree, in order. `what` names the argument: "in_dims". */
export function dimensionsOfLeaves(what: string, dims: BatchDimensions, tree: unknown): BatchDimension[] {
  const parts = partsOf(tree);
  if (dims === null || Number.isInteger(dims))
    return parts === null
      ? [dims as BatchDimension]
      : [...parts.values()].flatMap((part) => dimensionsOfLeaves(what, dims, part));
  const given = partsOf(dims);
  if (given?.size !== parts?.size || ![...(parts?.keys() ?? [])].every((key) => given!.has(key)))
    throw new ArgumentError(
      `vmap/${what.replace("_", "-")}`,
      `vmap: ${what} is not compatible with the structure of ${what === "in_dims" ? "inputs" : "outputs"}: it has ${described(dims)} where there is ${described(tree)}.`,
      "Give one dimension (or null) for a whole tree, or a structure like it.",
    );
  return [...parts!].flatMap(([key, part]) => dimensionsOfLeaves(what, given!.get(key) as BatchDimensions, part));
}

/** What a container holds, by key; null for a leaf. */
function partsOf(tree: unknown): ReadonlyMap<unknown, unknown> | null {
  if (Array.isArray(tree)) return new Map(tree.entries());
  if (tree instanceof Map) return tree;
  return isPlainObject(tree) ? new Map(Object.entries(tree)) : null;
}

const described = (tree: unknown): string => {
  const parts = partsOf(tree);
  if (parts === null) return tree === null ? "null" : typeof tree === "object" ? "a tensor" : JSON.stringify(tree);
  return Array.isArray(tree) ? `${parts.size} entries` : `{${[...parts.keys()].join(", ")}}`;
};
