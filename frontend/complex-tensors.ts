/**
 * Parts and conjugates of complex tensors: views, through which writes go, and the attributes that name them. The memory
 * of a complex tensor holds its real and imaginary parts in turns.
 */
import "../ir/ops/complex.ts";
import "../ir/ops/filling.ts";
import "../ir/ops/movement.ts";
import { callInplace, callOperator } from "./call.ts";
import { Tensor } from "./tensor.ts";

declare module "./tensor.ts" {
  interface Tensor {
    /** Real parts, sharing memory; a real tensor itself. */
    get real(): Tensor;
    set real(value: Tensor | number);
    /** Imaginary parts of a complex tensor, sharing memory. */
    get imag(): Tensor;
    set imag(value: Tensor | number);
    /** Whether this is a conjugate that shares the memory of what it is the conjugate of. */
    is_conj(): boolean;
    /** False: negation is never left to a view here. */
    is_neg(): boolean;
    /**
     * The conjugate as a tensor of its own, if this is one that shares memory; else itself.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.resolve_conj.html
     */
    resolve_conj(): Tensor;
    /**
     * Itself: negation is never left to a view here.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.resolve_neg.html
     */
    resolve_neg(): Tensor;
  }
}

/**
 * Whether this is a conjugate that shares the memory of what it is the conjugate of.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.is_conj.html
 */
export const is_conj = (input: Tensor): boolean => input.isConjugate_;

/** False: negation is never left to a view here. https://docs.pytorch.org/docs/stable/torch.html */
export const is_neg = (_input: Tensor): boolean => false;

/**
 * The conjugate as a tensor of its own, if this is one that shares memory; else itself.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.resolve_conj.html
 */
export const resolve_conj = (input: Tensor): Tensor =>
  is_conj(input) ? (callOperator("clone", [input]) as Tensor) : input;
/**
 * Itself: negation is never left to a view here.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.resolve_neg.html
 */
export const resolve_neg = (input: Tensor): Tensor => input;

for (const [name, free] of Object.entries({ is_conj, is_neg, resolve_conj, resolve_neg }))
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor): unknown {
      return free(this);
    },
    writable: true,
    configurable: true,
  });

for (const name of ["real", "imag"] as const)
  Object.defineProperty(Tensor.prototype, name, {
    get(this: Tensor): Tensor {
      return callOperator(name, [this]) as Tensor;
    },
    set(this: Tensor, value: Tensor | number) {
      const part = callOperator(name, [this]) as Tensor;
      if (value instanceof Tensor) part.copy_(value);
      else callInplace("fill", part, [value]);
    },
    configurable: true,
  });
