import { describe, expect, test } from "vitest";
import { roundToDType } from "../../ir/rounding.ts";
import { bfloat16Bits, bfloat16Value, float16Bits, float16Value } from "../../runtime/half-floats.ts";
import { halfFromBits, halfToBits } from "../../runtime/interpreter/values.ts";

describe("rounding to an element type", () => {
  test("keeps every float16 and bfloat16 value, and agrees with the back ends between them", () => {
    const wrong: string[] = [];
    const expectSame = (what: string, a: number | bigint, b: number): void => {
      if (!Object.is(a, b)) wrong.push(`${what}: ${a}, not ${b}`);
    };
    const formats = [
      ["float16", float16Value, float16Bits],
      ["bfloat16", bfloat16Value, bfloat16Bits],
    ] as const;
    for (let bits = 0; bits < 65536; bits++) {
      for (const [dtype, valueOf, bitsOf] of formats) {
        const value = valueOf(bits);
        if (Number.isNaN(value)) continue;
        expectSame(`${dtype} ${bits}`, roundToDType(value, dtype), value);
        expectSame(`${dtype} ${bits} as bits`, halfFromBits(halfToBits(value, dtype), dtype), value);
        for (const between of [value * (1 + 2 ** -12), value * (1 - 2 ** -10), value + 2 ** -25]) {
          const near = Math.fround(between);
          expectSame(`${dtype} of ${near}`, roundToDType(near, dtype), valueOf(bitsOf(near)));
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test("wraps integers", () => {
    expect(roundToDType(300, "int8")).toBe(44);
    expect(roundToDType(-1, "uint8")).toBe(255);
    expect(roundToDType(2 ** 31, "int32")).toBe(-(2 ** 31));
    expect(roundToDType(2n ** 63n, "int64")).toBe(-(2n ** 63n));
    expect(roundToDType(0.5, "bool")).toBe(1);
  });

  test("rounds large integers to float32 once", () => {
    // Halfway between two float32 values but for its last bit, which float64 does not hold.
    expect(roundToDType(2n ** 60n + 2n ** 36n + 1n, "float32")).toBe(2 ** 60 + 2 ** 37);
    expect(roundToDType(2n ** 60n + 2n ** 36n, "float32")).toBe(2 ** 60);
    expect(roundToDType(-(2n ** 60n) - 2n ** 36n - 1n, "float32")).toBe(-(2 ** 60) - 2 ** 37);
  });
});
