/** Numbers that users gave while a model was recorded, as the values of their slots. */
import type { DType } from "../../ir/dtype.ts";
import { IrError } from "../../ir/errors.ts";

const wholeNumber = (value: number | bigint, bits: number): number => Number(BigInt.asIntN(bits, wide(value)));

function wide(value: number | bigint): bigint {
  if (typeof value === "bigint") return value;
  if (Number.isNaN(value)) return 0n;
  if (Math.abs(value) < 2 ** 63) return BigInt(Math.trunc(value));
  return value < 0 ? -(2n ** 63n) : 2n ** 63n - 1n;
}

/** Nearest value with `bits` bits after the leading one and exponents from `lowest` on, ties to even. */
function roundTo(value: number, bits: number, lowest: number, largest: number): number {
  if (!Number.isFinite(value) || value === 0) return value;
  const magnitude = Math.abs(value);
  const exponent = Math.max(lowest, Math.floor(Math.log2(magnitude)));
  // Adding 1.5 * 2^52 last places rounds to whole ones.
  const magic = 1.5 * 2 ** (52 + exponent - bits);
  const rounded = magnitude + magic - magic;
  return Math.sign(value) * (rounded > largest ? Infinity : rounded);
}

/** A number slot's value: integers wrap, floats round. */
export function slotValue(dtype: DType, value: number | bigint): number | bigint {
  switch (dtype) {
    case "float64":
      return Number(value);
    case "float32":
      return Math.fround(Number(value));
    case "float16":
      return roundTo(Math.fround(Number(value)), 10, -14, 65504);
    case "bfloat16":
      return roundTo(Math.fround(Number(value)), 7, -126, 3.3895313892515355e38);
    case "int64":
      return BigInt.asIntN(64, wide(value));
    case "int32":
      return wholeNumber(value, 32);
    case "int16":
      return wholeNumber(value, 16);
    case "int8":
      return wholeNumber(value, 8);
    case "uint8":
      return wholeNumber(value, 32) & 0xff;
    case "bool":
      return Number(value) === 0 ? 0 : 1;
    case "complex64":
    case "complex128":
      throw new IrError("export/complex-number", "a complex number must be given by its parts");
  }
}
