/** `apply_` and `map_`: a function of the user's on each element, computed on the host. */
import { isComplex } from "../ir/dtype.ts";
import { ArgumentError, AutogradError, DTypeError } from "../ir/errors.ts";
import { assign, callOperator, withSite } from "./call.ts";
import { checkInplace } from "./inplace-checks.ts";
import { fromHost } from "./creation.ts";
import type { Item } from "./element-values.ts";
import type { HostNumber } from "./elements.ts";
import { Tensor } from "./tensor.ts";

declare module "./tensor.ts" {
  interface Tensor {
    /**
     * Replaces each element by what `callable` returns for it. Slow, on CPU devices only.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.apply_.html
     */
    apply_(callable: (value: Item) => HostNumber): this;
    /**
     * Replaces each element by what `callable` returns for it and the element of the other tensor, which is stretched.
     *
     * Shape: `[*], tensor broadcast -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.map_.html
     */
    map_(tensor: Tensor, callable: (value: Item, other: Item) => HostNumber): this;
  }
}

const flat = (tensor: Tensor): Item[] =>
  (callOperator("reshape", [tensor.detach(), [-1]]) as Tensor).tolist() as Item[];

/** Writes elements that `callable` gave. @throws ArgumentError when one is no number */
function fill(self: Tensor, values: readonly unknown[], operator: string): void {
  for (const value of values)
    if (typeof value !== "number" && typeof value !== "bigint" && typeof value !== "boolean")
      if (!isComplex(self.type_) || typeof value !== "object")
        throw new ArgumentError(
          `${operator}/result`,
          `${operator}: the callable must return a number, got ${typeof value} ${String(value)}.`,
        );
  assign(self, fromHost(values as HostNumber[], self.shape, self.type_, self.storage_.device).node_(), operator);
}

function refuseGrad(operator: string, ...tensors: Tensor[]): void {
  if (tensors.some((tensor) => tensor.requires_grad))
    throw new AutogradError(
      `${operator}/requires-grad`,
      `${operator}: Can't call ${operator}() on Variable that requires grad.`,
      `Use x.detach().${operator}() instead.`,
    );
}

const methods = {
  apply_(this: Tensor, callable: (value: Item) => HostNumber): Tensor {
    return withSite(() => {
      refuseGrad("apply_", this);
      checkInplace(this, "apply_");
      fill(
        this,
        flat(this).map((value) => callable(value)),
        "apply_",
      );
      return this;
    });
  },
  map_(this: Tensor, tensor: Tensor, callable: (value: Item, other: Item) => HostNumber): Tensor {
    return withSite(() => {
      refuseGrad("map_", this, tensor);
      checkInplace(this, "map_");
      if (tensor.type_ !== this.type_)
        throw new DTypeError("map_/dtype", `map_: expected a ${this.type_} tensor for 'other', got ${String(tensor)}.`);
      const others = flat(callOperator("expand", [tensor, this.shape]) as Tensor);
      fill(
        this,
        flat(this).map((value, i) => callable(value, others[i]!)),
        "map_",
      );
      return this;
    });
  },
};
for (const [name, value] of Object.entries(methods))
  Object.defineProperty(Tensor.prototype, name, { value, writable: true, configurable: true });
