/** Elements as they lie in memory. */
import { isComplex, type DType } from "../ir/dtype.ts";
import { bfloat16Bits, float16Bits } from "../runtime/half-floats.ts";
import type { TypedArray } from "../runtime/typed-array.ts";
import { Complex } from "./complex-number.ts";

/** A number of the user's. */
export type HostNumber = number | bigint | boolean | Complex;

/** Elements of one type written as another. */
export function fillTyped(target: TypedArray, dtype: DType, values: ArrayLike<HostNumber>): void {
  if (isComplex(dtype)) return fillComplex(target as Float32Array, values);
  if (target instanceof BigInt64Array) {
    if (values instanceof Int32Array || values instanceof Float64Array) return fillLong(target, values);
    for (let i = 0; i < values.length; i++) target[i] = longOf(values[i]!);
    return;
  }
  const convert = conversions[dtype];
  if (convert !== undefined) for (let i = 0; i < values.length; i++) target[i] = convert(Number(values[i]));
  else if (ArrayBuffer.isView(values) && !(values instanceof BigInt64Array)) target.set(values as ArrayLike<number>);
  else for (let i = 0; i < values.length; i++) target[i] = Number(values[i]);
}

/** Types whose elements typed arrays do not convert to. */
const conversions: Partial<Record<DType, (value: number) => number>> = {
  bool: (value) => (value !== 0 ? 1 : 0),
  float16: float16Bits,
  bfloat16: bfloat16Bits,
};

const longOf = (value: HostNumber): bigint =>
  typeof value === "bigint" ? value : Number.isFinite(Number(value)) ? BigInt(Math.trunc(Number(value))) : 0n;

/** As two words each, least first: bigints are objects. What is behind the point is left out, and what is not finite is 0. */
function fillLong(target: BigInt64Array, values: Int32Array | Float64Array): void {
  const words = new Int32Array(target.buffer, target.byteOffset, 2 * target.length);
  for (let i = 0; i < values.length; i++) {
    const value = Math.trunc(values[i]!);
    words[2 * i] = value;
    words[2 * i + 1] = Math.floor(value / 2 ** 32);
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
