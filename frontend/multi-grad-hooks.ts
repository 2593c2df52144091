/** Hooks on the gradients of several tensors at once. */
import { ArgumentError } from "../ir/errors.ts";
import { onPassEnd, passUnderWay } from "./autograd.ts";
import { withSite } from "./site.ts";
import type { Tensor } from "./tensor.ts";
import type { RemovableHandle } from "./tensor-autograd.ts";

/** "all": is given all gradients, null where none arrives. "any": is given the first. */
export type MultiGradHook = ((grads: (Tensor | null)[]) => void) | ((grad: Tensor) => void);

/**
 * Calls `fn` once a backward pass: with the gradients of all `tensors` when they are computed, or with the one that
 * arrives first. A pass that reaches none of them does not call it.
 * https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.register_multi_grad_hook
 */
export function register_multi_grad_hook(
  tensors: readonly Tensor[],
  fn: (grads: (Tensor | null)[]) => void,
  options?: { readonly mode?: "all" },
): RemovableHandle;
export function register_multi_grad_hook(
  tensors: readonly Tensor[],
  fn: (grad: Tensor) => void,
  options: { readonly mode: "any" },
): RemovableHandle;
export function register_multi_grad_hook(
  tensors: readonly Tensor[],
  fn: MultiGradHook,
  { mode = "all" }: { readonly mode?: "all" | "any" } = {},
): RemovableHandle {
  return withSite(() => {
    if (mode !== "all" && mode !== "any")
      throw new ArgumentError(
        "multi-grad-hook/mode",
        `register_multi_grad_hook: Expects mode to be one of ('all', 'any') but got ${String(mode)}.`,
      );
    const arrived = mode === "all" ? collecting(tensors.length, fn as never) : first(fn as never);
    const handles = tensors.map((tensor, i) => tensor.register_hook((grad) => arrived(i, grad)));
    return { remove: () => handles.forEach((handle) => handle.remove()) };
  });
}

type Arrival = (place: number, grad: Tensor) => void;

function collecting(count: number, fn: (grads: (Tensor | null)[]) => void): Arrival {
  let pass: object | null = null;
  let grads: (Tensor | null)[] = [];
  return (place, grad) => {
    if (pass !== passUnderWay()) {
      pass = passUnderWay();
      grads = new Array<Tensor | null>(count).fill(null);
      onPassEnd(() => {
        pass = null;
        fn(grads);
      });
    }
    grads[place] = grad;
  };
}

function first(fn: (grad: Tensor) => void): Arrival {
  let pass: object | null = null;
  return (_place, grad) => {
    if (pass === passUnderWay()) return;
    pass = passUnderWay();
    fn(grad);
  };
}
