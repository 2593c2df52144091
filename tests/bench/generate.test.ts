import { describe, expect, test } from "vitest";
import { agrees, fingerprint, generate, generateIntegers } from "../../bench/generate.ts";

const bits = (values: Float32Array): number[] => [...new Uint32Array(values.buffer)];

describe("the workloads' inputs", () => {
  test("floats have the bits that every peer was measured on", () => {
    expect(bits(generate(11, 5))).toEqual([0x3ec0ce1c, 0x3f5bf2fc, 0xbf543414, 0xbf711426, 0x3f1e0bec]);
    const positive = generate(500, 3, { scale: 0.3, positive: true });
    expect(bits(positive)).toEqual([0x3e4caff2, 0x3e87dea6, 0x3e56b54a]);
  });

  test("integers are those that every peer was measured on", () => {
    expect([...generateIntegers(700, 8, 65)]).toEqual([51, 57, 30, 11, 62, 27, 40, 51]);
  });

  test("a fingerprint is the first, middle and last element and the mean magnitude", () => {
    expect(fingerprint([1, -2, 3, -4])).toEqual([1, 3, -4, 2.5]);
  });

  test("fingerprints agree within two parts in a thousand", () => {
    expect(agrees([1.001, 0], [1, 0])).toBe(true);
    expect(agrees([1.01, 0], [1, 0])).toBe(false);
    expect(agrees([1], [1, 0])).toBe(false);
  });
});
