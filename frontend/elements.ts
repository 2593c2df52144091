/** Elements as they lie in memory. */
import { isComplex, type DType } from "../ir/dtype.ts";
import { bfloat16Bits, float16Bits } from "../runtime/js/library.ts";
import type { TypedArray } from "../runtime/typed-array.ts";
import { Complex } from "./complex-number.ts";

/** A number of the user's. */
export type HostNumber = number | bigint | boolean | Complex;

/** Elements of one type written as another. */
export function fillTyped(target: TypedArray, dtype: DType, values: ArrayLike<HostNumber>): void {
  if (isComplex(dtype)) return fillComplex(target as Float32Array, values);
  if (target instanceof BigInt64Array && values instanceof Int32Array) return fillLong(target, values);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number | bigint | boolean;
    if (target instanceof BigInt64Array)
      target[i] =
        typeof value === "bigint" ? value : Number.isFinite(Number(value)) ? BigInt(Math.trunc(Number(value))) : 0n;
    else if (dtype === "bool") target[i] = Number(value) !== 0 ? 1 : 0;
    else if (dtype === "float16") target[i] = float16Bits(Number(value));
    else if (dtype === "bfloat16") target[i] = bfloat16Bits(Number(value));
    else target[i] = Number(value);
  }
}

/** As two words each, least first: bigints are objects. */
function fillLong(target: BigInt64Array, values: Int32Array): void {
  const words = new Int32Array(target.buffer, target.byteOffset, 2 * target.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    words[2 * i] = value;
    words[2 * i + 1] = value >> 31;
  }
}

/** Both parts of each, in turns. */
function fillComplex(target: Float32Array | Float64Array, values: ArrayLike<HostNumber>): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    target[2 * i] = value instanceof Complex ? value.re : Number(value);
    target[2 * i + 1] = value instanceof Complex ? value.im : 0;
  }
}
