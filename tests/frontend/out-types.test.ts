/** What `out=` takes, and in which type and order it is computed. */
import { describe, expect, test } from "vitest";
import * as torch from "../../frontend/index.ts";
import { operators } from "../../ir/operator.ts";

type Out = { readonly out: torch.Tensor | readonly torch.Tensor[] };
const x = torch.tensor([
  [1.5, -2],
  [0.25, 3],
]);
const half = torch.empty(2, 2, { dtype: torch.float64 });

describe("elementwise work converts to out's type where that is allowed", () => {
  test.each<[string, (out: Out) => unknown]>([
    ["exp", (out) => torch.exp(x, out as never)],
    ["add", (out) => torch.add(x, x, out as never)],
    ["clamp between tensors", (out) => torch.clamp(x, x, x, out as never)],
    ["lerp by a number", (out) => torch.lerp(x, x, 0.5, out as never)],
    ["max of two", (out) => torch.max(x, x, out as never)],
    ["cat", (out) => torch.cat([x, x], out as never)],
    ["kron", (out) => torch.kron(x, x, out as never)],
    ["std", (out) => torch.std(x, 0, out as never)],
    ["sum, which computes in it", (out) => torch.sum(x, 0, out as never)],
    ["linalg.pinv", (out) => torch.linalg.pinv(x, out as never)],
    ["fft.irfft", (out) => torch.fft.irfft(x, out as never)],
  ])("%s", (_, call) => {
    const out = half.clone();
    call({ out });
    expect(out.dtype).toBe(torch.float64);
  });
});

describe("others take their result's type only, and say so in PyTorch's words", () => {
  test.each<[string, (out: Out) => unknown]>([
    ["Expected out tensor to have dtype float, but got double instead", (out) => torch.softmax(x, 0, out as never)],
    ["Expected out tensor to have dtype float, but got double instead", (out) => torch.matmul(x, x, out as never)],
    [
      "Expected out tensor to have dtype float, but got double instead",
      (out) => torch.renorm(x, 2, 0, 1, out as never),
    ],
    ["Expected out tensor to have dtype bool, but got double instead", (out) => torch.isin(x, x, out as never)],
    ["Found dtype Double but expected Float", (out) => torch.clamp(x, 0, 1, out as never)],
    ["Found dtype Double but expected Float", (out) => torch.lerp(x, x, x, out as never)],
    ["Found dtype Double but expected Float", (out) => torch.floor(x, out as never)],
    ["result dtype Double does not match input dtype Float", (out) => torch.dot(x.at(0), x.at(1), out as never)],
    [
      "tensordot: Expected the output tensor to have dtype Float, but got an output tensor with dtype Double",
      (out) => torch.tensordot(x, x, 1, out as never),
    ],
    ["Expected out type to be Float but got Double", (out) => torch.where(x.gt(0), x, x, out as never)],
    [
      "take(): self and out expected to have the same dtype, but got self.dtype = Float and out.dtype = Double",
      (out) => torch.take(x, torch.tensor([0n]), out as never),
    ],
    [
      "masked_select(): self and result must have the same scalar type",
      (out) => torch.masked_select(x, x.gt(0), out as never),
    ],
    [
      "nonzero: Expected out tensor to have scalar type Long but got scalar typeDouble",
      (out) => torch.nonzero(x, out as never),
    ],
    ["quantile() out tensor must be same dtype as the input tensor", (out) => torch.quantile(x, 0.5, out as never)],
    [
      "torch.histogram: input tensor and hist tensor should have the same dtype",
      (out) => torch.histc(x, 3, out as never),
    ],
    [
      "output tensor's dtype is wrong, it can only be Int(int32) or Long(int64)",
      (out) => torch.bucketize(x, torch.tensor([0, 1]), out as never),
    ],
    ["isposinf does not support non-boolean outputs", (out) => torch.isposinf(x, out as never)],
    [
      "heaviside is not yet implemented for tensors with different dtypes",
      (out) => torch.heaviside(x, x, out as never),
    ],
    ["linalg.norm expected out tensor dtype Float but got: Double", (out) => torch.linalg.norm(x, out as never)],
    ["any only supports bool tensor for result, got: Double", (out) => torch.any(x, out as never)],
  ])("%s", (words, call) => {
    expect(() => call({ out: half.clone() })).toThrow(words);
  });

  test.each<[string, (out: Out) => unknown]>([
    ["torch.frexp() expects exponent to have int dtype but got short int", (out) => torch.frexp(x, out as never)],
    ["output indices must be of scalar type Long", (out) => torch.kthvalue(x, 1, out as never)],
    ["expected scalar type 'Long' but got 'Short' for indices output", (out) => torch.mode(x, 0, out as never)],
    ["expected scalar_type Long but found Short", (out) => torch.cummax(x, 0, out as never)],
  ])("%s", (words, call) => {
    const out = [torch.empty(7), torch.empty(7, { dtype: torch.int16 })];
    expect(() => call({ out })).toThrow(words);
  });

  test("a rule takes its result's own type", () => {
    const ofOtherTypes = /logsumexp|nansum|fft_/;
    const stated = [...operators()].filter(({ name, out }) => out !== undefined && !ofOtherTypes.test(name));
    const same = { wanted: "bool", given: "bool", place: 0 } as const;
    expect(stated.filter(({ out }) => out!(same, {}) !== null).map(({ name }) => name)).toEqual([]);
  });
});

describe("out that others see, too", () => {
  const expanded = (): torch.Tensor => torch.rand(1, 6).expand(2, 6);
  test("what is selected is not written where elements share memory, whatever its shape", () => {
    const [y, index] = [torch.rand(3, 6), torch.tensor([0n, 1n])];
    expect(() => torch.index_select(y, 1, index, { out: expanded() })).toThrow("unsupported operation: more than one");
    expect(() => torch.take(y, index, { out: expanded() })).toThrow("unsupported operation: more than one");
  });
  test("joins and products of all pairs do not write what they read", () => {
    const own = x.clone();
    const words = "some elements of the input tensor and the written-to tensor refer to a single memory location";
    expect(() => torch.stack([own, own], 0, { out: own })).toThrow(words);
    expect(() => torch.kron(own, own, { out: own })).toThrow(words);
    expect(own.tolist()).toEqual(x.tolist());
  });
});

describe("draws into out", () => {
  const drawn = (draw: (out: torch.Tensor) => unknown, out: torch.Tensor): unknown => {
    torch.manual_seed(0);
    draw(out);
    return out.tolist();
  };
  const columns = (): torch.Tensor => torch.empty(2, 2).t();
  test.each<[string, (out: torch.Tensor) => unknown, (out: torch.Tensor) => unknown]>([
    ["rand", (out) => torch.rand(2, 2, { out }), (out) => out.uniform_()],
    ["randn", (out) => torch.randn(2, 2, { out }), (out) => out.normal_()],
    ["randint", (out) => torch.randint(9, [2, 2], { out }), (out) => out.random_(0, 9)],
    ["normal", (out) => torch.normal(1, 2, [2, 2], { out }), (out) => out.normal_(1, 2)],
    ["normal of means", (out) => torch.normal(x, 2, { out }), (out) => out.normal_().mul_(2).add_(x)],
    ["bernoulli", (out) => torch.bernoulli(x.sigmoid(), { out }), (out) => out.bernoulli_(x.sigmoid())],
  ])("%s: in its type and the order of its memory, as in place", (_, draw, inPlace) => {
    for (const make of [columns, () => half.clone()]) expect(drawn(draw, make())).toEqual(drawn(inPlace, make()));
  });
  test("PyTorch's values", () => {
    const wide = torch.empty(2, 2, { dtype: torch.float64 });
    drawn((out) => torch.rand(2, 2, { out }), wide);
    expect(wide.at(0, 0).item()).toBeCloseTo(0.9700530018065531, 15);
    const turned = columns();
    drawn((out) => torch.rand(2, 2, { out }), turned);
    expect(turned.at(0, 1).item()).toBeCloseTo(0.08847743272781372, 7);
  });
  test("zeros and ones are drawn into whole numbers, too", () => {
    const out = torch.empty(2, 2, { dtype: torch.int64 });
    torch.bernoulli(torch.ones(2, 2), { out });
    expect(out.tolist()).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });
  test("means must broadcast with out, which keeps its shape", () => {
    expect(() => torch.normal(x, 1, { out: torch.empty(3) })).toThrow("must match");
    expect(torch.normal(x.at(0), 1, { out: torch.empty(2, 2) }).shape).toEqual([2, 2]);
  });
  test("another dtype than out's is refused", () => {
    expect(() => torch.rand(2, { dtype: torch.float32, out: half.clone() })).toThrow(
      "dtype Float does not match dtype of out parameter (Double)",
    );
  });
});

test("what counts leaves out its shape where it holds as many", () => {
  const out = torch.empty(2, 2);
  torch.arange(4, { out });
  expect(out.tolist()).toEqual([
    [0, 1],
    [2, 3],
  ]);
  expect(torch.linspace(0, 3, 4, { out: torch.empty(2, 2) }).shape).toEqual([2, 2]);
  expect(torch.arange(3, { out }).shape).toEqual([3]);
});

test("eye is made in out's type", () => {
  const out = torch.empty(0, { dtype: torch.int64 });
  expect(torch.eye(2, { out }).tolist()).toEqual([
    [1, 0],
    [0, 1],
  ]);
});

test("lu copies into out", () => {
  const [a, factors, pivots] = [x.clone(), torch.zeros(2, 2), torch.zeros(2, { dtype: torch.int32 })];
  const [lu, places] = torch.lu(a);
  torch.lu(a, { out: [factors, pivots] });
  expect(factors.tolist()).toEqual(lu.tolist());
  expect(pivots.tolist()).toEqual(places.tolist());
  expect(() => torch.lu(a, true, true, { out: [factors, pivots] })).toThrow("expected tuple of 3 elements but got 2");
});
