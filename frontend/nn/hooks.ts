/** Hooks of modules, and a call that runs them. */
import { ArgumentError } from "../../ir/errors.ts";
import { nextNodeId } from "../../ir/graph.ts";
import { isPlainObject } from "../bind.ts";
import { recordCustom } from "../custom-gradient.ts";
import { withGradMode } from "../grad-mode.ts";
import { noteOperation } from "../saved-values.ts";
import { graph } from "../state.ts";
import { Tensor } from "../tensor.ts";
import type { RemovableHandle } from "../tensor-autograd.ts";
import { noteRareChange } from "../trace.ts";
import type { Module } from "./module.ts";

type Kwargs = Record<string, unknown>;
type Gradients = readonly (Tensor | null)[];
/** Sees a call's arguments; may return others. With `with_kwargs` it gets the named ones too, and returns both. */
export type ForwardPreHook<M = Module> = (module: M, args: unknown[], kwargs: Kwargs) => unknown;
/** Sees a call's result last; may return another. With `with_kwargs` the named arguments come before it. */
export type ForwardHook<M = Module> = (module: M, args: unknown[], output: unknown) => unknown;
export type ForwardHookWithKwargs<M = Module> = (
  module: M,
  args: unknown[],
  kwargs: Kwargs,
  output: unknown,
) => unknown;
/** Sees the gradients of a module's inputs and outputs; may return others for the inputs. */
export type BackwardHook<M = Module> = (
  module: M,
  grad_input: Gradients,
  grad_output: Gradients,
) => Tensor | Gradients | null | undefined | void;
/** Sees the gradients of a module's outputs before its backward pass; may return others. */
export type BackwardPreHook<M = Module> = (
  module: M,
  grad_output: Gradients,
) => Tensor | Gradients | null | undefined | void;

export interface HookOptions {
  readonly prepend?: boolean;
  readonly with_kwargs?: boolean;
  /** Also when forward throws. */
  readonly always_call?: boolean;
}

interface Entry<H> {
  readonly hook: H;
  readonly options: HookOptions;
}
/** A list of no hooks: one for all, so that lists can be compared. */
export const noHooks: readonly never[] = [];

class Hooks<H> {
  /** Another list after each change. */
  entries: readonly Entry<H>[] = noHooks;
  add(hook: H, options: HookOptions = {}): RemovableHandle {
    const entry = { hook, options };
    this.entries = options.prepend ? [entry, ...this.entries] : [...this.entries, entry];
    noteRareChange();
    return {
      remove: () => {
        const rest = this.entries.filter((other) => other !== entry);
        this.entries = rest.length > 0 ? rest : noHooks;
        noteRareChange();
      },
    };
  }
}

export class HookTable {
  readonly forwardPre = new Hooks<ForwardPreHook<never>>();
  readonly forward = new Hooks<ForwardHook<never> | ForwardHookWithKwargs<never>>();
  readonly backward = new Hooks<BackwardHook<never>>();
  readonly backwardPre = new Hooks<BackwardPreHook<never>>();
  readonly stateDict = new Hooks<(module: never, state: Record<string, unknown>, prefix: string) => unknown>();
  readonly stateDictPre = new Hooks<(module: never, prefix: string, keep_vars: boolean) => unknown>();
  readonly loadPre = new Hooks<(module: never, state: Record<string, unknown>, prefix: string) => unknown>();
  readonly loadPost = new Hooks<
    (module: never, incompatible: { missing_keys: string[]; unexpected_keys: string[] }) => unknown
  >();

  get concernCalls(): boolean {
    return (
      this.forwardPre.entries.length +
        this.forward.entries.length +
        this.backward.entries.length +
        this.backwardPre.entries.length >
      0
    );
  }
}

/** Hooks of every module. */
export const globalHooks = new HookTable();

const asList = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : [value]);
type AnyHook = (...args: unknown[]) => unknown;

/** Runs a module's forward with its hooks around it. */
export function callWithHooks(
  module: Module,
  own: HookTable | null,
  given: readonly unknown[],
  forward: (args: readonly unknown[]) => unknown,
): unknown {
  const tables = own === null ? [globalHooks] : [globalHooks, own];
  const all = <K extends "forwardPre" | "forward" | "backward" | "backwardPre">(kind: K): Entry<AnyHook>[] =>
    tables.flatMap((table) => table[kind].entries as unknown as Entry<AnyHook>[]);
  const last = given.at(-1);
  let kwargs: Kwargs | null = isPlainObject(last) ? { ...last } : null;
  let args = kwargs === null ? [...given] : given.slice(0, -1);

  for (const { hook, options } of all("forwardPre")) {
    if (options.with_kwargs) {
      const result = hook(module, args, kwargs ?? {});
      if (result === undefined || result === null) continue;
      if (!Array.isArray(result) || result.length !== 2 || !Array.isArray(result[0]))
        throw new ArgumentError(
          "hook/pre-result",
          "forward pre-hook must return None or a tuple of (new_args, new_kwargs).",
          "return [args, kwargs]",
        );
      args = [...(result[0] as unknown[])];
      kwargs = Object.keys(result[1] as Kwargs).length > 0 ? (result[1] as Kwargs) : null;
    } else {
      const result = hook(module, args);
      if (result !== undefined && result !== null) args = asList(result);
    }
  }
  const backward = all("backward");
  const backwardPre = all("backwardPre");
  const scope = backward.length + backwardPre.length > 0 ? new BackwardScope(module, backward, backwardPre) : null;
  if (scope !== null) args = scope.inputs(args);
  const forwardHooks = all("forward");
  const run = (output: unknown, entries: readonly Entry<AnyHook>[]): unknown => {
    let result = output;
    for (const { hook, options } of entries) {
      const replaced = options.with_kwargs ? hook(module, args, kwargs ?? {}, result) : hook(module, args, result);
      if (replaced !== undefined && replaced !== null) result = replaced;
    }
    return result;
  };
  let output: unknown;
  try {
    output = forward(kwargs === null ? args : [...args, kwargs]);
  } catch (error) {
    run(
      null,
      forwardHooks.filter(({ options }) => options.always_call),
    );
    throw error;
  }
  output = run(output, forwardHooks);
  return scope === null ? output : scope.outputs(output);
}

/** Watches the gradients at a module's border: identities around it, whose backward runs the hooks. */
class BackwardScope {
  private readonly module: Module;
  private readonly hooks: readonly Entry<AnyHook>[];
  private readonly preHooks: readonly Entry<AnyHook>[];
  private gradOutput: Gradients = [];
  private inputCount = 0;
  private watchesInputs = false;

  constructor(module: Module, hooks: readonly Entry<AnyHook>[], preHooks: readonly Entry<AnyHook>[]) {
    this.module = module;
    this.hooks = hooks;
    this.preHooks = preHooks;
  }

  inputs(args: readonly unknown[]): unknown[] {
    this.inputCount = args.length;
    const places = args.flatMap((arg, i) => (arg instanceof Tensor && arg.requires_grad ? [i] : []));
    if (!graph.gradEnabled || places.length === 0) return [...args];
    this.watchesInputs = true;
    const wrapped = passThrough(
      places.map((i) => args[i] as Tensor),
      (grads) => {
        const all: (Tensor | null)[] = args.map(() => null);
        places.forEach((place, i) => (all[place] = grads[i] ?? null));
        const result = this.runHooks(all);
        return places.map((place) => result[place] ?? null);
      },
    );
    const replaced = [...args];
    places.forEach((place, i) => (replaced[place] = wrapped[i]));
    return replaced;
  }

  outputs(output: unknown): unknown {
    const single = output instanceof Tensor;
    const list = asList(output);
    const places = list.flatMap((item, i) => (item instanceof Tensor && item.requires_grad ? [i] : []));
    if (!graph.gradEnabled || places.length === 0) return output;
    const wrapped = passThrough(
      places.map((i) => list[i] as Tensor),
      (grads) => {
        let all: Gradients = list.map((_, i) => grads[places.indexOf(i)] ?? null);
        for (const { hook } of this.preHooks) {
          const result = hook(this.module, all);
          if (result !== undefined && result !== null) all = asList(result) as Gradients;
        }
        this.gradOutput = all;
        // No input requires grad: there will be no other occasion.
        if (!this.watchesInputs) this.runHooks(new Array<null>(this.inputCount).fill(null));
        return places.map((place) => all[place] ?? null);
      },
    );
    if (single) return wrapped[0];
    const replaced = [...list];
    places.forEach((place, i) => (replaced[place] = wrapped[i]));
    return replaced;
  }

  private runHooks(gradInput: Gradients): Gradients {
    let grads = gradInput;
    for (const { hook } of this.hooks) {
      const result = hook(this.module, grads, this.gradOutput);
      if (result !== undefined && result !== null) grads = asList(result) as Gradients;
    }
    return grads;
  }
}

/** The same tensors; `onBackward` sees their gradients together and returns those to go on with. */
function passThrough(tensors: readonly Tensor[], onBackward: (grads: Gradients) => Gradients): readonly Tensor[] {
  const name = "BackwardHookFunction";
  const { device } = tensors[0]!.storage_;
  const inputs = tensors.map((tensor) => tensor.node_());
  const same = withGradMode(false, () => tensors.map((tensor) => tensor.detach().node_()));
  const first = nextNodeId();
  const { node, results } = recordCustom(inputs, same, {
    name,
    argumentCount: tensors.length,
    backward: onBackward,
    materializes: () => true,
    device,
    places: [...tensors.keys()],
  });
  const passed = results.map((result) => Tensor.ofNode(result, device));
  noteOperation(`${name}Backward`, inputs, [...passed.map((tensor) => tensor.node_()), node], first);
  return passed;
}
