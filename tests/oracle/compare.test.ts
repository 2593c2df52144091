import { describe, expect, it } from "vitest";
import { compareTensor, isClose, type ReadTensor } from "./compare.ts";
import type { DTypeName, TensorNode, TypedArray } from "./format.ts";

function node(dtype: DTypeName, elements: TypedArray, shape = [elements.length]): TensorNode {
  const data = Buffer.from(elements.buffer, elements.byteOffset, elements.byteLength).toString("base64");
  return { $: "tensor", t: 0, dtype, shape, data };
}

function read(dtype: string, data: ReadTensor["data"], shape = [data.length]): ReadTensor {
  return { data, shape, dtype };
}

describe("compareTensor", () => {
  const two = node("float32", Float32Array.of(1, 2));

  it("accepts what lies within rtol and atol, and nothing else", () => {
    expect(compareTensor(read("float32", [1 + 1e-6, 2]), two)).toBeNull();
    expect(compareTensor(read("float32", [1, 2.001]), two)).toMatch(/^1\/2 values differ: \[1\] is 2.001, expected 2/);
    expect(compareTensor(read("float32", [1, 2.001]), two, [1e-3, 0])).toBeNull();
  });

  it("asks for the same shape and dtype", () => {
    expect(compareTensor(read("float32", [1, 2], [1, 2]), two)).toBe("shape [1, 2], expected [2]");
    expect(compareTensor(read("float64", [1, 2]), two)).toBe("dtype float64, expected float32");
  });

  it("lets meta ignore the values, and abs their sign", () => {
    expect(compareTensor(read("float32", [7, 7]), two, undefined, "meta")).toBeNull();
    expect(compareTensor(read("float32", [-1, 2]), two, undefined, "abs")).toBeNull();
    expect(compareTensor(read("float32", [-1, 3]), two, undefined, "abs")).not.toBeNull();
  });

  it("matches unordered values one to one", () => {
    expect(compareTensor(read("float32", [2, 1]), two, undefined, "unordered")).toBeNull();
    expect(compareTensor(read("float32", [2, 2]), two, undefined, "unordered")).not.toBeNull();
  });

  it("takes NaN for NaN, and an infinity for itself alone", () => {
    const special = node("float32", Float32Array.of(NaN, Infinity));
    expect(compareTensor(read("float32", [NaN, Infinity]), special)).toBeNull();
    expect(compareTensor(read("float32", [NaN, -Infinity]), special)).not.toBeNull();
    expect(compareTensor(read("float32", [0, Infinity]), special)).not.toBeNull();
  });

  it("compares integers exactly, int64 beyond 2^53 too", () => {
    const large = node("int64", BigInt64Array.of(2n ** 60n + 1n));
    expect(compareTensor(read("int64", [2n ** 60n + 1n]), large)).toBeNull();
    expect(compareTensor(read("int64", [2n ** 60n]), large)).not.toBeNull();
    expect(compareTensor(read("int64", [3]), node("int64", BigInt64Array.of(3n)))).toBeNull();
  });

  it("reads complex numbers as interleaved pairs", () => {
    const i = node("complex64", Float32Array.of(0, 1), [1]);
    expect(compareTensor(read("complex64", [0, 1], [1]), i)).toBeNull();
    expect(compareTensor(read("complex64", [1, 0], [1]), i)).toMatch(/is 1\+0j, expected 0\+1j/);
  });

  it("gives a float64 result its own tolerance, unless the case was widened", () => {
    const one = node("float64", Float64Array.of(1));
    expect(compareTensor(read("float64", [1 + 1e-6]), one, [1.3e-6, 1e-5])).not.toBeNull();
    expect(compareTensor(read("float64", [1 + 1e-6]), one, [1e-4, 1e-5])).toBeNull();
  });
});

describe("isClose", () => {
  it("is exact without a tolerance", () => {
    expect(isClose(1, 1, [0, 0])).toBe(true);
    expect(isClose(1 + Number.EPSILON, 1, [0, 0])).toBe(false);
  });
});
