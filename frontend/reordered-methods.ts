/** Methods whose arguments stand in another order than those of the function of the same name. */
import "../ir/ops/special/gamma.ts";
import { isPlainObject } from "./bind.ts";
import { callOperator } from "./call.ts";
import { Tensor } from "./tensor.ts";

declare module "./tensor.ts" {
  interface Tensor {
    /**
     * This tensor where condition is true, else other.
     *
     * Shape: `[*], [*] and [*], broadcast together -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.where.html
     */
    where(condition: Tensor, other: Tensor | number | bigint | boolean): Tensor;
    /**
     * The n-th derivative of digamma.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.polygamma.html
     */
    polygamma(n: number | { readonly n: number }): Tensor;
    /**
     * In place: the result becomes the contents.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.polygamma_.html
     */
    polygamma_(n: number | { readonly n: number }): this;
  }
}

const methods = {
  where(this: Tensor, condition: unknown, other: unknown): Tensor {
    const [mask, fallback] = isPlainObject(condition)
      ? [condition["condition"], condition["other"]]
      : [condition, isPlainObject(other) ? other["other"] : other];
    return callOperator("where", [mask, this, fallback]) as Tensor;
  },
  polygamma(this: Tensor, n: unknown): Tensor {
    return callOperator("polygamma", isPlainObject(n) ? [{ ...n, input: this }] : [n, this]) as Tensor;
  },
  polygamma_(this: Tensor, n: number | { readonly n: number }): Tensor {
    return this.copy_(this.clone().polygamma(n));
  },
};
for (const [name, value] of Object.entries(methods))
  Object.defineProperty(Tensor.prototype, name, { value, writable: true, configurable: true });
