/** Argument types and helpers that layers share. */
import { callInplace, callOperator } from "../../call.ts";
import { empty } from "../../creation.ts";
import type { DeviceLike } from "../../devices.ts";
import type { DTypeLike } from "../../dtype.ts";
import type { Tensor } from "../../tensor.ts";
import { parameterOf, type Parameter } from "../parameter.ts";

/** One size for every spatial dimension, or one for each. */
export type Sizes = number | readonly number[];
export type DeviceArgument = DeviceLike | null;
export type DTypeArgument = DTypeLike | null;
export interface Placement {
  readonly device?: DeviceArgument | undefined;
  readonly dtype?: DTypeArgument | undefined;
}

/** A size for each of `rank` dimensions. */
export const repeat = (sizes: Sizes, rank: number): number[] =>
  typeof sizes === "number" ? new Array<number>(rank).fill(sizes) : [...sizes];

/** A copy of what the user gave, as it is printed: a number or a list. */
export const kept = (sizes: Sizes): Sizes => (typeof sizes === "number" ? sizes : [...sizes]);

/** A parameter whose values an initialiser will give. */
export const newParameter = (shape: readonly number[], { device, dtype }: Placement): Parameter =>
  parameterOf(empty([...shape], { device, dtype }));

/** An elementwise operator, or its form that writes into the input. */
export function activate(name: string, inplace: boolean, input: Tensor, ...args: readonly unknown[]): Tensor {
  return inplace ? callInplace(name, input, args) : (callOperator(name, [input, ...args]) as Tensor);
}
