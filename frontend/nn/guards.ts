/**
 * What a compiled function assumes of the modules that it calls, and of all below them: what they hold, the parameters'
 * modes, and the hooks.
 */
import { traceObserver, type TraceObserver } from "../trace.ts";
import { globalHooks, noHooks, type HookTable } from "./hooks.ts";
import { internalsOf, ownChildren, ownParameters, walk } from "./module-internals.ts";
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
