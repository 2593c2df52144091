import { describe, expect, it } from "vitest";
import * as library from "../../../codegen/math/float64-library.ts";
import cases from "./float64-cases.json" with { type: "json" };

// Arguments and results from mpmath at 40 digits; the bound is on the relative error.
const bounds = {
  erf: 1e-15,
  erfc: 2e-15,
  erfinv: 1e-15,
  lgamma: 2e-15,
  digamma: 1e-14,
} satisfies Record<keyof typeof library, number>;

const functions: Record<keyof typeof bounds, (x: number) => number> = library;

describe("float64 functions agree with mpmath", () => {
  for (const [name, bound] of Object.entries(bounds) as [keyof typeof bounds, number][]) {
    it(`${name} to ${bound}`, () => {
      for (const row of cases[name]) {
        const [x, expected] = row as [number, number];
        const error = Math.abs(functions[name](x) / expected - 1);
        expect(error, `${name}(${x})`).toBeLessThanOrEqual(bound);
      }
    });
  }
});

describe("float64 functions at their limits", () => {
  const { erf, erfc, erfinv, lgamma, digamma } = library;

  it("odd functions keep the sign of zero", () => {
    for (const odd of [erf, erfinv]) {
      expect(odd(-0)).toBe(-0);
      expect(odd(0)).toBe(0);
    }
  });

  it("NaN stays NaN", () => {
    for (const unary of [erf, erfc, erfinv, lgamma, digamma]) {
      expect(unary(NaN)).toBeNaN();
    }
  });

  it("error functions saturate and their inverses end in infinity", () => {
    expect([erf(Infinity), erf(-Infinity), erfc(Infinity), erfc(-Infinity)]).toEqual([1, -1, 0, 2]);
    expect([erfinv(1), erfinv(-1), erfinv(1.5)]).toEqual([Infinity, -Infinity, NaN]);
  });

  it("gamma functions have PyTorch's values at their poles", () => {
    expect([lgamma(0), lgamma(-0), lgamma(-3), lgamma(-Infinity), lgamma(Infinity)]).toEqual(Array(5).fill(Infinity));
    expect([digamma(0), digamma(-0), digamma(-2), digamma(-Infinity)]).toEqual([-Infinity, Infinity, NaN, NaN]);
  });
});
