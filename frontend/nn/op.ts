/** Operators by name, and functions of torch.nn.functional that are written by hand, called with what a module holds. */
import { callOperator } from "../call.ts";
import type { Tensor } from "../tensor.ts";

/**
 * Calls what has one result. A module imports the operators (`ir/ops`) that it names here and that not every page has,
 * so that a page with the module has them.
 */
export function op(what: string | ((...args: never[]) => unknown), ...args: readonly unknown[]): Tensor {
  return (typeof what === "string" ? callOperator(what, args) : what(...(args as never[]))) as Tensor;
}
