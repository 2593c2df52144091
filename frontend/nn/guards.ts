/** What a compiled function assumes of the modules that it calls: their modes, numbers, parameters and submodules. */
import { traceObserver, type TraceObserver } from "../trace.ts";
import { attribute, isModule } from "./module-internals.ts";
import type { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

const guarded = new WeakMap<TraceObserver, Set<Module>>();

const decides = (value: unknown): boolean =>
  typeof value === "boolean" ||
  typeof value === "number" ||
  typeof value === "string" ||
  value === null ||
  value instanceof Parameter ||
  isModule(value);

/** While a compiled function is being recorded: changed attributes of `module` record it again. */
export function guardModule(module: Module): void {
  const observer = traceObserver();
  if (observer === null) return;
  let seen = guarded.get(observer);
  if (seen === undefined) guarded.set(observer, (seen = new Set()));
  if (seen.has(module)) return;
  seen.add(module);
  for (const name of Object.keys(module)) {
    if (decides(attribute(module, name)))
      observer.guard(`${module._get_name()}.${name}`, () => attribute(module, name));
  }
}
