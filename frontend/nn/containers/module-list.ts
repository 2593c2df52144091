/** Lists and dictionaries of modules. */
import { ArgumentError, IndexError } from "../../../ir/errors.ts";
import { guardedChildren, guardModule } from "../guards.ts";
import { attribute, internalsOf, isModule, setAttribute } from "../module-internals.ts";
import { Module, type Layer } from "../module.ts";
import { positionIn, sliceBounds } from "./positions.ts";

/**
 * A list whose modules belong to the tree. Has no forward.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleList.html
 */
export class ModuleList<M extends Module = Layer> extends Module {
  readonly [index: number]: M;
  constructor(modules: Iterable<M> | null = null) {
    super();
    internalsOf(this).onRead = guardModule;
    if (modules !== null) this.extend(modules);
  }
  override get length(): number {
    return guardedChildren(this).length;
  }
  /** The module at a place; negative places count from the end. A slice ("1:3") gives a ModuleList of those. */
  at(index: number): M;
  at(slice: string): ModuleList<M>;
  at(index: number | string): M | ModuleList<M> {
    if (typeof index === "string") return this.slice(...sliceBounds(index));
    return this.list()[positionIn("ModuleList", index, this.length)]!;
  }
  slice(start?: number, end?: number): ModuleList<M> {
    return new ModuleList(this.list().slice(start, end));
  }
  append(module: M): this {
    this.add_module(String(this.length), module);
    return this;
  }
  extend(modules: Iterable<M>): this {
    for (const module of modules) this.append(module);
    return this;
  }
  insert(index: number, module: M): void {
    const modules = this.list();
    if (index < -modules.length || index > modules.length)
      throw new IndexError("module-list/index", `insert: Index out of range: ${index}`);
    modules.splice(index < 0 ? index + modules.length : index, 0, module);
    this.renumber(modules);
  }
  /** Removes the module at a place and gives it. */
  pop(index = -1): M {
    const modules = this.list();
    const [removed] = modules.splice(positionIn("ModuleList", index, modules.length), 1);
    this.renumber(modules);
    return removed!;
  }
  set(index: number, module: M): void {
    setAttribute(this, String(positionIn("ModuleList", index, this.length)), module);
  }
  private list(): M[] {
    return guardedChildren(this).map(([, child]) => child as M);
  }
  private renumber(modules: readonly M[]): void {
    for (const [name] of guardedChildren(this)) Reflect.deleteProperty(this, name);
    modules.forEach((module, i) => setAttribute(this, String(i), module));
  }
  map<T>(fn: (module: M, index: number) => T): T[] {
    return this.list().map(fn);
  }
  *[Symbol.iterator](): IterableIterator<M> {
    yield* this.list();
  }
}

/**
 * Modules by name, which belong to the tree. Has no forward.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleDict.html
 */
export class ModuleDict<M extends Module = Layer> extends Module {
  constructor(modules: Readonly<Record<string, M>> | Iterable<readonly [string, M]> | null = null) {
    super();
    // The order is remembered: properties that look like integers would come first.
    internalsOf(this).onRead = guardModule;
    internalsOf(this).order = [];
    if (modules !== null) this.update(modules);
  }
  override get length(): number {
    return guardedChildren(this).length;
  }
  get(key: string): M | undefined {
    return this.has(key) ? (attribute(this, key) as M) : undefined;
  }
  set(key: string, module: M): this {
    this.add_module(key, module);
    return this;
  }
  has(key: string): boolean {
    return internalsOf(this).order!.includes(key) && isModule(attribute(this, key));
  }
  /** Removes a module and gives it. */
  pop(key: string): M {
    const module = this.get(key);
    if (module === undefined)
      throw new ArgumentError(
        "module-dict/key",
        `pop: there is no module "${key}".`,
        `Its keys are ${this.keys().join(", ")}.`,
      );
    this.delete(key);
    return module;
  }
  delete(key: string): boolean {
    if (!this.has(key)) return false;
    internalsOf(this).order = internalsOf(this).order!.filter((name) => name !== key);
    return Reflect.deleteProperty(this, key);
  }
  clear(): void {
    for (const key of this.keys()) this.delete(key);
  }
  update(modules: Readonly<Record<string, M>> | Iterable<readonly [string, M]>): void {
    const entries = Symbol.iterator in modules ? modules : Object.entries(modules as Record<string, M>);
    for (const [key, module] of entries) this.set(key, module);
  }
  keys(): string[] {
    return guardedChildren(this).map(([name]) => name);
  }
  values(): M[] {
    return guardedChildren(this).map(([, child]) => child as M);
  }
  items(): [key: string, module: M][] {
    return guardedChildren(this) as [string, M][];
  }
  entries(): [key: string, module: M][] {
    return this.items();
  }
  *[Symbol.iterator](): IterableIterator<string> {
    yield* this.keys();
  }
}
