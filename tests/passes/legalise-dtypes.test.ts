import "../../frontend/gpu-kernels.ts";
import { describe, expect, test } from "vitest";
import { parseGraph, printGraph } from "../../ir/text/index.ts";
import { canonicalise } from "../../passes/canonicalise.ts";
import { legaliseDtypes } from "../../passes/legalise-dtypes.ts";
import { supports, type DeviceName } from "../../runtime/device.ts";
import { after, lines, run, type Pass } from "./support.ts";

const legaliseFor =
  (device: DeviceName): Pass =>
  (g, roots) =>
    legaliseDtypes(g, roots, {
      types: { device, computesIn: (dtype) => supports(device, dtype), wideIntegers: device !== "webgpu" },
    });
const forGpu: Pass = (g, roots) => canonicalise(g, legaliseFor("webgpu")(g, roots));

describe("types that a device lacks", () => {
  const graph = `%1 = input float32[2]
    %2 = cast float64[2] %1
    %3 = exp float64[2] %2
    %4 = cast float32[2] %3
    return %4`;

  test("are refused by operation and type", () => {
    expect(() => after(legaliseFor("webgpu"), lines(graph))).toThrow(/cast: float64 is not available on webgpu/);
  });

  test("are left alone where they exist", () => {
    expect(after(legaliseFor("cpu"), lines(graph))).toBe(lines(graph));
  });
});

describe("64-bit integers of two words", () => {
  test("are compared in 32 bits when they fit", () => {
    const before = lines(`%1 = iota int64[4]
      %2 = constant int64[] value={"$bigint":"2"}
      %3 = reshape int64[1] %2 shape=[1]
      %4 = expand int64[4] %3 shape=[4]
      %5 = add int64[4] %1, %4
      %6 = input bool[4]
      %7 = cast int64[4] %6
      %8 = lt bool[4] %7, %5
      return %8
    `);
    const result = after(forGpu, before);
    expect(result).not.toContain("int64");
    expect(result).toContain("iota int32[4]");
    expect(after(legaliseFor("cpu"), before)).toBe(before);
  });

  test("are widened for who needs them, and count in 32 bits", () => {
    const result = after(
      forGpu,
      lines(`%1 = input bool[8]
        %2 = cast int64[8] %1
        %3 = reduce_sum int64[1] %2 axes=[0]
        %4 = input int64[1]
        %5 = add int64[1] %3, %4
        return %5
      `),
    );
    expect(result).toContain("reduce_sum int32[1]");
    expect(result).toContain("cast int64[1]");
    expect(result).toContain("add int64[1]");
  });

  test("stay as they are when they might not fit", () => {
    const before = lines(`%1 = input int32[4]
      %2 = cast int64[4] %1
      %3 = mul int64[4] %2, %2
      return %3
    `);
    expect(after(forGpu, before)).toBe(before);
    const unknown = lines(`%1 = input int64[4]
      %2 = neg int64[4] %1
      return %2
    `);
    expect(after(forGpu, unknown)).toBe(unknown);
  });

  test("index in 32 bits", () => {
    const result = after(
      forGpu,
      lines(`%1 = input float32[3, 5]
        %2 = argmax int64[3, 1] %1 axes=[1]
        %3 = reshape int64[3] %2 shape=[3]
        %4 = input float32[7]
        %5 = gather float32[3] %4, %3 axes=[0]
        return %5
      `),
    );
    expect(result).toMatch(/gather float32\[3\] %\d+, (%\d+) axes/);
    expect(result).toContain("cast int32");
  });

  test("once more changes nothing", () => {
    const graph = parseGraph(
      lines(`%1 = input bool[8]
        %2 = cast int64[8] %1
        %3 = reduce_sum int64[1] %2 axes=[0]
        return %3
      `),
    );
    const once = run(forGpu, graph);
    expect(printGraph(run(forGpu, once))).toBe(printGraph(once));
  });
});
