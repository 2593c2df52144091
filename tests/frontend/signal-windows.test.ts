/** torch.signal.windows; the numbers are PyTorch 2.13's. */
import * as torch from "cresset";
import { expect, it } from "vitest";

const { windows } = torch.signal;
const near = (values: readonly number[]): unknown => values.map((value) => expect.closeTo(value, 6) as unknown);

it.each<[string, torch.Tensor, readonly number[]]>([
  ["bartlett", windows.bartlett(5), [0, 0.5, 1, 0.5, 0]],
  ["blackman", windows.blackman(5), [0, 0.34, 1, 0.34, 0]],
  ["cosine", windows.cosine(5), [0.309017, 0.809017, 1, 0.809017, 0.309017]],
  ["exponential", windows.exponential(5), [0.1353353, 0.3678795, 1, 0.3678795, 0.1353353]],
  ["gaussian", windows.gaussian(5), [0.1353353, 0.6065307, 1, 0.6065307, 0.1353353]],
  ["general_cosine", windows.general_cosine(5, { a: [0.5, 0.5] }), [0, 0.5, 1, 0.5, 0]],
  ["general_hamming", windows.general_hamming(5), [0.08, 0.54, 1, 0.54, 0.08]],
  ["hamming", windows.hamming(5), [0.08, 0.54, 1, 0.54, 0.08]],
  ["hann", windows.hann(4, { sym: false }), [0, 0.5, 1, 0.5]],
  ["kaiser", windows.kaiser(5), [0.0000528, 0.2156727, 1, 0.2156727, 0.0000528]],
  ["nuttall", windows.nuttall(5), [0.0003628, 0.2269824, 1, 0.2269824, 0.0003628]],
])("%s", (_, window, expected) => {
  expect(window.tolist()).toEqual(near(expected));
});

it("windows of one value and of none, and what is refused", () => {
  expect([windows.hann(1).tolist(), windows.kaiser(0).shape]).toEqual([[1], [0]]);
  expect(() => windows.hann(-1)).toThrow("non-negative window length");
  expect(() => windows.gaussian(3, { std: 0 })).toThrow("must be positive");
  expect(() => windows.exponential(3, { center: 1 })).toThrow("Center must be None");
  expect(() => windows.hann(3, { dtype: torch.int64 })).toThrow("expects float32 or float64");
});
