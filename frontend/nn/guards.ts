/**
 * What a compiled function assumes of the modules that it calls, and of all below them: which members they have, what
 * those are, the parameters' modes, and the hooks.
 */
import { isPlainObject } from "../bind.ts";
import { traceObserver, type TraceObserver } from "../trace.ts";
import { globalHooks, noHooks, type HookTable } from "./hooks.ts";
import { attribute, internalsOf, isModule, ownChildren, walk } from "./module-internals.ts";
import type { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

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
  for (const name of Object.keys(module)) {
    const read = (): unknown => attribute(module, name);
    const value = read();
    if (value instanceof Parameter) guardParameter(observer, `${label}.${name}`, value);
    // What forward may assign itself is looked at when it has returned.
    if (typeof value !== "object" || value instanceof Parameter) observer.guard(`${label}.${name}`, read);
    if (Array.isArray(value)) guardElements(observer, `${label}.${name}`, value);
    else if (isPlainObject(value)) guardProperties(observer, `${label}.${name}`, value);
  }
  observer.membersUsed?.(label, module);
  // A member that went missing is one that changed.
  observer.guard(`${label}'s number of members`, () => Object.keys(module).length, { expect: "at the end" });
  observer.guard(`${label}'s order`, () => internalsOf(module).order);
}

function guardParameter(observer: TraceObserver, label: string, parameter: Parameter): void {
  observer.guard(`${label}.requires_grad`, () => parameter.requires_grad, { rare: true });
  // It has another one after a conversion.
  observer.guard(`${label}'s memory`, () => parameter.storage_, { rare: true });
}

/** A list that is an attribute may be changed where it is. */
function guardElements(observer: TraceObserver, label: string, list: readonly unknown[]): void {
  observer.guard(`${label}.length`, () => list.length);
  list.forEach((item, i) => {
    observer.guard(`${label}[${i}]`, () => list[i]);
    if (isModule(item)) guardModule(item);
  });
}

/** So may an object of settings. */
function guardProperties(observer: TraceObserver, label: string, object: Readonly<Record<string, unknown>>): void {
  observer.guard(`${label}'s number of members`, () => Object.keys(object).length, { expect: "at the end" });
  // A number that forward itself assigns is no reason to record again.
  for (const key of Object.keys(object))
    if (typeof object[key] !== "object")
      observer.guard(`${label}.${key}`, () => object[key], { expect: "unless changed" });
  observer.membersUsed?.(label, object);
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
