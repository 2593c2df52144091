/** Numbers that may come as tensors of no dimensions, which say their type: `torch.tensor(2.0)` is Python's `2.0`. */
import { ArgumentError } from "../ir/errors.ts";
import { Tensor } from "./tensor.ts";

/** A number, or a tensor of no dimensions that holds one. */
export type NumberLike = number | bigint | boolean | Tensor;

/**
 * The number, which is read where it is a tensor's.
 * @throws ArgumentError for anything else
 */
export function numberOf(operator: string, value: NumberLike): number {
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return Number(value);
  if (value instanceof Tensor && value.ndim === 0) return Number(value.item());
  throw new ArgumentError(
    `${operator}/number`,
    `${operator} only supports 0-dimensional tensors, or numbers, here, got ${value instanceof Tensor ? value.toString() : typeof value}.`,
    "Pass a number, or a tensor of no dimensions.",
  );
}
