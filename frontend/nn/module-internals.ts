/**
 * What makes a function a module, and which of its properties are parameters, buffers and submodules: found by looking,
 * each time, so that late assignment, deletion and reassignment are seen.
 */
import { Tensor } from "../tensor.ts";
import type { HookTable } from "./hooks.ts";
import type { Module } from "./module.ts";
import { Buffer, Parameter } from "./parameter.ts";

export interface ModuleInternals {
  /** Names registered as buffers, and whether they are saved. */
  readonly buffers: Map<string, boolean>;
  /** Names of a container's members in their order: properties whose names look like integers come first otherwise. */
  order: string[] | null;
  hooks: HookTable | null;
  /** Of a container: told when one of its members is looked up by name. */
  onRead: ((container: Module) => void) | null;
  /** What a call does. */
  readonly run: (module: Module, args: readonly unknown[]) => unknown;
}

const internals = Symbol("cresset.module");
interface Internal {
  readonly [internals]: ModuleInternals;
}

export const internalsOf = (module: Module): ModuleInternals => (module as unknown as Internal)[internals];

export const isModule = (value: unknown): value is Module => typeof value === "function" && internals in value;

/** A function with the methods of a module's class, that calls `run` with itself when called. */
export function callable(prototype: object, run: (module: Module, args: readonly unknown[]) => unknown): Module {
  const module = ((...args: unknown[]) => run(module, args)) as unknown as Module;
  // A module may have attributes with these names.
  Reflect.deleteProperty(module, "name");
  Reflect.deleteProperty(module, "length");
  Object.setPrototypeOf(module, prototype);
  Object.defineProperty(module, internals, {
    value: { buffers: new Map(), order: null, hooks: null, onRead: null, run } satisfies ModuleInternals,
  });
  module.training = true;
  return module;
}

/** How many looks at members are under way that are not the user's. */
let looks = 0;
/** Whether a member is only being looked at: no result depends on it. */
export const isLookedAt = (): boolean => looks > 0;

/** A property's value, whatever its name. */
export function attribute(module: Module, name: string): unknown {
  looks++;
  try {
    return (module as unknown as Record<string, unknown>)[name];
  } finally {
    looks--;
  }
}
export function setAttribute(module: Module, name: string, value: unknown): void {
  const { onRead } = internalsOf(module);
  if (onRead !== null && !Object.hasOwn(module, name)) return watchMember(module, name, value, onRead);
  (module as unknown as Record<string, unknown>)[name] = value;
}

function watchMember(module: Module, name: string, first: unknown, onRead: (container: Module) => void): void {
  let value = first;
  Object.defineProperty(module, name, {
    enumerable: true,
    configurable: true,
    get(): unknown {
      onRead(module);
      return value;
    },
    set(next: unknown) {
      value = next;
    },
  });
}

export function ownParameters(module: Module): [name: string, parameter: Parameter][] {
  const found: [string, Parameter][] = [];
  for (const name of internalsOf(module).order ?? Object.keys(module)) {
    const value = attribute(module, name);
    if (value instanceof Parameter) found.push([name, noted(module, name, value)]);
  }
  return found;
}

/** A place of a parameter in a module. */
export interface Holder {
  readonly module: Module;
  readonly name: string;
}
/** Where parameters were found last. */
const holders = new WeakMap<Tensor, Holder>();
function noted(module: Module, name: string, parameter: Parameter): Parameter {
  holders.set(parameter, { module, name });
  return parameter;
}
/** The module that a tensor was last found to be a parameter of, if it still is. */
export function holderOf(tensor: Tensor): Holder | null {
  const holder = holders.get(tensor);
  return holder !== undefined && heldIn(holder) === tensor ? holder : null;
}
/** What is in such a place by now. */
export function heldIn({ module, name }: Holder): unknown {
  const value = attribute(module, name);
  return value instanceof Parameter ? noted(module, name, value) : value;
}

/** Whether a tensor that is a member is a parameter or a buffer. */
export const isState = (module: Module, name: string, tensor: Tensor): boolean =>
  tensor instanceof Parameter || tensor instanceof Buffer || internalsOf(module).buffers.has(name);

export function ownBuffers(module: Module): [name: string, buffer: Tensor, persistent: boolean][] {
  const { buffers } = internalsOf(module);
  const found: [string, Tensor, boolean][] = [];
  for (const name of Object.keys(module)) {
    const value = attribute(module, name);
    if (value instanceof Buffer) found.push([name, value, value.persistent]);
    else if (value instanceof Tensor && !(value instanceof Parameter) && buffers.has(name))
      found.push([name, value, buffers.get(name)!]);
  }
  return found;
}

export function ownChildren(module: Module): [name: string, child: Module][] {
  const found: [string, Module][] = [];
  for (const name of internalsOf(module).order ?? Object.keys(module)) {
    const value = attribute(module, name);
    if (isModule(value)) found.push([name, value]);
  }
  return found;
}

/** All modules of a tree with their dotted names, parents first. */
export function walk(
  root: Module,
  prefix = "",
  removeDuplicate = true,
  seen = new Set<Module>(),
): [name: string, module: Module][] {
  const found: [string, Module][] = [];
  const stack: [string, Module][] = [[prefix, root]];
  for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
    const [name, module] = item;
    if (removeDuplicate) {
      if (seen.has(module)) continue;
      seen.add(module);
    }
    found.push([name, module]);
    for (const [childName, child] of ownChildren(module).reverse())
      stack.push([name === "" ? childName : `${name}.${childName}`, child]);
  }
  return found;
}

/** Members of all modules of a tree with their dotted names. */
export function members<T>(
  root: Module,
  own: (module: Module) => readonly (readonly [name: string, member: T, ...rest: unknown[]])[],
  prefix: string,
  recurse: boolean,
  removeDuplicate: boolean,
): [name: string, member: T][] {
  const seen = new Set<T>();
  const found: [string, T][] = [];
  for (const [path, module] of recurse ? walk(root, prefix, removeDuplicate) : [[prefix, root] as const]) {
    for (const [name, member] of own(module)) {
      if (removeDuplicate && seen.has(member)) continue;
      seen.add(member);
      found.push([path === "" ? name : `${path}.${name}`, member]);
    }
  }
  return found;
}
