/** Elements that were read, as JavaScript's values. */
import { isComplex, type DType } from "../ir/dtype.ts";
import { DTypeError } from "../ir/errors.ts";
import { elementCount, type Shape } from "../ir/shape.ts";
import { bfloat16Value, float16Value } from "../runtime/half-floats.ts";
import type { TypedArray } from "../runtime/typed-array.ts";
import { Complex } from "./complex-number.ts";

export type Nested<T> = T | readonly Nested<T>[];
/** An element as JavaScript has it. */
export type Item = number | boolean | bigint | Complex;
export interface ReadOptions {
  /** int64 as bigints instead of numbers (which throw when a value is not a safe integer). */
  readonly bigint?: boolean;
}

export function scalarOf(data: TypedArray, dtype: DType, index: number, options: ReadOptions): Item {
  if (isComplex(dtype)) return new Complex(Number(data[2 * index]), Number(data[2 * index + 1]));
  const value = data[index]!;
  if (dtype === "bool") return value !== 0;
  if (dtype === "float16") return float16Value(value as number);
  if (dtype === "bfloat16") return bfloat16Value(value as number);
  if (typeof value === "bigint" && options.bigint !== true) {
    const number = Number(value);
    if (!Number.isSafeInteger(number))
      throw new DTypeError(
        "read/unsafe-integer",
        `reading int64: ${value} is not exactly a JavaScript number`,
        "Pass { bigint: true } to read bigints.",
      );
    return number;
  }
  return value;
}

export function nest(data: TypedArray, shape: Shape, dtype: DType, options: ReadOptions): Nested<Item> {
  if (shape.length === 0) return scalarOf(data, dtype, 0, options);
  let level: Nested<Item>[] = Array.from({ length: elementCount(shape) }, (_, i) => scalarOf(data, dtype, i, options));
  for (let axis = shape.length - 1; axis >= 1; axis--) {
    const size = shape[axis]!;
    const groups = elementCount(shape.slice(0, axis));
    level = Array.from({ length: groups }, (_, i) => level.slice(i * size, (i + 1) * size));
  }
  return level;
}
