/** Lists and dictionaries of parameters. */
import { ArgumentError } from "../../../ir/errors.ts";
import { Tensor } from "../../tensor.ts";
import { attribute, setAttribute } from "../module-internals.ts";
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
  private size_: number;
  constructor(values: Iterable<Tensor> | null = null) {
    super();
    this.size_ = 0;
    Object.defineProperty(this, "size_", { enumerable: false });
    if (values !== null) this.extend(values);
  }
  override get length(): number {
    return this.size_;
  }
  at(index: number): Parameter {
    return attribute(this, String(positionIn("ParameterList", index, this.size_))) as Parameter;
  }
  set(index: number, value: Tensor): void {
    setAttribute(this, String(positionIn("ParameterList", index, this.size_)), asParameter(value));
  }
  append(value: Tensor): this {
    if (!(value instanceof Tensor)) throw new ArgumentError("parameter-list/value", `ParameterList.append: expected a Tensor, got ${typeof value}.`);
    setAttribute(this, String(this.size_++), asParameter(value));
    return this;
  }
  extend(values: Iterable<Tensor>): this {
    for (const value of values) this.append(value);
    return this;
  }
  *[Symbol.iterator](): IterableIterator<Parameter> {
    for (let i = 0; i < this.size_; i++) yield this.at(i);
  }
  override extra_repr(): string {
    return Array.from(this, (value, i) => describe(String(i), value)).join("\n");
  }
}

/** Parameters by name. https://docs.pytorch.org/docs/stable/generated/torch.nn.ParameterDict.html */
export class ParameterDict extends Module {
  private names_: Set<string>;
  constructor(parameters: Readonly<Record<string, Tensor>> | Iterable<readonly [string, Tensor]> | null = null) {
    super();
    this.names_ = new Set();
    Object.defineProperty(this, "names_", { enumerable: false });
    if (parameters !== null) this.update(parameters);
  }
  override get length(): number {
    return this.names_.size;
  }
  get(key: string): Parameter | undefined {
    return this.names_.has(key) ? (attribute(this, key) as Parameter) : undefined;
  }
  set(key: string, value: Tensor): this {
    if (!this.names_.has(key)) this.register_parameter(key, asParameter(value));
    else setAttribute(this, key, asParameter(value));
    this.names_.add(key);
    return this;
  }
  has(key: string): boolean {
    return this.names_.has(key);
  }
  pop(key: string): Parameter {
    const value = this.get(key);
    if (value === undefined) throw new ArgumentError("parameter-dict/key", `pop: there is no parameter "${key}".`);
    this.delete(key);
    return value;
  }
  delete(key: string): boolean {
    return this.names_.delete(key) && Reflect.deleteProperty(this, key);
  }
  clear(): void {
    for (const key of this.keys()) this.delete(key);
  }
  update(parameters: Readonly<Record<string, Tensor>> | Iterable<readonly [string, Tensor]>): void {
    const entries = Symbol.iterator in parameters ? (parameters as Iterable<readonly [string, Tensor]>) : Object.entries(parameters as Record<string, Tensor>);
    for (const [key, value] of entries) this.set(key, value);
  }
  keys(): string[] {
    return [...this.names_];
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
    return this.items().map(([key, value]) => describe(key, value)).join("\n");
  }
}
