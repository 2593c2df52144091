/** Writes the numbers of a run into a program's table, as the register kind of their type. */
import type { NumberSlot } from "../../ir/program.ts";
import type { ScalarValue } from "../device.ts";
import type { HeapViews } from "./memory-pool.ts";

const bits = new DataView(new ArrayBuffer(4));

export function writeNumber(views: HeapViews, address: number, { dtype }: NumberSlot, value: ScalarValue): void {
  switch (dtype) {
    case "float32":
      views.f32[address >> 2] = Number(value);
      return;
    case "float16":
      views.f32[address >> 2] = roundToFloat16(Math.fround(Number(value)));
      return;
    case "bfloat16":
      views.f32[address >> 2] = roundToBfloat16(Math.fround(Number(value)));
      return;
    case "float64":
      views.f64[address >> 3] = Number(value);
      return;
    case "int64":
      views.i64[address >> 3] = typeof value === "bigint" ? value : wideInteger(value);
      return;
    case "int32":
      views.i32[address >> 2] = integer(value);
      return;
    case "int16":
      views.i32[address >> 2] = (integer(value) << 16) >> 16;
      return;
    case "int8":
      views.i32[address >> 2] = (integer(value) << 24) >> 24;
      return;
    case "uint8":
      views.i32[address >> 2] = integer(value) & 0xff;
      return;
    case "bool":
      views.i32[address >> 2] = Number(value) === 0 ? 0 : 1;
      return;
    case "complex64":
    case "complex128":
      throw new RangeError("a complex number is given by its parts");
  }
}

/** NaN gives 0; what lies outside the range gives its nearest end. */
function wideInteger(value: number): bigint {
  if (Number.isNaN(value)) return 0n;
  if (Math.abs(value) < 2 ** 63) return BigInt(Math.trunc(value));
  return value < 0 ? -(2n ** 63n) : 2n ** 63n - 1n;
}

const integer = (value: ScalarValue): number =>
  typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : Math.trunc(value) | 0;

/** Nearest float16 value, ties to even. */
export function roundToFloat16(value: number): number {
  const magnitude = Math.abs(value);
  if (!(magnitude < 65520)) return Number.isNaN(value) ? value : Math.sign(value) * Infinity;
  // The last place is 2^-24 below 2^-14, and 2^(e - 10) above. Adding 1.5 * 2^52 last places rounds to whole ones.
  const exponent = Math.max(-14, Math.floor(Math.log2(Math.max(magnitude, 2 ** -20))));
  const magic = 1.5 * 2 ** 52 * 2 ** (exponent - 10);
  const rounded = magnitude + magic - magic;
  return value < 0 || Object.is(value, -0) ? -rounded : rounded;
}

/** Nearest bfloat16 value of a float32, ties to even. */
export function roundToBfloat16(value: number): number {
  if (Number.isNaN(value)) return value;
  bits.setFloat32(0, value);
  const word = bits.getInt32(0);
  bits.setInt32(0, (word + 0x7fff + ((word >>> 16) & 1)) & -0x10000);
  return bits.getFloat32(0);
}
