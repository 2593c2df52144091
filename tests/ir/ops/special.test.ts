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
