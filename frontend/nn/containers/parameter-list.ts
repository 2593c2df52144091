/** Lists and dictionaries of parameters. */
import { ArgumentError } from "../../../ir/errors.ts";
import { Tensor } from "../../tensor.ts";
import { guardModule } from "../guards.ts";
import { attribute, internalsOf, setAttribute } from "../module-internals.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { positionIn } from "./positions.ts";

/** A tensor becomes a parameter. */
const asParameter = (value: Tensor): Parameter => (value instanceof Parameter ? value : new Parameter(value));

function describe(name: string, value: Tensor): string {
  const device = value.device.type === "webgpu" ? ` (${value.device.toString()})` : "";
  return `  (${name}): ${value instanceof Parameter ? "Parameter" : "Tensor"} containing: [${value.dtype.toString()} of size ${value.shape.join("x")}${device}]`;
}

/** A list of parameters. https://docs.pytorch.org/docs/stable/generated/torch.nn.ParameterList.html */
export class ParameterList extends Module {
  constructor(values: Iterable<Tensor> | null = null) {
    super();
    internalsOf(this).onRead = guardModule;
    internalsOf(this).order = [];
    if (values !== null) this.extend(values);
  }
  override get length(): number {
    guardModule(this);
    return internalsOf(this).order!.length;
  }
  at(index: number): Parameter {
    return attribute(this, String(positionIn("ParameterList", index, this.length))) as Parameter;
  }
  set(index: number, value: Tensor): void {
    setAttribute(this, String(positionIn("ParameterList", index, this.length)), asParameter(value));
  }
  append(value: Tensor): this {
    if (!(value instanceof Tensor))
      throw new ArgumentError("parameter-list/value", `ParameterList.append: expected a Tensor, got ${typeof value}.`);
    const name = String(this.length);
    internalsOf(this).order!.push(name);
    setAttribute(this, name, asParameter(value));
    return this;
  }
  extend(values: Iterable<Tensor>): this {
    for (const value of values) this.append(value);
    return this;
  }
  *[Symbol.iterator](): IterableIterator<Parameter> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }
  override extra_repr(): string {
    return Array.from(this, (value, i) => describe(String(i), value)).join("\n");
  }
}

/** Parameters by name. https://docs.pytorch.org/docs/stable/generated/torch.nn.ParameterDict.html */
export class ParameterDict extends Module {
  constructor(parameters: Readonly<Record<string, Tensor>> | Iterable<readonly [string, Tensor]> | null = null) {
    super();
    internalsOf(this).onRead = guardModule;
    internalsOf(this).order = [];
    if (parameters !== null) this.update(parameters);
  }
  override get length(): number {
    guardModule(this);
    return internalsOf(this).order!.length;
  }
  get(key: string): Parameter | undefined {
    return this.has(key) ? (attribute(this, key) as Parameter) : undefined;
  }
  set(key: string, value: Tensor): this {
    if (this.has(key)) setAttribute(this, key, asParameter(value));
    else {
      this.register_parameter(key, asParameter(value));
      internalsOf(this).order!.push(key);
    }
    return this;
  }
  has(key: string): boolean {
    return internalsOf(this).order!.includes(key);
  }
  pop(key: string): Parameter {
    const value = this.get(key);
    if (value === undefined) throw new ArgumentError("parameter-dict/key", `pop: there is no parameter "${key}".`);
    this.delete(key);
    return value;
  }
  delete(key: string): boolean {
    if (!this.has(key)) return false;
    internalsOf(this).order = internalsOf(this).order!.filter((name) => name !== key);
    return Reflect.deleteProperty(this, key);
  }
  clear(): void {
    for (const key of this.keys()) this.delete(key);
  }
  update(parameters: Readonly<Record<string, Tensor>> | Iterable<readonly [string, Tensor]>): void {
    const entries = Symbol.iterator in parameters ? parameters : Object.entries(parameters as Record<string, Tensor>);
    for (const [key, value] of entries) this.set(key, value);
  }
  keys(): string[] {
    guardModule(this);
    return [...internalsOf(this).order!];
  }
  values(): Parameter[] {
    return this.keys().map((key) => this.get(key)!);
  }
  items(): [key: string, parameter: Parameter][] {
    return this.keys().map((key) => [key, this.get(key)!]);
  }
  entries(): [key: string, parameter: Parameter][] {
    return this.items();
  }
  *[Symbol.iterator](): IterableIterator<string> {
    yield* this.keys();
  }
  override extra_repr(): string {
    return this.items()
      .map(([key, value]) => describe(key, value))
      .join("\n");
  }
}
