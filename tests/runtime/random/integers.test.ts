import fc from "fast-check";
import { expect, test } from "vitest";
import { ValueError } from "../../../ir/errors.ts";
import {
  CpuGenerator,
  fillRandint,
  fillRandom,
  fillRandomFullRange,
  fillRandperm,
  fillNormal,
  fillUniform,
  integerRangeOf,
  randperm,
} from "../../../runtime/random/draws.ts";
import { remainder64 } from "../../../runtime/random/remainder.ts";

const drawn = (seed: number, n: number, from: number | bigint, to: number | bigint): number[] => {
  const out = new BigInt64Array(n);
  fillRandint(out, new CpuGenerator(seed), from, to);
  return Array.from(out, Number);
};

// PyTorch 2.13: the oracle's cases have no ranges between 2^28 and 2^32, where older versions differ.
test("integers and normals interleave as in PyTorch 2.13", () => {
  const generator = new CpuGenerator(1234);
  const integers = new BigInt64Array(3);
  fillRandint(integers, generator, 0, 2 ** 40);
  expect(Array.from(integers)).toEqual([204000912083n, 166721346613n, 878802328948n]);
  const normals = new Float32Array(4);
  fillNormal(normals, generator);
  for (const [i, expected] of [-0.85447514, 0.50984222, -0.08205455, 0.66073167].entries()) {
    expect(normals[i]).toBeCloseTo(expected, 7);
  }
  expect(drawn(1234, 6, 0, 100)).toEqual([75, 71, 6, 65, 16, 64]);
  expect(Array.from(randperm(6, new CpuGenerator(1234)))).toEqual([3, 2, 4, 5, 1, 0]);
});

test("the lower bound only shifts the values", () => {
  const plain = drawn(5, 50, 0, 1000);
  expect(drawn(5, 50, -400, 600)).toEqual(plain.map((value) => value - 400));
  expect(
    drawn(5, 50, -(2n ** 60n), -(2n ** 60n) + 1000n)
      .map((v) => v + 2 ** 60)
      .every((v) => v >= 0),
  ).toBe(true);
});

test("a wide range takes the remainder of 64 bits", () => {
  const draws = (): bigint[] => {
    const generator = new CpuGenerator(3);
    return Array.from({ length: 20 }, () => generator.random64());
  };
  for (const range of [2n ** 28n, 2n ** 31n - 1n, 2n ** 37n, 2n ** 37n + 1n, 2n ** 62n]) {
    const out = new BigInt64Array(20);
    fillRandint(out, new CpuGenerator(3), -5, range - 5n);
    expect(Array.from(out)).toEqual(draws().map((draw) => (draw % range) - 5n));
  }
});

test("remainder64 is exact", () => {
  const word = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(
    fc.property(word, word, fc.integer({ min: 1, max: 2 ** 37 }), (high, low, divisor) => {
      const expected = ((BigInt(high) << 32n) | BigInt(low)) % BigInt(divisor);
      expect(remainder64(high | 0, low | 0, divisor)).toBe(Number(expected));
    }),
  );
});

test("float dtypes move bounds that they cannot hold inwards", () => {
  expect(integerRangeOf(0, 2 ** 33, "float32")).toEqual({ base: 0n, range: 2n ** 33n - 512n });
  expect(integerRangeOf(0, 65504, "float16")).toEqual({ base: 0n, range: 65472n });
  expect(integerRangeOf(0, 2 ** 24, "float32")).toEqual({ base: 0n, range: 2n ** 24n });
  expect(integerRangeOf(-(2n ** 33n), 0, "float32").base).toBeGreaterThanOrEqual(-(2n ** 33n));
  expect(integerRangeOf(0, undefined, "bfloat16")).toEqual({ base: 0n, range: 257n });
  expect(integerRangeOf(0, undefined, "int8")).toEqual({ base: 0n, range: 128n });
});

test("bounds that are out of order or out of the dtype are refused", () => {
  expect(() => drawn(0, 1, 5, 5)).toThrow(/'from' to be less than 'to', but got from=5 >= to=5/);
  expect(() => fillRandint(new Int32Array(0), new CpuGenerator(0), 0, 2 ** 32)).toThrow(/to - 1 is out of bounds/);
  expect(() => fillRandint(new Uint8Array(1), new CpuGenerator(0), -1, 4)).toThrow(/from is out of bounds/);
  expect(() => fillRandint(new Uint16Array(1), new CpuGenerator(0), 0, 10 ** 9, "float16")).toThrow(ValueError);
});

test("random_ spans each dtype's numbers from zero", () => {
  const word = (): number => new CpuGenerator(6).random();
  const first = (out: Parameters<typeof fillRandom>[0], dtype?: Parameters<typeof fillRandom>[2]): unknown => {
    fillRandom(out, new CpuGenerator(6), dtype);
    return out[0];
  };
  expect(first(new Uint8Array(1))).toBe(word() % 256);
  expect(first(new Uint8Array(1), "bool")).toBe(word() & 1);
  expect(first(new Int8Array(1))).toBe(word() % 128);
  expect(first(new Int16Array(1))).toBe(word() % 32768);
  expect(first(new Int32Array(1))).toBe(word() % 2 ** 31);
  expect(first(new Float32Array(1))).toBe(word() % (2 ** 24 + 1));
  expect(first(new BigInt64Array(1))).toBe(new CpuGenerator(6).random64() & (2n ** 63n - 1n));
  expect(first(new Float64Array(1))).toBe(Number(new CpuGenerator(6).random64() % (2n ** 53n + 1n)));
});

test("the full range is all 64 bits, signed", () => {
  const out = new BigInt64Array(40);
  fillRandomFullRange(out, new CpuGenerator(6));
  expect(out[0]).toBe(BigInt.asIntN(64, new CpuGenerator(6).random64()));
  expect(out.some((value) => value < 0n)).toBe(true);
  const rounded = new Float32Array(40);
  fillRandomFullRange(rounded, new CpuGenerator(6));
  expect(Array.from(rounded)).toEqual(Array.from(out, (value) => Math.fround(Number(value))));
  expect(() => fillRandomFullRange(new Int32Array(1), new CpuGenerator(6))).toThrow(ValueError);
});

test("every dtype gets the same permutation", () => {
  const order = randperm(100, new CpuGenerator(2));
  expect(Array.from(order).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  for (const out of [new BigInt64Array(100), new Float32Array(100), new Int8Array(100)]) {
    fillRandperm(out, new CpuGenerator(2));
    expect(Array.from(out, Number)).toEqual(Array.from(order));
  }
  expect(() => fillRandperm(new Uint16Array(2050), new CpuGenerator(2), "float16")).toThrow(/greater than 2049/);
  expect(() => fillRandperm(new Uint8Array(2), new CpuGenerator(2), "bool")).toThrow(/not implemented for 'Bool'/);
});

test("a range of floats is refused when it is reversed or not finite", () => {
  expect(() => fillUniform(new Float32Array(1), new CpuGenerator(0), 2, 1)).toThrow(/from=2 > to=1/);
  expect(() => fillUniform(new Float32Array(1), new CpuGenerator(0), 0, 1e39)).toThrow(ValueError);
  expect(() => fillUniform(new Float32Array(1), new CpuGenerator(0), -3e38, 3e38)).toThrow(ValueError);
  expect(() => fillNormal(new Float32Array(1), new CpuGenerator(0), 0, -1)).toThrow(/std >= 0.0/);
});
