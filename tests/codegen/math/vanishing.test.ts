/** e^x below the float range: zeros where the power of two is 0 itself, and what is not a number stays that. */
import * as torch from "cresset";
import { expect, test } from "vitest";

const low = Array.from({ length: 4000 }, (_, i) => -200 + i / 40);
const edges = [-Infinity, -3.4e38, -1e9, -176.1, -176.05, -132.44, -132.4, -132.38, -104.1, -103.9, -87.4, -0, 0];
const least = 2 ** -149;

test.each(["cpu", "cpu:js"])("%s", (device) => {
  const x = torch.tensor([...low, ...edges], { device });
  const values = x.tolist() as number[];
  const exponentials = x.exp().tolist() as number[];
  const shares = torch
    .stack([x, torch.zeros_like(x)])
    .softmax(0)
    .at(0)
    .tolist() as number[];
  const wrong = values.filter((value, i) => {
    const power = Math.exp(value);
    const share = power / (1 + power);
    return (
      Math.abs(exponentials[i]! - power) > 1.6 * Math.max(least, power * 2 ** -23) ||
      Math.abs(shares[i]! - share) > Math.max(4 * least, share * 4e-7)
    );
  });
  expect(wrong).toEqual([]);
  const vanished = values.flatMap((value, i) => (value < -104 ? [exponentials[i], shares[i]] : []));
  expect(new Set(vanished)).toEqual(new Set([0]));
  const nothing = torch.full([2, 5], Number.NaN, { device });
  expect([nothing.exp().isnan().all().item(), nothing.softmax(0).isnan().all().item()]).toEqual([true, true]);
});

test.each(["cpu", "cpu:js"])("2^x on %s", (device) => {
  const x = torch.tensor([...low.map((value) => value * 2), ...edges, -148.9, -149.1, -150.1, -253.5, -254.5], {
    device,
  });
  const powers = x.exp2().tolist() as number[];
  const wrong = (x.tolist() as number[]).filter(
    (value, i) => Math.abs(powers[i]! - 2 ** value) > 1.6 * Math.max(least, 2 ** value * 2 ** -23),
  );
  expect(wrong).toEqual([]);
  expect(torch.full([5], -1000, { device }).pow(3).neg().exp2().tolist()).toEqual(new Array(5).fill(Infinity));
  expect(torch.full([5], Number.NaN, { device }).exp2().isnan().all().item()).toBe(true);
});
