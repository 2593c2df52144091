/** Calling a module with other values for its parameters and buffers. */
import { ArgumentError, ValueError } from "../../../ir/errors.ts";
import type { Tensor } from "../../tensor.ts";
import { guardModule } from "../guards.ts";
import { attribute, setAttribute } from "../module-internals.ts";
import type { Module } from "../module.ts";

export interface FunctionalCallOptions {
  /** Whether the names must be those of all parameters and buffers. */
  readonly strict?: boolean;
  /** Whether one name of a tensor that has several stands for all of them: true unless told otherwise. */
  readonly tie_weights?: boolean;
}

/**
 * Calls `module` with the named tensors in place of its own, and puts its own back.
 * https://docs.pytorch.org/docs/stable/generated/torch.func.functional_call.html
 */
export function functional_call<M extends Module>(
  module: M,
  parameter_and_buffer_dicts: Readonly<Record<string, Tensor>> | readonly Readonly<Record<string, Tensor>>[],
  args: unknown = [],
  kwargs: Readonly<Record<string, unknown>> | null = null,
  options: FunctionalCallOptions = {},
): ReturnType<M["forward"]> {
  const dicts = (
    Array.isArray(parameter_and_buffer_dicts) ? parameter_and_buffer_dicts : [parameter_and_buffer_dicts]
  ) as readonly Readonly<Record<string, Tensor>>[];
  const named = Object.assign({}, ...dicts) as Record<string, Tensor>;
  const given = options.tie_weights === false ? named : withTied(module, named);
  if (options.strict === true) requireAll(module, given);
  // By its own tensors: those that are there during the call would be looked for in later ones.
  guardModule(module);
  const restore: (() => void)[] = [];
  try {
    for (const path of Object.keys(given)) {
      const dot = path.lastIndexOf(".");
      const owner = module.get_submodule(path.slice(0, Math.max(0, dot)));
      const name = path.slice(dot + 1);
      const before = attribute(owner, name);
      if (before === undefined)
        throw new ArgumentError(
          "functional-call/name",
          `functional_call: ${owner._get_name()} has no attribute \`${name}\`.`,
        );
      restore.push(() => setAttribute(owner, name, before));
      setAttribute(owner, name, given[path]);
    }
    const list: unknown[] = Array.isArray(args) ? args : [args];
    const call = module as unknown as (...args: unknown[]) => ReturnType<M["forward"]>;
    return kwargs === null ? call(...list) : call(...list, kwargs);
  } finally {
    for (const undo of restore.reverse()) undo();
  }
}

/**
 * The same tensor under all names of what it stands for.
 * @throws ValueError for two tensors in the place of one
 */
function withTied(module: Module, given: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  const all = { remove_duplicate: false };
  const namesOf = new Map<Tensor, string[]>();
  for (const [name, tensor] of [...module.named_parameters(all), ...module.named_buffers(all)]) {
    const names = namesOf.get(tensor);
    if (names === undefined) namesOf.set(tensor, [name]);
    else names.push(name);
  }
  const tied = { ...given };
  for (const names of namesOf.values()) {
    if (names.length === 1) continue;
    const [first, ...others] = new Set(names.flatMap((name) => (name in given ? [given[name]!] : [])));
    if (first === undefined) continue;
    if (others.length > 0)
      throw new ValueError(
        "functional-call/tied",
        `functional_call: functional_call got multiple values for keys ${JSON.stringify(names.toSorted())}, which are tied.`,
        "Consider using { tie_weights: false }.",
      );
    for (const name of names) tied[name] = first;
  }
  return tied;
}

/** @throws ArgumentError naming the parameters and buffers that are missing, and those that the module has not */
function requireAll(module: Module, given: Readonly<Record<string, Tensor>>): void {
  const all = { remove_duplicate: false };
  const own = new Set([...module.named_parameters(all), ...module.named_buffers(all)].map(([name]) => name));
  const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");
  const unexpected = Object.keys(given).filter((name) => !own.has(name));
  const missing = [...own].filter((name) => !(name in given));
  const faults = [
    ...(unexpected.length > 0 ? [`Unexpected key(s): ${quoted(unexpected)}.`] : []),
    ...(missing.length > 0 ? [`Missing key(s): ${quoted(missing)}.`] : []),
  ];
  if (faults.length > 0)
    throw new ArgumentError(
      "functional-call/keys",
      `functional_call: Error(s) in reparametrizing for ${module._get_name()}: ${faults.join(" ")}`,
      "Leave strict out to replace some of them.",
    );
}

/** A new module. Parameters are not left without values here: every initialiser is cheap until it is read. */
export const skip_init = <A extends unknown[], M extends Module>(module_cls: new (...args: A) => M, ...args: A): M =>
  new module_cls(...args);
