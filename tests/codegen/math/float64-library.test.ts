import { describe, expect, it } from "vitest";
import * as library from "../../../codegen/math/float64-library.ts";
import cases from "./float64-cases.json" with { type: "json" };

// Arguments and results from mpmath at 40 digits; the bound is on the relative error.
const bounds = {
  erf: 1e-15,
  erfc: 2e-15,
  erfinv: 1e-15,
  ndtri: 1e-15,
  logNdtr: 2e-14,
  lgamma: 2e-15,
  digamma: 1e-14,
  polygamma: 2e-15,
  zeta: 2e-15,
  i0: 2e-15,
  i0e: 2e-15,
  i1: 4e-15,
  i1e: 4e-15,
  igamma: 2e-13,
  igammac: 2e-13,
} satisfies Record<keyof typeof library, number>;

const functions: Record<keyof typeof bounds, (first: number, second: number) => number> = library;

describe("float64 functions agree with mpmath", () => {
  for (const [name, bound] of Object.entries(bounds) as [keyof typeof bounds, number][]) {
    it(`${name} to ${bound}`, () => {
      for (const row of cases[name]) {
        const [first, second] = row as [number, number];
        const expected = row.at(-1)!;
        const error = Math.abs(functions[name](first, second) / expected - 1);
        expect(error, `${name}(${row.slice(0, -1).join(", ")})`).toBeLessThanOrEqual(bound);
      }
    });
  }
});

describe("float64 functions at their limits", () => {
  const { erf, erfc, erfinv, lgamma, digamma, polygamma, zeta, i0, i0e, i1, i1e, ndtri, logNdtr, igamma, igammac } =
    library;

  it("odd functions keep the sign of zero", () => {
    for (const odd of [erf, erfinv, i1, i1e]) {
      expect(odd(-0)).toBe(-0);
      expect(odd(0)).toBe(0);
    }
  });

  it("NaN stays NaN", () => {
    for (const unary of [erf, erfc, erfinv, lgamma, digamma, i0, i0e, i1, i1e, ndtri, logNdtr]) {
      expect(unary(NaN)).toBeNaN();
    }
    for (const binary of [zeta, igamma, igammac]) {
      expect(binary(NaN, 2)).toBeNaN();
      expect(binary(2, NaN)).toBeNaN();
    }
    expect(polygamma(1, NaN)).toBeNaN();
  });

  it("error functions saturate and their inverses end in infinity", () => {
    expect([erf(Infinity), erf(-Infinity), erfc(Infinity), erfc(-Infinity)]).toEqual([1, -1, 0, 2]);
    expect([erfinv(1), erfinv(-1), erfinv(1.5)]).toEqual([Infinity, -Infinity, NaN]);
    expect([ndtri(0), ndtri(1), ndtri(0.5), ndtri(-1)]).toEqual([-Infinity, Infinity, 0, NaN]);
    expect([logNdtr(-Infinity), logNdtr(Infinity)]).toEqual([-Infinity, -0]);
  });

  it("gamma functions have PyTorch's values at their poles", () => {
    expect([lgamma(0), lgamma(-0), lgamma(-3), lgamma(-Infinity), lgamma(Infinity)]).toEqual(Array(5).fill(Infinity));
    expect([digamma(0), digamma(-0), digamma(-2), digamma(-Infinity)]).toEqual([-Infinity, Infinity, NaN, NaN]);
    expect([zeta(1, 2), zeta(0.5, 2), zeta(2, 0), zeta(2, -3), zeta(2.5, -1.5)]).toEqual([
      Infinity,
      NaN,
      Infinity,
      Infinity,
      NaN,
    ]);
    expect([polygamma(1, 0), polygamma(0, 0)]).toEqual([Infinity, -Infinity]);
  });

  it("incomplete gamma functions cover the edges of their domain", () => {
    expect([igamma(0, 1), igamma(2, 0), igamma(2, Infinity), igamma(Infinity, 1), igamma(0, 0)]).toEqual([
      1,
      0,
      1,
      0,
      NaN,
    ]);
    expect([igammac(0, 1), igammac(2, 0), igammac(2, Infinity), igammac(-1, 1), igammac(1, -1)]).toEqual([
      0,
      1,
      0,
      NaN,
      NaN,
    ]);
  });
});
