/** Functions of torch.nn.functional, and operators that are no function of it, by name. */
import { callOperator } from "../call.ts";
import * as functional from "../functional.ts";
import type { Tensor } from "../tensor.ts";

const functions = functional as unknown as Readonly<
  Record<string, ((...args: readonly unknown[]) => unknown) | undefined>
>;

/** Calls what has one result. */
export function op(name: string, ...args: readonly unknown[]): Tensor {
  const known = functions[name];
  return (known === undefined ? callOperator(name, args) : known(...args)) as Tensor;
}
