import { expect, test } from "vitest";
import * as torch from "../../frontend/index.ts";

const values = (window: torch.Tensor): number[] => window.tolist() as number[];

test("windows are symmetric, and periodic ones are those of one more without the last", () => {
  for (const make of [
    torch.bartlett_window,
    torch.blackman_window,
    torch.hamming_window,
    torch.hann_window,
    torch.kaiser_window,
  ]) {
    const symmetric = values(make(9, false, { dtype: "float64" }));
    symmetric.forEach((value, i) => expect(value).toBeCloseTo(symmetric[8 - i]!, 14));
    expect(symmetric[4]).toBeCloseTo(1, 14);
    expect(values(make(8, { dtype: "float64" }))).toEqual(symmetric.slice(0, 8));
    expect(values(make(0))).toEqual([]);
    expect(values(make(1))).toEqual([1]);
  }
});

test("a window's coefficients may be given", () => {
  expect(values(torch.hamming_window(4, true, 0.5, 0.5))).toEqual(values(torch.hann_window(4)));
  expect(values(torch.kaiser_window(3, { periodic: false, beta: 0 }))).toEqual([1, 1, 1]);
});

test("lengths are not negative, and types are floating", () => {
  expect(() => torch.hann_window(-1)).toThrow("hann_window requires non-negative window_length");
  expect(() => torch.hann_window(3, { dtype: "int64" })).toThrow("expects floating point dtypes");
});
