/** The part of a module that keeps hooks. */
import type { RemovableHandle } from "../tensor-autograd.ts";
import {
  HookTable,
  type BackwardHook,
  type BackwardPreHook,
  type ForwardHook,
  type ForwardHookWithKwargs,
  type ForwardPreHook,
  type HookOptions,
} from "./hooks.ts";
import { internalsOf } from "./module-internals.ts";
import type { Module } from "./module.ts";
import { ModuleTree } from "./module-tree.ts";
import type { IncompatibleKeys, StateDict } from "./state-dict.ts";

export abstract class HookedModule extends ModuleTree {
  /** Called before forward: `(module, args)`, or `(module, args, kwargs)` with `with_kwargs`. */
  register_forward_pre_hook(
    hook: ForwardPreHook<this>,
    options: Omit<HookOptions, "always_call"> = {},
  ): RemovableHandle {
    return this.hooks_().forwardPre.add(hook, options);
  }
  /** Called after forward: `(module, args, output)`, or `(module, args, kwargs, output)` with `with_kwargs`. */
  register_forward_hook(
    hook: ForwardHookWithKwargs<this>,
    options: HookOptions & { readonly with_kwargs: true },
  ): RemovableHandle;
  register_forward_hook(hook: ForwardHook<this>, options?: HookOptions): RemovableHandle;
  register_forward_hook(
    hook: ForwardHook<this> | ForwardHookWithKwargs<this>,
    options: HookOptions = {},
  ): RemovableHandle {
    return this.hooks_().forward.add(hook, options);
  }
  /** Called when the gradients of the inputs are known. */
  register_full_backward_hook(
    hook: BackwardHook<this>,
    options: boolean | Pick<HookOptions, "prepend"> = {},
  ): RemovableHandle {
    return this.hooks_().backward.add(hook, typeof options === "boolean" ? { prepend: options } : options);
  }
  /** Called when the gradients of the outputs are known. */
  register_full_backward_pre_hook(
    hook: BackwardPreHook<this>,
    options: boolean | Pick<HookOptions, "prepend"> = {},
  ): RemovableHandle {
    return this.hooks_().backwardPre.add(hook, typeof options === "boolean" ? { prepend: options } : options);
  }
  register_state_dict_pre_hook(hook: (module: this, prefix: string, keep_vars: boolean) => void): RemovableHandle {
    return this.hooks_().stateDictPre.add(hook);
  }
  register_state_dict_post_hook(hook: (module: this, state_dict: StateDict, prefix: string) => void): RemovableHandle {
    return this.hooks_().stateDict.add(hook);
  }
  register_load_state_dict_pre_hook(
    hook: (module: this, state_dict: StateDict, prefix: string) => void,
  ): RemovableHandle {
    return this.hooks_().loadPre.add(hook);
  }
  register_load_state_dict_post_hook(
    hook: (module: this, incompatible_keys: IncompatibleKeys) => void,
  ): RemovableHandle {
    return this.hooks_().loadPost.add(hook);
  }
  private hooks_(): HookTable {
    return (internalsOf(this as unknown as Module).hooks ??= new HookTable());
  }
}
