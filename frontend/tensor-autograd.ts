/** The parts of Tensor that differentiation adds. */
import { AutogradError } from "../ir/errors.ts";
import { backward, type BackwardOptions } from "./autograd.ts";
import { watchersOf } from "./watched.ts";
import { isPlainObject } from "./bind.ts";
import type { RemovableHandle } from "./node-hooks.ts";
import { withSite } from "./site.ts";
import { Tensor, type GradientHook } from "./tensor.ts";
import { noteRareChange, traceObserver } from "./trace.ts";

export type { RemovableHandle } from "./node-hooks.ts";

declare module "./tensor.ts" {
  interface Tensor {
    /** Accumulates gradients into the leaves. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html */
    backward(gradient?: Tensor | null | BackwardOptions, options?: BackwardOptions): void;
    /** Calls `hook` with each gradient that arrives here; a tensor that it returns replaces it. */
    register_hook(hook: GradientHook): RemovableHandle;
    /** Calls `hook` after a gradient has been accumulated into this leaf's `.grad`. */
    register_post_accumulate_grad_hook(hook: (tensor: Tensor) => void): RemovableHandle;
    /** Keeps this tensor's gradient in `.grad` though it is not a leaf. */
    retain_grad(): void;
    /**
     * Whether this tensor keeps its gradient though it is not a leaf.
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.retains_grad.html
     */
    readonly retains_grad: boolean;
  }
}

let nextHook = 0;

const removal = (hooks: Map<number, unknown>, id: number): RemovableHandle => ({
  remove(): void {
    hooks.delete(id);
    noteRareChange();
  },
});

Object.defineProperties(Tensor.prototype, {
  backward: {
    value(this: Tensor, gradient?: Tensor | null | BackwardOptions, options?: BackwardOptions): void {
      const named = isPlainObject(gradient) ? (gradient as BackwardOptions) : (options ?? {});
      const seed = gradient instanceof Tensor ? gradient : named.gradient;
      backward(this, seed, named);
    },
  },
  register_hook: {
    value(this: Tensor, hook: GradientHook): RemovableHandle {
      return withSite(() => {
        if (!this.requires_grad)
          throw new AutogradError(
            "hook/no-grad",
            "register_hook: cannot register a hook on a tensor that doesn't require gradient.",
          );
        // A leaf stays one whatever is written to it; a hook on anything else is on what it is now.
        if (this.is_leaf) traceObserver()?.hooksChanged?.(this);
        const hooks = this.is_leaf ? (this.hooks_ ??= new Map<number, GradientHook>()) : watchersOf(this.node_()).hooks;
        const id = nextHook++;
        hooks.set(id, hook);
        noteRareChange();
        return removal(hooks, id);
      });
    },
  },
  register_post_accumulate_grad_hook: {
    value(this: Tensor, hook: (tensor: Tensor) => void): RemovableHandle {
      return withSite(() => {
        if (!this.requires_grad)
          throw new AutogradError(
            "hook/no-grad",
            "register_post_accumulate_grad_hook: cannot register a hook on a tensor that doesn't require gradient.",
          );
        if (!this.is_leaf)
          throw new AutogradError(
            "hook/non-leaf",
            "register_post_accumulate_grad_hook: post accumulate grad hooks cannot be registered on non-leaf tensors.",
          );
        traceObserver()?.hooksChanged?.(this);
        const hooks = (this.accumulateHooks_ ??= new Map<number, (tensor: Tensor) => void>());
        const id = nextHook++;
        hooks.set(id, hook);
        noteRareChange();
        return removal(hooks, id);
      });
    },
  },
  retain_grad: {
    value(this: Tensor): void {
      return withSite(() => {
        if (!this.requires_grad)
          throw new AutogradError(
            "retain-grad/no-grad",
            "retain_grad: can't retain_grad on Tensor that has requires_grad=False.",
          );
        if (this.is_leaf) return;
        this.retainsGrad_ = true;
        watchersOf(this.node_()).retaining.add(this);
      });
    },
  },
  retains_grad: {
    get(this: Tensor): boolean {
      return this.retainsGrad_;
    },
  },
});
