/**
 * The library as the oracle sees it: names looked up in a namespace, values made and read, keyword arguments in one
 * trailing plain object. Nothing else here knows how the library spells things.
 *
 * Holds: a name that does not exist throws NotImplementedHere, before anything is called.
 */
import type { ReadTensor } from "./compare.ts";
import { elementCount, isComplex, type DTypeName, type TypedArray } from "./format.ts";
import { NotImplementedHere } from "./not-implemented.ts";
import { flattened, typedArrayOf } from "./readback.ts";

export type DeviceName = "cpu" | "cpu:js" | "webgpu";
export type Kwargs = Record<string, unknown>;
export type Callable = (...args: unknown[]) => unknown;

/** The names of a dotted path after "torch", of which PyTorch's own `torch.torch` is another name. */
const namesOf = (path: string): string[] =>
  path
    .replace(/^torch\.torch\./, "torch.")
    .split(".")
    .slice(1);

/** A member of any value, functions and class instances included; undefined where there is none. */
export function member(value: unknown, name: PropertyKey): unknown {
  return value === null || value === undefined ? undefined : (Object(value) as Record<PropertyKey, unknown>)[name];
}

export function hasMethod(value: unknown, name: PropertyKey): boolean {
  return typeof member(value, name) === "function";
}

/** Positional arguments, then the keyword arguments in one object if there are any. */
export function withKwargs(args: readonly unknown[], kwargs: Kwargs): unknown[] {
  return Object.keys(kwargs).length > 0 ? [...args, kwargs] : [...args];
}

const WITHOUT_FLOAT64: ReadonlySet<DeviceName> = new Set<DeviceName>(["webgpu"]);

export class Adapter {
  readonly torch: object;
  readonly device: DeviceName;

  constructor(torch: object, device: DeviceName) {
    this.torch = torch;
    this.device = device;
  }

  /** Gets the device ready. @throws when the machine has no such device. */
  async open(): Promise<void> {
    if (this.device === "webgpu") await this.call("torch.webgpu.init", []);
    this.activate();
  }

  /** From here on tensors are made on this adapter's device. */
  activate(): void {
    if (hasMethod(this.torch, "set_default_device")) this.apply(this.torch, "set_default_device", this.device);
    else if (this.device !== "cpu") throw new NotImplementedHere("torch.set_default_device");
  }

  // -- names

  /** The value at a dotted path that starts with "torch". @throws NotImplementedHere */
  lookup(path: string): unknown {
    let value: unknown = this.torch;
    for (const name of namesOf(path)) {
      value = member(value, name);
      if (value === undefined || value === null) throw new NotImplementedHere(path);
    }
    return value;
  }

  has(path: string): boolean {
    let value: unknown = this.torch;
    for (const name of namesOf(path)) value = member(value, name);
    return value !== undefined && value !== null;
  }

  async call(path: string, args: readonly unknown[], kwargs: Kwargs = {}): Promise<unknown> {
    const dot = path.lastIndexOf(".");
    const owner = this.lookup(path.slice(0, dot));
    const name = path.slice(dot + 1);
    if (typeof member(owner, name) !== "function") throw new NotImplementedHere(path);
    return this.invoke(owner, name, args, kwargs);
  }

  async method(receiver: unknown, name: string, args: readonly unknown[] = [], kwargs: Kwargs = {}): Promise<unknown> {
    if (!hasMethod(receiver, name)) throw new NotImplementedHere(this.memberName(receiver, name));
    // What PyTorch's cases call "cpu" is the device under test.
    const own = name === "to" ? args.map((arg) => (arg === "cpu" ? this.device : arg)) : args;
    return this.invoke(receiver, name, own, kwargs);
  }

  /** On a device that cannot be read synchronously, a function that has an `…Async` twin is called by that name. */
  private async invoke(owner: unknown, name: string, args: readonly unknown[], kwargs: Kwargs): Promise<unknown> {
    const twin = `${name}Async`;
    const callee = member(owner, this.device === "webgpu" && hasMethod(owner, twin) ? twin : name) as Callable;
    return Reflect.apply(callee, owner, withKwargs(args, kwargs));
  }

  property(receiver: unknown, name: string): unknown {
    const value = member(receiver, name);
    if (value === undefined) throw new NotImplementedHere(this.memberName(receiver, name));
    return typeof value === "function" ? Reflect.apply(value as Callable, receiver, []) : value;
  }

  /** `new path(...args, kwargs)`, or a plain call where the name is a function and not a class. */
  construct(path: string, args: readonly unknown[], kwargs: Kwargs = {}): unknown {
    const callee = this.lookup(path);
    if (typeof callee !== "function") throw new NotImplementedHere(path);
    const all = withKwargs(args, kwargs);
    const isClass = /^class\b/.test(Function.prototype.toString.call(callee));
    return isClass ? (Reflect.construct(callee, all) as unknown) : Reflect.apply(callee as Callable, undefined, all);
  }

  // -- dtypes and indices

  dtype(name: string): unknown {
    return this.lookup(`torch.${name}`);
  }

  dtypeName(dtype: unknown): string {
    return String(dtype).replace(/^torch\./, "");
  }

  slice(start: unknown, stop: unknown, step: unknown): unknown {
    const slice = this.lookup("torch.slice") as Callable;
    return slice(start, stop, step);
  }

  async getItem(tensor: unknown, index: readonly unknown[]): Promise<unknown> {
    return this.method(tensor, "at", index);
  }

  async setItem(tensor: unknown, index: readonly unknown[], value: unknown): Promise<void> {
    await this.method(tensor, "set_at", [index, value]);
  }

  // -- tensors

  isTensor(value: unknown): boolean {
    return member(value, "shape") !== undefined && member(value, "dtype") !== undefined;
  }

  /**
   * A leaf tensor with these elements. The only place that knows how the library takes in a typed array.
   * The array becomes the library's: pass one that nobody else writes or reads.
   */
  makeTensor(data: TypedArray, shape: readonly number[], dtype: DTypeName, requiresGrad = false): unknown {
    this.requireDtype(dtype);
    if (isComplex(dtype)) return this.makeComplexTensor(data, shape, requiresGrad);
    const make = this.lookup("torch.tensor") as Callable;
    // A clone, so that it is no view of the flat one.
    const tensor = this.apply(this.apply(make(data, { dtype: this.dtype(dtype) }), "reshape", [...shape]), "clone");
    return requiresGrad ? this.apply(tensor, "requires_grad_") : tensor;
  }

  private makeComplexTensor(data: TypedArray, shape: readonly number[], requiresGrad: boolean): unknown {
    const viewAsComplex = this.lookup("torch.view_as_complex") as Callable;
    const part: DTypeName = data instanceof Float64Array ? "float64" : "float32";
    // A clone, so that it is no view of its parts.
    const tensor = this.apply(viewAsComplex(this.makeTensor(data, [...shape, 2], part)), "clone");
    return requiresGrad ? this.apply(tensor, "requires_grad_") : tensor;
  }

  /**
   * The same with the given strides, over a buffer of its own: what `as_strided`, `view` and `is_contiguous` can tell
   * apart. Elements of the buffer that no index reaches are poisoned.
   */
  makeStridedTensor(
    data: TypedArray,
    shape: readonly number[],
    strides: readonly number[],
    dtype: DTypeName,
    requiresGrad: boolean,
  ): unknown {
    if (data.length === 0) return this.makeTensor(data, shape, dtype, requiresGrad);
    const width = isComplex(dtype) ? 2 : 1;
    const extent = shape.reduce((last, size, axis) => last + (size - 1) * strides[axis]!, 1);
    const Storage = data.constructor as new (length: number) => TypedArray;
    const storage = new Storage(extent * width);
    if (storage instanceof Float32Array || storage instanceof Float64Array) storage.fill(NaN);
    const index = shape.map(() => 0);
    for (let i = 0, at = 0; i < elementCount(shape); i++) {
      for (let part = 0; part < width; part++) storage[at * width + part] = data[i * width + part]!;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        at += strides[axis]!;
        if (++index[axis]! < shape[axis]!) break;
        at -= strides[axis]! * shape[axis]!;
        index[axis] = 0;
      }
    }
    const base = this.makeTensor(storage, [extent], dtype);
    const tensor = this.apply(base, "as_strided", [...shape], [...strides]);
    return requiresGrad ? this.apply(tensor, "requires_grad_") : tensor;
  }

  /** Contents of a tensor. @throws Error when `value` is not a tensor */
  async read(value: unknown): Promise<ReadTensor> {
    if (!this.isTensor(value)) throw new Error(`not a tensor: ${describe(value)}`);
    const shape = Array.from(member(value, "shape") as Iterable<unknown>, Number);
    const dtype = this.dtypeName(member(value, "dtype"));
    this.requireDtype(dtype);
    let plain = value;
    if (member(plain, "requires_grad") === true) plain = this.apply(plain, "detach");
    if (dtype === "float16" || dtype === "bfloat16") plain = this.apply(plain, "to", this.dtype("float32"));
    if (isComplex(dtype)) {
      if (hasMethod(plain, "resolve_conj")) plain = this.apply(plain, "resolve_conj");
      plain = (this.lookup("torch.view_as_real") as Callable)(plain);
    }
    if (hasMethod(plain, "numpyAsync")) {
      return { data: typedArrayOf(await this.apply(plain, "numpyAsync")), shape, dtype };
    }
    return { data: flattened(await this.method(plain, "tolistAsync")), shape, dtype };
  }

  /** Gradients of `outputs` (fed with `cotangents`) by `inputs`; null where there is none. */
  async grad(
    outputs: readonly unknown[],
    inputs: readonly unknown[],
    cotangents: readonly unknown[],
    createGraph = false,
  ): Promise<unknown[]> {
    const kwargs = { grad_outputs: [...cotangents], create_graph: createGraph, allow_unused: true };
    const gradients = await this.call("torch.autograd.grad", [[...outputs], [...inputs]], kwargs);
    return [...(gradients as Iterable<unknown>)];
  }

  /** A synchronous method that must exist. */
  apply(receiver: unknown, name: string, ...args: unknown[]): unknown {
    const method = member(receiver, name);
    if (typeof method !== "function") throw new NotImplementedHere(this.memberName(receiver, name));
    return Reflect.apply(method as Callable, receiver, args);
  }

  private memberName(receiver: unknown, name: string): string {
    return `${this.isTensor(receiver) ? "Tensor" : describe(receiver)}.${name}`;
  }

  private requireDtype(dtype: string): void {
    if (WITHOUT_FLOAT64.has(this.device) && (dtype === "float64" || dtype === "complex128")) {
      throw new NotImplementedHere(`${dtype} does not exist on ${this.device}`);
    }
  }
}

function describe(value: unknown): string {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return String(value);
  return (member(member(value, "constructor"), "name") as string | undefined) ?? typeof value;
}
