/** Exponentials of what is known to be no greater than zero, and of what looks the same but is not. */
import * as torch from "cresset";
import { beforeAll, describe, expect, it } from "vitest";
import { ready } from "../../ir/ops/nn/support.ts";

describe.each(["cpu:js", "cpu"])("on %s", (device) => {
  beforeAll(() => torch.set_default_device(device));

  it("a bound that is a maximum in one program is any value in the next", () => {
    const x = ready(
      torch.tensor([
        [1, 90],
        [-3, 2],
      ]),
    );
    const less = (bound: torch.Tensor): number[][] => torch.exp(x.sub(ready(bound))).tolist() as number[][];
    const maximum = x.amax(1, true);
    expect(less(maximum)[0]).toEqual([expect.closeTo(Math.exp(-89), 45), 1]);
    const high = less(torch.zeros(2, 1));
    expect(high[0]![1]! / Math.exp(90)).toBe(Infinity);
    expect(less(torch.tensor([[5], [-80]]))[1]![1]! / Math.exp(82)).toBeCloseTo(1, 5);
  });

  it("in one program, too", () => {
    const x = ready(
      torch.tensor([
        [1, 80],
        [-3, 2],
      ]),
    );
    const bound = x.amax(1, true);
    const other = bound.sub(70);
    const [a, b] = [torch.exp(x.sub(bound)), torch.exp(x.sub(other))];
    const [low, high] = torch.stack([a, b]).tolist() as number[][][];
    expect(low![1]).toEqual([expect.closeTo(Math.exp(-5), 6), 1]);
    expect(high![0]![1]! / Math.exp(70)).toBeCloseTo(1, 5);
  });

  it("NaN and infinities are what they are", () => {
    const x = torch.tensor([
      [NaN, 1],
      [Infinity, 1],
      [-Infinity, 1],
      [-Infinity, -Infinity],
    ]);
    const softmax = torch.exp(x.sub(x.amax(1, true)));
    expect(softmax.tolist()).toEqual([
      [NaN, NaN],
      [NaN, 0],
      [0, 1],
      [NaN, NaN],
    ]);
  });
});
