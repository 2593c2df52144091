/** `torch.nn.modules.module`: hooks of every module's calls. */
import {
  globalHooks,
  type BackwardHook,
  type ForwardHook,
  type ForwardHookWithKwargs,
  type ForwardPreHook,
  type HookOptions,
} from "../hooks.ts";
import { Module } from "../module.ts";
import type { RemovableHandle } from "../../tensor-autograd.ts";

export { Module };

/** Called after every module's forward. */
export function register_module_forward_hook(
  hook: ForwardHookWithKwargs,
  options: Pick<HookOptions, "always_call"> & { readonly with_kwargs: true },
): RemovableHandle;
export function register_module_forward_hook(
  hook: ForwardHook,
  options?: Pick<HookOptions, "with_kwargs" | "always_call">,
): RemovableHandle;
export function register_module_forward_hook(
  hook: ForwardHook | ForwardHookWithKwargs,
  options: HookOptions = {},
): RemovableHandle {
  return globalHooks.forward.add(hook, options);
}
/** Called before every module's forward. */
export const register_module_forward_pre_hook = (hook: ForwardPreHook): RemovableHandle =>
  globalHooks.forwardPre.add(hook);
/** Called when the gradients of any module's inputs are known. */
export const register_module_full_backward_hook = (hook: BackwardHook): RemovableHandle =>
  globalHooks.backward.add(hook);
