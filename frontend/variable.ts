/**
 * `torch.autograd.Variable`, of old programs: what it made is a tensor today, and every tensor is one.
 * https://docs.pytorch.org/docs/stable/autograd.html#variable-deprecated
 */
import { Tensor } from "./tensor.ts";

export interface VariableOptions {
  readonly requires_grad?: boolean;
  /** Without effect since 0.4: use no_grad. */
  readonly volatile?: boolean;
}

interface VariableClass {
  (tensor: Tensor, options?: boolean | VariableOptions): Tensor;
  new (tensor: Tensor, options?: boolean | VariableOptions): Tensor;
}

function make(tensor: Tensor, options: boolean | VariableOptions = {}): Tensor {
  const { requires_grad = false, volatile = false } =
    typeof options === "boolean" ? { requires_grad: options } : options;
  if (volatile)
    // oxlint-disable-next-line no-console -- as PyTorch warns
    console.warn("volatile was removed and now has no effect. Use `torch.no_grad(() => ...)` instead.");
  return tensor.detach().requires_grad_(requires_grad);
}

/** The tensor's values as a leaf, which shares memory with it. */
export const Variable: VariableClass = Object.defineProperties(
  function (tensor: Tensor, options?: boolean | VariableOptions): Tensor {
    return make(tensor, options);
  },
  {
    // A bundler drops the name of a function.
    name: { value: "Variable" },
    [Symbol.hasInstance]: { value: (item: unknown): boolean => item instanceof Tensor },
  },
) as unknown as VariableClass;
