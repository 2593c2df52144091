/** Nested arrays, plain objects and Maps with tensors at the leaves: arguments and results of compiled functions. */
import { Tensor } from "./tensor.ts";
import { isPlainObject } from "./bind.ts";

/** A copy of the tree with each leaf mapped; containers are walked, everything else is a leaf. */
export function mapTree(tree: unknown, leaf: (value: unknown, path: string) => unknown, path = ""): unknown {
  if (tree instanceof Tensor) return leaf(tree, path);
  if (Array.isArray(tree)) return tree.map((item, i) => mapTree(item, leaf, `${path}[${i}]`));
  if (tree instanceof Map)
    return new Map([...tree].map(([key, value]) => [key, mapTree(value, leaf, `${path}[${String(key)}]`)]));
  if (isPlainObject(tree))
    return Object.fromEntries(
      Object.entries(tree).map(([key, value]) => [key, mapTree(value, leaf, path === "" ? key : `${path}.${key}`)]),
    );
  return leaf(tree, path);
}
