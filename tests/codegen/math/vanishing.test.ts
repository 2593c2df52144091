/** e^x below the float range: zeros where the power of two is 0 itself, and what is not a number stays that. */
import * as torch from "cresset";
import { expect, test } from "vitest";

const low = Array.from({ length: 4000 }, (_, i) => -200 + i / 40);
const edges = [-Infinity, -3.4e38, -1e9, -176.1, -176.05, -132.44, -132.4, -132.38, -104, -103.9, -87.4, -0, 0];

test.each(["cpu", "cpu:js"])("%s", (device) => {
  const x = torch.tensor([...low, ...edges, Number.NaN], { device });
  const values = x.tolist() as number[];
  const near = (given: number, expected: number): boolean =>
    Math.abs(given - expected) <= 1.6 * Math.max(2 ** -149, expected * 2 ** -23);
  const exponentials = x.exp().tolist() as number[];
  const scores = torch.stack([x.minimum(torch.zeros_like(x)), torch.zeros_like(x)]);
  const shares = scores.softmax(0).at(0).tolist() as number[];
  for (const [i, value] of values.entries()) {
    if (Number.isNaN(value)) {
      expect([exponentials[i], shares[i]]).toEqual([Number.NaN, Number.NaN]);
      continue;
    }
    expect(near(exponentials[i]!, Math.exp(value)), `exp(${value})`).toBe(true);
    const share = Math.exp(Math.min(value, 0)) / (1 + Math.exp(Math.min(value, 0)));
    expect(Math.abs(shares[i]! - share), `softmax at ${value}`).toBeLessThanOrEqual(
      Math.max(4 * 2 ** -149, share * 4e-7),
    );
    if (value < -104) expect([exponentials[i], shares[i]]).toEqual([0, 0]);
  }
});
