import { describe, expect, test } from "vitest";
import * as torch from "cresset";

describe("torch.masked", () => {
  const x = torch.tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  const mask = torch.tensor([
    [true, false, true],
    [false, false, true],
  ]);

  test("reductions leave out what the mask leaves out", () => {
    expect(torch.masked.sum(x, 1, { mask }).tolist()).toEqual([4, 6]);
    expect(torch.masked.mean(x, { mask }).item()).toBeCloseTo(10 / 3);
    expect(torch.masked.amax(x, 0, { mask, keepdim: true }).tolist()).toEqual([[1, -Infinity, 6]]);
    expect(torch.masked.median(x, 1, { mask }).tolist()).toEqual([1, 6]);
    expect(torch.masked.var(x, 1, false, { mask }).tolist()).toEqual([1, 0]);
  });

  test("softmax is over the elements that count", () => {
    expect(torch.masked.softmax(torch.zeros(2, 3), 1, { mask }).tolist()).toEqual([
      [0.5, 0, 0.5],
      [0, 0, 1],
    ]);
    expect(torch.masked.cumsum(x, 1, { mask }).tolist()).toEqual([
      [1, 1, 4],
      [0, 0, 6],
    ]);
  });

  test("what is left out gets no gradient", () => {
    const leaf = x.clone().requires_grad_();
    torch.masked.prod(leaf, { mask }).backward();
    expect(leaf.grad!.tolist()).toEqual([
      [18, 0, 6],
      [0, 0, 3],
    ]);
  });

  test("variances take the correction that is given", () => {
    const values = torch.arange(6, { dtype: torch.float32 });
    const some = torch.tensor([true, true, false, true, true, true]);
    const of = (options: object) => torch.masked.var(values, { mask: some, ...options }).item();
    expect(of({ correction: 0 })).toBeCloseTo(3.44, 5);
    expect(of({ correction: 0.5 })).toBeCloseTo(3.8222, 4);
    expect(of({ correction: 2 })).toBeCloseTo(5.7333, 4);
    expect(of({ correction: 7 })).toBe(Infinity);
    expect(of({ correction: null })).toBeCloseTo(4.3, 5);
    expect(torch.masked.std(values, { correction: 0 }).item()).toBeCloseTo(1.7078, 4);
    expect(torch.masked.var(values.reshape(2, 3), 1, null, { correction: 0, keepdim: true }).shape).toEqual([2, 1]);
    expect(() => of({ correction: 1, unbiased: true })).toThrow("Only one of unbiased and correction may be given");
  });

  test("logsumexp of complex numbers leaves out what the mask leaves out", () => {
    const z = torch.complex(x, x).to(torch.complex128);
    const [a, b, c] = torch.masked.logsumexp(z, 0, { mask }).tolist() as torch.Complex[];
    expect([a!.re, a!.im, b!.re, b!.im]).toEqual([1, 1, -Infinity, 0]);
    expect([c!.re, c!.im]).toEqual([expect.closeTo(5.94948, 4), expect.closeTo(-0.2906, 4)]);
  });
});
