import "../../../frontend/gpu-kernels.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { multiplyHigh, philox4x32, philoxFill, philoxGroup, splitWords } from "../../../runtime/random/philox.ts";

// The known answers published with Random123 (kat_vectors, "philox4x32 10").
test.each([
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
] as const)("counter %j, key %j", (counter, key, expected) => {
  expect(philox4x32(counter, key)).toEqual(expected);
});

const word = fc.integer({ min: 0, max: 0xffffffff });

test("multiplyHigh is the high half of the product", () => {
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(multiplyHigh(a, b)).toBe(Number((BigInt(a) * BigInt(b)) >> 32n));
    }),
  );
  expect(multiplyHigh(0xffffffff, 0xffffffff)).toBe(0xfffffffe);
});

test("seed, offset and index have words of their own", () => {
  expect(splitWords(0x0123456789abcdefn)).toEqual([0x89abcdef, 0x01234567]);
  expect(philoxGroup(5n, 2n ** 32n, 1n)).toEqual(philox4x32([0, 1, 1, 0], [5, 0]));
  expect(philoxGroup(0n, 0n, 1n)).not.toEqual(philoxGroup(0n, 1n, 0n));
});

test("a fill starts at any word of a draw", () => {
  const whole = new Uint32Array(23);
  philoxFill(whole, 99n, 7n);
  expect(Array.from(whole.subarray(4, 8))).toEqual(philoxGroup(99n, 7n, 1n));
  const part = new Uint32Array(9);
  philoxFill(part, 99n, 7n, 5);
  expect(part).toEqual(whole.subarray(5, 14));
});
