/** What cannot be had is refused at the call, by a class of its own and with a cure. */
import { describe, expect, it } from "vitest";
import * as torch from "cresset";
import { AutogradError, DTypeError, ShapeError } from "../../ir/errors.ts";
import { webgpuAvailable } from "../support/webgpu.ts";

describe("more elements than positions can name", () => {
  it("are refused where a tensor is made", () => {
    expect(() => torch.zeros(2e5, 1e5)).toThrow(ShapeError);
    expect(() => torch.zeros(2e5, 1e5)).toThrow(/20000000000 elements.*2146435072 at most/);
  });
  it("are refused where they would exist on the way only", () => {
    const [rows, columns] = [torch.ones(50000, 1), torch.ones(1, 50000)];
    expect(() => rows.add(columns)).toThrow(ShapeError);
    expect(rows.narrow(0, 0, 1000).add(columns).gt(0).sum().item()).toBe(5e7);
  });
});

describe("writing to one of several views that a function returned", () => {
  const pieces = (x: torch.Tensor): readonly torch.Tensor[] => [
    ...x.unbind(),
    ...x.split(1),
    ...x.chunk(2),
    x.unbind()[0]!.narrow(0, 0, 1),
  ];
  it("is refused where gradients are recorded", () => {
    const x = torch.ones([3, 2], { requires_grad: true }).mul(2);
    for (const piece of pieces(x)) {
      expect(() => piece.add_(1)).toThrow(AutogradError);
      expect(() => piece.add_(1)).toThrow("output of a function that returns multiple views");
    }
    expect(x.sum().item()).toBe(12);
    x.select(0, 1).add_(1);
    expect(x.sum().item()).toBe(14);
  });
  it("is a write to the whole elsewhere", () => {
    const x = torch.zeros(3, 2);
    x.unbind()[1]!.add_(1);
    expect(x.sum().item()).toBe(2);
    const y = torch.ones([3, 2], { requires_grad: true }).mul(2);
    torch.no_grad(() => y.unbind()[0]!.zero_());
    expect(y.sum().item()).toBe(8);
  });
});

it("an optimizer of a module names model.parameters()", () => {
  const model = new torch.nn.Linear(2, 2);
  expect(() => new torch.optim.Adam(model as never)).toThrow(/got a Module[^]*model\.parameters\(\)/);
  expect(() => new torch.optim.SGD(3 as never, { lr: 1 })).toThrow(/got number/);
});

it("in JSON a tensor is its description", () => {
  expect(JSON.stringify({ x: torch.ones(2).mul(3) })).toBe('{"x":"float32[2] on cpu, not computed yet"}');
});

describe.skipIf(!(await webgpuAvailable()))("float64 on WebGPU", () => {
  it("is refused where a tensor of it is made", async () => {
    await torch.webgpu.init();
    const cases: (() => unknown)[] = [
      () => torch.ones(1, { device: "webgpu", dtype: torch.float64 }),
      () => torch.tensor([1], { device: "webgpu", dtype: torch.float64 }),
      () => torch.ones(1, { dtype: torch.float64 }).to("webgpu"),
      () => torch.ones(1, { device: "webgpu" }).double(),
      () => torch.ones(1, { device: "webgpu" }).sum({ dtype: torch.float64 }),
    ];
    for (const make of cases) {
      expect(make).toThrow(DTypeError);
      expect(make).toThrow(/float64 is not (available|supported) on webgpu/);
    }
  });
  it("a tensor there is in JSON its description", () => {
    expect(JSON.stringify(torch.ones(2, { device: "webgpu" }))).toContain("float32[2] on webgpu");
  });
});

it("products of truth values are refused as PyTorch refuses them", () => {
  const truths = torch.ones(2, 2).bool();
  const calls = [
    () => truths.matmul(truths),
    () => torch.einsum("ij,jk->ik", truths, truths),
    () => torch.nn.functional.linear(truths, truths),
  ];
  for (const call of calls) expect(call).toThrow(/not implemented for 'Bool'[^]*refusals\.test\.ts/);
});

describe("refusals in PyTorch's words", () => {
  const complex = () => torch.ones(2, { dtype: torch.complex64 });
  const x = () => torch.ones(2, 3);
  const { vmap } = torch.func;
  it.each<[string, () => unknown, string]>([
    ["clamp", () => complex().clamp(0), "clamp: clamp is not supported for complex types"],
    ["clamp_max", () => complex().clamp_max(0), "clamp_max: clamp is not supported for complex types"],
    ["relu", () => complex().relu(), "relu: clamp is not supported for complex types"],
    [
      "item() under vmap",
      () => vmap((a: torch.Tensor) => a.mul(a.item() as number))(torch.ones(3)),
      "vmap: It looks like you're calling .item() on a Tensor",
    ],
    [
      "nonzero under vmap",
      () => vmap((a: torch.Tensor) => a.nonzero())(x()),
      "vmap: We do not support batching operators that can output dynamic shape: attempted to vmap over nonzero",
    ],
    [
      "as_strided_scatter",
      () => x().as_strided_scatter(torch.ones(10), [10], [1]),
      "setStorage: sizes [10], strides [1], storage offset 0",
    ],
    ["an index of no dimensions", () => torch.tensor(1).at(0), "invalid index of a 0-dim tensor"],
    ["a slice of no dimensions", () => torch.tensor(1).at("0:1"), "slice() cannot be applied to a 0-dim tensor"],
    ["two indices of no dimensions", () => torch.tensor(1).at(0, 0), "too many indices for tensor of dimension 0"],
    [
      "vecdot",
      () => torch.linalg.vecdot(torch.ones(2, 3), torch.ones(3, 3)),
      "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0",
    ],
    [
      "pinv with a tolerance a matrix",
      () => torch.linalg.pinv(torch.ones(2, 3, 3), { rtol: torch.ones(3) }),
      "The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 0",
    ],
    [
      "weights beside probabilities",
      () => torch.nn.functional.cross_entropy(torch.ones(3, 4), torch.ones(3, 4), torch.ones(3)),
      "weight tensor should be defined either for all 4 classes or no classes but got weight tensor of shape: [3]",
    ],
    ["randperm", () => torch.randperm(-1), "Trying to create tensor with negative dimension -1: [-1]"],
  ])("%s", (_, call, words) => {
    expect(call).toThrow(words);
  });

  it("of modes name the mode", () => {
    const five = 5 as unknown as () => void;
    expect(() => torch.no_grad(five)).toThrow(torch.ArgumentError);
    expect(() => torch.no_grad(five)).toThrow("no_grad: takes a function to run in the mode, got number");
    expect(() => torch.inference_mode(5 as unknown as boolean)).toThrow("must be bool, not number");
    expect(() => torch.set_grad_enabled("on" as unknown as boolean)).toThrow("must be bool, not string");
    expect(torch.is_grad_enabled()).toBe(true);
  });
});

// As PyTorch 2.13 refuses them.
describe("types that an operator has no kernel for", () => {
  const { functional: F } = torch.nn;
  const bools = torch.tensor([true, false]);
  const longs = torch.tensor([1n, 2n]);
  const complex = torch.ones(2, { dtype: "complex64" });
  const halves = torch.ones(2, { dtype: "float16" });
  const cases: readonly (readonly [string, () => unknown, string])[] = [
    ["isin of bools", () => torch.isin(bools, bools), "Unsupported input type encountered for isin(): Bool"],
    ["isin of complex numbers", () => torch.isin(complex, 1), "Unsupported input type encountered for isin(): Complex"],
    ["gradient of bools", () => torch.gradient(bools), "with two bool tensors is not supported"],
    ["gradient of bytes", () => torch.gradient(bools.to("uint8")), "torch.gradient does not support uint8 input"],
    ["complex quotients to whole numbers", () => complex.div(2, { rounding_mode: "trunc" }), '"div_trunc_cpu"'],
    ["trace of bools", () => torch.eye(2).bool().trace(), "\"trace\" not implemented for 'Bool'"],
    ["local_response_norm of bools", () => F.local_response_norm(bools.view(1, 2, 1), 2), "not implemented for 'Bool'"],
    ["norm_except_dim of whole numbers", () => torch.norm_except_dim(longs), "not implemented for 'Long'"],
    ["soft_margin_loss of whole numbers", () => F.soft_margin_loss(longs, longs), "not implemented for 'Long'"],
    ["gaussian_nll_loss of bools", () => F.gaussian_nll_loss(bools, bools, 1), "is not supported"],
    ["a whole variance", () => F.gaussian_nll_loss(longs, longs, longs), "not implemented for 'Long'"],
    ["bincount of bools", () => bools.bincount(), "\"bincount_cpu\" not implemented for 'Bool'"],
    ["clamp of bools by bools", () => bools.clamp(bools, bools), "\"clamp_cpu\" not implemented for 'Bool'"],
    ["addcmul of bools", () => bools.addcmul(bools, bools), "\"addcmul_cpu_out\" not implemented for 'Bool'"],
    [
      "index_reduce of bools",
      () => bools.index_reduce(0, torch.tensor([0n, 1n]), bools, "amax"),
      "\"index_func_\" not implemented for 'Bool'",
    ],
    ["places among bools", () => torch.bucketize(bools, bools), "\"searchsorted_out_cpu\" not implemented for 'Bool'"],
    ["mvlgamma of bools", () => bools.mvlgamma(1), "The input tensor may not be a boolean tensor"],
    ["powers of halves", () => torch.linalg.vander(halves), "supports floating point, complex, and integer tensors"],
    ["masked means of integers", () => torch.masked.mean(torch.arange(2)), "Could not infer output dtype"],
    ["masked norms of integers", () => torch.masked.norm(torch.arange(2)), "Expected a floating point or complex"],
    ["masked variances of bools", () => torch.masked.var(bools), "with a bool tensor is not supported"],
  ];
  it.each(cases)("%s are refused", (_what, call, words) => {
    expect(call).toThrow(words);
  });
});
