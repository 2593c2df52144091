/** `torch.autograd.function`: Function, its context, and backward rules that are no functions of the graph. */
import { AutogradError } from "../ir/errors.ts";
import { Function, type FunctionCtx } from "./autograd-function.ts";
import { withGradMode } from "./grad-mode.ts";
import { graph } from "./state.ts";
import { Tensor } from "./tensor.ts";

export { Function, type FunctionCtx } from "./autograd-function.ts";

type Results = Tensor | null | readonly (Tensor | null)[];
type Backward<A extends unknown[], R extends Results> = (ctx: FunctionCtx, ...grads: A) => R;

/** Passes tensors on, and refuses to be differentiated. */
class DifferentiatedTwice extends Function {
  static override forward(_ctx: FunctionCtx, result: Tensor, ..._grads: Tensor[]): Tensor {
    return result.view_as(result);
  }
  static override backward(): never {
    throw new AutogradError(
      "function/once-differentiable",
      "trying to differentiate twice a function that was marked with @once_differentiable.",
      "Compute backward of recorded operations only, and leave once_differentiable out.",
    );
  }
}

/**
 * A `backward` of a Function that computes with what is not recorded: it runs without recording, and its results refuse
 * to be differentiated. `static backward = once_differentiable((ctx, grad) => ...)`.
 * https://docs.pytorch.org/docs/stable/generated/torch.autograd.function.once_differentiable.html
 */
export function once_differentiable<A extends unknown[], R extends Results>(backward: Backward<A, R>): Backward<A, R> {
  return (ctx, ...grads) => {
    const results = withGradMode(false, () => backward(ctx, ...grads));
    const followed = grads.filter((grad): grad is Tensor => grad instanceof Tensor && grad.requires_grad);
    if (!graph.gradEnabled || followed.length === 0) return results;
    const guarded = (result: Tensor | null): Tensor | null =>
      result === null ? null : DifferentiatedTwice.apply(result.detach(), ...followed);
    return (Array.isArray(results) ? results.map(guarded) : guarded(results as Tensor | null)) as R;
  };
}
