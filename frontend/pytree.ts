/** Nested arrays, plain objects and Maps with tensors at the leaves: arguments and results of functions. */
import { ArgumentError } from "../ir/errors.ts";
import { Tensor } from "./tensor.ts";
import { isPlainObject } from "./bind.ts";
import { NamedResults } from "./named-results.ts";

/** Whether a value is one of the containers that are walked. */
export const isTree = (value: unknown): boolean => Array.isArray(value) || value instanceof Map || isPlainObject(value);

/** A copy of the tree with each leaf mapped; containers are walked, everything else is a leaf, and what `isLeaf` says. */
export function mapTree(
  tree: unknown,
  leaf: (value: unknown, path: string) => unknown,
  path = "",
  isLeaf?: (value: unknown) => boolean,
): unknown {
  if (tree instanceof Tensor || isLeaf?.(tree) === true) return leaf(tree, path);
  if (tree instanceof NamedResults) return tree.mapped((item, i) => leaf(item, `${path}[${i}]`));
  if (Array.isArray(tree)) return tree.map((item, i) => mapTree(item, leaf, `${path}[${i}]`, isLeaf));
  if (tree instanceof Map)
    return new Map([...tree].map(([key, value]) => [key, mapTree(value, leaf, `${path}[${String(key)}]`, isLeaf)]));
  if (isPlainObject(tree))
    return Object.fromEntries(
      Object.entries(tree).map(([key, value]) => [
        key,
        mapTree(value, leaf, path === "" ? key : `${path}.${key}`, isLeaf),
      ]),
    );
  return leaf(tree, path);
}

/** A tree of tensors, taken apart. */
export interface TensorTree {
  readonly leaves: readonly Tensor[];
  /** Where each leaf is: `[0].hidden`. */
  readonly paths: readonly string[];
  /** The same tree with other leaves. */
  rebuild(leaves: readonly Tensor[]): unknown;
}

/** @throws ArgumentError when a leaf is no tensor; `what` says whose tree it is */
export function tensorTree(what: string, tree: unknown): TensorTree {
  const leaves: Tensor[] = [];
  const paths: string[] = [];
  mapTree(tree, (value, path) => {
    if (!(value instanceof Tensor))
      throw new ArgumentError(
        "tree/leaf",
        `${what}: expected possibly nested arrays, objects and Maps that only consist of tensor leaves, but got ${value === null ? "null" : typeof value}${path === "" ? "" : ` at ${path}`}.`,
        "A number becomes a tensor with torch.tensor(number).",
      );
    paths.push(path);
    return leaves.push(value);
  });
  return {
    leaves,
    paths,
    rebuild(replacements) {
      let next = 0;
      return mapTree(tree, () => replacements[next++]!);
    },
  };
}
