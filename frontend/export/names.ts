/** The names of an exported program's inputs and outputs. */
import { ArgumentError, ExportError } from "../../ir/errors.ts";
import { isPlainObject } from "../bind.ts";
import { Tensor } from "../tensor.ts";
import { parameterNames } from "./parameter-names.ts";

export interface NamedLeaf {
  readonly name: string;
  readonly tensor: Tensor;
}

const joined = (name: string, key: string | number): string => (name === "" ? String(key) : `${name}_${key}`);

/** A copy of a tree of arrays and plain objects with its tensors mapped; `name` grows by `_0` or `_key` on the way. */
export function mapNamed(tree: unknown, name: string, leaf: (tensor: Tensor, name: string) => Tensor): unknown {
  if (tree instanceof Tensor) return leaf(tree, name);
  if (Array.isArray(tree)) return tree.map((item, i) => mapNamed(item, joined(name, i), leaf));
  if (isPlainObject(tree))
    return Object.fromEntries(
      Object.entries(tree).map(([key, value]) => [key, mapNamed(value, joined(name, key), leaf)]),
    );
  return tree;
}

/** What an argument's tensors are called: after forward's parameter, where its source tells. */
export function argumentNames(forward: (...args: never[]) => unknown, count: number): readonly string[] {
  const known = parameterNames(forward);
  const rest = known.findIndex(({ isRest }) => isRest);
  return Array.from({ length: count }, (_, i) => {
    if (rest >= 0 && i >= rest && known[rest]!.name !== null) return `${known[rest]!.name}_${i - rest}`;
    return known[i]?.name ?? `input${i}`;
  });
}

/** Replaces names by the user's, and makes sure that no two are equal. */
export function finalNames(
  names: readonly string[],
  given: readonly string[] | undefined,
  option: string,
): readonly string[] {
  if (given !== undefined && given.length !== names.length) {
    throw new ArgumentError(
      "export/names",
      `export: ${option} has ${given.length} names for ${names.length} tensors (${names.join(", ")}).`,
    );
  }
  const chosen = given ?? names;
  const twice = chosen.find((name, i) => chosen.indexOf(name) !== i);
  if (twice !== undefined)
    throw new ArgumentError(
      "export/names",
      `export: two tensors are called "${twice}" (${chosen.join(", ")}).`,
      `Name them with { ${option}: [...] }.`,
    );
  return chosen;
}

/** The tensors in what forward returned. */
export function namedResults(result: unknown): NamedLeaf[] {
  const found: NamedLeaf[] = [];
  const visit = (tree: unknown, name: string): void => {
    if (tree === null || tree === undefined) return;
    if (tree instanceof Tensor) found.push({ name: name === "" ? "output" : name, tensor: tree });
    else if (Array.isArray(tree)) {
      const names = resultNames(tree);
      const prefix = names === null && name === "" ? "output" : name;
      tree.forEach((item, i) => visit(item, joined(prefix, names?.[i] ?? i)));
    } else if (isPlainObject(tree)) for (const [key, value] of Object.entries(tree)) visit(value, joined(name, key));
    else {
      const what =
        typeof tree === "object" ? "an object of its own class" : `the ${typeof tree} ${JSON.stringify(tree) ?? ""}`;
      throw new ExportError(
        "export/result",
        `export: forward returned ${what}${name === "" ? "" : ` as ${name}`}; an exported model returns tensors.`,
        "Return tensors, or arrays and plain objects of tensors.",
      );
    }
  };
  visit(result, "");
  if (found.length === 0) throw new ExportError("export/result", "export: forward returned no tensor.");
  return found;
}

/** `values` and `indices` of an operator with named results. */
function resultNames(list: readonly unknown[]): readonly string[] | null {
  const names = Object.getOwnPropertyNames(list).filter((name) => name !== "length" && !/^\d+$/.test(name));
  return names.length === list.length && names.length > 0 ? names : null;
}
