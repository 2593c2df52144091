import { expect, test } from "vitest";
import * as torch from "cresset";
import { expectClose, expectGradients, flat, long, onEachDevice, sample } from "./support.ts";

onEachDevice("functions of several operands", () => {
  test("fmax and fmin prefer numbers, clamp_min does not", () => {
    const nan = torch.tensor([1, NaN, 3]);
    expect(torch.fmax(nan, torch.tensor([2, 2, NaN])).tolist()).toEqual([2, 2, 3]);
    expect(torch.fmin(nan, torch.tensor([2, 2, NaN])).tolist()).toEqual([1, 2, 3]);
    expect(nan.clamp_min(2).tolist()).toEqual([2, NaN, 3]);
    expectGradients((x, bound) => x.clamp_max(bound), [sample(4), sample(2, 1).add(0.1)]);
  });

  test("hypot, logaddexp and their kin do not overflow", () => {
    expectClose(torch.hypot(torch.tensor([3e20, 0]), torch.tensor([4e20, 0])), [5e20, 0]);
    expect(torch.logaddexp(torch.tensor([1000, -Infinity]), torch.tensor([1000, -Infinity])).tolist()).toEqual([
      expect.closeTo(1000.6931, 3),
      -Infinity,
    ]);
    expectClose(torch.logaddexp2(torch.tensor([3]), torch.tensor([3])), [4]);
    expectGradients((x, y) => torch.hypot(x, y), [sample(3), sample(3).add(1)]);
    expectGradients((x, y) => torch.logaddexp(x, y), [sample(3), sample(3).mul(0.5)]);
  });

  test("sums of complex exponentials go on from the angle of the larger", () => {
    const of = (...values: (readonly [number, number])[]) =>
      torch.tensor(
        values.map(([re, im]) => new torch.Complex(re, im)),
        { dtype: torch.complex128 },
      );
    const parts = (z: torch.Tensor) => torch.view_as_real(z).tolist();
    const [far, near] = [
      of([3.5, 9], [-Infinity, 2], [Infinity, 0], [NaN, 0]),
      of([-2, 2], [-Infinity, 7], [0, 1], [1, 1]),
    ];
    expect(parts(torch.logaddexp(far, near))).toEqual([
      [expect.closeTo(3.50308, 5), expect.closeTo(8.99732, 5)],
      [-Infinity, 7],
      [Infinity, 0],
      [NaN, NaN],
    ]);
    expect(parts(of([-Infinity, 3], [0, 9], [-1, 20]).logcumsumexp(0))).toEqual([
      [-Infinity, 0],
      [0, 9],
      [expect.closeTo(0.064896, 5), expect.closeTo(8.648017, 5)],
    ]);
    const leaf = far.detach().requires_grad_();
    torch.real(torch.logaddexp(leaf, near)).at(0).backward();
    expect(flat(torch.view_as_real(leaf.grad!.at("0:3"))).every(Number.isFinite)).toBe(true);
  });

  test("the parts of complex numbers are replaced as numbers are, without a gradient", () => {
    const most = torch.finfo("float32").max;
    const z = torch.complex(torch.tensor([-Infinity, NaN, 1]), torch.tensor([0, 1, Infinity]));
    const parts = (y: torch.Tensor) => torch.view_as_real(y).tolist();
    expect(parts(torch.nan_to_num(z))).toEqual([
      [-most, 0],
      [0, 1],
      [1, most],
    ]);
    expect(parts(z.clone().nan_to_num_(2, 5, -6))).toEqual([
      [-6, 0],
      [2, 1],
      [1, 5],
    ]);
    expect(() => z.clone().requires_grad_().nan_to_num()).toThrow("does not support automatic differentiation");
  });

  test("zero times the logarithm of zero is zero, in the gradient too", () => {
    const [x, y] = [torch.tensor([0, 2], { requires_grad: true }), torch.tensor([0, 1])];
    const product = torch.xlogy(x, y);
    expect(product.tolist()).toEqual([0, 0]);
    expect(torch.autograd.grad(product.sum(), [x])[0].tolist()).toEqual([0, 0]);
    expect(torch.xlogy(0, torch.tensor([NaN])).tolist()).toEqual([NaN]);
  });

  test("numbers taken apart and put together", () => {
    const x = torch.tensor([8, -0.75, 0, Infinity]);
    const { mantissa, exponent } = torch.frexp(x);
    expect([mantissa.tolist(), exponent.tolist()]).toEqual([
      [0.5, -0.75, 0, Infinity],
      [4, 0, 0, 0],
    ]);
    expect(torch.frexp(torch.tensor([2 ** -149])).exponent.tolist()).toEqual([-148]);
    expect(torch.ldexp(mantissa, exponent).tolist()).toEqual(x.tolist());
    expect(torch.nextafter(torch.tensor([1, 0]), torch.tensor([2, -1])).tolist()).toEqual([1 + 2 ** -23, -(2 ** -149)]);
    const half = (...values: number[]): torch.Tensor => torch.tensor(values, { dtype: "float16" });
    expect(torch.nextafter(half(0, 1, 2 ** -14, 65504, Infinity), half(-1, 0, 0, Infinity, 0)).tolist()).toEqual([
      -(2 ** -24),
      1 - 2 ** -11,
      2 ** -14 - 2 ** -24,
      Infinity,
      65504,
    ]);
    expect(torch.copysign(torch.tensor([1, -2]), torch.tensor([-0, 5])).tolist()).toEqual([-1, 2]);
    expect(torch.nan_to_num(torch.tensor([NaN, Infinity, -Infinity]), { nan: 1, posinf: 2 }).tolist()).toEqual([
      1,
      2,
      -torch.finfo("float32").max,
    ]);
  });

  test("lerp, addcmul and addcdiv", () => {
    expect(torch.lerp(torch.tensor([0, 10]), torch.tensor([10, 20]), 0.25).tolist()).toEqual([2.5, 12.5]);
    expect(torch.addcmul(torch.ones(2), torch.tensor([2, 3]), torch.tensor([4]), { value: 0.5 }).tolist()).toEqual([
      5, 7,
    ]);
    expect(torch.addcdiv(torch.zeros(1), torch.ones(1), torch.tensor([4])).tolist()).toEqual([0.25]);
    expect(() => torch.addcdiv(long([1]), long([1]), long([1]))).toThrow("no longer supported");
    expect(() => torch.lerp(torch.ones(1), torch.ones(1, { dtype: "float64" }), 0.5)).toThrow("expected dtype");
    expectGradients((a, b, w) => torch.lerp(a, b, w), [sample(3), sample(3).neg(), sample(3).sigmoid()]);
  });

  test("greatest common divisors of any sign", () => {
    expect(torch.gcd(long([12, -12, 0, 0]), long([18, 8, 5, 0])).tolist()).toEqual([6, 4, 5, 0]);
    expect(torch.lcm(long([4, -4, 0]), long([6, 6, 5])).tolist()).toEqual([12, 12, 0]);
    expect(
      torch
        .gcd(torch.tensor([7540113804746346429n, 4660046610375530309n]), torch.tensor([4660046610375530309n, 1n]))
        .tolist(),
    ).toEqual([1, 1]);
  });

  test("bits and truth values", () => {
    expect(torch.bitwise_and(long([6, 5]), 4).tolist()).toEqual([4, 4]);
    expect(torch.bitwise_xor(torch.tensor([true, false]), true).tolist()).toEqual([false, true]);
    expect(torch.bitwise_left_shift(long([1]), long([3])).tolist()).toEqual([8]);
    expect(torch.bitwise_right_shift(torch.tensor([-8], { dtype: "int8" }), 20).tolist()).toEqual([-1]);
    expect(torch.logical_xor(torch.tensor([0, 2]), torch.tensor([3, 4])).tolist()).toEqual([true, false]);
    expect(() => torch.bitwise_or(torch.ones(1), torch.ones(1))).toThrow("not implemented for");
    expect(() => torch.bitwise_and(1 as never, 2)).toThrow("at least one operand must be a Tensor");
  });

  test("closeness counts infinities only as themselves", () => {
    const [a, b] = [torch.tensor([1, Infinity, NaN, 5]), torch.tensor([1 + 1e-7, Infinity, NaN, -Infinity])];
    expect(torch.isclose(a, b).tolist()).toEqual([true, true, false, false]);
    expect(torch.isclose(a, b, { equal_nan: true }).tolist()).toEqual([true, true, true, false]);
    expect(torch.allclose(torch.ones(2), torch.ones(1), { rtol: 0, atol: 0 })).toBe(true);
    expect(torch.equal(torch.ones(2), torch.ones(1))).toBe(false);
  });
});

onEachDevice("statistics", () => {
  test("norms of every order, over nothing too", () => {
    const x = torch.tensor([
      [3, -4],
      [0, 0],
    ]);
    expect(torch.norm(x).item()).toBe(5);
    expect(torch.norm(x, 1, 1).tolist()).toEqual([7, 0]);
    expect(torch.norm(x, Infinity).item()).toBe(4);
    expect(torch.norm(x, 0).item()).toBe(2);
    expect(torch.norm(torch.zeros(0)).item()).toBe(0);
    expectGradients((y) => y.norm(3, 0), [sample(3, 2)]);
    const zero = torch.zeros(2, { requires_grad: true });
    expect(torch.autograd.grad(zero.norm(), [zero])[0].tolist()).toEqual([0, 0]);
  });

  test("covariance, correlation, distances", () => {
    const x = torch.tensor([
      [1, 2, 3],
      [2, 4, 7],
    ]);
    expectClose(torch.cov(x), [1, 2.5, 2.5, 6.333333]);
    expectClose(torch.corrcoef(x).at(0, 1), [0.993399]);
    expect(torch.cov(torch.tensor([1, 2, 3])).item()).toBe(1);
    expectClose(
      torch.cdist(
        torch.tensor([[0, 0]]),
        torch.tensor([
          [3, 4],
          [1, 1],
        ]),
      ),
      [5, Math.SQRT2],
    );
    expect(torch.dist(torch.tensor([1, 2]), torch.tensor([1, 5])).item()).toBe(3);
    expect(torch.cross(torch.tensor([1, 0, 0]), torch.tensor([0, 1, 0])).tolist()).toEqual([0, 0, 1]);
    expectClose(
      torch.renorm(
        torch.tensor([
          [3, 4],
          [0.3, 0.4],
        ]),
        2,
        0,
        1,
      ),
      [0.6, 0.8, 0.3, 0.4],
    );
    expect(() => torch.cov(x, { fweights: long([1, -1, 1]) }).tolist()).toThrow("negative");
    expectGradients((y) => torch.corrcoef(y), [sample(2, 4)]);
  });

  test("counts and means", () => {
    expect(
      torch
        .count_nonzero(
          torch.tensor([
            [0, 1],
            [2, 3],
          ]),
          0,
        )
        .tolist(),
    ).toEqual([1, 2]);
    expect(torch.nanmean(torch.tensor([1, NaN, 3])).item()).toBe(2);
    const { min, max } = torch.aminmax(torch.tensor([3, 1, 2]));
    expect([min.item(), max.item()]).toEqual([1, 3]);
  });
});

onEachDevice("special functions", () => {
  test.each([
    ["i0", [0, 1, 30], [1, 1.2660658777520084, 781672297823.9775]],
    ["i1", [0, -1, 30], [0, -0.5651591039924851, 768532038938.957]],
    ["i0e", [0, 5, 100], [1, 0.1835408126093282, 0.03994437929909668]],
    ["i1e", [0, 5, -100], [0, 0.1639722669445, -0.039744153025]],
    ["ndtr", [0, -3, 1], [0.5, 0.0013498980316301035, 0.8413447460685429]],
    ["ndtri", [0.5, 1e-10, 0.975], [0, -6.361340902404056, 1.959963984540054]],
    ["log_ndtr", [0, -30, 3], [-0.6931471805599453, -454.3212439955241, -0.0013508099647481938]],
    ["erfcx", [0, 5, -1], [1, 0.11070463773306863, 5.00898008076228]],
    ["entr", [1, 0.5, 0], [0, 0.34657359027997264, 0]],
    ["psi", [1, 2.5], [-0.5772156649015329, 0.7031566406452432]],
  ] as const)("%s agrees with tables", (name, inputs, expected) => {
    const f = (torch.special as unknown as Readonly<Record<string, (x: torch.Tensor) => torch.Tensor>>)[name]!;
    expectClose(f(torch.tensor([...inputs], { dtype: "float64" })), expected, 1e-9);
    if (name !== "entr") expectGradients(f, [torch.tensor([0.3, 0.6], { dtype: "float64" })]);
  });

  test("zeta and polygamma", () => {
    const x = torch.tensor([1, 2.5], { dtype: "float64" });
    expectClose(torch.special.zeta(2, x), [Math.PI ** 2 / 6, 0.490357756100235], 1e-9);
    expectClose(torch.polygamma(1, x), [Math.PI ** 2 / 6, 0.490357756100235], 1e-9);
    expectClose(x.polygamma(2), [-2.4041138063191885, -0.2362040516417274], 1e-9);
    expectGradients((y) => torch.digamma(y), [x]);
    expectGradients((y) => torch.polygamma(1, y), [x]);
  });

  test("zeta and polygamma far below zero are sums over all poles above", () => {
    const x = torch.tensor([-30.3, -100.7, -1001.2, -2.5], { dtype: "float64" });
    expectClose(torch.special.zeta(2, x), [15.04694902139554, 15.069532360278806, 28.565853040112053, 9.539246644989124], 1e-12); // prettier-ignore
    expectClose(torch.special.zeta(5, x), [-405.7816789663508, 405.781679246318, -3122.3130679853325, 0.0028331666461148355], 1e-12); // prettier-ignore
    expectClose(torch.polygamma(2, x), [68.83648985150253, -68.83764135467291, 247.0479194092346, -0.1082040516417282], 1e-12); // prettier-ignore
    expectGradients((y) => torch.special.zeta(3, y), [x]);
    expectGradients((y) => torch.polygamma(2, y), [x]);
  });

  test("the slope of zeta and polygamma at a pole is infinite", () => {
    const x = torch.tensor([0, -3], { requires_grad: true });
    expect(torch.autograd.grad(torch.special.zeta(3, x).sum(), [x])[0].tolist()).toEqual([-Infinity, -Infinity]);
    expect(torch.autograd.grad(torch.polygamma(1, x).sum(), [x])[0].tolist()).toEqual([-Infinity, -Infinity]);
  });
});
