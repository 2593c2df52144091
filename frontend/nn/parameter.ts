/** Tensors that a module owns: parameters and buffers. */
import { empty } from "../creation.ts";
import { Tensor } from "../tensor.ts";
import { withGradMode } from "../grad-mode.ts";
import { detachStep } from "../views.ts";

/**
 * A tensor that is a module's parameter when it is one of the module's properties. Requires grad unless told otherwise,
 * and shares memory with `data`.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html
 */
export class Parameter extends Tensor {
  constructor(
    data: Tensor | null = null,
    given: boolean | { readonly requires_grad?: boolean } = true,
    fresh = data === null,
  ) {
    const source = data ?? empty(0);
    // Nobody else has a fresh tensor: its storage is taken over. Another one is looked at through a view without history.
    if (fresh && source.parent_ === null) super(source.storage_, source.shape, null, null);
    else super(source.storage_, source.shape, source, detachStep);
    const requires = typeof given === "boolean" ? given : (given.requires_grad ?? true);
    if (requires) withGradMode(true, () => this.requires_grad_());
  }
}

/** A parameter that takes over a tensor which nobody else uses. */
export const parameterOf = (fresh: Tensor, requires_grad = true): Parameter =>
  new Parameter(fresh, requires_grad, true);

/** A tensor that is a buffer of the module that it is assigned to. https://docs.pytorch.org/docs/stable/generated/torch.nn.Buffer.html */
export class Buffer extends Tensor {
  /** Bundlers number what has the name of something that engines have. @internal */
  static override readonly name = "Buffer";
  readonly persistent: boolean;
  constructor(data: Tensor | null = null, given: boolean | { readonly persistent?: boolean } = true) {
    const source = data ?? empty(0);
    super(source.storage_, source.shape, source, detachStep);
    this.persistent = typeof given === "boolean" ? given : (given.persistent ?? true);
  }
}
