/** `nn.Module`: the base of all networks. */
import { ArgumentError } from "../../ir/errors.ts";
import { enterScope } from "../../ir/interning.ts";
import { signature, type CallOf } from "../arguments.ts";
import { isPlainObject } from "../bind.ts";
import type { DeviceLike } from "../devices.ts";
import type { DTypeLike } from "../dtype.ts";
import { withSite } from "../site.ts";
import { graph } from "../state.ts";
import type { Tensor } from "../tensor.ts";
import { traceObserver } from "../trace.ts";
import { convertTensors, convertTo, convertToAsync, destination, type ToOptions } from "./convert.ts";
import { guardModule, tellMethods } from "./guards.ts";
import { callWithHooks, globalHooks } from "./hooks.ts";
import { HookedModule } from "./module-hooks.ts";
import { internalsOf } from "./module-internals.ts";
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
  const forward = (list: readonly unknown[]): unknown =>
    (module.forward as (...list: readonly unknown[]) => unknown).apply(module, list as unknown[]);
  guardModule(module);
  let result: unknown;
  depth++;
  try {
    result =
      globalHooks.concernCalls || hooks?.concernCalls ? callWithHooks(module, hooks, args, forward) : forward(args);
  } finally {
    depth--;
  }
  if (depth === 0) {
    if (result instanceof Promise) return result.then((value: unknown) => (noteReturned(value), value));
    noteReturned(result);
  }
  return result;
}

const stateDict = signature<[destination: StateDict | null, prefix: string, keep_vars: boolean]>()(
  "destination?, prefix?, keep_vars?",
);
const trainFlag = signature<[mode: boolean]>()("mode?");
const gradFlag = signature<[requires_grad: boolean]>()("requires_grad?");
const noneFlag = signature<[set_to_none: boolean]>()("set_to_none?");

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- instances are functions: see module-internals
export interface Module {
  /** Runs the hooks and `forward`. */
  (...args: Parameters<this["forward"]>): ReturnType<this["forward"]>;
}

/**
 * Subclass it, make parameters and submodules properties, and override `forward`. Instances are callable.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html
 */
export class Module extends HookedModule {
  /** Set by train() and eval(). */
  declare training: boolean;
  /** @internal Names of forward's parameters, of classes that let them be given by name. */
  static readonly forwardNames_: readonly string[] | null = null;

  constructor() {
    super(call);
    tellMethods(new.target.prototype, Module.prototype);
    traceObserver()?.ownerMade?.(this);
  }

  /** What a call computes. */
  forward(..._args: never[]): unknown {
    throw new ArgumentError(
      "module/forward",
      `Module [${this._get_name()}] is missing the required "forward" function.`,
      "Override forward(...) in the class.",
    );
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
  load_state_dict(
    state_dict: Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>,
    options: boolean | { readonly strict?: boolean; readonly assign?: boolean } = {},
  ): IncompatibleKeys {
    const { strict = true, assign = false } = typeof options === "boolean" ? { strict: options } : options;
    return withSite(() => loadState(this, state_dict, strict, assign));
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
    guardModule(this);
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

  // ---- text

  /** The arguments between the parentheses of the printed form. */
  extra_repr(): string {
    return "";
  }
  _get_name(): string {
    return this.constructor.name;
  }
  override toString(): string {
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
