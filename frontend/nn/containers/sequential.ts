/** Modules in a row. */
import { ArgumentError, IndexError } from "../../../ir/errors.ts";
import { isPlainObject } from "../../bind.ts";
import type { Tensor } from "../../tensor.ts";
import { guardedChildren, guardModule } from "../guards.ts";
import { internalsOf, isModule, setAttribute } from "../module-internals.ts";
import { Module, type Layer } from "../module.ts";
import { positionIn, sliceBounds } from "./positions.ts";

/**
 * Calls its modules one after another. `new Sequential(a, b)`, or `new Sequential({ name: a, other: b })`.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.Sequential.html
 */
export class Sequential extends Module {
  readonly [index: number]: Layer;
  static override readonly forwardNames_: readonly string[] = ["input"];
  constructor(...args: Module[] | [modules: Readonly<Record<string, Module>> | ReadonlyMap<string, Module>]) {
    super();
    internalsOf(this).onRead = guardModule;
    const [first] = args;
    const named =
      first instanceof Map
        ? [...(first as ReadonlyMap<string, Module>)]
        : !isModule(first) && isPlainObject(first)
          ? Object.entries(first as Record<string, Module>)
          : null;
    if (named === null) for (const module of args as Module[]) this.append(module);
    else for (const [name, module] of named) this.add_module(name, module);
  }

  override forward(input: Tensor): Tensor {
    let value = input;
    for (const [, module] of guardedChildren(this)) value = (module as Layer)(value);
    return value;
  }

  override get length(): number {
    return guardedChildren(this).length;
  }
  /** The module at a place; negative places count from the end. A slice ("1:3") gives a Sequential of those. */
  at(index: number): Layer;
  at(slice: string): Sequential;
  at(index: number | string): Layer | Sequential {
    if (typeof index === "string") return this.slice(...sliceBounds(index));
    const children = guardedChildren(this);
    return children[positionIn("Sequential", index, children.length)]![1] as Layer;
  }
  slice(start?: number, end?: number): Sequential {
    return new Sequential(new Map(guardedChildren(this).slice(start, end)));
  }
  append(module: Module): this {
    this.add_module(String(this.length), module);
    return this;
  }
  extend(modules: Iterable<Module>): this {
    for (const module of modules) this.append(module);
    return this;
  }
  insert(index: number, module: Module): this {
    if (!isModule(module)) throw new ArgumentError("sequential/insert", "insert: module should be of type Module.");
    const children = guardedChildren(this).map(([, child]) => child);
    if (index < -children.length || index > children.length)
      throw new IndexError("sequential/index", `insert: Index out of range: ${index}`);
    children.splice(index < 0 ? index + children.length : index, 0, module);
    this.renumber(children);
    return this;
  }
  /** Removes the module at a place and gives it. */
  pop(index = -1): Layer {
    const children = guardedChildren(this).map(([, child]) => child);
    const [removed] = children.splice(positionIn("Sequential", index, children.length), 1);
    this.renumber(children);
    return removed as Layer;
  }
  /** Replaces the module at a place. */
  set(index: number, module: Module): this {
    const children = guardedChildren(this);
    setAttribute(this, children[positionIn("Sequential", index, children.length)]![0], module);
    return this;
  }
  private renumber(modules: readonly Module[]): void {
    for (const [name] of guardedChildren(this)) Reflect.deleteProperty(this, name);
    internalsOf(this).order = null;
    modules.forEach((module, i) => setAttribute(this, String(i), module));
  }
  *[Symbol.iterator](): IterableIterator<Layer> {
    for (const [, module] of guardedChildren(this)) yield module as Layer;
  }
}
