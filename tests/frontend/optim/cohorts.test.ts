/** Which parameters share a step number, as they part and meet. */
import * as torch from "cresset";
import { describe, expect, it, test } from "vitest";
import { areTogether, cohortsOf, haveSameNumbers, type Cohort } from "../../../frontend/optim/cohorts.ts";

interface Counted {
  step: number;
}
const counters = (...steps: number[]): Counted[] => steps.map((step) => ({ step }));
/** Advances these, as a step does, and gives their cohorts. */
function advance(...members: Counted[]): readonly Cohort[] {
  for (const member of members) member.step++;
  return cohortsOf(members);
}

describe("cohorts", () => {
  it("are of counters that have the same numbers when they are first met", () => {
    const [a, b, c] = counters(0, 0, 3);
    const [ofA, ofB, ofC] = advance(a!, b!, c!);
    expect(ofA).toBe(ofB);
    expect(ofC).not.toBe(ofA);
    expect([ofA!.size, ofC!.size]).toEqual([2, 1]);
  });

  it("stay what they are while all members advance", () => {
    const [a, b] = counters(0, 0);
    const before = advance(a!, b!);
    expect(advance(a!, b!)).toEqual(before);
    expect(advance(b!, a!)[0]).toBe(before[0]);
    expect(areTogether([a!, b!], before[0]!)).toBe(true);
  });

  it("are left by those that advance without the others", () => {
    const [a, b, c] = counters(0, 0, 0);
    const [all] = advance(a!, b!, c!);
    const [two] = advance(a!, b!);
    expect(two).not.toBe(all);
    expect([all!.size, two!.size]).toEqual([1, 2]);
    expect(areTogether([a!, b!, c!], all!)).toBe(false);
    expect(areTogether([a!, b!], two!)).toBe(true);
    // The one that stayed behind keeps the cohort: a program of it alone goes on.
    expect(advance(c!)).toEqual([all]);
  });

  it("stay parted when the numbers meet again", () => {
    const [a, b] = counters(0, 0);
    advance(a!, b!);
    advance(a!);
    advance(b!);
    expect(haveSameNumbers([a!, b!])).toBe(true);
    const [ofA, ofB] = advance(a!, b!);
    expect(ofA).not.toBe(ofB);
    expect(advance(a!, b!)).toEqual([ofA, ofB]);
  });

  it("are left by a counter that is set by hand", () => {
    const [a, b, c] = counters(0, 0, 0);
    const [all] = advance(a!, b!, c!);
    b!.step = 7;
    expect(haveSameNumbers([a!, b!, c!])).toBe(false);
    expect(areTogether([a!, b!, c!], all!)).toBe(true);
    const [ofA, ofB, ofC] = advance(a!, b!, c!);
    expect(ofA).toBe(ofC);
    expect(ofB).not.toBe(ofA);
  });

  it("compare all numbers, and nothing but numbers", () => {
    expect(
      haveSameNumbers([
        { step: 1, mu: NaN },
        { step: 1, mu: NaN },
      ]),
    ).toBe(true);
    expect(
      haveSameNumbers([
        { step: 1, mu: 0.5 },
        { step: 1, mu: 0.25 },
      ]),
    ).toBe(false);
    expect(
      haveSameNumbers([
        { step: 1, average: {} },
        { step: 1, average: {} },
      ]),
    ).toBe(true);
    expect(haveSameNumbers([])).toBe(true);
  });
});

/** For each call which of three parameters have a gradient. */
const calls: readonly (readonly number[])[] = [
  [0, 1, 2],
  [0, 1, 2],
  [0, 1],
  [2],
  [0, 1, 2],
  [1],
  [0],
  [0, 1, 2],
  [1, 2],
  [0, 1, 2],
];

const steppers: readonly (readonly [string, (params: torch.Tensor[]) => torch.optim.Optimizer])[] = [
  ["Adam", (params) => new torch.optim.Adam(params, { lr: 0.1 })],
  ["NAdam", (params) => new torch.optim.NAdam(params, { lr: 0.1 })],
  ["ASGD", (params) => new torch.optim.ASGD(params, { lr: 0.1, lambd: 0.1, t0: 1 })],
  ["dampened SGD", (params) => new torch.optim.SGD(params, { lr: 0.1, momentum: 0.9, dampening: 0.5 })],
];
test.each(steppers)("%s steps parameters that part and meet as if each had an optimizer of its own", (_, make) => {
  const run = (together: boolean): unknown => {
    const params = [1, 2, 3].map((value) => torch.full([2], value, { requires_grad: true }));
    const optimizers = together ? [make(params)] : params.map((param) => make([param]));
    for (const [n, used] of calls.entries()) {
      params.forEach((param, k) => (param.grad = used.includes(k) ? torch.full([2], 0.5 + n - k) : null));
      for (const optimizer of optimizers) optimizer.step();
    }
    return params.map((param) => param.tolist());
  };
  expect(run(true)).toEqual(run(false));
});
