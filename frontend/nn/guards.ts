/**
 * What a compiled function assumes of the modules that it calls, by whatever method, and of all below them: what they
 * hold, the parameters' modes, and the hooks.
 */
import { standIn } from "../function-text.ts";
import { traceObserver, type TraceObserver } from "../trace.ts";
import { globalHooks, noHooks, type HookTable } from "./hooks.ts";
import { internalsOf, isModule, ownChildren, ownParameters, walk } from "./module-internals.ts";
import type { Module } from "./module.ts";
import type { Parameter } from "./parameter.ts";

const guarded = new WeakMap<TraceObserver, Set<Module>>();

/** While a compiled function is being recorded: a change of `module` or of one below it records it again. */
export function guardModule(module: Module): void {
  const observer = traceObserver();
  if (observer === null) return;
  let seen = guarded.get(observer);
  if (seen === undefined) {
    guarded.set(observer, (seen = new Set()));
    guardHooks(observer, "every module", () => globalHooks);
  }
  if (seen.has(module)) return;
  const known = new Set(seen);
  // Looking into a container comes here again.
  seen.add(module);
  for (const [, part] of walk(module, "", true, known)) {
    if (part !== module && seen.has(part)) continue;
    seen.add(part);
    guardMembers(observer, part);
    guardHooks(observer, part._get_name(), () => internalsOf(part).hooks);
  }
}

function guardMembers(observer: TraceObserver, module: Module): void {
  const label = module._get_name();
  for (const [name, parameter] of ownParameters(module)) guardParameter(observer, `${label}.${name}`, parameter);
  observer.objectUsed?.(label, module);
  observer.guard(`${label}'s order`, () => internalsOf(module).order);
}

function guardParameter(observer: TraceObserver, label: string, parameter: Parameter): void {
  observer.guard(`${label}.requires_grad`, () => parameter.requires_grad, { rare: true });
  // It has another one after a conversion.
  observer.guard(`${label}'s memory`, () => parameter.storage_, { rare: true });
}

const hookKinds = ["forwardPre", "forward", "backwardPre", "backward"] as const;

function guardHooks(observer: TraceObserver, label: string, table: () => HookTable | null): void {
  for (const kind of hookKinds)
    observer.guard(`${label}'s ${kind} hooks`, () => table()?.[kind].entries ?? noHooks, { rare: true });
}

/** The modules in a container that is being looked into. */
export function guardedChildren(container: Module): [name: string, child: Module][] {
  guardModule(container);
  return ownChildren(container);
}

const told = new WeakSet<object>();

/**
 * From here on the methods and getters that a class of modules adds to `base`'s tell on which module they are called:
 * `model.encode(x)` depends on what `model` holds as `model(x)` does.
 */
export function tellMethods(prototype: object, base: object): void {
  for (
    let own: object | null = prototype;
    own !== null && own !== base && !told.has(own);
    own = Object.getPrototypeOf(own) as object | null
  ) {
    told.add(own);
    for (const key of Reflect.ownKeys(own)) {
      const property = Object.getOwnPropertyDescriptor(own, key)!;
      if (key === "constructor" || property.configurable !== true) continue;
      const { get, value } = property as { get?: () => unknown; value?: unknown };
      if (typeof value === "function") property.value = telling(value as (...args: unknown[]) => unknown);
      else if (get !== undefined) property.get = telling(get);
      else continue;
      Object.defineProperty(own, key, property);
    }
  }
}

function telling<A extends unknown[], R>(method: (...args: A) => R): (...args: A) => R {
  const stand = function (this: unknown, ...args: A): R {
    if (traceObserver() !== null && isModule(this)) guardModule(this);
    const result = Reflect.apply(method, this, args);
    // Constructors end with it: what they have made is known as the module's from then on.
    if (method.name === "reset_parameters" && isModule(this)) ownParameters(this);
    return result;
  };
  standIn(stand, method);
  return stand;
}
