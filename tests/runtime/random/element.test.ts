import { expect, test } from "vitest";
import { bfloat16Bits, float16Bits, roundBfloat16, roundFloat16 } from "../../../runtime/half-floats.ts";
import { type DrawArray, storeValues } from "../../../runtime/random/element.ts";

const halfOf = (bits: number): number => {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};
const bfloatOf = (bits: number): number => new Float32Array(new Uint32Array([bits << 16]).buffer)[0]!;

const formats = [
  ["float16", halfOf, float16Bits, roundFloat16, 0x7c00],
  ["bfloat16", bfloatOf, bfloat16Bits, roundBfloat16, 0x7f80],
] as const;

test.each(formats)("every %s keeps its bits, and rounds to itself", (_, valueOf, bitsOf, round, infinity) => {
  const changed = Array.from({ length: 0x10000 }, (__, bits) => bits).filter((bits) => {
    const value = valueOf(bits);
    if (Number.isNaN(value)) return !Number.isNaN(valueOf(bitsOf(value)));
    return bitsOf(value) !== bits || !Object.is(round(value), value);
  });
  expect(changed).toEqual([]);
  expect(bitsOf(Infinity)).toBe(infinity);
});

test.each(formats)("halfway between two values of %s the even one is taken", (_, valueOf, bitsOf, __, infinity) => {
  const wrong = Array.from({ length: infinity - 1 }, (___, bits) => bits).filter((bits) => {
    const middle = (valueOf(bits) + valueOf(bits + 1)) / 2;
    const even = bits + (bits & 1);
    return bitsOf(middle) !== even || bitsOf(-middle) !== (even | 0x8000);
  });
  expect(wrong).toEqual([]);
});

test("what is too large becomes infinite", () => {
  expect([roundFloat16(65519), roundFloat16(65520), roundFloat16(-1e9)]).toEqual([65504, Infinity, -Infinity]);
  expect(roundBfloat16(3.4e38)).toBe(Infinity);
});

const stored = (out: DrawArray, dtype: Parameters<typeof storeValues>[1], values: number[]): unknown[] => {
  storeValues(out, dtype, 0, Float64Array.from(values), values.length);
  return Array.from(out as Iterable<unknown>);
};

test("integers are stored whole, negative 64-bit ones included", () => {
  const wide = [0, 1, -1, 2 ** 32, -(2 ** 32), 2 ** 53 - 1, -(2 ** 53), 4294967295.9, -7.5];
  expect(stored(new BigInt64Array(wide.length), "int64", wide)).toEqual(wide.map((v) => BigInt(Math.trunc(v))));
  expect(stored(new Int32Array(3), "int32", [3.9, -3.9, -(2 ** 31)])).toEqual([3, -3, -(2 ** 31)]);
});

test("a bool is stored as 0 or 1", () => {
  expect(stored(new Uint8Array(3), "bool", [0, 1, 256])).toEqual([0, 1, 1]);
});
