/** `nn.Module`: the base of all networks. */
import { ArgumentError } from "../../ir/errors.ts";
import { enterScope } from "../../ir/graph.ts";
import { signature, type CallOf } from "../arguments.ts";
import { isPlainObject } from "../bind.ts";
import type { DeviceLike } from "../devices.ts";
import type { DTypeLike } from "../dtype.ts";
import { graph } from "../state.ts";
import { Tensor } from "../tensor.ts";
import type { RemovableHandle } from "../tensor-autograd.ts";
import { convertTensors, convertTo, convertToAsync, destination, type ToOptions } from "./convert.ts";
import { guardModule } from "./guards.ts";
import { callWithHooks, globalHooks, HookTable, type BackwardHook, type BackwardPreHook, type ForwardHook, type ForwardPreHook, type HookOptions } from "./hooks.ts";
import { attribute, callable, internalsOf, isModule, members, ownBuffers, ownChildren, ownParameters, setAttribute, walk } from "./module-internals.ts";
import { Parameter } from "./parameter.ts";
import { repr } from "./repr.ts";
import { noteReturned } from "./returned.ts";
import { collectState, loadState, type IncompatibleKeys, type StateDict } from "./state-dict.ts";

let depth = 0;

/** Arguments of forward that are given by name, put in their places. */
function placed(module: Module, args: readonly unknown[]): readonly unknown[] {
  const names = (module.constructor as typeof Module).forwardNames_;
  const last = args.at(-1);
  if (names === null || !isPlainObject(last) || args.length > names.length) return args;
  const keys = Object.keys(last);
  if (keys.length === 0 || !keys.every((key) => names.indexOf(key) >= args.length - 1)) return args;
  const list = args.slice(0, -1);
  for (const key of keys) list[names.indexOf(key)] = last[key];
  return list;
}

/** `module(...)`: hooks, then forward. */
function call(module: Module, given: readonly unknown[]): unknown {
  const args = placed(module, given);
  const { hooks } = internalsOf(module);
  const forward = (list: readonly unknown[]): unknown => (module.forward as (...list: readonly unknown[]) => unknown).apply(module, list as unknown[]);
  guardModule(module);
  let result: unknown;
  depth++;
  try {
    result = globalHooks.concernCalls || hooks?.concernCalls ? callWithHooks(module, hooks, args, forward) : forward(args);
  } finally {
    depth--;
  }
  if (depth === 0) {
    if (result instanceof Promise) return result.then((value: unknown) => (noteReturned(value), value));
    noteReturned(result);
  }
  return result;
}

const named = signature<[prefix: string, recurse: boolean, remove_duplicate: boolean]>()("prefix?, recurse?, remove_duplicate?");
const namedModules = signature<[memo: Set<Module> | null, prefix: string, remove_duplicate: boolean]>()("memo?, prefix?, remove_duplicate?");
const stateDict = signature<[destination: StateDict | null, prefix: string, keep_vars: boolean]>()("destination?, prefix?, keep_vars?");
const flag = <const N extends string>(name: N) => signature<[flag: boolean]>()(`${name}?`);
const recurseFlag = flag("recurse");
const trainFlag = flag("mode");
const gradFlag = flag("requires_grad");
const noneFlag = flag("set_to_none");
const duplicateFlag = flag("remove_duplicate");
const persistentFlag = flag("persistent");

export interface Module {
  /** Runs the hooks and `forward`. */
  (...args: Parameters<this["forward"]>): ReturnType<this["forward"]>;
}

/**
 * Subclass it, make parameters and submodules properties, and override `forward`. Instances are callable.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html
 */
export class Module {
  /** Set by train() and eval(). */
  declare training: boolean;
  /** @internal Names of forward's parameters, of classes that let them be given by name. */
  static readonly forwardNames_: readonly string[] | null = null;

  constructor() {
    return callable(new.target.prototype as object, call);
  }

  /** What a call computes. */
  forward(..._args: never[]): unknown {
    throw new ArgumentError("module/forward", `Module [${this._get_name()}] is missing the required "forward" function.`, "Override forward(...) in the class.");
  }

  // ---- parameters, buffers, submodules

  /** All parameters of this module and its descendants, each once. */
  parameters(...args: CallOf<typeof recurseFlag>): Parameter[] {
    const { recurse = true } = recurseFlag.bind("parameters", args);
    return members(this, ownParameters, "", recurse, true).map(([, parameter]) => parameter);
  }
  named_parameters(...args: CallOf<typeof named>): [name: string, parameter: Parameter][] {
    const { prefix = "", recurse = true, remove_duplicate = true } = named.bind("named_parameters", args);
    return members(this, ownParameters, prefix, recurse, remove_duplicate);
  }
  buffers(...args: CallOf<typeof recurseFlag>): Tensor[] {
    const { recurse = true } = recurseFlag.bind("buffers", args);
    return members(this, ownBuffers, "", recurse, true).map(([, buffer]) => buffer);
  }
  named_buffers(...args: CallOf<typeof named>): [name: string, buffer: Tensor][] {
    const { prefix = "", recurse = true, remove_duplicate = true } = named.bind("named_buffers", args);
    return members(this, ownBuffers, prefix, recurse, remove_duplicate);
  }
  /** Immediate submodules, each once. */
  children(): Module[] {
    return [...new Set(ownChildren(this).map(([, child]) => child))];
  }
  named_children(): [name: string, child: Module][] {
    const seen = new Set<Module>();
    return ownChildren(this).filter(([, child]) => !seen.has(child) && seen.add(child));
  }
  /** This module and all its descendants, each once. */
  modules(...args: CallOf<typeof duplicateFlag>): Module[] {
    const { remove_duplicate = true } = duplicateFlag.bind("modules", args);
    return walk(this, "", remove_duplicate).map(([, module]) => module);
  }
  named_modules(...args: CallOf<typeof namedModules>): [name: string, module: Module][] {
    const { memo, prefix = "", remove_duplicate = true } = namedModules.bind("named_modules", args);
    return walk(this, prefix, remove_duplicate, memo ?? new Set());
  }

  /** The property `name` becomes this parameter (null: there is none yet). */
  register_parameter(name: string, param: Parameter | null): void {
    checkName(this, "parameter", name, (value) => value instanceof Parameter || value === null);
    if (param !== null && !(param instanceof Parameter)) throw new ArgumentError("module/parameter", `register_parameter: cannot assign '${describeKind(param)}' object to parameter '${name}' (torch.nn.Parameter or None required).`, "Wrap it: new torch.nn.Parameter(tensor).");
    if (param !== null && !param.is_leaf) throw new ArgumentError("module/parameter-leaf", `register_parameter: Cannot assign non-leaf Tensor to parameter '${name}'.`, "Model parameters must be created explicitly; to express one as a function of another Tensor, compute it in forward().");
    setAttribute(this, name, param);
  }
  /** The property `name` becomes a buffer: part of the state (unless not persistent), not a parameter. */
  register_buffer(name: string, tensor: Tensor | null, ...args: CallOf<typeof persistentFlag>): void {
    const { persistent = true } = persistentFlag.bind("register_buffer", args);
    checkName(this, "buffer", name, () => internalsOf(this).buffers.has(name));
    if (tensor !== null && !(tensor instanceof Tensor)) throw new ArgumentError("module/buffer", `register_buffer: cannot assign '${describeKind(tensor)}' object to buffer '${name}' (torch Tensor or None required).`);
    internalsOf(this).buffers.set(name, persistent);
    setAttribute(this, name, tensor);
  }
  add_module(name: string, module: Module | null): void {
    checkName(this, "module", name, (value) => isModule(value) || value === null);
    if (module !== null && !isModule(module)) throw new ArgumentError("module/child", `add_module: ${describeKind(module)} is not a Module subclass.`);
    setAttribute(this, name, module);
    const { order } = internalsOf(this);
    if (order !== null && !order.includes(name)) order.push(name);
  }
  register_module(name: string, module: Module | null): void {
    this.add_module(name, module);
  }

  /** The descendant at a dotted path; "" is this module. */
  get_submodule(target: string): Module {
    let module: Module = this; // oxlint-disable-line typescript/no-this-alias -- the start of a walk
    for (const name of target === "" ? [] : target.split(".")) {
      const child = attribute(module, name);
      if (child === undefined) throw new ArgumentError("module/path", `get_submodule: ${module._get_name()} has no attribute \`${name}\`.`);
      if (!isModule(child)) throw new ArgumentError("module/path", `get_submodule: \`${name}\` is not an nn.Module.`);
      module = child;
    }
    return module;
  }
  get_parameter(target: string): Parameter {
    const value = this.memberAt(target, "get_parameter");
    if (!(value instanceof Parameter)) throw new ArgumentError("module/path", `get_parameter: \`${target}\` is not an nn.Parameter.`);
    return value;
  }
  get_buffer(target: string): Tensor {
    const value = this.memberAt(target, "get_buffer");
    if (!(value instanceof Tensor) || value instanceof Parameter) throw new ArgumentError("module/path", `get_buffer: \`${target}\` is not a buffer.`);
    return value;
  }
  private memberAt(target: string, operator: string): unknown {
    const dot = target.lastIndexOf(".");
    const owner = this.get_submodule(target.slice(0, Math.max(0, dot)));
    const value = attribute(owner, target.slice(dot + 1));
    if (value === undefined) throw new ArgumentError("module/path", `${operator}: ${owner._get_name()} has no attribute \`${target.slice(dot + 1)}\`.`);
    return value;
  }

  // ---- state

  /** Parameters and persistent buffers by dotted name, sharing memory with the module. */
  state_dict(...args: CallOf<typeof stateDict>): StateDict & Record<string, Tensor> {
    const { destination: into, prefix = "", keep_vars = false } = stateDict.bind("state_dict", args);
    return collectState(this, prefix, keep_vars, into ?? {}) as StateDict & Record<string, Tensor>;
  }
  /**
   * Loads values in place, from an object or a Map.
   * @throws ShapeError naming key and both shapes; ArgumentError for missing or unexpected keys, unless strict is false
   */
  load_state_dict(state_dict: Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>, options: boolean | { readonly strict?: boolean; readonly assign?: boolean } = {}): IncompatibleKeys {
    const { strict = true, assign = false } = typeof options === "boolean" ? { strict: options } : options;
    return loadState(this, state_dict, strict, assign);
  }
  /** Override it to save more than tensors. */
  get_extra_state(): unknown {
    return undefined;
  }
  set_extra_state(_state: unknown): void {}
  /** @internal Adds what checkpoints of older versions lack. */
  prepareState_(_state: StateDict, _prefix: string): void {}

  // ---- modes

  /** Training mode, here and in all descendants. */
  train(...args: CallOf<typeof trainFlag>): this {
    const { mode = true } = trainFlag.bind("train", args);
    for (const module of this.modules()) module.training = mode;
    return this;
  }
  /** Evaluation mode. */
  eval(): this {
    return this.train(false);
  }
  requires_grad_(...args: CallOf<typeof gradFlag>): this {
    const { requires_grad = true } = gradFlag.bind("requires_grad_", args);
    for (const parameter of this.parameters()) parameter.requires_grad_(requires_grad);
    return this;
  }
  /** Forgets all gradients (or makes them zeros). */
  zero_grad(...args: CallOf<typeof noneFlag>): void {
    const { set_to_none = true } = noneFlag.bind("zero_grad", args);
    for (const parameter of this.parameters()) zeroGradient(parameter, set_to_none);
  }
  /** Calls `fn` with every module of the tree, children first. */
  apply(fn: (module: Module) => void): this {
    for (const child of this.children()) child.apply(fn);
    fn(this);
    return this;
  }

  // ---- conversion, in place

  /** `to(device)`, `to(dtype)`, `to(device, dtype)`, `to(tensor)`, `to({ device, dtype })`: only floats change their type. */
  to(...args: (DeviceLike | DTypeLike | Tensor | ToOptions | boolean | null | undefined)[]): this {
    convertTo(this, destination(args));
    return this;
  }
  /** `to` for devices that are read by promises. */
  async toAsync(...args: (DeviceLike | DTypeLike | Tensor | ToOptions | boolean | null | undefined)[]): Promise<this> {
    await convertToAsync(this, destination(args));
    return this;
  }
  float(): this {
    return this.to("float32");
  }
  double(): this {
    return this.to("float64");
  }
  half(): this {
    return this.to("float16");
  }
  bfloat16(): this {
    return this.to("bfloat16");
  }
  /** Converts all parameters and buffers, integers too. */
  type(dst_type: DTypeLike): this {
    convertTensors(this, (tensor) => tensor.to(dst_type));
    return this;
  }
  cpu(): this {
    return this.to("cpu");
  }
  cuda(device: DeviceLike | null = null): this {
    return this.to(device ?? "cuda");
  }
  to_empty(options: { readonly device: DeviceLike | null; readonly recurse?: boolean }): this {
    return this.to({ device: options.device });
  }
  share_memory(): this {
    return this;
  }

  // ---- hooks

  /** Called before forward: `(module, args)`, or `(module, args, kwargs)` with `with_kwargs`. */
  register_forward_pre_hook(hook: ForwardPreHook<this>, options: Omit<HookOptions, "always_call"> = {}): RemovableHandle {
    return this.hooks_().forwardPre.add(hook, options);
  }
  /** Called after forward: `(module, args, output)`, or `(module, args, kwargs, output)` with `with_kwargs`. */
  register_forward_hook(hook: ForwardHook<this>, options: HookOptions = {}): RemovableHandle {
    return this.hooks_().forward.add(hook, options);
  }
  /** Called when the gradients of the inputs are known. */
  register_full_backward_hook(hook: BackwardHook<this>, options: boolean | Pick<HookOptions, "prepend"> = {}): RemovableHandle {
    return this.hooks_().backward.add(hook, typeof options === "boolean" ? { prepend: options } : options);
  }
  /** Called when the gradients of the outputs are known. */
  register_full_backward_pre_hook(hook: BackwardPreHook<this>, options: boolean | Pick<HookOptions, "prepend"> = {}): RemovableHandle {
    return this.hooks_().backwardPre.add(hook, typeof options === "boolean" ? { prepend: options } : options);
  }
  register_state_dict_pre_hook(hook: (module: this, prefix: string, keep_vars: boolean) => void): RemovableHandle {
    return this.hooks_().stateDictPre.add(hook);
  }
  register_state_dict_post_hook(hook: (module: this, state_dict: StateDict, prefix: string) => void): RemovableHandle {
    return this.hooks_().stateDict.add(hook);
  }
  register_load_state_dict_pre_hook(hook: (module: this, state_dict: StateDict, prefix: string) => void): RemovableHandle {
    return this.hooks_().loadPre.add(hook);
  }
  register_load_state_dict_post_hook(hook: (module: this, incompatible_keys: IncompatibleKeys) => void): RemovableHandle {
    return this.hooks_().loadPost.add(hook);
  }
  private hooks_(): HookTable {
    return (internalsOf(this).hooks ??= new HookTable());
  }

  // ---- text

  /** The arguments between the parentheses of the printed form. */
  extra_repr(): string {
    return "";
  }
  _get_name(): string {
    return this.constructor.name;
  }
  toString(): string {
    return repr(this);
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** Any module that maps tensors to a tensor: what lists of layers hold unless told otherwise. */
export interface Layer extends Module {
  (...args: Tensor[]): Tensor;
  forward(...args: Tensor[]): Tensor;
}

export function zeroGradient(parameter: Tensor, setToNone: boolean): void {
  if (setToNone || parameter.grad === null) parameter.grad = null;
  else {
    const { grad } = parameter;
    enterScope(grad.storage_.device.name);
    grad.write_(graph.full(grad.shape, 0, grad.dtype.name), "zero_");
  }
}

const describeKind = (value: unknown): string => (value instanceof Tensor ? "torch.Tensor" : value === null ? "None" : isModule(value) ? value._get_name() : typeof value);

function checkName(module: Module, kind: string, name: string, replaceable: (value: unknown) => boolean): void {
  const refuse = (reason: string): never => {
    throw new ArgumentError(`module/${kind}-name`, `register_${kind}: ${reason}.`);
  };
  if (name === "") refuse(`${kind} name can't be empty string ""`);
  if (name.includes(".")) refuse(`${kind} name can't contain ".", got: ${name}`);
  if (name in module && attribute(module, name) !== undefined && !(Object.hasOwn(module, name) && replaceable(attribute(module, name)))) refuse(`attribute '${name}' already exists`);
}
