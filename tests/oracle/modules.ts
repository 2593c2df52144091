/** Working with live nn.Modules. */
import { hasMethod, withKwargs, type Adapter, type Callable, type Kwargs } from "./adapter.ts";
import { Decoder } from "./decode.ts";
import type { TensorNode } from "./format.ts";

/** ["Sequential", recipe, ...], or [name of a module, argument, ...]. */
export type Recipe = ["Sequential", ...Recipe[]] | [string, ...(number | boolean)[]];

/** A new module, on the adapter's device. */
export function construct(adapter: Adapter, path: string, args: readonly unknown[], kwargs: Kwargs = {}): unknown {
  const module = adapter.construct(path, args, kwargs);
  return adapter.device !== "cpu" && hasMethod(module, "to") ? adapter.apply(module, "to", adapter.device) : module;
}

function isSequence(recipe: Recipe): recipe is ["Sequential", ...Recipe[]] {
  return recipe[0] === "Sequential";
}

export function buildRecipe(adapter: Adapter, recipe: Recipe): unknown {
  const args = isSequence(recipe)
    ? recipe.slice(1).map((part) => buildRecipe(adapter, part as Recipe))
    : recipe.slice(1);
  return construct(adapter, `torch.nn.${recipe[0]}`, args);
}

/** Calls a module as Python does. */
export async function callModule(module: unknown, args: readonly unknown[], kwargs: Kwargs = {}): Promise<unknown> {
  return Reflect.apply(module as Callable, undefined, withKwargs(args, kwargs));
}

export async function loadState(
  adapter: Adapter,
  module: unknown,
  state: Readonly<Record<string, TensorNode>>,
): Promise<void> {
  const live = Object.fromEntries(
    Object.entries(state).map(([name, node]) => [name, new Decoder(adapter).tensor(node)]),
  );
  await adapter.method(module, "load_state_dict", [live]);
}

/** A state dict, whatever holds it: a Map, an iterable of pairs, or a plain object. */
export function entriesOf(state: unknown): Map<string, unknown> {
  return hasMethod(state, Symbol.iterator)
    ? new Map(state as Iterable<[string, unknown]>)
    : new Map(Object.entries(state as Record<string, unknown>));
}

export async function stateOf(adapter: Adapter, module: unknown): Promise<Map<string, unknown>> {
  return entriesOf(await adapter.method(module, "state_dict"));
}

export async function parametersOf(adapter: Adapter, module: unknown): Promise<Record<string, unknown>> {
  return Object.fromEntries(entriesOf(await adapter.method(module, "named_parameters")));
}
