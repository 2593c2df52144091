/** `torch.special` in float64 against mpmath at 40 digits and more. */
import { describe, expect, test } from "vitest";
import * as torch from "../../../frontend/index.ts";
import cases from "./special-cases.json" with { type: "json" };

type Name = keyof typeof cases;
const names = Object.keys(cases) as Name[];

/** Of errors, relative to the value, or to a tenth near the zeros that some functions have. */
const defaultBound = 4e-14;
const bounds: Partial<Record<Name, number>> = {
  gammainc: 2e-13,
  gammaincc: 2e-13,
  // Far below zero the argument's last digit turns the phase.
  airy_ai: 4e-13,
};

function distances(name: Name, device: string): number[] {
  const rows: readonly (readonly number[])[] = cases[name];
  const column = (k: number): torch.Tensor =>
    torch.tensor(
      rows.map((row) => row[k]!),
      { dtype: "float64", device },
    );
  const f = torch.special[name] as (...inputs: unknown[]) => torch.Tensor;
  const results =
    name === "polygamma"
      ? rows.map(([n, x]) => f(n, torch.tensor(x!, { dtype: "float64", device })).item() as number)
      : (f(...rows[0]!.slice(1).map((_, k) => column(k))).tolist() as number[]);
  const least = /bessel_[jy]|airy|polynomial|ndtri/.test(name) ? 0.1 : 0;
  return results.map((value, i) => {
    const expected = rows[i]!.at(-1)!;
    return Math.abs(value - expected) / Math.max(Math.abs(expected), least);
  });
}

describe.each(["cpu", "cpu:js"])("special functions on %s", (device) => {
  test.each(names)("%s", (name) => {
    const all = distances(name, device);
    const worst = all.reduce((found, distance, i) => (distance <= all[found]! ? found : i), 0);
    expect({ case: cases[name][worst], distance: all[worst] }).toSatisfy(
      ({ distance }) => distance < (bounds[name] ?? defaultBound),
    );
  });
});

test("Legendre polynomials of degrees below zero are zero at the ends, too", () => {
  const p = (x: torch.Tensor, n: number) => torch.special.legendre_polynomial_p(x, n).tolist();
  expect(p(torch.tensor([1, -1, 0.5]), -1)).toEqual([0, 0, 0]);
  expect(p(torch.tensor([1n, -1n]), -2)).toEqual([0, 0]);
  expect(p(torch.tensor([1, -1, 0.5]), 3)).toEqual([1, -1, -0.4375]);
});

test("zeta vanishes where its terms do, and keeps what a large second argument leaves", () => {
  const zeta = (s: number, q: number) => torch.special.zeta(torch.tensor([s]), torch.tensor([q])).item() as number;
  expect([zeta(501, 501), zeta(1001.2, 13437.7), zeta(501, 1), zeta(501, 0.5)]).toEqual([0, 0, 1, Infinity]);
  expect(zeta(2, 1e30) / 1e-30).toBeCloseTo(1, 5);
});

test.each([torch.igamma, torch.igammac, torch.special.gammainc, torch.special.gammaincc])(
  "the gradient of an incomplete gamma function has the shape of its argument, which was stretched",
  (f) => {
    const x = torch.tensor(3.88, { requires_grad: true });
    const one = torch.ones(2, 3);
    f(one, x).sum().backward();
    const size = 6 * Math.exp(-3.88);
    expect(x.grad!.shape).toEqual([]);
    expect(Math.abs(x.grad!.item() as number)).toBeCloseTo(size, 6);
    f(torch.ones(2, 3, { dtype: torch.uint8 }), x)
      .sum()
      .backward();
    expect(Math.abs(x.grad!.item() as number)).toBeCloseTo(2 * size, 6);
    const row = torch.ones(3, { requires_grad: true });
    f(one, row).sum().backward();
    expect(row.grad!.shape).toEqual([3]);
  },
);
