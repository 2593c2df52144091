/** Operators by name, for code that is written before their typed functions are generated. */
import { callOperator } from "../call.ts";
import type { Tensor } from "../tensor.ts";

/** Calls an operator that has one result. */
export const op = (name: string, ...args: readonly unknown[]): Tensor => callOperator(name, args) as Tensor;

/** Calls an operator that has several results. */
export const ops = (name: string, ...args: readonly unknown[]): readonly Tensor[] => callOperator(name, args) as readonly Tensor[];
