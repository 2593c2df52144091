import { describe, expect, it } from "vitest";
import { formatFixed, formatScientific, reprFloat } from "../../../frontend/printing/index.ts";

// Expected texts are CPython's.
describe("numbers as Python writes them", () => {
  it.each([
    [0.03125, 4, "0.0312", "3.1250e-02"],
    [-104070.21875, 4, "-104070.2188", "-1.0407e+05"],
    [0.5, 0, "0", "5e-01"],
    [1.5, 0, "2", "2e+00"],
    [-0, 2, "-0.00", "-0.00e+00"],
    [-0.00001, 2, "-0.00", "-1.00e-05"],
    [5e-324, 3, "0.000", "4.941e-324"],
    [9.9999999e22, 2, "99999999000000004620288.00", "1.00e+23"],
    [100005, 4, "100005.0000", "1.0000e+05"],
    [1.7976931348623157e308, 1, `${BigInt(Number.MAX_VALUE)}.0`, "1.8e+308"],
    [-Infinity, 3, "-inf", "-inf"],
    [NaN, 3, "nan", "nan"],
  ])("%d with %d digits", (x, digits, fixed, scientific) => {
    expect(formatFixed(x, digits)).toBe(fixed);
    expect(formatScientific(x, digits)).toBe(scientific);
  });

  it.each([
    [0.1, "0.1"],
    [1, "1.0"],
    [-0, "-0.0"],
    [1e-5, "1e-05"],
    [0.0001, "0.0001"],
    [1e16, "1e+16"],
    [123456789012345680, "1.2345678901234568e+17"],
    [1234567890123456, "1234567890123456.0"],
    [120, "120.0"],
    [12.5, "12.5"],
    [Infinity, "inf"],
  ])("the repr of %d", (x, text) => {
    expect(reprFloat(x)).toBe(text);
  });
});
