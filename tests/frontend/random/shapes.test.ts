/**
 * Whether what is drawn has the distribution that it should: Kolmogorov and Smirnov's test for continuous ones, Pearson's
 * for counts. Seeds are fixed, so that nothing here fails by chance; with a seed at random one test in 100,000 would.
 */
import * as torch from "cresset";
import { beforeAll, describe, expect, it } from "vitest";
import { webgpuAvailable } from "../../support/webgpu.ts";

const count = 20_000;
type Distribution = (x: number) => number;
type Draw = (x: torch.Tensor) => torch.Tensor;

/** The largest distance between the distribution of samples and the one that they should have, times sqrt(count). */
function distance(samples: readonly number[], distribution: Distribution): number {
  const sorted = samples.toSorted((a, b) => a - b);
  let largest = 0;
  sorted.forEach((x, i) => {
    const p = distribution(x);
    largest = Math.max(largest, Math.abs(p - i / sorted.length), Math.abs((i + 1) / sorted.length - p));
  });
  return largest * Math.sqrt(sorted.length);
}
/** Exceeded once in 100,000 by samples that do have the distribution. */
const kolmogorovLimit = 2.47;

/** Pearson's sum over values 0, 1, 2, ..., what is rarer than 10 taken together, as a normal deviate. */
function deviate(samples: readonly number[], probability: (k: number) => number): number {
  let [sum, bins, restWanted, restSeen] = [0, 0, samples.length, samples.length];
  const largest = Math.max(...samples);
  for (let k = 0; k <= largest; k++) {
    const wanted = probability(k) * samples.length;
    if (wanted < 10) continue;
    const seen = samples.filter((x) => x === k).length;
    sum += (seen - wanted) ** 2 / wanted;
    [bins, restWanted, restSeen] = [bins + 1, restWanted - wanted, restSeen - seen];
  }
  if (restWanted > 1) [sum, bins] = [sum + (restSeen - restWanted) ** 2 / restWanted, bins + 1];
  const degrees = bins - 1;
  // Wilson and Hilferty: the cube root is nearly normal.
  return (Math.cbrt(sum / degrees) - (1 - 2 / (9 * degrees))) / Math.sqrt(2 / (9 * degrees));
}
const deviateLimit = 4.3;

const erf = (x: number): number => torch.tensor(x, { dtype: "float64", device: "cpu" }).erf().item() as number;
const normal: Distribution = (x) => 0.5 * (1 + erf(x / Math.SQRT2));
const binomial = (n: number, p: number) => (k: number) => {
  let value = (1 - p) ** n;
  for (let i = 0; i < k; i++) value *= ((n - i) / (i + 1)) * (p / (1 - p));
  return value;
};
const poisson = (rate: number) => (k: number) => {
  let value = Math.exp(-rate);
  for (let i = 1; i <= k; i++) value *= rate / i;
  return value;
};
const dtypes = ["float32", "float64"] as const;

const continuous: Readonly<Record<string, readonly [draw: Draw, distribution: Distribution]>> = {
  "uniform_(-1, 3)": [(x) => x.uniform_(-1, 3), (x) => (x + 1) / 4],
  "normal_(2, 3)": [(x) => x.normal_(2, 3), (x) => normal((x - 2) / 3)],
  "cauchy_(1, 2)": [(x) => x.cauchy_(1, 2), (x) => 0.5 + Math.atan((x - 1) / 2) / Math.PI],
  "exponential_(1.5)": [(x) => x.exponential_(1.5), (x) => -Math.expm1(-1.5 * x)],
  "log_normal_(0.5, 0.75)": [(x) => x.log_normal_(0.5, 0.75), (x) => normal((Math.log(x) - 0.5) / 0.75)],
  rand_like: [torch.rand_like, (x) => x],
  randn_like: [torch.randn_like, normal],
  "normal of means and deviations": [
    (x) => torch.normal(torch.full_like(x, -1), torch.full_like(x, 0.5)),
    (x) => normal((x + 1) / 0.5),
  ],
};

const counts: Readonly<Record<string, readonly [draw: Draw, probability: (k: number) => number]>> = {
  "geometric_(0.3)": [(x) => x.geometric_(0.3).sub(1), (k) => 0.3 * 0.7 ** k],
  "bernoulli_(0.35)": [(x) => x.bernoulli_(0.35), binomial(1, 0.35)],
  "bernoulli of probabilities": [(x) => torch.bernoulli(torch.full_like(x, 0.8)), binomial(1, 0.8)],
  "random_(7)": [(x) => x.random_(7), (k) => (k < 7 ? 1 / 7 : 0)],
  "randint_like(3, 9)": [(x) => torch.randint_like(x, 3, 9).sub(3), (k) => (k < 6 ? 1 / 6 : 0)],
  "poisson of few": [(x) => torch.poisson(torch.full_like(x, 2.5)), poisson(2.5)],
  "poisson of many": [(x) => torch.poisson(torch.full_like(x, 40)), poisson(40)],
  "binomial of few": [(x) => torch.binomial(torch.full_like(x, 9), torch.full_like(x, 0.4)), binomial(9, 0.4)],
  "binomial of many": [(x) => torch.binomial(torch.full_like(x, 80), torch.full_like(x, 0.7)), binomial(80, 0.7)],
};

describe.each(["cpu", "cpu:js"])("draws on %s have their distribution:", (device) => {
  const samples = (draw: Draw, dtype: (typeof dtypes)[number]): number[] => {
    torch.manual_seed(2024);
    return draw(torch.zeros(count, { device, dtype })).tolist() as number[];
  };
  describe.each(dtypes)("%s", (dtype) => {
    it.each(Object.entries(continuous))("%s", (_name, [draw, distribution]) => {
      expect(distance(samples(draw, dtype), distribution)).toBeLessThan(kolmogorovLimit);
    });
    it.each(Object.entries(counts))("%s", (_name, [draw, probability]) => {
      expect(deviate(samples(draw, dtype), probability)).toBeLessThan(deviateLimit);
    });
  });

  it("multinomial, with and without replacement", () => {
    const weights = torch.tensor([1, 2, 3, 4], { device });
    torch.manual_seed(5);
    const drawn = torch.multinomial(weights, count, true).tolist() as number[];
    expect(deviate(drawn, (k) => (k + 1) / 10)).toBeLessThan(deviateLimit);
    const first = torch.multinomial(weights.expand(count, 4), 2).tolist() as [number, number][];
    expect(
      deviate(
        first.map(([a]) => a),
        (k) => (k + 1) / 10,
      ),
    ).toBeLessThan(deviateLimit);
    expect(first.every(([a, b]) => a !== b)).toBe(true);
  });

  it("randperm: each of the 24 orders of four", () => {
    torch.manual_seed(6);
    const orders = Array.from({ length: 4800 }, () => (torch.randperm(4, { device }).tolist() as number[]).join(""));
    const names = [...new Set(orders)].toSorted((a, b) => Number(a) - Number(b));
    expect(names.length).toBe(24);
    const places = orders.map((order) => names.indexOf(order));
    expect(deviate(places, (k) => (k < 24 ? 1 / 24 : 0))).toBeLessThan(deviateLimit);
  });

  it("and a wrong distribution is told from a right one", () => {
    const uniform = samples((x) => x.uniform_(), "float32");
    expect(distance(uniform, (x) => x ** 1.05)).toBeGreaterThan(kolmogorovLimit);
    const even = samples((x) => x.random_(7), "float32");
    expect(deviate(even, (k) => (k === 0 ? 0.12 : 0.88 / 6))).toBeGreaterThan(deviateLimit);
  });
});

describe.skipIf(!(await webgpuAvailable()))("draws on webgpu have their distribution:", () => {
  beforeAll(() => torch.webgpu.init());
  it.each([
    ["rand", () => torch.rand(count, { device: "webgpu" }), (x: number) => x],
    ["randn", () => torch.randn(count, { device: "webgpu" }), normal],
    ["uniform_(-1, 3)", () => torch.zeros(count, { device: "webgpu" }).uniform_(-1, 3), (x: number) => (x + 1) / 4],
  ] as const)("%s", async (_name, draw, distribution) => {
    torch.manual_seed(2024);
    expect(distance((await draw().tolistAsync()) as number[], distribution)).toBeLessThan(kolmogorovLimit);
  });
});
