/** Elements as they lie in memory. */
import type { DType } from "../ir/dtype.ts";
import { bfloat16Bits, float16Bits } from "../runtime/js/library.ts";
import type { TypedArray } from "../runtime/typed-array.ts";

/** Elements of one type written as another. */
export function fillTyped(target: TypedArray, dtype: DType, values: ArrayLike<number | bigint | boolean>): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (target instanceof BigInt64Array)
      target[i] =
        typeof value === "bigint" ? value : Number.isFinite(Number(value)) ? BigInt(Math.trunc(Number(value))) : 0n;
    else if (dtype === "bool") target[i] = Number(value) !== 0 ? 1 : 0;
    else if (dtype === "float16") target[i] = float16Bits(Number(value));
    else if (dtype === "bfloat16") target[i] = bfloat16Bits(Number(value));
    else target[i] = Number(value);
  }
}
